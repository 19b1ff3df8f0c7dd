"""Needs in a challenge, from being entered to their number on the board."""

import hashlib
import json

from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Organisation, User
from challenges.enums import EntryStatus as S
from challenges.models.challenges import Challenge
from core.enums import Discipline
from core.models import TimestampedModel, TracedModel
from core.regions import region_label, validate_region
from needs.enums import BudgetBand
from needs.models import Need

# What the board shows of an item, and what its enterprise confirms.
BOARD_FIELDS = ("board_title", "board_text", "conditions", "budget_band", "discipline", "region", "board_lines")


class EntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        """What is on the board for everyone; one's own; all for those who run the challenge."""
        on_board = Q(status=S.ON_BOARD)
        if not user.is_authenticated:
            return self.filter(on_board)
        run = Q(challenge__in=Challenge.objects.run_by(user).values("pk"))
        return self.filter(on_board | Q(need__organisation__in=user.organisation_ids) | run)

    def handled_by(self, user):
        """One's own, and all of the challenges one helps to run: those a person has something to do with."""
        if not user.is_authenticated:
            return self.none()
        run = Q(challenge__in=Challenge.objects.run_by(user).values("pk"))
        return self.filter(Q(need__organisation__in=user.organisation_ids) | run)

    def on_board(self):
        return self.filter(status=S.ON_BOARD)

    def in_running(self):
        """Entries that may still come on the board, or are on it."""
        return self.exclude(status__in=[S.NOT_SELECTED, S.WITHDRAWN])

    def for_list(self):
        return self.select_related("challenge", "need__organisation").prefetch_related("need__lines", "need__grants")


class Entry(TracedModel):
    """A need in a challenge; what is on the board is its own wording, changed only by a published corrigendum."""

    challenge = models.ForeignKey(Challenge, models.PROTECT, related_name="entries", verbose_name="挑战赛")
    need = models.ForeignKey(Need, models.PROTECT, related_name="entries", verbose_name="需求")
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="报名人")
    status = models.CharField("状态", max_length=20, choices=S, default=S.ENTERED, editable=False)
    is_on_behalf = models.BooleanField("由组织方代报", default=False, editable=False)
    board_number = models.CharField("榜单编号", max_length=12, blank=True, editable=False)
    board_title = models.CharField("榜单标题", max_length=120, blank=True)
    board_text = models.TextField("榜单内容（脱密）", max_length=20_000, blank=True)
    conditions = models.TextField("揭榜条件", max_length=2000, blank=True)
    budget_band = models.CharField("预算区间", max_length=10, choices=BudgetBand, blank=True)
    discipline = models.CharField("计量专业", max_length=20, choices=Discipline, blank=True)
    region = models.CharField("地区", max_length=6, blank=True, validators=[validate_region])
    board_lines = models.JSONField("榜单指标行", default=list, blank=True)
    confirmed_at = models.DateTimeField("企业确认榜单内容时间", null=True, editable=False)
    confirmed_by = models.ForeignKey(
        User, models.PROTECT, null=True, related_name="+", editable=False, verbose_name="企业确认人"
    )

    objects = EntryQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "参赛需求"
        ordering = ["board_number", "created_at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="entry_once", fields=["challenge", "need"], violation_error_message="这条需求已在本届赛事报名。"
            ),
            models.UniqueConstraint(
                name="board_number_once", fields=["challenge", "board_number"], condition=~Q(board_number="")
            ),
            models.CheckConstraint(
                name="entry_on_board_is_confirmed",
                condition=~Q(status=S.ON_BOARD) | (Q(confirmed_at__isnull=False) & ~Q(board_number="")),
            ),
        ]

    def __str__(self):
        return self.board_title or self.need.number

    def get_absolute_url(self):
        return reverse("challenges:entry_detail", args=[self.pk])

    @property
    def region_display(self) -> str:
        return region_label(self.region) if self.region else ""

    @property
    def wording(self) -> str:
        """A mark that changes with anything that will be on the board."""
        shown = [getattr(self, name) for name in BOARD_FIELDS]
        return hashlib.sha256(json.dumps(shown, ensure_ascii=False, sort_keys=True).encode()).hexdigest()[:16]


class Corrigendum(TimestampedModel):
    """A published change to what is on the board."""

    entry = models.ForeignKey(Entry, models.PROTECT, related_name="corrigenda", verbose_name="榜单项目")
    text = models.TextField("更正内容", max_length=4000)
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="发布人")

    class Meta:
        verbose_name = verbose_name_plural = "更正公告"
        ordering = ["created_at", "pk"]

    def __str__(self):
        return self.text[:30]


class InvitationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who was invited sees it, and who runs the challenge."""
        if not user.is_authenticated:
            return self.none()
        run = Q(entry__challenge__in=Challenge.objects.run_by(user).values("pk"))
        return self.filter(Q(organisation__in=user.provider_ids) | run)


class Invitation(TimestampedModel):
    """That the organiser has asked an institute to look at an item of the board."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="invitations", verbose_name="榜单项目")
    organisation = models.ForeignKey(Organisation, models.PROTECT, related_name="+", verbose_name="机构")
    author = models.ForeignKey(User, models.PROTECT, related_name="+", editable=False, verbose_name="邀请人")

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "揭榜邀请"
        ordering = ["created_at", "pk"]
        constraints = [models.UniqueConstraint(name="invitation_once", fields=["entry", "organisation"])]

    def __str__(self):
        return f"{self.entry} → {self.organisation}"
