"""People, the organisations they belong to, the tokens their programs use, and what they are told."""

import hashlib
import unicodedata
from datetime import timedelta

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin, _user_has_perm
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator, URLValidator
from django.db import models
from django.db.models import OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError as StdnumError

from accounts.enums import (
    PROVIDER_KINDS,
    MemberRole,
    MemberStatus,
    NoticeKind,
    OrganisationKind,
    Rhythm,
    Size,
    TokenScope,
)
from core.models import TimestampedModel
from core.regions import EVERYWHERE, region_label, region_prefix, validate_region, within

validate_mobile = RegexValidator(r"^1[3-9]\d{9}$", "手机号应为 11 位数字，以 13–19 开头。")
validate_telephone = RegexValidator(
    r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?)$", "电话请写 11 位手机号，或带区号的座机，例如 0512-65550000。"
)


def clean_credit_code(text: str) -> str:
    """The credit code in its plain form; full-width digits, spaces and lower case are accepted."""
    try:
        return uscc.validate(unicodedata.normalize("NFKC", text))
    except StdnumError as error:
        raise ValidationError("统一社会信用代码不正确：应为 18 位且校验码相符，请对照营业执照核对。") from error


class OrganisationQuerySet(models.QuerySet):
    def verified(self):
        return self.filter(verified_at__isnull=False)

    def providers(self):
        return self.filter(kind__in=PROVIDER_KINDS)

    def visible_to(self, user):
        """Everyone sees verified providers and organisers; members their own; organisers those of their regions."""
        public = Q(verified_at__isnull=False, kind__in=[*PROVIDER_KINDS, OrganisationKind.AUTHORITY])
        if not user.is_authenticated:
            return self.filter(public)
        return self.filter(public | Q(pk__in=user.organisation_ids) | user.in_charge_of("region"))


class Organisation(TimestampedModel):
    """A body that asks, offers or organises."""

    name = models.CharField("单位名称", max_length=120, unique=True)
    kind = models.CharField("单位类型", max_length=20, choices=OrganisationKind)
    credit_code = models.CharField("统一社会信用代码", max_length=18, unique=True)
    region = models.CharField("所在地区", max_length=6, validators=[validate_region])
    service_regions = models.JSONField("服务区域", default=list, blank=True, help_text="GB/T 2260 代码；空表示全国。")
    size = models.CharField("企业规模", max_length=10, choices=Size, blank=True)
    industry = models.CharField("所属行业", max_length=60, blank=True)
    is_specialised = models.BooleanField("专精特新中小企业", default=False)
    is_little_giant = models.BooleanField("专精特新“小巨人”", default=False)
    is_high_tech = models.BooleanField("高新技术企业", default=False)
    address = models.CharField("地址", max_length=200, blank=True)
    website = models.CharField("网址", max_length=200, blank=True, validators=[URLValidator(["https", "http"])])
    intro = models.TextField("简介", max_length=2000, blank=True)
    verified_at = models.DateTimeField("核验时间", null=True, blank=True, editable=False)
    verified_by = models.ForeignKey(
        "User", models.PROTECT, null=True, blank=True, related_name="+", verbose_name="核验人", editable=False
    )

    objects = OrganisationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "单位"
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                name="organisation_verified_by_somebody",
                condition=Q(verified_at__isnull=True) | Q(verified_by__isnull=False),
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("accounts:organisation_detail", args=[self.pk])

    def clean(self):
        # A form that refused the code leaves it empty and has said why.
        if self.credit_code:
            self.credit_code = clean_credit_code(self.credit_code)

    @property
    def is_provider(self):
        return self.kind in PROVIDER_KINDS

    @property
    def region_display(self):
        return region_label(self.region)

    def oversees(self, region: str) -> bool:
        """Whether the region lies in the one this body serves."""
        return not self.service_regions or any(region.startswith(region_prefix(code)) for code in self.service_regions)

    @property
    def honours(self) -> list[str]:
        """The marks of a distinguished small firm, in words."""
        marks = {
            "专精特新“小巨人”": self.is_little_giant,
            "专精特新": self.is_specialised,
            "高新技术企业": self.is_high_tech,
        }
        return [name for name, held in marks.items() if held]


class UserQuerySet(models.QuerySet):
    def acting_for(self, *organisations):
        """The people who act for one of the organisations; an expert acts for nobody."""
        return self._seated(organisation__in=organisations, role__in=[MemberRole.ADMIN, MemberRole.MEMBER])

    def administering(self, *organisations):
        """The people who decide about members and particulars of one of the organisations."""
        return self._seated(organisation__in=organisations, role=MemberRole.ADMIN)

    def in_charge_of(self, region: str):
        """The people of the verified organising bodies that oversee the region; administrators are not among them."""
        bodies = Organisation.objects.verified().filter(kind=OrganisationKind.AUTHORITY)
        return self.acting_for(*(body for body in bodies if body.oversees(region)))

    def _seated(self, **seat):
        seats = Membership.objects.filter(status=MemberStatus.ACTIVE, **seat)
        return self.filter(is_active=True, pk__in=seats.values("user"))


