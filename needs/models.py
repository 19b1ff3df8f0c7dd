"""Measurement problems: the need, its measurement lines and its history."""

import hashlib

from django.core.validators import MaxLengthValidator
from django.db import models
from django.db.models import Case, F, Q, Value, When
from django.urls import reverse

from accounts.models import Organisation, User, validate_telephone
from core.enums import CredentialKind, Discipline, Level, MeasuringMode
from core.files import StoredFile
from core.models import TimestampedModel, TracedModel
from needs.enums import KNOWN, LISTED, BudgetBand, Cooperation, NeedCategory, Obligation, ProblemType, Urgency
from needs.enums import NeedStatus as S


class NeedQuerySet(models.QuerySet):
    def published(self):
        """Needs that are open to offers."""
        return self.filter(status__in=LISTED)

    def owned_by(self, user):
        return self.filter(organisation__in=user.organisation_ids) if user.is_authenticated else self.none()

    def overseen_by(self, user):
        """Submitted needs of the regions this person organises."""
        if not user.is_authenticated or not user.is_organiser:
            return self.none()
        return self.filter(user.in_charge_of("organisation__region")).exclude(status=S.DRAFT)

    def visible_to(self, user):
        """Published needs below level 3 for everyone; what one was granted; all of one's own and one's regions'."""
        known = Q(status__in=KNOWN, level=Level.PUBLIC) | Q(status__in=LISTED, level=Level.AFTER_NDA)
        return self.filter(known | self._granted(user) | self._full_sight(user))

    def readable_by(self, user):
        """Needs whose lines and text the user may read: what a search may look into."""
        public = Q(status__in=KNOWN, level=Level.PUBLIC)
        return self.filter(public | self._granted(user, sees_detail=True) | self._full_sight(user))

    def waiting_first(self):
        """What the organiser has to act on, then what waits for the enterprise; the longest untouched first."""
        in_hand = Q(status__in=[S.SUBMITTED, S.DIAGNOSING])
        confirmed = Q(status=S.ACCEPTED, public_text_confirmed_at__isnull=False)
        turns = [When(in_hand | confirmed, then=Value(0)), When(status__in=[S.ACCEPTED, S.RETURNED], then=Value(1))]
        return self.order_by(Case(*turns, default=Value(2)), "updated_at", "pk")

    def fully_seen_by(self, user):
        """Needs shown to the user with nothing withheld."""
        return self.filter(self._full_sight(user))

    def for_list(self):
        return self.select_related("organisation").prefetch_related("lines", "grants")

    @staticmethod
    def _granted(user, **sight) -> Q:
        """The condition that the user holds a grant; it rests while the need is not published."""
        return Q(pk__in=NeedGrant.objects.held_by(user).filter(**sight).values("need"), status__in=KNOWN)

    @staticmethod
    def _full_sight(user) -> Q:
        if not user.is_authenticated:
            return Q(pk__in=[])
        mine = Q(organisation__in=user.organisation_ids)
        if not user.is_organiser:
            return mine
        return mine | (user.in_charge_of("organisation__region") & ~Q(status=S.DRAFT))


