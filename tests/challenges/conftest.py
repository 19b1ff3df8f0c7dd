"""Challenges in any phase; everything is made through the services."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.models import F
from django.utils import timezone

from accounts.enums import MemberRole
from accounts.models import User
from challenges.enums import ChallengeStatus as C
from challenges.enums import Phase
from challenges.items import kind_of
from challenges.models import Challenge, Entry, PhaseWindow, Promise, Review, SealedPrice, Solution
from challenges.models.solutions import PARTS
from challenges.seals import seal
from challenges.services.board import confirm_item, post_items, prefilled, word_item
from challenges.services.challenges import create_challenge, move_challenge, set_windows
from challenges.services.entries import enter_need, move_entry
from challenges.services.experts import sign_pledge
from challenges.services.reviews import assign_reviewers, lock_review, save_scores
from challenges.workflow import PHASES
from partnerships.services.wording import newest_text
from tests.conftest import seat

LENGTH, INTO = timedelta(days=14), timedelta(days=4)
# Which phase is under way; before the call none is.
PLACE = {C.DRAFT: -1, **{C(phase): place for place, phase in enumerate(PHASES)}, C.CANCELLED: 0}
UP_TO_THE_BOARD = PHASES[: PHASES.index(Phase.BOARD) + 1]


def plan(phases=UP_TO_THE_BOARD):
    """Two weeks for each phase, one after the other, with four days gone of the first."""
    starts = [timezone.now() - INTO + place * LENGTH for place in range(len(phases))]
    return {phase: (start, start + LENGTH) for phase, start in zip(phases, starts, strict=True)}


def let_pass(challenge, time):
    """Have so much time pass for the challenge."""
    windows = PhaseWindow.objects.filter(challenge=challenge)
    windows.update(opens_at=F("opens_at") - time, closes_at=F("closes_at") - time)


@pytest.fixture
def new_challenge(organiser):
    """Make challenges in a phase of which four days are gone and ten are left; what lies before has no entries."""

    def make(status="collecting", **fields):
        values = {
            "name": "产业计量挑战赛",
            "theme": "把产线上测不准的难题找出来",
            "rules_text": "面向企业征集。",
            **fields,
        }
        challenge = create_challenge(actor=organiser, organiser=organiser.authorities[0], **values)
        is_short = status in {C.DRAFT, C.CANCELLED, *UP_TO_THE_BOARD}
        set_windows(challenge, actor=organiser, calendar=plan(UP_TO_THE_BOARD if is_short else PHASES))
        if status != C.DRAFT:
            move_challenge(challenge, "open_collecting", actor=organiser)
        if status == C.CANCELLED:
            move_challenge(challenge, "cancel", actor=organiser, note="经费未落实")
        # The later phases need entries and reviews that most tests can do without.
        Challenge.objects.filter(pk=challenge.pk).update(status=status)
        let_pass(challenge, PLACE[status] * LENGTH)
        return Challenge.objects.get(pk=challenge.pk)

    return make


@pytest.fixture
def challenge(new_challenge):
    return new_challenge()


@pytest.fixture
def new_entry(new_need, owner, organiser, challenge):
    """Make entries in any status; what is on the board is worded and confirmed.

    What reviewers decide, and what is posted, is set as it is: the services have tests of their own.
    """

    def make(status="entered", *, need=None, challenge=challenge, is_worded=None, **fields):
        need = need or new_need("published", **fields)
        entry = enter_need(challenge, need, actor=owner, consents=True)
        if is_worded if is_worded is not None else status in {"selected", "on_board"}:
            word_and_confirm(entry, organiser, owner)
        if status in {"returned", "withdrawn"}:
            name, actor = {"returned": ("return", organiser), "withdrawn": ("withdraw", owner)}[status]
            move_entry(entry, name, actor=actor, note="请补充现场条件")
        if status in {"selected", "on_board", "not_selected"}:
            Entry.objects.filter(pk=entry.pk).update(status="selected" if status == "on_board" else status)
        if status == "on_board":
            post_items(challenge, actor=organiser)
        return Entry.objects.get(pk=entry.pk)

    return make


@pytest.fixture
def new_expert(new_user, organiser):
    """Make experts of the organiser's pool, each with a mail domain of their own."""

    def make(name="评审专家", **fields):
        number = User.objects.count()
        values = {"email": f"expert{number}@lab{number}.test", **fields}
        return seat(new_user(name, **values), organiser.organisations[0], role=MemberRole.EXPERT)

    return make


@pytest.fixture
def experts(new_expert):
    return [new_expert(f"专家{letter}") for letter in "甲乙丙丁"]


@pytest.fixture
def screened(challenge, new_entry, organiser):
    """An entry of a challenge in which the screening is four days old."""
    return start_screening(new_entry(), organiser)


def start_screening(entry, organiser):
    """The entry, its challenge having entered the screening when the call was over."""
    let_pass(entry.challenge, LENGTH)
    move_challenge(Challenge.objects.get(pk=entry.challenge_id), "open_screening", actor=organiser)
    return Entry.objects.get(pk=entry.pk)


