"""Conflicts of interest: computed from what the platform knows of both sides, declared, waived for a public reason.

The same rule is asked at assignment, at every read and at every decision.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from accounts.enums import MemberStatus, NoticeKind
from accounts.models import Membership, Organisation, User
from accounts.notices import notify
from challenges.enums import ConflictKind, EntryStatus
from challenges.items import Item, entry_of, item_id, kind_of
from challenges.models import (
    Challenge,
    CoApplicant,
    Declaration,
    Entry,
    ExpertProfile,
    Review,
    Solution,
    Waiver,
)
from challenges.models.reviews import PHASE_OF
from challenges.models.solutions import IN_CONTEST
from challenges.notices import organisers
from challenges.workflow import review_workflow
from core.workflow import NotPermitted, TransitionError
from partnerships.models import ConfidentialityAgreement, Docking

# Three years, of which one may be a leap year.
BINDS_FOR = timedelta(days=3 * 365 + 1)
# Anybody may have an address there: to share one of these domains says nothing.
FREE_DOMAINS = """
126.com 139.com 163.com 188.com 189.cn 21cn.com 263.net aliyun.com foxmail.com gmail.com hotmail.com icloud.com
live.cn live.com me.com msn.com outlook.com proton.me protonmail.com qq.com sina.cn sina.com sina.com.cn sohu.com
tom.com vip.126.com vip.163.com vip.qq.com vip.sina.com wo.cn yahoo.cn yahoo.com yahoo.com.cn yeah.net
"""
FREE_MAIL = frozenset(FREE_DOMAINS.split())
# A legal entity keeps this part of its credit code wherever and however often it is registered (GB 32100).
ENTITY = slice(8, 17)
# While another reviewer can still be found.
UNDER_REVIEW = frozenset(PHASE_OF.values())


@dataclass(frozen=True)
class Conflict:
    """One tie between a reviewer and a body behind an item, in words for the organiser."""

    kind: ConflictKind
    words: str


# --- What binds -----------------------------------------------------------------------------------------------------


@dataclass
class Ties:
    """What is known of a reviewer; bodies that were left within three years bind as well."""

    user_id: int
    domains: set[str]
    phones: set[str]
    bodies: dict[UUID, Organisation] = field(default_factory=dict)
    former: dict[UUID, Organisation] = field(default_factory=dict)
    declared: dict[UUID, str] = field(default_factory=dict)

    @property
    def all_bodies(self) -> dict[UUID, Organisation]:
        return self.former | self.bodies


@dataclass
class Side:
    """What is known of one body behind an item, and of its part in the event; by domain and number, whose they are."""

    words: str
    body: Organisation
    domains: dict[str, set]
    phones: dict[str, set]
    partners: set[UUID]
    stewards: set[int] = field(default_factory=set)
    entrants: set[UUID] = field(default_factory=set)
    solvers: set[UUID | int] = field(default_factory=set)
    joint: set[UUID] = field(default_factory=set)


def _same_organisation(reviewer: Ties, side: Side) -> Iterator[str]:
    for body in reviewer.bodies.values():
        if body.pk == side.body.pk:
            yield f"现在是{side.words}的成员，或在{side.words}工作"
        elif body.credit_code[ENTITY] == side.body.credit_code[ENTITY]:
            yield f"所在的{body}与{side.words}是同一主体（统一社会信用代码的主体标识码相同）"


def _membership(reviewer: Ties, side: Side) -> Iterator[str]:
    if side.body.pk in reviewer.former:
        yield f"三年内曾是{side.words}的成员"


def _docking(reviewer: Ties, side: Side) -> Iterator[str]:
    for pk in reviewer.all_bodies.keys() & side.partners:
        yield f"{reviewer.all_bodies[pk]}与{side.words}有对接或协议"


def _steward(reviewer: Ties, side: Side) -> Iterator[str]:
    if reviewer.user_id in side.stewards:
        yield "是这条需求的技术管家"


def _entered(reviewer: Ties, side: Side) -> Iterator[str]:
    for pk in reviewer.all_bodies.keys() & (side.entrants - {side.body.pk}):
        yield f"{reviewer.all_bodies[pk]}在本届赛事有自己的报名"


def _solver(reviewer: Ties, side: Side) -> Iterator[str]:
    if reviewer.user_id in side.solvers:
        yield "本人在本届赛事提交了揭榜方案"
    for pk in reviewer.all_bodies.keys() & side.solvers:
        yield f"{reviewer.all_bodies[pk]}也是本届赛事的揭榜单位"


def _joint(reviewer: Ties, side: Side) -> Iterator[str]:
    for pk in reviewer.all_bodies.keys() & side.joint:
        yield f"{reviewer.all_bodies[pk]}与{side.words}联合揭榜"


def _email(reviewer: Ties, side: Side) -> Iterator[str]:
    for mine in reviewer.domains:
        theirs = [domain for domain, whose in side.domains.items() if whose != {reviewer.user_id}]
        if any(_is_within(mine, domain) or _is_within(domain, mine) for domain in theirs):
            yield f"与{side.words}使用同一邮箱域名 {mine}"


def _phone(reviewer: Ties, side: Side) -> Iterator[str]:
    if any(side.phones.get(number, {reviewer.user_id}) != {reviewer.user_id} for number in reviewer.phones):
        yield f"与{side.words}留有同一电话号码"


def _declared(reviewer: Ties, side: Side) -> Iterator[str]:
    if note := reviewer.declared.get(side.body.pk):
        yield f"本人申报：{note}"


RULES: dict[ConflictKind, Callable[[Ties, Side], Iterator[str]]] = {
    ConflictKind.SAME_ORGANISATION: _same_organisation,
    ConflictKind.MEMBERSHIP: _membership,
    ConflictKind.DOCKING: _docking,
    ConflictKind.STEWARD: _steward,
    ConflictKind.ENTERED: _entered,
    ConflictKind.SOLVER: _solver,
    ConflictKind.CO_APPLICANT: _joint,
    ConflictKind.EMAIL: _email,
    ConflictKind.PHONE: _phone,
    ConflictKind.DECLARED: _declared,
}


# --- Asking ---------------------------------------------------------------------------------------------------------

Pairs = dict[tuple[int, UUID], list[Conflict]]


def conflicts_of(reviewer: User, item: Item) -> list[Conflict]:
    """What binds this person to the bodies behind the item, waived or not."""
    return conflicts_between([reviewer], [item])[reviewer.pk, item.pk]


def conflicts_between(reviewers: Iterable[User], items: Iterable[Item]) -> Pairs:
    """For each person and item what binds them, in as many queries as for one pair."""
    ties, sides = _ties_of(list(reviewers)), _sides_of(list(items))
    return {
        (person, item): list(dict.fromkeys(_between(reviewer, side_by_side)))
        for person, reviewer in ties.items()
        for item, side_by_side in sides.items()
    }


def _between(reviewer: Ties, sides: list[Side]) -> Iterator[Conflict]:
    for kind, rule in RULES.items():
        for side in sides:
            yield from (Conflict(kind, words) for words in sorted(rule(reviewer, side)))


def blocks_between(reviewers: Iterable[User], items: Iterable[Item]) -> Pairs:
    """As `conflicts_between`, without what an administrator has waived."""
    reviewers, items = list(reviewers), list(items)
    waivers = Waiver.objects.filter(user__in=reviewers, entry__in={entry_of(item) for item in items})
    waived = {(waiver.user_id, waiver.solution_id or waiver.entry_id): waiver.kinds for waiver in waivers}
    return {
        pair: [conflict for conflict in found if conflict.kind not in waived.get(pair, ())]
        for pair, found in conflicts_between(reviewers, items).items()
    }


def without_conflict(reviews: Iterable[Review]) -> list[Review]:
    """The reviews whose reviewer nothing binds; they come as `ReviewQuerySet.with_item` gives them."""
    reviews = list(reviews)
    blocks = blocks_between({review.reviewer for review in reviews}, {review.item for review in reviews})
    return [review for review in reviews if not blocks[review.reviewer_id, item_id(review)]]


def _ties_of(reviewers: list[User]) -> dict[int, Ties]:
    ties = {user.pk: Ties(user.pk, _domains([user.email]), _phones([user.phone])) for user in reviewers}
    lately = Q(status=MemberStatus.ACTIVE) | Q(ended_at__gte=timezone.now() - BINDS_FOR)
    for seat in Membership.objects.filter(lately, user__in=reviewers).select_related("organisation"):
        own = ties[seat.user_id]
        (own.bodies if seat.status == MemberStatus.ACTIVE else own.former)[seat.organisation_id] = seat.organisation
    profiles = ExpertProfile.objects.filter(user__in=reviewers, workplace__isnull=False)
    for profile in profiles.select_related("workplace"):
        ties[profile.user_id].bodies[profile.workplace_id] = profile.workplace
    for declaration in Declaration.objects.filter(user__in=reviewers):
        ties[declaration.user_id].declared[declaration.organisation_id] = declaration.note
    return ties


def _sides_of(items: list[Item]) -> dict[UUID, list[Side]]:
    """By item the bodies behind it: the enterprise, and for a solution everybody who is to do the work."""
    entries = {entry.pk: entry for entry in map(entry_of, items)}
    solutions = [item for item in items if isinstance(item, Solution)]
    enterprises = _enterprises_of(list(entries.values()))
    solvers = _solvers_of(solutions) if solutions else {}
    return {item.pk: [enterprises[entry_of(item).pk], *solvers.get(item.pk, ())] for item in items}


def _enterprises_of(entries: list[Entry]) -> dict[UUID, Side]:
    enterprises = {entry.need.organisation_id: entry.need.organisation for entry in entries}
    people, partners = _people_of(enterprises), _partners_of(enterprises)
    stewards: dict[UUID, set[int]] = {}
    carried = Docking.objects.filter(need__in=[entry.need_id for entry in entries], steward__isnull=False)
    for need, steward in carried.values_list("need", "steward"):
        stewards.setdefault(need, set()).add(steward)
    entrants: dict[UUID, set[UUID]] = {}
    entered = Entry.objects.filter(challenge__in={entry.challenge_id for entry in entries})
    entered = entered.exclude(status=EntryStatus.WITHDRAWN)
    for challenge, body in entered.values_list("challenge", "need__organisation"):
        entrants.setdefault(challenge, set()).add(body)

    def side_of(entry: Entry) -> Side:
        need = entry.need
        return Side(
            words="该企业",
            body=need.organisation,
            **_reached([*people[need.organisation_id], (None, need.contact_email, need.contact_phone)]),
            partners=partners[need.organisation_id],
            stewards=stewards.get(need.pk, set()),
            entrants=entrants.get(entry.challenge_id, set()),
        )

    return {entry.pk: side_of(entry) for entry in entries}


def _solvers_of(solutions: list[Solution]) -> dict[UUID, list[Side]]:
    """By solution its applicant and those who have agreed to join."""
    behind: dict[UUID, dict[UUID, Organisation]] = {
        solution.pk: {solution.organisation_id: solution.organisation} for solution in solutions
    }
    agreed = CoApplicant.objects.filter(solution__in=solutions, agreed_at__isnull=False)
    for co_applicant in agreed.select_related("organisation"):
        behind[co_applicant.solution_id][co_applicant.organisation_id] = co_applicant.organisation
    bodies = [body for found in behind.values() for body in found]
    people, partners, joint = _people_of(bodies), _partners_of(bodies), _joint_applicants_of(bodies)
    authors = User.objects.in_bulk({each.author_id for each in solutions})
    contest = _contest_of({solution.entry.challenge_id for solution in solutions})

    def sides_of(solution: Solution) -> list[Side]:
        author, own = authors[solution.author_id], behind[solution.pk]
        writer = (author.pk, author.email, author.phone)
        return [
            Side(
                words=f"揭榜单位{body}",
                body=body,
                **_reached([*people[body.pk], *([writer] if body.pk == solution.organisation_id else ())]),
                partners=partners[body.pk],
                solvers=contest[solution.entry.challenge_id] - own.keys(),
                joint=joint[body.pk] - own.keys(),
            )
            for body in own.values()
        ]

    return {solution.pk: sides_of(solution) for solution in solutions}


def _contest_of(challenges: set[UUID]) -> dict[UUID, set]:
    """By challenge the bodies behind its solutions and the people who wrote them."""
    contest: dict[UUID, set] = {challenge: set() for challenge in challenges}
    handed_in = Solution.objects.filter(entry__challenge__in=challenges, status__in=IN_CONTEST)
    for challenge, *solvers in handed_in.values_list("entry__challenge", "organisation", "author"):
        contest[challenge].update(solvers)
    agreed = CoApplicant.objects.filter(solution__in=handed_in, agreed_at__isnull=False)
    for challenge, body in agreed.values_list("solution__entry__challenge", "organisation"):
        contest[challenge].add(body)
    return contest


def _joint_applicants_of(bodies: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """For each body those with which it stands behind a solution, in whichever event."""
    joint: dict[UUID, set[UUID]] = {pk: set() for pk in bodies}
    groups: dict[UUID, set[UUID]] = {}
    agreed = CoApplicant.objects.filter(solution__status__in=IN_CONTEST, agreed_at__isnull=False)
    for solution, *pair in agreed.values_list("solution", "solution__organisation", "organisation"):
        groups.setdefault(solution, set()).update(pair)
    for group in groups.values():
        for pk in group & joint.keys():
            joint[pk] |= group - {pk}
    return joint


def _people_of(bodies: Iterable[UUID]) -> dict[UUID, list[tuple]]:
    """By body its members with mail address and phone."""
    people: dict[UUID, list[tuple]] = {pk: [] for pk in bodies}
    members = Membership.objects.filter(organisation__in=people, status=MemberStatus.ACTIVE)
    for body, *person in members.values_list("organisation", "user", "user__email", "user__phone"):
        people[body].append(tuple(person))
    return people


def _reached(people: Iterable[tuple]) -> dict[str, dict[str, set]]:
    """By which mail domains and numbers these people are reached."""
    people = list(people)
    return {
        "domains": _whose((who, _domains([mail])) for who, mail, _ in people),
        "phones": _whose((who, _phones([phone])) for who, _, phone in people),
    }


def _whose(found: Iterable[tuple]) -> dict[str, set]:
    owners: dict[str, set] = {}
    for who, values in found:
        for value in values:
            owners.setdefault(value, set()).add(who)
    return owners


def _partners_of(bodies: Iterable[UUID]) -> dict[UUID, set[UUID]]:
    """For each body those it has dockings or confidentiality agreements with, on whichever side."""
    partners: dict[UUID, set[UUID]] = {pk: set() for pk in bodies}
    concerns = Q(need__organisation__in=partners) | Q(institute__in=partners)
    for found in (Docking.objects, ConfidentialityAgreement.objects.in_force()):
        for two in found.filter(concerns).values_list("need__organisation", "institute"):
            for one, other in (two, two[::-1]):
                if one in partners:
                    partners[one].add(other)
    return partners


def _domains(addresses: Iterable[str]) -> set[str]:
    return {address.rpartition("@")[2].lower() for address in addresses if address} - FREE_MAIL


def _is_within(domain: str, other: str) -> bool:
    return f".{domain}".endswith(f".{other}")


def _phones(numbers: Iterable[str]) -> set[str]:
    return {re.sub(r"\D", "", number) for number in numbers if number}


# --- Declaring and waiving ------------------------------------------------------------------------------------------


@transaction.atomic
def declare_tie(user: User, *, organisation: Organisation, note: str) -> Declaration:
    """The tie as declared; reviews that it binds the person in end at once."""
    declaration = Declaration(user=user, organisation=organisation, note=note.strip())
    declaration.full_clean()
    declaration.save()
    end_conflicted(Review.objects.filter(reviewer=user))
    return declaration


@transaction.atomic
def withdraw_tie(declaration: Declaration) -> None:
    """Take a declaration back; reviews that it ended stay ended."""
    declaration.delete()


@transaction.atomic
def waive_conflicts(item: Item, user: User, *, actor: User, reason: str) -> Waiver:
    """The administrator's public word that this person may review the item in spite of what binds them now."""
    challenge, kind = item.challenge, kind_of(item)
    challenge.lock()
    if not actor.has_perm("challenges.waive_conflict"):
        raise NotPermitted("只有平台管理员可以豁免利益冲突。")
    if challenge.status != kind.phase:
        raise TransitionError(f"赛事现在处于“{challenge.get_status_display()}”阶段，不能再豁免利益冲突。")
    if not reason.strip():
        raise ValidationError({"reason": "豁免须写明理由，理由会公布在赛事页面。"})
    kinds = list(dict.fromkeys(conflict.kind.value for conflict in conflicts_of(user, item)))
    if not kinds:
        raise TransitionError(f"这位专家与这{kind.unit}{kind.noun}没有利益冲突，不需要豁免。")
    waiver, _ = Waiver.objects.update_or_create(
        entry=entry_of(item),
        solution=item if isinstance(item, Solution) else None,
        user=user,
        defaults={"kinds": kinds, "reason": reason.strip(), "author": actor},
    )
    data = {kind.field: str(item.pk), "user": user.pk, "kinds": kinds}
    challenge.record("waive", "豁免利益冲突", actor=actor, note=waiver.reason, data=data)
    return waiver