class UserManager(BaseUserManager.from_queryset(UserQuerySet)):
    def get_by_natural_key(self, username):
        return self.get(email=username.lower())

    def create_user(self, email, password=None, **fields):
        user = self.model(email=email.lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email, password=None, **fields):
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in with an e-mail address."""

    email = models.EmailField("邮箱", unique=True)
    name = models.CharField("姓名", max_length=40)
    phone = models.CharField("手机", max_length=11, blank=True, validators=[validate_mobile])
    is_staff = models.BooleanField("可进入管理后台", default=False)
    is_active = models.BooleanField("启用", default=True)
    date_joined = models.DateTimeField("注册时间", auto_now_add=True)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS = ["name"]

    class Meta:
        verbose_name = verbose_name_plural = "用户"

    def __str__(self):
        return self.name

    @cached_property
    def seats(self) -> list["Membership"]:
        """The active memberships with their organisations; one query per request."""
        return list(self.memberships.filter(status=MemberStatus.ACTIVE).select_related("organisation"))

    @property
    def organisations(self) -> list[Organisation]:
        """The organisations this person acts for."""
        return [seat.organisation for seat in self.seats if seat.role != MemberRole.EXPERT]

    @property
    def organisation_ids(self) -> set:
        return {organisation.pk for organisation in self.organisations}

    @property
    def providers(self) -> list[Organisation]:
        """The providers this person acts for, verified or not."""
        return [body for body in self.organisations if body.is_provider]

    @property
    def provider_ids(self) -> set:
        """The verified providers this person acts for."""
        return {body.pk for body in self.providers if body.verified_at}

    @property
    def enterprises(self) -> list[Organisation]:
        return [body for body in self.organisations if body.kind == OrganisationKind.ENTERPRISE]

    @property
    def authorities(self) -> list[Organisation]:
        """The verified organising bodies this person acts for."""
        return [body for body in self.organisations if body.kind == OrganisationKind.AUTHORITY and body.verified_at]

    @property
    def is_organiser(self) -> bool:
        return self.is_superuser or bool(self.authorities)

    @property
    def is_provider(self) -> bool:
        return bool(self.provider_ids)

    @property
    def is_expert(self) -> bool:
        """Whether some organising body has this person in its pool of experts."""
        return any(seat.role == MemberRole.EXPERT for seat in self.seats)

    @property
    def organises_everywhere(self) -> bool:
        return self.is_superuser or any(not body.service_regions for body in self.authorities)

    def has_perm(self, perm, obj=None):
        """Whether the rules allow it; what is asked of a record is not open to administrators as such."""
        return super().has_perm(perm) if obj is None else _user_has_perm(self, perm, obj)

    def in_charge_of(self, field: str) -> Q:
        """The condition that `field`, a region, lies where this person organises."""
        if self.organises_everywhere:
            return EVERYWHERE
        codes = [code for body in self.authorities for code in body.service_regions]
        return within(field, codes) if codes else Q(pk__in=[])

    def oversees(self, region: str) -> bool:
        """Whether the region lies where this person organises."""
        return self.is_superuser or any(body.oversees(region) for body in self.authorities)

    def administers(self, organisation: Organisation) -> bool:
        return any(seat.organisation_id == organisation.pk and seat.role == MemberRole.ADMIN for seat in self.seats)


class Membership(TimestampedModel):
    """A person's place in an organisation; one that has ended is kept, because it still binds for years."""

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships", verbose_name="用户")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships", verbose_name="单位")
    role = models.CharField("角色", max_length=10, choices=MemberRole, default=MemberRole.MEMBER)
    status = models.CharField("状态", max_length=10, choices=MemberStatus, default=MemberStatus.REQUESTED)
    ended_at = models.DateTimeField("最近离任时间", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "成员"
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(name="membership_once", fields=["user", "organisation"]),
            models.CheckConstraint(
                name="membership_ended_has_time",
                condition=~Q(status=MemberStatus.ENDED) | Q(ended_at__isnull=False),
            ),
        ]

    def __str__(self):
        return f"{self.user}（{self.organisation}）"


