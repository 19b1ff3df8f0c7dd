from django.db.models import TextChoices


class NeedStatus(TextChoices):
    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "已提交"
    RETURNED = "returned", "退回补充"
    DIAGNOSING = "diagnosing", "诊断中"
    ACCEPTED = "accepted", "已受理"
    REJECTED = "rejected", "不予受理"
    PUBLISHED = "published", "已发布"
    DOCKING = "docking", "对接中"
    CONTRACTED = "contracted", "已签约"
    RESOLVED = "resolved", "已解决"
    WITHDRAWN = "withdrawn", "已撤回"


# Open to offers: in the hall and in matching.
LISTED = frozenset({NeedStatus.PUBLISHED, NeedStatus.DOCKING})
# What has once been shown to everybody stays known, except for confidential needs.
KNOWN = LISTED | {NeedStatus.CONTRACTED, NeedStatus.RESOLVED}


class NeedCategory(TextChoices):
    CALIBRATION = "calibration", "检定校准"
    TEST_METHOD = "test_method", "测试方法"
    DEVICE = "device", "测量装置研制"
    ONLINE = "online", "在线或原位校准"
    REMOTE = "remote", "远程校准"
    REFERENCE_MATERIAL = "reference_material", "标准物质"
    UNCERTAINTY = "uncertainty", "不确定度评定"
    SYSTEM = "system", "测量管理体系"
    ENERGY = "energy", "能源或碳计量"
    TRAINING = "training", "培训咨询"
    STANDARD = "standard", "标准规范制定"
    OTHER = "other", "其他"


class ProblemType(TextChoices):
    CANNOT = "cannot", "测不了"
    INCOMPLETE = "incomplete", "测不全"
    INACCURATE = "inaccurate", "测不准"
    UNAFFORDABLE = "unaffordable", "测不起"


class Cooperation(TextChoices):
    ENTRUST = "entrust", "委托服务"
    DEVELOP = "develop", "委托开发"
    JOINT = "joint", "联合攻关"
    TRANSFER = "transfer", "转让"
    LICENSE = "license", "许可"
    CONSULT = "consult", "咨询"


class Obligation(TextChoices):
    REQUIRED = "required", "必须"
    WISH = "wish", "希望"


class Urgency(TextChoices):
    NORMAL = "normal", "一般"
    SOON = "soon", "较急"
    URGENT = "urgent", "紧急"


class BudgetBand(TextChoices):
    UP_TO_5 = "5", "5 万元以内"
    UP_TO_20 = "20", "5–20 万元"
    UP_TO_50 = "50", "20–50 万元"
    UP_TO_100 = "100", "50–100 万元"
    ABOVE = "above", "100 万元以上"

    @property
    def limit(self) -> float:
        """The highest amount in 元 that belongs to the band."""
        return float("inf") if self == BudgetBand.ABOVE else int(self.value) * 10_000

    @property
    def floor(self) -> float:
        """The amount in 元 above which the band begins."""
        bands = list(BudgetBand)
        return bands[bands.index(self) - 1].limit if self != BudgetBand.UP_TO_5 else 0


class Sight(TextChoices):
    """How much of a need a reader sees."""

    FULL = "full", "全部"
    DETAIL = "detail", "保密后可见"
    PUBLIC = "public", "公开内容"
    TEASER = "teaser", "保密前摘要"