@dataclass(frozen=True)
class PublishedWaiver:
    """What everybody reads of a waiver: neither the expert nor an item that is not on the board."""

    item: str
    kinds: str
    reason: str
    on: date


def published_waivers(challenge: Challenge, entry: Entry | None = None) -> list[PublishedWaiver]:
    """The waivers of a challenge, or of one item of it, in an order that tells nothing."""
    waivers = Waiver.objects.filter(entry__challenge=challenge, **({"entry": entry} if entry else {}))
    return [
        PublishedWaiver(
            item=waiver.entry.board_number if waiver.entry.status == EntryStatus.ON_BOARD else "",
            kinds="、".join(ConflictKind(kind).label for kind in waiver.kinds),
            reason=waiver.reason,
            on=timezone.localdate(waiver.updated_at),
        )
        for waiver in waivers.select_related("entry").order_by("pk")
    ]


# --- What came meanwhile --------------------------------------------------------------------------------------------


@transaction.atomic
def end_conflicted(reviews, *, during: Iterable[str] = UNDER_REVIEW) -> int:
    """End those of the reviews over which a conflict has come, and tell the organisers; their number.

    Once the reviewing is over nobody could take their place: until the result they are only left out of the count.
    """
    standing = list(reviews.standing().filter(entry__challenge__status__in=during).with_item())
    standing = [review for review in standing if review.challenge.status in kind_of(review).counting]
    blocks = blocks_between({review.reviewer for review in standing}, {review.item for review in standing})
    ended = 0
    for review in standing:
        if found := blocks[review.reviewer_id, item_id(review)]:
            note = "；".join(conflict.words for conflict in found)
            ended += review_workflow.follow(review, "end", note=note) is not None
            after = "请补派" if review.challenge.status == review.phase else "不计入结果"
            text = f"一位专家与所评{kind_of(review).noun}有利益冲突，评审已撤销，{after}。"
            tell_of_gap(review, text, actor=None)
    return ended


def tell_of_gap(review: Review, text: str, *, actor: User | None) -> None:
    """Tell who runs the challenge that an item needs another reviewer; the key keeps it to one notice."""
    notify(
        organisers(review.challenge),
        kind=NoticeKind.CHALLENGE,
        text=f"{review.challenge.name}：{text}",
        url=reverse(f"challenges:{kind_of(review).pages['plan']}", args=[review.challenge.pk]),
        key=f"review:{review.pk}:gap",
        actor=actor,
    )
