from django.db.models import IntegerChoices, TextChoices


class Side(TextChoices):
    """The two who deal with each other."""

    ENTERPRISE = "enterprise", "企业"
    PROVIDER = "provider", "机构"

    @property
    def other(self) -> "Side":
        return Side.PROVIDER if self == Side.ENTERPRISE else Side.ENTERPRISE


class ConfidentialityStatus(TextChoices):
    REQUESTED = "requested", "待双方签署"
    ENTERPRISE_SIGNED = "enterprise_signed", "待机构签署"
    PROVIDER_SIGNED = "provider_signed", "待企业签署"
    EFFECTIVE = "effective", "已生效"
    REFUSED = "refused", "企业未同意"
    ENDED = "ended", "已终止"


class Stage(TextChoices):
    """How far a docking has come, in order; the last two end it."""

    EXCHANGE = "exchange", "技术交流"
    SURVEY = "survey", "现场勘察"
    SOLUTION = "solution", "方案"
    NEGOTIATION = "negotiation", "商务"
    INTENT = "intent", "合作意向"
    CONTRACT = "contract", "合同"
    EXECUTION = "execution", "实施"
    DELIVERY = "delivery", "交付"
    ACCEPTANCE = "acceptance", "验收"
    CLOSED = "closed", "结案"
    FAILED = "failed", "未成"


class FailureReason(TextChoices):
    """Why a docking came to nothing."""

    TECHNICAL = "technical", "技术上做不到"
    PRICE = "price", "价格谈不拢"
    TIME = "time", "时间不合适"
    CHANGED = "changed", "需求有变化"
    OTHER_PARTNER = "other_partner", "另选了合作方"
    SILENCE = "silence", "对方不再联系"
    OTHER = "other", "其他"


class ContactKind(TextChoices):
    CALL = "call", "电话"
    ONLINE = "online", "线上会议"
    MEETING = "meeting", "当面会谈"
    VISIT = "visit", "走访"
    OTHER = "other", "其他"


class AgreementKind(TextChoices):
    DEVELOPMENT = "development", "技术开发"
    SERVICE = "service", "技术服务"
    TRANSFER = "transfer", "技术转让"
    LICENCE = "licence", "技术许可"
    CONSULTING = "consulting", "技术咨询"
    CALIBRATION = "calibration", "检定校准"


class AgreementStatus(TextChoices):
    DRAFTED = "drafted", "待双方确认"
    ENTERPRISE_CONFIRMED = "enterprise_confirmed", "待机构确认"
    PROVIDER_CONFIRMED = "provider_confirmed", "待企业确认"
    EFFECTIVE = "effective", "双方已确认"
    COMPLETED = "completed", "已履行"
    TERMINATED = "terminated", "已终止"
    REPLACED = "replaced", "已被新版本替代"


class CaseStatus(TextChoices):
    DRAFTED = "drafted", "待双方同意"
    ENTERPRISE_CONSENTED = "enterprise_consented", "待机构同意"
    PROVIDER_CONSENTED = "provider_consented", "待企业同意"
    PUBLISHED = "published", "已发布"
    WITHDRAWN = "withdrawn", "已撤下"


class Mark(IntegerChoices):
    """How content a side is."""

    VERY_GOOD = 5, "5 非常满意"
    GOOD = 4, "4 满意"
    FAIR = 3, "3 一般"
    POOR = 2, "2 不满意"
    BAD = 1, "1 很不满意"


class LedgerSource(TextChoices):
    NEED = "need", "平台需求"
    VISIT = "visit", "走访"
    ORDER = "order", "服务订单"
    AUDIT = "audit", "能源审查"
    OTHER = "other", "其他"


class LedgerCategory(TextChoices):
    MEASUREMENT = "measurement", "测量技术"
    QUALITY = "quality", "质量"
    MANAGEMENT = "management", "管理"
    TESTING = "testing", "测试"
    LICENCE = "licence", "资格许可"
    ENERGY = "energy", "节能"
    OTHER = "other", "其他"


class LedgerStatus(TextChoices):
    OPEN = "open", "待分派"
    ASSIGNED = "assigned", "已分派"
    IN_PROGRESS = "in_progress", "办理中"
    DONE_PENDING = "done_pending", "待企业确认"
    CONFIRMED = "confirmed", "企业已确认"
    CLOSED = "closed", "已销号"
    CANCELLED = "cancelled", "已撤销"


# Somebody still has to do something about the problem itself; only these can be late.
UNDONE = frozenset({LedgerStatus.OPEN, LedgerStatus.ASSIGNED, LedgerStatus.IN_PROGRESS})


class ExtensionStatus(TextChoices):
    REQUESTED = "requested", "待批准"
    APPROVED = "approved", "已批准"
    REFUSED = "refused", "未批准"


class LedgerEffect(TextChoices):
    """What a row of an imported sheet does to the ledger."""

    NEW = "new", "新增"
    CHANGED = "changed", "更新"
    UNCHANGED = "unchanged", "不变"
