"""Reviews: assigned free of conflicts, scored blind while the window is open, locked, recused and removed."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from itertools import product
from secrets import choice
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import User
from accounts.notices import notify
from challenges.enums import ChallengeStatus, Phase, ReviewStage, ReviewStatus
from challenges.items import KINDS, Item, Kind, entry_of, item_id, kind_of, number_of
from challenges.models import Challenge, Criterion, PhaseWindow, Review, Score, Solution
from challenges.models.reviews import PHASE_OF, STANDING
from challenges.responses import quotes_need
from challenges.services.conflicts import blocks_between, tell_of_gap, without_conflict
from challenges.services.experts import challenges_judged_by, pledged_challenges, pool_of
from challenges.workflow import refuse_scoring, review_workflow
from core.enums import Level
from core.models import Event, record_each
from core.workflow import NotPermitted, TransitionError

# Without letters and digits that are mistaken for each other.
LABELS = [f"{letter}{number}" for letter, number in product("ABCDEFGHJKLMNPQRSTUVWXYZ", range(2, 100))]
STAGE_IN = {phase: stage for stage, phase in PHASE_OF.items()}
UNFINISHED = frozenset({ReviewStatus.ASSIGNED, ReviewStatus.DRAFTING})


# --- What a reviewer may see ----------------------------------------------------------------------------------------


def open_reviews_of(user: User) -> list[Review]:
    """The reviews this person may see now, by label: still an expert of the challenge, and nothing binds them."""
    if not user.is_authenticated:
        return []
    own = Review.objects.of_reviewer(user).filter(entry__challenge__in=challenges_judged_by(user).values("pk"))
    own = own.exclude(entry__challenge__status=ChallengeStatus.CANCELLED)
    readable = [review for review in own.for_reading() if review.item.status in kind_of(review).readable]
    return sorted(without_conflict(readable), key=lambda review: review.label)


def is_confidential(review: Review) -> bool:
    """Whether the reviewer has to sign the pledge first: for needs that are not public, and for all solutions."""
    return review.solution_id is not None or review.entry.need.level > Level.PUBLIC


def note_read(reviews: Iterable[Review], user: User, *, pledged: set) -> None:
    """Log that confidential material was read: in the need's history without a name, in the review's with it."""
    read = [review for review in reviews if is_confidential(review) and review.challenge.pk in pledged]
    record_each(read, "read", "查看评审材料", actor=user)
    needs: dict[UUID, list] = {}
    for review in read:
        if review.solution is None or quotes_need(review.solution):
            needs.setdefault(review.challenge.pk, []).append(review.entry.need)
    for challenge, of_challenge in needs.items():
        data = {"organisation": "评审专家", "challenge": str(challenge)}
        record_each(of_challenge, "read", "查看保密内容", data=data)


# --- Scoring --------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_scores(review: Review, *, actor: User, scores: Iterable[dict] = (), comment: str | None = None) -> Review:
    """Keep what the reviewer has written so far; each score has `criterion` and, as far as given, points and reason."""
    _hold_for_scoring(review, actor)
    for score in scores:
        _save_score(review, **score)
    if comment is not None:
        review.comment = comment
        review.full_clean(exclude=["entry", "solution", "reviewer"], validate_unique=False, validate_constraints=False)
        review.save(update_fields=["comment", "updated_at"])
    review_workflow.follow(review, "draft", actor=actor)
    return review


def _save_score(review: Review, criterion: Criterion, **given: Decimal | str | None) -> None:
    if criterion.challenge_id != review.entry.challenge_id or criterion.stage != review.stage:
        raise ValidationError({"scores": f"“{criterion.name}”不是本次评审的指标，请刷新页面后重试。"})
    score, _ = Score.objects.get_or_create(review=review, criterion=criterion)
    for name, value in given.items():
        setattr(score, name, value)
    score.full_clean(exclude=["review", "criterion"], validate_unique=False)
    score.save()


@transaction.atomic
def lock_review(review: Review, *, actor: User) -> Event:
    """Hand the scores in; from then on they never change, and their history vouches for them."""
    _hold_for_scoring(review, actor)
    review.locked_at = timezone.now()
    review.save(update_fields=["locked_at", "updated_at"])
    scores = {score.criterion.name: str(score.points) for score in review.scores.select_related("criterion")}
    return review_workflow.apply(review, "lock", actor=actor, data={"scores": scores, "total": str(review.total)})


@transaction.atomic
def recuse(review: Review, *, actor: User, note: str) -> Event:
    """The reviewer's wish not to judge this item; the organisers find somebody else."""
    _check_entrusted(review, actor)
    event = review_workflow.apply(review, "recuse", actor=actor, note=note)
    tell_of_gap(review, "一位专家申请回避，请补派。", actor=actor)
    return event