class Need(TracedModel):
    """A measurement problem an enterprise wants solved."""

    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="needs", verbose_name="企业")
    author = models.ForeignKey(User, models.PROTECT, related_name="+", verbose_name="填写人", editable=False)

    title = models.CharField("需求名称", max_length=120)
    category = models.CharField("需求类别", max_length=20, choices=NeedCategory, default=NeedCategory.CALIBRATION)
    discipline = models.CharField("计量专业", max_length=20, choices=Discipline, default=Discipline.OTHER)
    problem_type = models.CharField("问题类型", max_length=20, choices=ProblemType, default=ProblemType.CANNOT)
    problem = models.TextField("需求内容", blank=True, validators=[MaxLengthValidator(20_000)])
    background = models.TextField("需求背景", blank=True, validators=[MaxLengthValidator(20_000)])
    current_state = models.TextField("现有基础与现状水平", blank=True, validators=[MaxLengthValidator(20_000)])
    measures_taken = models.TextField("已采取的措施", blank=True, validators=[MaxLengthValidator(20_000)])
    goal = models.TextField("预期目标", blank=True, validators=[MaxLengthValidator(20_000)])
    difficulties = models.TextField("技术难点", blank=True, validators=[MaxLengthValidator(20_000)])
    sample = models.CharField("样品情况与可否移动", max_length=300, blank=True)
    traceability = models.CharField("溯源要求", max_length=300, blank=True)
    is_qualitative = models.BooleanField("定性需求（没有可填的指标）", default=False)

    expected_on = models.DateField("期望完成时间", null=True, blank=True)
    urgency = models.CharField("紧迫程度", max_length=10, choices=Urgency, default=Urgency.NORMAL)
    budget_low = models.PositiveIntegerField("预算下限（元）", null=True, blank=True)
    budget_high = models.PositiveIntegerField("预算上限（元）", null=True, blank=True)
    cooperation = models.JSONField("合作方式", default=list, blank=True)
    credentials = models.JSONField("承接方资质", default=list, blank=True)
    acceptance = models.CharField("验收方式", max_length=300, blank=True)
    ownership = models.CharField("知识产权归属", max_length=300, blank=True)
    contact_name = models.CharField("联系人", max_length=40, blank=True)
    contact_phone = models.CharField("联系电话", max_length=20, blank=True, validators=[validate_telephone])
    contact_email = models.EmailField("联系邮箱", blank=True)

    level = models.PositiveSmallIntegerField("公开级别", choices=Level, default=Level.PUBLIC)
    is_anonymous = models.BooleanField("对外隐去企业名称", default=True)
    shows_budget = models.BooleanField("对外显示预算区间", default=True)
    shows_contact = models.BooleanField("对外显示联系方式", default=False)
    joins_challenge = models.BooleanField("愿意参加挑战赛", default=False)
    joins_common_problems = models.BooleanField("同意用于共性难题分析", default=True)
    pledges_no_secrets = models.BooleanField("承诺不含涉密内容", default=False)
    pledges_truth = models.BooleanField("承诺内容真实", default=False)

    public_title = models.CharField("公开标题", max_length=120, blank=True)
    public_text = models.TextField("公开内容（脱密）", blank=True, validators=[MaxLengthValidator(20_000)])
    public_text_confirmed_at = models.DateTimeField("企业确认公开内容时间", null=True, blank=True, editable=False)

    status = models.CharField("状态", max_length=20, choices=S, default=S.DRAFT, editable=False)
    version = models.PositiveIntegerField("提交次数", default=0, editable=False)
    published_at = models.DateTimeField("发布时间", null=True, blank=True, editable=False)

    objects = NeedQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "测量需求"
        ordering = ["-published_at", "-created_at", "pk"]
        indexes = [models.Index(name="need_status_level", fields=["status", "level"])]
        constraints = [
            models.CheckConstraint(
                name="need_budget_ordered",
                condition=Q(budget_low__isnull=True)
                | Q(budget_high__isnull=True)
                | Q(budget_low__lte=F("budget_high")),
                violation_error_message="预算下限不能高于上限。",
            ),
            models.CheckConstraint(
                name="need_published_is_confirmed",
                condition=~Q(status__in=sorted(KNOWN)) | Q(public_text_confirmed_at__isnull=False),
                violation_error_message="公开内容须经企业确认后才能发布。",
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("needs:detail", args=[self.pk])

    @property
    def number(self) -> str:
        """需求编号: short enough for the telephone, and no count of anything."""
        return f"XQ-{self.pk.hex[:8].upper()}"

    @property
    def public_wording(self) -> str:
        """A mark that changes with the public wording."""
        return hashlib.sha256(f"{self.public_title}\n{self.public_text}".encode()).hexdigest()[:16]

    @property
    def is_listed(self) -> bool:
        """Whether the need is open to offers."""
        return self.status in LISTED

    @property
    def is_editable(self) -> bool:
        return self.status in {S.DRAFT, S.RETURNED}

    @property
    def budget_band(self) -> str:
        """The band outsiders see instead of the figures."""
        amount = self.budget_high or self.budget_low
        return next((band.value for band in BudgetBand if amount and amount <= band.limit), "")

    @property
    def cooperation_display(self) -> list[str]:
        return [Cooperation(value).label for value in self.cooperation]

    @property
    def credentials_display(self) -> list[str]:
        return [CredentialKind(value).label for value in self.credentials]


class NeedLine(TimestampedModel):
    """One measurement line (指标行), in the words of who wrote it and as the engine read it."""

    need = models.ForeignKey(Need, models.CASCADE, related_name="lines", verbose_name="需求")
    position = models.PositiveSmallIntegerField("序号", default=0)
    object_name = models.CharField("被测对象或被校仪器", max_length=120)
    measurand = models.CharField("参量", max_length=120, blank=True)
    range_text = models.CharField("测量范围或测量点", max_length=300, blank=True)
    accuracy_text = models.CharField("准确度要求", max_length=300, blank=True)
    conditions_text = models.CharField("条件", max_length=300, blank=True)
    codes_text = models.CharField("执行规范", max_length=200, blank=True)
    mode = models.CharField("测量方式", max_length=10, choices=MeasuringMode, default=MeasuringMode.LAB)
    is_dynamic = models.BooleanField("动态测量", default=False)
    obligation = models.CharField("必须/希望", max_length=10, choices=Obligation, default=Obligation.REQUIRED)
    note = models.CharField("说明", max_length=300, blank=True)
    reading = models.JSONField(default=dict, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "指标行"
        ordering = ["position", "created_at"]

    def __str__(self):
        return " ".join(filter(None, [self.object_name, self.measurand, self.range_text, self.accuracy_text]))


class NeedFile(StoredFile):
    """An attachment of a need, seen with the whole text or, when it is public, with the lines."""

    need = models.ForeignKey(Need, models.CASCADE, related_name="files", verbose_name="需求")
    is_public = models.BooleanField("附件公开", default=False)

    class Meta(StoredFile.Meta):
        verbose_name = verbose_name_plural = "需求附件"

    def get_absolute_url(self):
        return reverse("needs:file", args=[self.need_id, self.pk])


class NeedGrantQuerySet(models.QuerySet):
    def held_by(self, user):
        """The grants a person has, in person or through a verified institute or organising body."""
        if not user.is_authenticated:
            return self.none()
        return self.filter(Q(organisation__in=_trusted_bodies(user)) | Q(user=user))


class NeedGrant(TimestampedModel):
    """That an institute, an organising body or one person may see more of a need than its level shows; ends by being
    deleted.

    The row itself tells that the need exists; detail is the text and the lines, contact whom to call.
    """

    need = models.ForeignKey(Need, models.CASCADE, related_name="grants", verbose_name="需求")
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="机构"
    )
    user = models.ForeignKey(User, models.CASCADE, null=True, blank=True, related_name="+", verbose_name="个人")
    sees_detail = models.BooleanField("可见详情", default=False)
    sees_contact = models.BooleanField("可见联系方式", default=False)

    objects = NeedGrantQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "需求授权"
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(name="need_grant_once_each", fields=["need", "organisation"]),
            models.UniqueConstraint(name="need_grant_once_a_person", fields=["need", "user"]),
            models.CheckConstraint(
                name="need_grant_has_one_holder",
                condition=Q(organisation__isnull=True, user__isnull=False)
                | Q(organisation__isnull=False, user__isnull=True),
            ),
        ]

    def __str__(self):
        return f"{self.need} → {self.organisation or self.user}"

    def is_held_by(self, user) -> bool:
        return self.organisation_id in _trusted_bodies(user) or self.user_id == user.pk


def _trusted_bodies(user) -> set:
    """The verified institutes and organising bodies this person acts for."""
    return user.provider_ids | {body.pk for body in user.authorities}
