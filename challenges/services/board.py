"""The board: worded by the organiser, confirmed by the enterprise, posted all at once, then only corrected."""

from collections.abc import Iterable
from random import SystemRandom

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Organisation, User
from challenges.enums import ChallengeStatus as C
from challenges.enums import EntryStatus as E
from challenges.models import Challenge, Corrigendum, Entry, Invitation
from challenges.models.entries import BOARD_FIELDS
from challenges.services.certificates import issue_certificates
from challenges.services.decisions import release_decisions
from challenges.services.entries import OPEN, close_to_former_organisers, has_account, tell
from challenges.services.follow_ups import plan_follow_ups
from challenges.workflow import entry_workflow
from core.enums import Level
from core.models import Event
from core.regions import region_choices
from core.workflow import NotPermitted, TransitionError
from needs.disclosure import disclose, sight_of
from needs.enums import KNOWN
from needs.models import Need
from needs.services import LINE_FIELDS

# What is worded, and may be worded anew, before it is posted.
UNPOSTED = frozenset({E.ENTERED, E.RETURNED, E.SELECTED})


# --- Wording ------------------------------------------------------------------------------------------------------


def prefilled(entry: Entry, user: User) -> dict:
    """What the organiser begins with: the item as it is worded, or the need's public wording."""
    need = entry.need
    if entry.board_title or sight_of(need, user) is None:
        return {name: getattr(entry, name) for name in BOARD_FIELDS if name != "board_lines"} | {
            "shows_lines": bool(entry.board_lines)
        }
    return {
        "board_title": need.public_title,
        "board_text": need.public_text,
        "conditions": "",
        "budget_band": need.budget_band if need.shows_budget else "",
        "discipline": need.discipline,
        "region": city_of(need.organisation.region),
        # The lines of a confidential need are not for everybody unless both sides say so.
        "shows_lines": need.level == Level.PUBLIC and bool(need.lines.all()),
    }


def city_of(region: str) -> str:
    """The city of a region, or its province; the county would say too much of an enterprise without a name."""
    known = {code for _, group in region_choices() for code, _ in group}
    return next((code for code in (region, f"{region[:4]}00", f"{region[:2]}0000") if code in known), "")


@transaction.atomic
def word_item(entry: Entry, *, actor: User, shows_lines: bool, **fields) -> Entry:
    """The item as it is to be on the board; whatever changes in it has to be confirmed again."""
    entry.challenge.lock()
    entry.lock()
    _check_runs(entry.challenge, actor)
    if entry.challenge.status not in OPEN or entry.status not in UNPOSTED:
        raise TransitionError(
            "榜单内容现在不能修改；已发榜的，请发布更正公告。"
            if entry.status == E.ON_BOARD
            else f"参赛需求{entry.get_status_display()}，榜单内容现在不能修改。"
        )
    before = entry.wording
    for name, value in fields.items():
        setattr(entry, name, value)
    entry.board_lines = _lines_of(entry.need, actor) if shows_lines else []
    if entry.wording == before:
        return entry
    entry.confirmed_at = entry.confirmed_by = None
    entry.save()
    entry.record("word", "编写榜单内容", actor=actor, source=entry.status, target=entry.status)
    tell(
        User.objects.acting_for(entry.need.organisation),
        f"{entry.challenge.name}：需求 {entry.need.number} 的榜单内容已拟好，请核对后确认。",
        entry,
        actor=actor,
    )
    return entry


def _lines_of(need: Need, user: User) -> list[dict]:
    """The need's lines as this person is shown them."""
    if sight_of(need, user) is None:
        return []
    return [{name: getattr(line, name) for name in LINE_FIELDS} for line in disclose(need, user).lines]


@transaction.atomic
def confirm_item(entry: Entry, *, actor: User, seen: str, note: str = "") -> Event:
    """The enterprise's word that the item may be posted as it was shown; `seen` is the mark of that wording.

    For an enterprise without an account the organiser confirms, and notes how the enterprise agreed.
    """
    entry.challenge.lock()
    entry.lock()
    is_own = actor.has_perm("challenges.own_entry", entry)
    if not is_own:
        _check_on_behalf(entry, actor, note)
    if entry.challenge.status not in OPEN or entry.status not in UNPOSTED:
        raise TransitionError(f"参赛需求{entry.get_status_display()}，现在不需要确认榜单内容。")
    if not (entry.board_title and entry.board_text):
        raise TransitionError("组织方还没有拟好榜单内容，请等待通知后再确认。")
    if seen != entry.wording:
        raise TransitionError("榜单内容刚刚被组织方修改过，请重新核对后再确认。")
    entry.confirmed_at, entry.confirmed_by = timezone.now(), actor
    entry.save(update_fields=["confirmed_at", "confirmed_by", "updated_at"])
    return entry.record(
        "confirm",
        "确认榜单内容" if is_own else "代企业确认榜单内容",
        actor=actor,
        source=entry.status,
        target=entry.status,
        note=note.strip(),
        data={"seen": seen},
    )


