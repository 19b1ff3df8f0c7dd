"""Words of the trade that both sides of a pairing use."""

from django.db.models import IntegerChoices, TextChoices


class Discipline(TextChoices):
    GEOMETRY = "geometry", "几何量"
    THERMAL = "thermal", "热学"
    MECHANICS = "mechanics", "力学"
    ELECTRICITY = "electricity", "电磁"
    RADIO = "radio", "无线电"
    TIME = "time", "时间频率"
    OPTICS = "optics", "光学"
    ACOUSTICS = "acoustics", "声学"
    IONISING = "ionising", "电离辐射"
    CHEMISTRY = "chemistry", "化学"
    BIOLOGY = "biology", "生物"
    ENERGY = "energy", "能源"
    OTHER = "other", "其他"


class MeasuringMode(TextChoices):
    LAB = "lab", "实验室"
    FIELD = "field", "现场"
    ONLINE = "online", "在线"
    IN_SITU = "in_situ", "原位"
    REMOTE = "remote", "远程"


class CredentialKind(TextChoices):
    CNAS = "cnas", "CNAS 认可"
    CMA = "cma", "CMA 资质认定"
    LEGAL = "legal", "计量授权"
    PUBLIC_STANDARD = "public_standard", "社会公用计量标准"


class Level(IntegerChoices):
    """Who may see a need (confidentiality)."""

    PUBLIC = 1, "公开"
    AFTER_NDA = 2, "签署保密后可见"
    ORGANISER_ONLY = 3, "仅组织方"
