"""Proposals: a need and a capability that fit, with the reasons."""

from django.db import models
from django.db.models import Case, Count, F, Q, Value, When, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from accounts.models import User
from core.enums import Level
from core.models import TimestampedModel, TracedModel
from matching.engine.facts import from_json
from matching.engine.scoring import Weights
from matching.enums import NEXT_MOVE, RECEIVED, WAITING, Origin, Side, Turn, Verdict
from matching.enums import ProposalStatus as S
from needs.models import Need
from providers.models import Capability

# Strongest first; confidential needs last and by time, for their order would tell how well they fit.
STRONGEST = (Case(When(need__level=Level.PUBLIC, then=F("score")), default=Value(-1.0)).desc(), "-created_at", "pk")
WAITING_FIRST = Case(*(When(status__in=turn.states, then=Value(place)) for place, turn in enumerate(Turn)))


class ProposalQuerySet(models.QuerySet):
    def current(self):
        """Proposals that stand: not overtaken by a newer match."""
        return self.exclude(status=S.SUPERSEDED)

    def received_by(self, user):
        """What lies in the inbox of the institutes this person acts for.

        Of public needs those it could serve, of confidential ones those a person passed on; and only while the need
        may be known of.
        """
        if not user.is_authenticated:
            return self.none()
        is_misfit = Q(origin=Origin.MATCHED, need__level=Level.PUBLIC, verdict=Verdict.FAIL)
        return self.filter(
            capability__organisation__in=user.provider_ids,
            need__in=Need.objects.visible_to(user).values("pk"),
            status__in=RECEIVED,
        ).exclude(is_misfit)

    def visible_to(self, user):
        """Proposals for one's own needs, in one's inbox, or in the regions one organises."""
        if not user.is_authenticated:
            return self.none()
        mine = Q(need__organisation__in=user.organisation_ids)
        received = Q(pk__in=self.received_by(user).values("pk"))
        overseen = Q(need__in=Need.objects.overseen_by(user).values("pk"))
        return self.current().filter(mine | received | overseen)

    def waiting(self):
        return self.filter(status__in=WAITING)

    def for_list(self):
        return self.select_related(
            "need__organisation", "capability__organisation", "capability__credential"
        ).prefetch_related("need__grants")

    def strongest_first(self):
        return self.for_list().prefetch_related("need__lines").order_by(*STRONGEST)

    def for_inbox(self):
        """One row for each need and institute, those that wait for the institute first.

        Each is the best of `among` proposals, of which the institute has opened `seen`.
        """
        group, order = ["need", "capability__organisation"], [WAITING_FIRST, *STRONGEST]
        folded = self.annotate(
            place=Window(RowNumber(), partition_by=group, order_by=order),
            among=Window(Count("pk"), partition_by=group),
            seen=Window(Count("provider_seen_at"), partition_by=group),
        )
        return folded.filter(place=1).for_list().prefetch_related("need__lines").order_by(*order)


class Proposal(TracedModel):
    """A pairing the matcher proposes, with the versions it was made from."""

    need = models.ForeignKey(Need, models.CASCADE, related_name="proposals", verbose_name="需求")
    capability = models.ForeignKey(Capability, models.CASCADE, related_name="proposals", verbose_name="能力")
    origin = models.CharField("来源", max_length=10, choices=Origin, default=Origin.MATCHED, editable=False)
    status = models.CharField("状态", max_length=24, choices=S, default=S.PROPOSED, editable=False)
    answer_due_on = models.DateField("答复期限", null=True, blank=True, editable=False)
    has_succeeded = models.BooleanField("对接成功", null=True, editable=False)
    score = models.FloatField("匹配度")
    verdict = models.CharField("指标判定", max_length=10, choices=Verdict)
    pairing = models.JSONField("匹配依据")
    need_version = models.PositiveIntegerField("需求版本")
    capability_version = models.PositiveIntegerField("能力版本")
    engine_version = models.CharField("引擎版本", max_length=60)
    provider_seen_at = models.DateTimeField("机构查看时间", null=True, blank=True)

    objects = ProposalQuerySet.as_manager()

    class Meta:
        verbose_name = verbose_name_plural = "匹配建议"
        ordering = ["-score", "pk"]
        indexes = [models.Index(name="proposal_need_score", fields=["need", "-score"])]
        constraints = [models.UniqueConstraint(name="proposal_once", fields=["need", "capability"])]

    def __str__(self):
        return f"{self.need} ↔ {self.capability}"

    def get_absolute_url(self):
        return reverse("matching:proposal_detail", args=[self.pk])

    def lock(self):
        """Hold the need first, as a match does that changes the need's proposals: else the two wait for each other."""
        Need.objects.select_for_update().only("pk").get(pk=self.need_id)
        super().lock()

    @property
    def is_misfit(self) -> bool:
        """Whether it only shows the enterprise what comes nearest to its public need; the institute is not asked.

        The verdict on a confidential need decides nothing, for the institute would learn it.
        """
        return (self.origin, self.need.level, self.verdict) == (Origin.MATCHED, Level.PUBLIC, Verdict.FAIL)

    @property
    def next_move(self) -> str:
        """Who has to move for the two to come together; empty when nobody has to."""
        side = NEXT_MOVE.get(self.status, "")
        return Side.ENTERPRISE if side == Side.BOTH and self.is_misfit else side

    @property
    def is_stale(self) -> bool:
        """Whether the need or the capability has changed since."""
        return (self.need_version, self.capability_version) != (self.need.version, self.capability.version)


class MatchState(models.Model):
    """What a need was last matched against; equal fingerprints mean there is nothing to do."""

    need = models.OneToOneField(Need, models.CASCADE, primary_key=True, related_name="match_state", verbose_name="需求")
    fingerprint = models.CharField("匹配指纹", max_length=96)
    gap = models.JSONField("缺口", null=True, blank=True)
    matched_at = models.DateTimeField("匹配时间", auto_now=True)

    class Meta:
        verbose_name = verbose_name_plural = "匹配状态"

    def __str__(self):
        return f"{self.need} {self.matched_at:%Y-%m-%d %H:%M}"


class WeightSet(TimestampedModel):
    """Weights the machine proposes, with the figures that speak for them; at most one set is in use."""

    version = models.CharField("版本", max_length=40, unique=True)
    base_version = models.CharField("比较基准", max_length=40)
    weights = models.JSONField("权重")
    evaluation = models.JSONField("评估")
    is_active = models.BooleanField("启用", default=False)
    activated_at = models.DateTimeField("启用时间", null=True, blank=True)
    activated_by = models.ForeignKey(
        User, models.PROTECT, null=True, blank=True, related_name="+", verbose_name="启用人"
    )

    class Meta:
        verbose_name = verbose_name_plural = "匹配权重"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(name="one_weight_set_in_use", fields=["is_active"], condition=Q(is_active=True))
        ]

    def __str__(self):
        return self.version

    @property
    def engine_weights(self) -> Weights:
        """The weights as the engine takes them."""
        return from_json(Weights, self.weights)

    @property
    def figures(self) -> list[dict]:
        """The measures an organiser decides by, old and new."""
        wanted = (
            ("留出用例 nDCG@10", "held", "ndcg@10"),
            ("留出用例 P@1", "held", "p@1"),
            ("平台答复 nDCG@10", "use", "ndcg@10"),
        )
        return [
            {"label": label, **{side: self.evaluation[group][side].get(name) for side in ("old", "new")}}
            for label, group, name in wanted
        ]