class ApiToken(TimestampedModel):
    """A key for programs; only its digest is kept."""

    user = models.ForeignKey(User, models.CASCADE, related_name="tokens", verbose_name="用户")
    name = models.CharField("用途", max_length=40)
    scope = models.CharField("权限", max_length=10, choices=TokenScope, default=TokenScope.READ)
    digest = models.CharField(max_length=64, unique=True, editable=False)
    used_at = models.DateTimeField("最近使用", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = verbose_name_plural = "API 令牌"
        ordering = ["-created_at"]

    def __str__(self):
        return self.name

    @staticmethod
    def digest_of(key: str) -> str:
        return hashlib.sha256(key.encode()).hexdigest()

    @property
    def can_write(self) -> bool:
        return self.scope == TokenScope.WRITE


# How long after the start of each attempt the next may follow. The first outlasts any attempt: nobody sends beside it.
MAIL_WAITS = [timedelta(minutes=minutes) for minutes in (5, 15, 60, 240, 720, 1440, 1440, 1440)]


class MailQuerySet(models.QuerySet):
    def waiting(self):
        """What is still to be sent and has attempts left."""
        return self.filter(sent_at__isnull=True, attempts__lt=len(MAIL_WAITS), user__is_active=True)


class Mail(TimestampedModel):
    """An e-mail to one person, kept from the moment it is owed; the worker sends it."""

    user = models.ForeignKey(User, models.CASCADE, related_name="mails", verbose_name="收件人")
    subject = models.CharField("主题", max_length=120)
    body = models.TextField("正文")
    # Fixed at creation: who gets the mail twice, because a worker died while sending, has a program that can tell.
    message_id = models.CharField("Message-ID", max_length=255, unique=True)
    due_at = models.DateTimeField("下次发送时间", default=timezone.now)
    attempts = models.PositiveSmallIntegerField("已尝试次数", default=0)
    last_error = models.CharField("最近的错误", max_length=300, blank=True)
    sent_at = models.DateTimeField("发出时间", null=True, blank=True)

    objects = MailQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "邮件"
        ordering = ["-created_at"]
        indexes = [models.Index(name="mail_waiting", fields=["due_at"], condition=Q(sent_at__isnull=True))]

    def __str__(self):
        return self.subject


class NoticeQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everyone sees their own."""
        return self.filter(user=user) if user.is_authenticated else self.none()

    def unread(self):
        return self.filter(read_at__isnull=True)

    def due(self, *, daily, weekly):
        """What is to be mailed by its reader's rhythm, of which the last turns were at these times."""
        chosen = NoticePreference.objects.filter(user=OuterRef("user"), kind=OuterRef("kind"))
        turn = (
            Q(rhythm=Rhythm.IMMEDIATE)
            | Q(rhythm=Rhythm.DAILY, created_at__lt=daily)
            | Q(rhythm=Rhythm.WEEKLY, created_at__lt=weekly)
        )
        pending = self.unread().filter(mail__isnull=True, user__is_active=True)
        return pending.alias(rhythm=Coalesce(Subquery(chosen.values("rhythm")), Value(Rhythm.DAILY))).filter(turn)


class Notice(TimestampedModel):
    """What happened, and what its reader can do next; written in the transaction of the event.

    The text never carries confidential content: only kinds, numbers such as XQ-1A2B3C4D, names of public bodies.
    """

    user = models.ForeignKey(User, models.CASCADE, related_name="notices", verbose_name="用户")
    kind = models.CharField("类型", max_length=20, choices=NoticeKind)
    text = models.CharField("内容", max_length=200)
    url = models.CharField("链接", max_length=200)
    key = models.CharField("唯一标记", max_length=120, blank=True)
    read_at = models.DateTimeField("阅读时间", null=True, blank=True)
    mail = models.ForeignKey(
        Mail, models.RESTRICT, null=True, blank=True, related_name="notices", verbose_name="所在邮件"
    )

    objects = NoticeQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "通知"
        ordering = ["-created_at", "pk"]
        constraints = [
            # A reminder happens once, however many workers think of it.
            models.UniqueConstraint(name="notice_once", fields=["user", "key"], condition=~Q(key=""))
        ]
        indexes = [
            models.Index(name="notice_of_user", fields=["user", "-created_at"]),
            models.Index(name="notice_unread", fields=["user"], condition=Q(read_at__isnull=True)),
            models.Index(
                name="notice_unmailed", fields=["created_at"], condition=Q(read_at__isnull=True, mail__isnull=True)
            ),
        ]

    def __str__(self):
        return self.text


class NoticePreference(TimestampedModel):
    """How often a person wants mail about one kind of notice; without a choice it is daily."""

    user = models.ForeignKey(User, models.CASCADE, related_name="notice_preferences", verbose_name="用户")
    kind = models.CharField("类型", max_length=20, choices=NoticeKind)
    rhythm = models.CharField("频率", max_length=10, choices=Rhythm, default=Rhythm.DAILY)

    class Meta:
        verbose_name = verbose_name_plural = "通知设置"
        constraints = [models.UniqueConstraint(name="notice_preference_once", fields=["user", "kind"])]

    def __str__(self):
        return f"{self.get_kind_display()}：{self.get_rhythm_display()}"
