from django.core.management.base import BaseCommand

from matching.engine.facts import ItemKind
from matching.engine.quantities import read
from matching.engine.units import KINDS

LABELS = {
    ItemKind.RANGE: "范围", ItemKind.LIMIT: "限值", ItemKind.UNCERTAINTY: "不确定度", ItemKind.MPE: "最大允许误差",
    ItemKind.ACCURACY_CLASS: "准确度等级", ItemKind.RESOLUTION: "分辨力", ItemKind.CODE: "规范代号",
}  # fmt: skip


class Command(BaseCommand):
    help = "读出一段文字中的量值。"

    def add_arguments(self, parser):
        parser.add_argument("text", help="要读的文字")
        parser.add_argument("--header", default="", help="表格列名，例如 测量范围/mm")

    def handle(self, *, text, header, **options):
        reading = read(text, header=header)
        for item in reading.items:
            self.stdout.write(f"{LABELS[item.kind]}\t{item.raw}\t{describe(item)}")
        for part in reading.unread:
            self.stdout.write(f"未读出\t{part.raw}\t请改写为数值加单位")
        self.stdout.write(f"读出 {len(reading.items)} 项，未读出 {len(reading.unread)} 项。")


def describe(item):
    """The facts of an item on one line, in SI."""
    if item.code or item.grade:
        return " ".join(filter(None, [item.code or item.grade, item.op]))
    formula = item.formula
    parts = [
        KINDS[item.quantity].label if item.quantity else "",
        f"{item.op or ''}" if item.kind == ItemKind.LIMIT else "",
        ""
        if formula
        else "～".join(f"{value.normalize():g}" for value in dict.fromkeys([item.low, item.high]) if value is not None),
        f"{formula.a:g} + {formula.b:g}·x + {formula.c:g}·满量程" if formula else "",
        item.si_unit or "",
        f"k={item.k}" if item.k else "",
        {"fs": "满量程", "span": "量程", "reading": "读数"}.get(item.reference or "", ""),
    ]
    return " ".join(filter(None, parts))