def _hold_for_scoring(review: Review, actor: User) -> None:
    """Lock the review; raise unless this person may score it now."""
    review.challenge.lock()
    review.lock()
    _check_entrusted(review, actor)
    if review.status not in UNFINISHED:
        raise TransitionError(f"这份评审{review.get_status_display()}，不能再修改。")
    if closed := refuse_scoring(review):
        raise TransitionError(closed)
    if is_confidential(review) and review.challenge.pk not in pledged_challenges(actor):
        kind = kind_of(review)
        raise TransitionError(f"这{kind.unit}{kind.noun}是保密的，请先签署评审专家保密承诺，再阅读和打分。")


def _check_entrusted(review: Review, actor: User) -> None:
    if review.pk not in {each.pk for each in open_reviews_of(actor)}:
        raise NotPermitted("您现在不能评审这一项。")


# --- Assigning ------------------------------------------------------------------------------------------------------


@transaction.atomic
def assign_reviewers(
    challenge: Challenge,
    *,
    actor: User,
    pairs: Iterable[tuple[Item, User]],
    stage: str = ReviewStage.SCREENING,
    note: str = "",
) -> list[Review]:
    """New reviews for these pairs of item and expert, all or none; later additions need a reason."""
    challenge.lock()
    _check_runs(challenge, actor)
    kind, phase = KINDS[ReviewStage(stage)], PHASE_OF[ReviewStage(stage)].label
    if challenge.status != kind.phase:
        raise TransitionError(f"赛事处于“{challenge.get_status_display()}”阶段，进入{phase}后才能分派专家。")
    if challenge.window(kind.phase).is_over:
        raise TransitionError(f"{phase}已经截止；要增派专家，请先延期。")
    pairs = list(pairs)
    if not pairs:
        raise TransitionError("没有选中专家，请勾选后再分派。")
    _refuse_pairs(challenge, kind, pairs, note)
    reviews = [
        Review.objects.create(
            stage=kind.stage,
            entry=entry_of(item),
            solution=item if isinstance(item, Solution) else None,
            reviewer=reviewer,
            label=label,
        )
        for (item, reviewer), label in zip(pairs, _new_labels(pairs), strict=True)
    ]
    for review in reviews:
        review.record("assign", "分派专家", actor=actor, target=review.status, note=note.strip())
    _tell_assigned(challenge, kind, reviews, actor)
    return reviews


def _refuse_pairs(challenge: Challenge, kind: Kind, pairs: list[tuple[Item, User]], note: str) -> None:
    """Raise when one of the pairs must not be."""
    items = [item for item, _ in pairs if kind_of(item) == kind]
    known = list(Review.objects.filter(stage=kind.stage, **{f"{kind.field}__in": items}).with_item())
    standing = {(item_id(review), review.reviewer_id) for review in known if review.status in STANDING}
    recused = {(item_id(review), review.reviewer_id) for review in known if review.status == ReviewStatus.RECUSED}
    blocks = blocks_between({user for _, user in pairs}, {item for item, _ in pairs})
    pool = set(pool_of(challenge))

    def why_not(item: Item, user: User) -> str:
        number, pair = number_of(item), (item.pk, user.pk)
        if entry_of(item).challenge_id != challenge.pk or kind_of(item) != kind or item.status not in kind.open:
            return f"{number} 现在不能分派专家"
        if user not in pool:
            return f"{user}不在本届赛事的专家库里"
        if found := blocks[user.pk, item.pk]:
            return f"{user}与 {number} 有利益冲突（{'；'.join(conflict.words for conflict in found)}）"
        if pair in standing or pairs.count((item, user)) > 1:
            return f"{user}已经在评审 {number}"
        return f"{user}已对 {number} 申请回避" if pair in recused else ""

    if refused := list(dict.fromkeys(filter(None, (why_not(*pair) for pair in pairs)))):
        raise TransitionError("没有分派：" + "；".join(refused) + "。请调整后再提交。")
    if known and not note.strip():
        numbers = "、".join(sorted({number_of(review.item) for review in known}))
        raise TransitionError(f"{numbers} 已分派过专家，增派请写明理由。")


