"""What the style guide shows its components with: nothing, the usual, and more than fits."""

from dataclasses import dataclass
from datetime import UTC, date, datetime

from django import forms
from django.contrib.messages.constants import DEFAULT_TAGS
from django.core.paginator import Paginator

from core.documents import Bar, Bullets, Document, Figure, Heading, Paragraph, Table

LONG = (
    "大型风电齿轮箱行星架轴承孔在车间现场不落地条件下的内径、圆柱度与同轴度的在线原位测量方法研究及其测量不确定度评定"
)
PROBLEM = (
    "车间有一台三坐标测量机，行程 0~500 mm，客户要求最大允许误差 ±(1.5+L/350) μm，温度 (20±2) ℃，"
    "按 JJF 1064-2010 校准；现在送检要停机一周，希望能现场校准，湿度大概六成上下。"
)
ICONS = (
    "pass partial fail unknown info warning search filter plus minus close check edit menu down right left upload "
    "download file copy user organisation need capability match inbox research place certificate calendar money lock "
    "code external refresh bell"
)


@dataclass(frozen=True)
class Mark:
    """A reading in a text, of the shape of `matching.engine.facts.Item`."""

    span: tuple[int, int]
    kind: str = ""


@dataclass(frozen=True)
class Marks:
    """Of the shape of `matching.engine.facts.Reading`."""

    items: tuple[Mark, ...]
    unread: tuple[Mark, ...] = ()


@dataclass(frozen=True)
class Event:
    label: str
    actor: str
    note: str
    created_at: datetime
    reason_label: str = ""


@dataclass(frozen=True)
class Move:
    """Of the shape of `partnerships.moves.Move`."""

    who: str
    what: str
    due_on: date | None = None
    is_mine: bool = False
    is_late: bool = False
    url: str = "#main"
    button: str = "去答复"


@dataclass(frozen=True)
class Message:
    level_tag: str
    text: str

    def __str__(self):
        return self.text