def assign(item, reviewer, organiser, note="增派"):
    """The review of the entry or the solution by this expert, newly assigned."""
    stage = kind_of(item).stage
    return assign_reviewers(item.challenge, actor=organiser, pairs=[(item, reviewer)], stage=stage, note=note)[0]


def pledge(review):
    """Have the reviewer sign what the material asks for."""
    sign_pledge(review.challenge, actor=fresh(review.reviewer), seen=newest_text("review_pledge")[0])


def score(review, points=80, *, comment="总体可行", criteria=None):
    """Have the reviewer fill in the same points, or those given, for all criteria."""
    if review.solution:
        pledge(review)
    criteria = criteria or review.challenge.criteria.filter(stage=review.stage)
    given = points if isinstance(points, list) else [points] * len(criteria)
    rows = [
        {"criterion": criterion, "points": Decimal(str(each)), "reason": f"{criterion.name}的理由"}
        for criterion, each in zip(criteria, given, strict=True)
    ]
    return save_scores(review, actor=fresh(review.reviewer), scores=rows, comment=comment)


def lock(review, points=80):
    """Have the reviewer score and hand in the review."""
    review = score(review, points)
    lock_review(review, actor=fresh(review.reviewer))
    return Review.objects.get(pk=review.pk)


def fresh(user):
    """The person as a new request meets them."""
    return User.objects.get(pk=user.pk)


def word_and_confirm(entry, organiser, owner):
    """Have the organiser word the item as the need's public text has it, and the enterprise confirm."""
    entry = word_item(entry, actor=organiser, **prefilled(entry, organiser))
    confirm_item(entry, actor=owner, seen=entry.wording)


@pytest.fixture
def solving(new_challenge, new_entry):
    """An item on the board of a challenge in which solutions have been asked for since four days."""
    return advance(new_entry("on_board", challenge=new_challenge()), "solving")


def advance(entry, status):
    """The entry, its challenge having come to the status, four days into that phase; what lies between is set."""
    challenge = Challenge.objects.get(pk=entry.challenge_id)
    if challenge.windows.count() < len(PHASES):
        rest = plan(PHASES)
        known = set(challenge.windows.values_list("phase", flat=True))
        PhaseWindow.objects.bulk_create(
            PhaseWindow(challenge=challenge, phase=phase, opens_at=rest[phase][0], closes_at=rest[phase][1])
            for phase in PHASES
            if phase not in known
        )
    let_pass(challenge, (PLACE[C(status)] - PLACE[C(challenge.status)]) * LENGTH)
    Challenge.objects.filter(pk=challenge.pk).update(status=status)
    return Entry.objects.get(pk=entry.pk)


@pytest.fixture
def new_solution(new_capability, provider, institute):
    """Make solutions to an item in any status, whole enough for it; the steps to it have tests of their own."""
    own = {}

    def make(entry, status="submitted", *, organisation=institute, author=provider, **fields):
        if not own:
            own[institute] = new_capability()
        values = {name: f"{name}：用激光跟踪仪在现场测量" for name in PARTS}
        values |= {"capability": own.get(organisation), **fields}
        is_in = status not in {"draft", "withdrawn"}
        return Solution.objects.create(
            entry=entry,
            organisation=organisation,
            author=author,
            status=status,
            submitted_at=timezone.now() if is_in else None,
            **values,
        )

    return make


@pytest.fixture
def contest(solving, new_solution, new_user, new_organisation, experts, provider, organiser):
    """Two solutions to an item, scored by three experts each, with nothing decided yet; there are no finals."""
    from tests.challenges import deciding

    entry = advance(solving, "reviewing")
    deciding.without_finals(entry)
    partner, rival = new_user("联合单位业务员"), new_user("对手业务员")
    joining = new_organisation("university", founder=partner, name="联合大学", region="310000")
    rivalling = new_organisation("institute", founder=rival, name="对手计量院", region="330000")
    best = new_solution(entry, "admitted")
    other = new_solution(entry, "admitted", organisation=rivalling, author=rival, title="对手的方案")
    deciding.join(best, joining, partner)
    for expert in experts[:3]:
        deciding.score_solution(best, expert, 90)
        deciding.score_solution(other, expert, [40, 80, 80, 80, 80, 80])
    return deciding.Contest(entry, best, other, provider, partner, rival, organiser)


@pytest.fixture
def reviewing(solving):
    """An item whose solutions are being reviewed since four days."""
    return advance(solving, "reviewing")


@pytest.fixture
def admitted(reviewing, new_solution):
    """An admitted solution to it, with one promise and an opened price."""
    return fill_in(new_solution(reviewing, "admitted"))


def fill_in(solution, *, promised="U = 0.8 μm（k = 2）", amount="198000"):
    """The solution with one row of 指标响应 and a price that has been opened."""
    line = {"source": "board", **solution.entry.board_lines[0]}
    Promise.objects.create(
        solution=solution,
        line=line,
        promised_text=promised,
        evidence="按 JJF 1064 比对过",
        verdict="pass",
        sentence="承诺值优于要求。",
        backing="unknown",
        backing_sentence="公开能力没有写到这一项。",
    )
    SealedPrice.objects.create(
        solution=solution, cipher=seal(Decimal(amount)), amount=Decimal(amount), opened_at=timezone.now()
    )
    return Solution.objects.get(pk=solution.pk)
