"""The best pairings of a text, with reasons, on the terminal."""

from django.core.management.base import BaseCommand, CommandError
from django.template.loader import render_to_string

from matching.adapters import text_document
from matching.cards import cards_of_match, describe_gap
from matching.services import match_document
from providers.models import Capability


class Command(BaseCommand):
    help = '把一段需求文字与全部能力匹配，例如 match "三坐标 0~500 mm 校准，最大允许误差 ±(1.5+L/350) μm"。'

    def add_arguments(self, parser):
        parser.add_argument("text", help="需求文字")
        parser.add_argument("--limit", type=int, default=10, help="最多列出几条（默认 10）")

    def handle(self, *, text, limit, **options):
        if not text.strip():
            raise CommandError("需求文字是空的，请写明对象、范围和要求。")
        if limit < 1:
            raise CommandError("--limit 至少为 1。")
        if not Capability.objects.matchable().exists():
            raise CommandError("没有可以匹配的能力。请先发布能力，或运行 seed_demo。")
        document = text_document(text)
        found = match_document(document, limit=limit)
        existing, research = cards_of_match(found)
        context = {
            "lines": document.lines,
            "gap": describe_gap(found.gap),
            "existing": existing,
            "research": research[:3],
        }
        self.stdout.write(render_to_string("matching/match.txt", context))
