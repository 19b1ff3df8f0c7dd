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


class TokenScope(TextChoices):
    READ = "read", "只读"
    WRITE = "write", "读写"
