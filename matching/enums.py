from django.db.models import TextChoices


class ProposalStatus(TextChoices):
    """Proposals for confidential needs wait as generated until a person passes them on."""

    GENERATED = "generated", "系统生成"
    AWAITING_CONSENT = "awaiting_consent", "待企业同意"
    PROPOSED = "proposed", "已推荐"
    ENTERPRISE_INTERESTED = "enterprise_interested", "企业有意"
    PROVIDER_INTERESTED = "provider_interested", "机构有意"
    MUTUAL = "mutual", "双方有意"
    DECLINED = "declined", "不合适"
    EXPIRED = "expired", "已过期"
    SUPERSEDED = "superseded", "已更新"


INTERESTED = frozenset({ProposalStatus.ENTERPRISE_INTERESTED, ProposalStatus.PROVIDER_INTERESTED})
# Somebody still has to answer.
WAITING = INTERESTED | {ProposalStatus.PROPOSED}
# What an institute gets to see.
RECEIVED = WAITING | {ProposalStatus.MUTUAL, ProposalStatus.DECLINED, ProposalStatus.EXPIRED}

# Came to nothing; kept for the record.
CLOSED = frozenset({ProposalStatus.DECLINED, ProposalStatus.EXPIRED})


class Side(TextChoices):
    """Who takes part in bringing the two together."""

    ENTERPRISE = "enterprise", "企业"
    PROVIDER = "provider", "机构"
    BOTH = "both", "双方"
    ORGANISER = "organiser", "组织方"


# Who has to move in which state; in all others nobody has to.
NEXT_MOVE = {
    ProposalStatus.GENERATED: Side.ORGANISER,
    ProposalStatus.AWAITING_CONSENT: Side.ENTERPRISE,
    ProposalStatus.PROPOSED: Side.BOTH,
    ProposalStatus.ENTERPRISE_INTERESTED: Side.PROVIDER,
    ProposalStatus.PROVIDER_INTERESTED: Side.ENTERPRISE,
}


class Turn(TextChoices):
    """How a proposal stands for the institute that received it, in the order of the inbox."""

    OURS = "ours", "等待我答复"
    THEIRS = "theirs", "等待对方"
    MUTUAL = "mutual", "双方有意"
    DECLINED = "declined", "不合适"
    EXPIRED = "expired", "已过期"

    @property
    def states(self) -> frozenset[ProposalStatus]:
        return {
            Turn.OURS: frozenset({ProposalStatus.PROPOSED, ProposalStatus.ENTERPRISE_INTERESTED}),
            Turn.THEIRS: frozenset({ProposalStatus.PROVIDER_INTERESTED}),
            Turn.MUTUAL: frozenset({ProposalStatus.MUTUAL}),
            Turn.DECLINED: frozenset({ProposalStatus.DECLINED}),
            Turn.EXPIRED: frozenset({ProposalStatus.EXPIRED}),
        }[self]


class Origin(TextChoices):
    """Who brought the two together."""

    MATCHED = "matched", "系统匹配"
    APPLIED = "applied", "机构申请"
    INVITED = "invited", "企业邀请"
    AWARDED = "awarded", "揭榜成功"


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
