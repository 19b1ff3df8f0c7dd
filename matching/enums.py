from django.db.models import TextChoices


class ProposalStatus(TextChoices):
    """Proposals for confidential needs wait as generated until an organiser passes them on."""

    GENERATED = "generated", "系统生成"
    PROPOSED = "proposed", "已推荐"
    INTERESTED = "interested", "有意向"
    DECLINED = "declined", "不合适"
    SUPERSEDED = "superseded", "已更新"


class Verdict(TextChoices):
    """The engine's verdict in the words of the trade."""

    PASS = "pass", "满足"
    PARTIAL = "partial", "部分满足"
    FAIL = "fail", "不满足"
    UNKNOWN = "unknown", "无法判断"
