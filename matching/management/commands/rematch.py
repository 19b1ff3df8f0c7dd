"""Match the published needs again."""

from functools import partial

from django.core.management.base import BaseCommand, CommandError

from core.progress import bar
from matching.catalogue import current_basis
from matching.services import rematch
from providers.models import Capability


class Command(BaseCommand):
    help = "重新匹配已发布的需求；只算依据有变化的，可随时中断后再运行，也可同时运行两个。"

    def add_arguments(self, parser):
        parser.add_argument("--all", action="store_true", help="依据没有变化的也重新匹配")

    def handle(self, *, verbosity, **options):
        if not Capability.objects.matchable().exists():
            raise CommandError("没有可以匹配的能力。请先发布能力，或运行 seed_demo。")
        show = partial(bar, verbosity=verbosity)
        current_basis(progress=partial(show, label="建立索引"))
        count = rematch(everything=options["all"], progress=partial(show, label="匹配需求"))
        self.stdout.write(self.style.SUCCESS(f"已更新 {count} 条需求的匹配建议。"))
