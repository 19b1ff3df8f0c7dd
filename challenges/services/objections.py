"""Objections to what is on public notice: raised while the notice lasts, answered by who runs the challenge."""

from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import Organisation, User
from accounts.notices import notify
from challenges.enums import ChallengeStatus as C
from challenges.enums import Phase
from challenges.models import Challenge, Entry, Objection
from challenges.notices import organisers
from core.models import Event
from core.workflow import NotPermitted, TransitionError

ONLY_MEMBERS = "只有已核验单位的在册成员可以提出异议；请先完成单位核验，或由本单位的成员提出。"


def possible_objectors(user: User) -> list[Organisation]:
    """The verified organisations in whose name this person may object."""
    return [body for body in user.organisations if body.verified_at]


@transaction.atomic
def raise_objection(
    challenge: Challenge, *, actor: User, organisation: Organisation, text: str, entry: Entry | None = None
) -> Objection:
    """An objection to one item, or to the event; read by nobody but its author and who runs the challenge."""
    challenge.lock()
    if refusal := why_no_objection(challenge):
        raise TransitionError(refusal)
    if actor.has_perm("challenges.run_challenge", challenge):
        raise NotPermitted("组织方不能对自己组织的赛事提出异议；发现问题，请由有关单位提出后再答复。")
    if organisation not in possible_objectors(actor):
        raise NotPermitted(ONLY_MEMBERS)
    if entry and entry not in challenge.entries.on_board():
        raise ValidationError({"entry": "这项赛事的榜单上没有这个项目，请重新选择。"})
    if not text.strip():
        raise ValidationError({"text": "请写明对什么有异议、依据是什么。"})
    objection = Objection.objects.create(
        challenge=challenge, entry=entry, author=actor, organisation=organisation, text=text.strip()
    )
    objection.record("raise", "提出异议", actor=actor)
    notify(
        organisers(challenge),
        kind=NoticeKind.CHALLENGE,
        text=f"{challenge.name}收到一条公示异议，请核实并答复。",
        url=_page_of(challenge),
        actor=actor,
    )
    return objection


def why_no_objection(challenge: Challenge) -> str:
    """Why no objection can be raised now; at the end of the notice it is over."""
    if challenge.is_open(Phase.ANNOUNCED):
        return ""
    if challenge.status != C.ANNOUNCED:
        return f"赛事现在处于“{challenge.get_status_display()}”阶段，不接受异议。"
    if challenge.window(Phase.ANNOUNCED).is_over:
        return "公示已经截止，不再接受异议；有关情况请直接联系主办单位。"
    return "公示还没有开始，请届时再提出。"


@transaction.atomic
def answer_objection(objection: Objection, *, actor: User, is_upheld: bool, answer: str) -> Event:
    """Say once whether an objection holds, and why; its author is told."""
    objection.challenge.lock()
    objection.lock()
    if not actor.has_perm("challenges.run_challenge", objection.challenge):
        raise NotPermitted("异议由主办和协办单位答复。")
    if objection.answered_at:
        raise TransitionError("这条异议已经答复，不能再改；请刷新页面查看。")
    if not answer.strip():
        raise ValidationError({"answer": "请写明核实的情况和答复的理由。"})
    objection.answer, objection.is_upheld = answer.strip(), is_upheld
    objection.answered_at, objection.answered_by = timezone.now(), actor
    objection.save()
    event = objection.record("answer", "异议成立" if is_upheld else "异议不成立", actor=actor, note=objection.answer)
    notify(
        [objection.author],
        kind=NoticeKind.CHALLENGE,
        text=f"您对{objection.challenge.name}公示的异议已答复，请查看。",
        url=_page_of(objection.challenge),
        actor=actor,
    )
    return event


def _page_of(challenge: Challenge) -> str:
    return reverse("challenges:objection_list", args=[challenge.pk])
