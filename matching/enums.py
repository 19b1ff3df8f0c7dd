from django.db.models import TextChoices


class ProposalStatus(TextChoices):
    """Proposals for confidential needs wait as generated until an organiser passes them on."""

    GENERATED = "generated", "系统生成"
    PROPOSED = "proposed", "已推荐"
    INTERESTED = "interested", "有意向"
    DECLINED = "declined", "不合适"
    SUPERSEDED = "superseded", "已更新"


class DeclineReason(TextChoices):
    """Why a proposal was declined; the first four tell the matcher where it was wrong."""

    CAPABILITY = "capability", "能力不符"
    RANGE = "range", "范围"
    UNCERTAINTY = "uncertainty", "不确定度"
    CONDITION = "condition", "条件"
    PRICE = "price", "价格"
    TIME = "time", "时间"
    REGION = "region", "地域"
    CONFLICT = "conflict", "利益冲突"
    SUPPLIED = "supplied", "已有供方"
    OTHER = "other", "其他"


class Verdict(TextChoices):
    """The engine's verdict in the words of the trade."""

    PASS = "pass", "满足"
    PARTIAL = "partial", "部分满足"
    FAIL = "fail", "不满足"
    UNKNOWN = "unknown", "无法判断"
