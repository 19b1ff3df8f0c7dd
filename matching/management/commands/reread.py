"""Read all measurement lines again, after the engine has learnt to read better."""

from functools import partial

from django.core.management.base import BaseCommand

from core.progress import bar
from matching.services import rematch
from needs.services import reread_need_lines
from providers.services import reread_capability_lines


class Command(BaseCommand):
    help = "用当前引擎重新读取全部指标行和能力行，然后重新匹配；升级之后运行一次。"

    def handle(self, *, verbosity, **options):
        show = partial(bar, verbosity=verbosity)
        needs = reread_need_lines(progress=partial(show, label="读取指标行"))
        capabilities = reread_capability_lines(progress=partial(show, label="读取能力行"))
        matched = rematch(everything=True, progress=partial(show, label="匹配需求"))
        changed = f"读法有变化的指标行 {needs} 行、能力行 {capabilities} 行"
        self.stdout.write(self.style.SUCCESS(f"{changed}；已重新匹配 {matched} 条需求。"))
