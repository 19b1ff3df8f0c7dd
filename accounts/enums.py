from django.db.models import TextChoices


class OrganisationKind(TextChoices):
    ENTERPRISE = "enterprise", "企业"
    INSTITUTE = "institute", "计量技术机构"
    UNIVERSITY = "university", "高校"
    RESEARCH = "research", "科研院所"
    INDUSTRY_CENTRE = "industry_centre", "产业计量测试中心"
    ENERGY_CENTRE = "energy_centre", "能源/碳计量中心"
    AUTHORITY = "authority", "主管部门/组织方"
    ASSOCIATION = "association", "协会"


PROVIDER_KINDS = frozenset(
    {
        OrganisationKind.INSTITUTE,
        OrganisationKind.UNIVERSITY,
        OrganisationKind.RESEARCH,
        OrganisationKind.INDUSTRY_CENTRE,
        OrganisationKind.ENERGY_CENTRE,
    }
)


class Size(TextChoices):
    LARGE = "large", "大型"
    MEDIUM = "medium", "中型"
    SMALL = "small", "小型"
    MICRO = "micro", "微型"


class MemberRole(TextChoices):
    """An expert belongs to an organiser's pool and has none of the organiser's rights."""

    ADMIN = "admin", "管理员"
    MEMBER = "member", "成员"
    EXPERT = "expert", "评审专家"


class MemberStatus(TextChoices):
    REQUESTED = "requested", "待批准"
    ACTIVE = "active", "在册"
    ENDED = "ended", "已离任"


class TokenScope(TextChoices):
    READ = "read", "只读"
    WRITE = "write", "读写"


class NoticeKind(TextChoices):
    NEED = "need", "需求"
    PROPOSAL = "proposal", "匹配建议"
    CONFIDENTIALITY = "confidentiality", "保密协议"
    DOCKING = "docking", "对接"
    AGREEMENT = "agreement", "协议与验收"
    LEDGER = "ledger", "台账"
    CHALLENGE = "challenge", "挑战赛"
    ACCOUNT = "account", "单位与成员"


class Rhythm(TextChoices):
    """How often notices that nobody has read are mailed."""

    IMMEDIATE = "immediate", "即时"
    DAILY = "daily", "每日"
    WEEKLY = "weekly", "每周"
    NEVER = "never", "不发邮件"