class SpecimenForm(forms.Form):
    """One field of each sort."""

    title = forms.CharField(label="需求名称", help_text="一句话说清要测什么，例如“深孔内径在线测量”。")
    discipline = forms.ChoiceField(label="计量专业", choices=[("geometry", "几何量"), ("thermal", "热学")])
    budget = forms.DecimalField(label="预算上限（万元）", required=False, max_value=100)
    expected_on = forms.DateField(label="期望完成时间", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    problem = forms.CharField(label="需求内容", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    cooperation = forms.MultipleChoiceField(
        label="合作方式",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        choices=[("entrust", "委托服务"), ("develop", "委托开发"), ("joint", "联合攻关"), ("consult", "咨询")],
    )
    level = forms.ChoiceField(
        label="公开级别",
        widget=forms.RadioSelect,
        choices=[("1", "公开"), ("2", "签署保密后可见"), ("3", "仅组织方")],
        help_text="仅组织方：需求不出现在大厅，由组织方人工对接。",
    )
    truth = forms.BooleanField(label="承诺内容真实，不含国家秘密和他人商业秘密")
    locked = forms.CharField(label="需求编号", required=False, disabled=True, initial="XQ-3F9A21C7")


class SpecimenLineForm(forms.Form):
    """The cells of a measurement line."""

    object_name = forms.CharField(label="被测对象或被校仪器")
    measurand = forms.CharField(label="参量", required=False)
    range_text = forms.CharField(label="测量范围或测量点", required=False)
    accuracy_text = forms.CharField(label="准确度要求", required=False)


def specimens() -> dict:
    """The context of the style guide."""
    line_set = forms.formset_factory(SpecimenLineForm, extra=1, can_delete=True)
    rows = [{"object_name": "三坐标测量机", "measurand": "示值误差", "range_text": "0~500 mm"}]
    return {
        "long": LONG,
        "problem": PROBLEM,
        "reading": Marks(
            items=tuple(
                _mark(piece, kind)
                for piece, kind in [
                    ("0~500 mm", "range"),
                    ("最大允许误差 ±(1.5+L/350) μm", "mpe"),
                    ("(20±2) ℃", "limit"),
                    ("JJF 1064-2010", "code"),
                ]
            ),
            unread=(_mark("湿度大概六成", "unread"),),
        ),
        "nothing": Marks(items=()),
        "icons": ICONS.split(),
        "forms": [
            SpecimenForm(auto_id="empty_%s"),
            SpecimenForm({"budget": "1000", "problem": PROBLEM, "level": "2"}, auto_id="failed_%s"),
        ],
        "certificate": _CERTIFICATE,
        "document": Document(
            "产业计量挑战赛 总结",
            [
                Heading("一、概况"),
                Paragraph(f"{PROBLEM}\n{LONG}"),
                Bullets(["征集需求 56 项", LONG]),
                Table([["CH-01", LONG, "揭榜成功"], ["CH-02", "", ""]], ["编号", "项目", "结果"], "评定结果"),
                Figure("各阶段的数量", [Bar("需求", 56, "56 项"), Bar(LONG, 29), Bar("对接", 0)]),
            ],
            "2026 年 11 月",
        ),
        "formset": line_set(initial=rows, prefix="lines"),
        "page": Paginator(range(1234), 20).get_page(7),
        "short_page": Paginator(range(3), 20).get_page(1),
        "samples": [Message(tag, f"{tag}：{text}") for tag, text in _MESSAGES.items()],
        "path": [("draft", "草稿"), ("submitted", "已提交"), ("accepted", "已受理"), ("published", "已发布")],
        "wizard": {1: "说清问题", 2: "测量指标", 3: "条件与公开"}.items(),
        "long_path": [(str(place), name) for place, name in enumerate(_STAGES)],
        "moves": [
            Move("企业", "答复是否进入“合作意向”", date(2026, 12, 3), is_mine=True),
            Move("机构", "签署保密协议", button="查看"),
            Move("技术管家", LONG, date(2026, 11, 2), is_late=True, button="去联系"),
        ],
        "parts": [
            ("text", "用词", 21.4),
            ("characters", "用字", 6.0),
            ("meaning", "语义", 4.0),
            ("measurement", "指标", 28.0),
            ("code", "规范", 10.0),
            ("discipline", "专业", 5.0),
            ("condition", "条件", 4.0),
            ("credential", "资质", 3.0),
            ("region", "地区", 2.5),
        ],
        "no_parts": [],
        "lost_parts": [("text", "用词", 31.4), ("measurement", "指标", -20.0), ("region", "地区", 0.0)],
        "statuses": _STATUSES,
        "ranges": _RANGES,
        "events": [
            Event("提交", "周敏", "", datetime(2026, 11, 3, 1, 12, tzinfo=UTC)),
            Event(
                "退回补充",
                "江苏省产业计量服务站",
                "请补充工件材质和允许的停机时间。\n准确度要求请写明是 MPE 还是 U。",
                datetime(2026, 11, 4, 6, 40, tzinfo=UTC),
            ),
            Event("发布", "", "", datetime(2026, 11, 6, 8, 5, tzinfo=UTC)),
        ],
    }


def _mark(piece: str, kind: str) -> Mark:
    start = PROBLEM.index(piece)
    return Mark((start, start + len(piece)), kind)


# Of the shape of `challenges.models.Certificate`.
_CERTIFICATE = {
    "organisation": "江苏省产业计量服务站",
    "number": "ZS-7K2M-9PQR-W3XT",
    "created_at": datetime(2026, 11, 3, 1, 12, tzinfo=UTC),
    "solution": {
        "get_status_display": "揭榜成功",
        "entry": {
            "board_number": "CH-01",
            "board_title": LONG,
            "challenge": {"name": "产业计量挑战赛", "organiser": "长三角产业计量联盟"},
        },
    },
}
_MESSAGES = {
    DEFAULT_TAGS[25]: "需求已提交，组织方一般在 2 个工作日内答复。",
    DEFAULT_TAGS[20]: "需求已有新版本，匹配建议正在更新。",
    DEFAULT_TAGS[30]: "CNAS 认可证书 30 天后到期，到期后 12 项能力将停止匹配。",
    DEFAULT_TAGS[40]: f"公开内容没有保存：标题超过 120 个字。请缩短后再保存。{LONG}",
}
_STAGES = ["技术交流", "现场勘察", "方案", "商务", "合作意向", "合同", "实施", "交付", "验收", "结案"]
_STATUSES = [
    (
        "需求",
        [
            ("draft", "草稿"),
            ("submitted", "已提交"),
            ("returned", "退回补充"),
            ("diagnosing", "诊断中"),
            ("accepted", "已受理"),
            ("rejected", "不予受理"),
            ("published", "已发布"),
            ("docking", "对接中"),
            ("contracted", "已签约"),
            ("resolved", "已解决"),
            ("withdrawn", "已撤回"),
        ],
    ),
    (
        "对接与保密协议",
        [
            ("exchange", "技术交流"),
            ("closed", "结案"),
            ("failed", "未成"),
            ("requested", "待双方签署"),
            ("enterprise_signed", "待机构签署"),
            ("provider_signed", "待企业签署"),
            ("refused", "企业未同意"),
            ("ended", "已终止"),
        ],
    ),
    (
        "协议与案例",
        [
            ("drafted", "待双方确认"),
            ("enterprise_confirmed", "待机构确认"),
            ("provider_confirmed", "待企业确认"),
            ("effective", "双方已确认"),
            ("completed", "已履行"),
            ("terminated", "已终止"),
            ("replaced", "已被新版本替代"),
            ("enterprise_consented", "待机构同意"),
            ("provider_consented", "待企业同意"),
        ],
    ),
    ("判定", [("pass", "满足"), ("partial", "部分满足"), ("fail", "不满足"), ("unknown", "无法判断")]),
    (
        "建议",
        [
            ("generated", "系统生成"),
            ("awaiting_consent", "待企业同意"),
            ("proposed", "已推荐"),
            ("enterprise_interested", "企业有意"),
            ("provider_interested", "机构有意"),
            ("mutual", "双方有意"),
            ("declined", "不合适"),
            ("expired", "已过期"),
            ("superseded", "已更新"),
        ],
    ),
    (
        "能力",
        [
            ("service", "现有能力"),
            ("research", "可攻关"),
            ("suspended", "暂停"),
            ("retired", "已停用"),
            ("declared", "自声明"),
            ("checked", "资料核验"),
            ("accredited", "认可"),
            ("lapsed", "资质已过期"),
            ("unstructured", "待结构化"),
        ],
    ),
    (
        "导入",
        [
            ("waiting", "等待读取"),
            ("reading", "正在读取"),
            ("preview", "待确认"),
            ("applying", "正在写入"),
            ("done", "已完成"),
            ("failed", "未能完成"),
            ("error", "错误"),
            ("warning", "提示"),
        ],
    ),
    ("公开级别", [("level-1", "公开"), ("level-2", "签署保密后可见"), ("level-3", "仅组织方")]),
    ("其他", [("new", "新"), ("urgent", "紧急"), ("soon", "较急"), ("plain", "专精特新“小巨人”")]),
]
_RANGES = [
    {"title": "测量范围", "unit": "mm", "axis": "linear", "need": [(0, 500)], "offered": [(0, 2000)], "uncovered": []},
    {
        "title": "测量范围",
        "unit": "℃",
        "axis": "linear",
        "need": [(-70, 180)],
        "offered": [(-40, 150)],
        "uncovered": [(-70, -40), (150, 180)],
    },
    {
        "title": "频率",
        "unit": "Hz",
        "axis": "log",
        "need": [(9e3, 26.5e9)],
        "offered": [(10, 18e9)],
        "uncovered": [(18e9, 26.5e9)],
    },
    {
        "title": "真空度",
        "unit": "Pa",
        "axis": "log",
        "need": [(1e-3, 1e5)],
        "offered": [(1e-1, 1e2), (1e2, 1e5)],
        "uncovered": [(1e-3, 1e-1)],
    },
    {
        "title": "测量点",
        "unit": "g",
        "axis": "linear",
        "need": [(5, 5), (20, 20), (50, 50)],
        "offered": [(1, 20)],
        "uncovered": [(50, 50)],
    },
    {
        "title": "转速",
        "unit": "r/min",
        "axis": "linear",
        "need": [(None, 3000)],
        "offered": [(10, None)],
        "uncovered": [],
    },
    {"title": "测量范围", "unit": "", "axis": "linear", "need": [], "offered": [(0, 10)], "uncovered": []},
]