def _new_labels(pairs: list[tuple[Item, User]]) -> list[str]:
    """For each pair a random label that its reviewer has not had yet."""
    reviewers = {user.pk for _, user in pairs}
    taken = set(Review.objects.filter(reviewer__in=reviewers).values_list("reviewer", "label"))
    labels = []
    for _, user in pairs:
        label = choice([label for label in LABELS if (user.pk, label) not in taken])
        taken.add((user.pk, label))
        labels.append(label)
    return labels


def _tell_assigned(challenge: Challenge, kind: Kind, reviews: list[Review], actor: User) -> None:
    end = timezone.localtime(challenge.window(kind.phase).closes_at)
    for reviewer, count in Counter(review.reviewer for review in reviews).items():
        notify(
            [reviewer],
            kind=NoticeKind.CHALLENGE,
            text=f"{challenge.name}：有 {count} {kind.unit}{kind.noun}请您评审，请在 {end:%m-%d %H:%M} 前提交。",
            url=reverse("challenges:review_desk"),
            actor=actor,
        )


@transaction.atomic
def remove_review(review: Review, *, actor: User, note: str) -> Event:
    """Take a review away from its reviewer, with the reason; what was written stays in the history."""
    review.challenge.lock()
    event = review_workflow.apply(review, "remove", actor=actor, note=note)
    notify(
        [review.reviewer],
        kind=NoticeKind.CHALLENGE,
        text=f"{review.challenge.name}：组织方撤销了您的一项评审，不必再做。",
        url=reverse("challenges:review_desk"),
        key=f"review:{review.pk}:removed",
        actor=actor,
    )
    return event


def _check_runs(challenge: Challenge, actor: User) -> None:
    if not actor.has_perm("challenges.run_challenge", challenge):
        raise NotPermitted("只有主办和协办单位可以管理这项赛事的评审。")


# --- Reminding ------------------------------------------------------------------------------------------------------


def remind_reviewers(window: PhaseWindow, *, days: int) -> int:
    """Tell the reviewers who have not handed in everything, once for each end; the number of those told."""
    if window.phase not in STAGE_IN:
        return 0
    return _remind(window, actor=None, key=f"challenge:{window.pk}:{window.closes_at:%Y%m%d%H%M}:{days}:reviewer")


@transaction.atomic
def urge_reviewers(challenge: Challenge, *, actor: User, stage: str = ReviewStage.SCREENING) -> int:
    """Tell at the organiser's wish who has not handed in everything, at most once a day; the number of those told."""
    _check_runs(challenge, actor)
    window = challenge.window(KINDS[ReviewStage(stage)].phase)
    if window is None or not challenge.is_open(window.phase):
        raise TransitionError(f"{ReviewStage(stage).label}没有在进行，现在不需要催办。")
    return _remind(window, actor=actor, key=f"challenge:{window.pk}:{timezone.localdate():%Y%m%d}:urged")


def _remind(window: PhaseWindow, *, actor: User | None, key: str) -> int:
    kind = KINDS[STAGE_IN[Phase(window.phase)]]
    waiting = Review.objects.filter(
        stage=kind.stage,
        status__in=UNFINISHED,
        entry__challenge=window.challenge,
        **{f"{kind.field}__status__in": kind.open},
    )
    end = timezone.localtime(window.closes_at)
    return notify(
        pool_of(window.challenge).filter(pk__in=waiting.values("reviewer")),
        kind=NoticeKind.CHALLENGE,
        text=f"{window.challenge.name}的评审将于 {end:%m-%d %H:%M} 截止，您还有评审没有提交。",
        url=reverse("challenges:review_desk"),
        key=key,
        actor=actor,
    )
