from django.db.models import TextChoices


class CapabilityStatus(TextChoices):
    DRAFT = "draft", "草稿"
    PUBLISHED = "published", "已发布"
    SUSPENDED = "suspended", "暂停"
    RETIRED = "retired", "已停用"


class CapabilityKind(TextChoices):
    SERVICE = "service", "现有能力"
    RESEARCH = "research", "可攻关"


class ImportStatus(TextChoices):
    WAITING = "waiting", "等待读取"
    READING = "reading", "正在读取"
    PREVIEW = "preview", "待确认"
    APPLYING = "applying", "正在写入"
    DONE = "done", "已完成"
    FAILED = "failed", "未能完成"


class ImportEffect(TextChoices):
    """What an import does to a capability."""

    NEW = "new", "新增"
    CHANGED = "changed", "更新"
    UNCHANGED = "unchanged", "不变"
