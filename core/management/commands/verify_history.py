"""Check the seals of all histories."""

from functools import partial

from django.core.management.base import BaseCommand, CommandError

from core.history import find_break
from core.models import Event
from core.progress import bar


class Command(BaseCommand):
    help = "核对全部经过记录的印记；有改动时指出第一条不符的记录，并以非零状态退出。"

    def handle(self, *, verbosity, **options):
        total = Event.objects.count()
        found = find_break(progress=partial(bar, label="核对", total=total, verbosity=verbosity))
        if found is None:
            self.stdout.write(self.style.SUCCESS(f"{total} 条经过记录的印记全部相符。"))
            return
        event = found.event
        where = f"{event.subject_type.name} {event.subject_id} 第 {event.number} 条（{event}）" if event else "经过记录"
        raise CommandError(f"{where}：{found.what}。请停止写入，用备份对照后再处理。")
