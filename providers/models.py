"""What institutes can measure: capabilities, their scope rows, credentials, and scope imports."""

from django.core.validators import MaxLengthValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation, User
from core.enums import CredentialKind, Discipline, MeasuringMode
from core.models import TimestampedModel, TracedModel
from providers.enums import CapabilityKind, ImportStatus
from providers.enums import CapabilityStatus as S


class CredentialQuerySet(models.QuerySet):
    def valid(self):
        """Credentials in force today."""
        today = timezone.localdate()
        return self.filter(Q(valid_until__isnull=True) | Q(valid_until__gte=today), valid_from__lte=today)


class Credential(TimestampedModel):
    """An accreditation or authorisation that covers capabilities while it is valid."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="credentials", verbose_name="机构")
    kind = models.CharField("资质种类", max_length=20, choices=CredentialKind)
    number = models.CharField("证书编号", max_length=60)
    valid_from = models.DateField("有效期起")
    valid_until = models.DateField("有效期止", null=True, blank=True)

    objects = CredentialQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "资质"
        ordering = ["kind", "number"]
        constraints = [
            models.UniqueConstraint(
                name="credential_once",
                fields=["organisation", "kind", "number"],
                violation_error_message="这项资质已经登记过，请直接修改原记录。",
            ),
            models.CheckConstraint(
                name="credential_dates_ordered",
                condition=Q(valid_until__isnull=True) | Q(valid_from__lte=F("valid_until")),
                violation_error_message="有效期止不能早于有效期起。",
            ),
        ]

    def __str__(self):
        return f"{self.get_kind_display()} {self.number}"

    @property
    def is_valid(self) -> bool:
        today = timezone.localdate()
        return self.valid_from <= today and (self.valid_until is None or today <= self.valid_until)


class CapabilityQuerySet(models.QuerySet):
    def published(self):
        return self.filter(status=S.PUBLISHED, organisation__verified_at__isnull=False)

    def matchable(self):
        """Published, of a verified institute, and not resting on a credential that has lapsed."""
        return self.published().filter(Q(credential__isnull=True) | Exists(self._valid_credentials()))

    def lapsed(self):
        """Published capabilities kept out of matching by their credential."""
        return self.published().filter(Q(credential__isnull=False) & ~Exists(self._valid_credentials()))

    def owned_by(self, user):
        return self.filter(organisation__in=user.organisation_ids) if user.is_authenticated else self.none()

    def visible_to(self, user):
        """Everyone sees what verified institutes published; members all of their own; organisers their regions'."""
        public = Q(status=S.PUBLISHED, organisation__verified_at__isnull=False)
        if not user.is_authenticated:
            return self.filter(public)
        mine = Q(organisation__in=user.organisation_ids)
        if not user.is_organiser:
            return self.filter(public | mine)
        return self.filter(public | mine | (user.in_charge_of("organisation__region") & ~Q(status=S.DRAFT)))

    def for_list(self):
        return self.select_related("organisation", "credential").prefetch_related("lines")

    @staticmethod
    def _valid_credentials():
        return Credential.objects.valid().filter(pk=OuterRef("credential"))


class Capability(TracedModel):
    """What an institute can measure with one kind of instrument, or could find out by research."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="capabilities", verbose_name="机构")
    kind = models.CharField("能力类型", max_length=10, choices=CapabilityKind, default=CapabilityKind.SERVICE)
    title = models.CharField("测量仪器或能力名称", max_length=120)
    discipline = models.CharField("计量专业", max_length=20, choices=Discipline, default=Discipline.OTHER)
    modes = models.JSONField("服务方式", default=list, blank=True)
    text = models.TextField("说明", blank=True, validators=[MaxLengthValidator(20_000)])
    credential = models.ForeignKey(
        Credential, models.PROTECT, null=True, blank=True, related_name="capabilities", verbose_name="依据资质"
    )
    direction = models.CharField("研究方向", max_length=200, blank=True)
    maturity = models.PositiveSmallIntegerField(
        "技术成熟度（TRL）", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(9)]
    )
    cases = models.TextField("代表成果与案例", blank=True, validators=[MaxLengthValidator(20_000)])
    status = models.CharField("状态", max_length=12, choices=S, default=S.DRAFT, editable=False)
    version = models.PositiveIntegerField("版本", default=1, editable=False)

    objects = CapabilityQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "测量能力"
        ordering = ["discipline", "title", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="capability_once",
                fields=["organisation", "kind", "title"],
                violation_error_message="本机构已有同名能力，请在原有能力里增加行。",
            ),
            models.CheckConstraint(
                name="capability_maturity_of_research",
                condition=Q(kind=CapabilityKind.RESEARCH) | Q(maturity__isnull=True),
                violation_error_message="技术成熟度只用于可攻关能力。",
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("providers:capability_detail", args=[self.pk])

    @property
    def is_published(self) -> bool:
        return self.status == S.PUBLISHED

    @property
    def modes_display(self) -> list[str]:
        return [MeasuringMode(value).label for value in self.modes]

    @property
    def basis_display(self) -> str:
        """What vouches for it; always shown."""
        return self.credential.get_kind_display() if self.credential else "自声明"

    @property
    def has_lapsed(self) -> bool:
        return self.credential is not None and not self.credential.is_valid


class CapabilityLine(TimestampedModel):
    """One scope row (CMC): as written, and as the engine read it."""

    capability = models.ForeignKey(Capability, models.CASCADE, related_name="lines", verbose_name="能力")
    position = models.PositiveIntegerField("序号", default=0)
    measurand = models.CharField("被测量", max_length=200, blank=True)
    codes_text = models.CharField("规范名称及代号", max_length=500, blank=True)
    range_text = models.CharField("测量范围", max_length=500, blank=True)
    uncertainty_text = models.CharField("扩展不确定度", max_length=500, blank=True)
    note = models.CharField("说明", max_length=500, blank=True)
    is_structured = models.BooleanField("已结构化", default=False, editable=False)
    reading = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "能力行"
        ordering = ["position", "created_at"]

    def __str__(self):
        return " ".join(filter(None, [self.measurand, self.range_text, self.uncertainty_text]))


class ScopeImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(organisation__in=user.provider_ids) if user.is_authenticated else self.none()


class ScopeImport(TimestampedModel):
    """A scope file on its way into capabilities: read, previewed, confirmed, written."""

    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="scope_imports", verbose_name="机构")
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="上传人")
    credential = models.ForeignKey(
        Credential, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="依据资质"
    )
    file = models.FileField("文件", upload_to="scopes/")
    file_name = models.CharField("文件名", max_length=200)
    status = models.CharField("状态", max_length=10, choices=ImportStatus, default=ImportStatus.WAITING)
    done = models.PositiveIntegerField("已处理行数", default=0)
    total = models.PositiveIntegerField("总行数", default=0)
    report = models.JSONField("读取结果", default=dict)

    objects = ScopeImportQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "能力表导入"
        ordering = ["-created_at"]

    def __str__(self):
        return self.file_name

    def get_absolute_url(self):
        return reverse("providers:import_detail", args=[self.pk])