def may_confirm(entry: Entry, user: User) -> bool:
    """Whether this person can give the enterprise's word: it itself, or the organiser for one without an account."""
    if user.has_perm("challenges.own_entry", entry):
        return True
    return user.has_perm("challenges.run_challenge", entry) and not has_account(entry.need.organisation)


def _check_on_behalf(entry: Entry, actor: User, note: str) -> None:
    if not may_confirm(entry, actor):
        raise NotPermitted("榜单内容只能由需求所属企业确认。")
    if not note.strip():
        raise TransitionError("请写明企业由谁、何时、以什么方式同意，再代为确认。")


# --- Posting ------------------------------------------------------------------------------------------------------


def follow_challenge(challenge: Challenge, event: Event) -> None:
    """What happens to the entries when their challenge moves on; called within the step's transaction."""
    if event.target == C.BOARD:
        post_items(challenge, actor=event.actor)
    if event.target == C.ANNOUNCED:
        release_decisions(challenge, actor=event.actor)
    if event.target == C.SIGNING:
        issue_certificates(challenge)
    if event.target == C.TRACKING:
        plan_follow_ups(challenge, actor=event.actor)
    close_to_former_organisers(Need.objects.filter(entries__challenge=challenge), actor=event.actor)


def post_items(challenge: Challenge, *, actor: User) -> None:
    """Put all selected entries on the board, numbered in an order that tells nothing."""
    selected = list(challenge.entries.filter(status=E.SELECTED).select_related("need"))
    if gone := "、".join(entry.need.number for entry in selected if entry.need.status not in KNOWN):
        raise TransitionError(f"{gone} 已经撤回或正在修改，不能发榜；请等需求重新发布，或改为不入选。")
    SystemRandom().shuffle(selected)
    posted = challenge.entries.exclude(board_number="").count()
    digits = max(2, len(str(posted + len(selected))))
    for number, entry in enumerate(selected, start=posted + 1):
        entry.board_number = f"CH-{number:0{digits}}"
        entry.save(update_fields=["board_number", "updated_at"])
        entry_workflow.follow(entry, "post", actor=actor)
        text = f"{challenge.name}：需求 {entry.need.number} 已发榜，编号 {entry.board_number}。"
        tell(User.objects.acting_for(entry.need.organisation), text, entry, actor=actor, url=item_url(entry))


def item_url(entry: Entry) -> str:
    return reverse("challenges:board_item", args=[entry.pk])


@transaction.atomic
def correct_item(entry: Entry, *, actor: User, text: str) -> Corrigendum:
    """A published correction: the only way in which the board changes."""
    entry.lock()
    _check_runs(entry.challenge, actor)
    if entry.status != E.ON_BOARD:
        raise TransitionError("还没有发榜，请直接修改榜单内容。")
    if not text.strip():
        raise TransitionError("请写明更正了什么、为什么，再发布。")
    corrigendum = Corrigendum.objects.create(entry=entry, text=text.strip(), author=actor)
    entry.record("correct", "发布更正公告", actor=actor, data={"corrigendum": str(corrigendum.pk)})
    invited = entry.invitations.values_list("organisation", flat=True)
    solvers = entry.solutions.values_list("organisation", flat=True)
    people = User.objects.acting_for(entry.need.organisation_id, *invited, *solvers)
    notice = f"{entry.challenge.name}：榜单项目 {entry.board_number} 有更正公告，请查看。"
    tell(people, notice, entry, actor=actor, url=item_url(entry))
    return corrigendum


@transaction.atomic
def invite_institutes(entry: Entry, institutes: Iterable[Organisation], *, actor: User) -> list[Invitation]:
    """Ask institutes to look at an item; those who were asked before are not asked twice. Nothing is opened to them."""
    entry.lock()
    _check_runs(entry.challenge, actor)
    if entry.status != E.ON_BOARD:
        raise TransitionError("发榜之后才能邀请机构。")
    known = set(entry.invitations.values_list("organisation", flat=True))
    new = [body for body in institutes if body.pk not in known]
    if refused := [body.name for body in new if not (body.is_provider and body.verified_at)]:
        raise TransitionError(f"只能邀请已通过核验的机构，请去掉：{'、'.join(refused)}。")
    invitations = [Invitation(entry=entry, organisation=body, author=actor) for body in new]
    Invitation.objects.bulk_create(invitations)
    if new:
        entry.record("invite", "邀请揭榜", actor=actor, data={"institutes": [body.name for body in new]})
        text = f"{entry.challenge.name}邀请贵机构关注榜单项目 {entry.board_number}，请查看。"
        tell(User.objects.acting_for(*new), text, entry, actor=actor, url=item_url(entry))
    return invitations


def _check_runs(challenge: Challenge, actor: User) -> None:
    if not actor.has_perm("challenges.run_challenge", challenge):
        raise NotPermitted("只有主办和协办单位可以管理这项赛事的榜单。")
