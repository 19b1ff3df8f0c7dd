"""典型案例: written after a docking is closed, published once both sides have consented to the very page."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import astuple, dataclass

from django.db import transaction
from django.utils import timezone

from accounts.enums import NoticeKind
from accounts.models import User
from core.enums import Level
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from matching.enums import Verdict
from partnerships.enums import CaseStatus as S
from partnerships.enums import Side, Stage
from partnerships.models import AcceptanceLine, CaseStudy, Docking
from partnerships.notices import BOTH, STEWARD, tell
from partnerships.services.dockings import sides_of
from partnerships.workflow import case_workflow

CASE_FIELDS = ("title", "problem", "solution", "benefit", "enterprise_name", "shows_figures")
CONSENTS = {f"{side}_consent" for side in Side}
TOLD = {
    S.ENTERPRISE_CONSENTED: ("{number} 的典型案例企业已同意发布，请核对页面后表态。", (Side.PROVIDER,)),
    S.PROVIDER_CONSENTED: ("{number} 的典型案例机构已同意发布，请核对页面后表态。", (Side.ENTERPRISE,)),
    S.PUBLISHED: ("{number} 的典型案例已发布。", (*BOTH, STEWARD)),
    S.WITHDRAWN: ("{number} 的典型案例已撤下，理由见经过。", (*BOTH, STEWARD)),
}


# --- What everybody reads -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Figure:
    """One result of the acceptance, as the case shows it."""

    label: str
    achieved_text: str
    verdict: str

    @property
    def verdict_display(self) -> str:
        return Verdict(self.verdict).label


@dataclass(frozen=True)
class CasePage:
    """All that the page of a case says, and all that both sides consent to."""

    title: str
    problem: str
    solution: str
    benefit: str
    enterprise: str
    institute: str
    figures: tuple[Figure, ...]

    @property
    def mark(self) -> str:
        """A mark that changes with anything the page says."""
        content = json.dumps(astuple(self), ensure_ascii=False)
        return hashlib.sha256(content.encode()).hexdigest()[:16]


def may_show_figures(docking: Docking) -> bool:
    """Whether a case may show what was achieved; of a need for the organiser's eyes only its own words are told."""
    return docking.need.level < Level.ORGANISER_ONLY


def page_of(case: CaseStudy) -> CasePage:
    """The page as everybody reads it."""
    figures: Iterable[AcceptanceLine] = ()
    if case.shows_figures and may_show_figures(case.docking):
        figures = case.docking.acceptance.lines.all()
    return CasePage(
        title=case.title,
        problem=case.problem,
        solution=case.solution,
        benefit=case.benefit,
        enterprise=case.enterprise_display,
        institute=case.docking.institute.name,
        figures=tuple(Figure(line.label, line.achieved_text, line.verdict) for line in figures),
    )


# --- Writing and consenting ---------------------------------------------------------------------------------------


@transaction.atomic
def write_case(docking: Docking, *, actor: User, **fields) -> CaseStudy:
    """The case of a closed docking with these words; a change takes back what either side had consented to."""
    docking.lock()
    if not actor.has_perm("partnerships.act_as_a_side", docking):
        raise NotPermitted("典型案例只能由对接双方撰写。")
    if docking.status != Stage.CLOSED:
        raise TransitionError("对接结案之后才能撰写典型案例。")
    case = CaseStudy.objects.select_for_update().filter(docking=docking).first()
    if case is None:
        case = CaseStudy(docking=docking, author=actor)
    if case.status == S.PUBLISHED:
        raise TransitionError("案例已发布，修改之前请先撤下；修改后双方重新同意才再次发布。")
    changed = [name for name, value in fields.items() if getattr(case, name) != value]
    if "enterprise_name" in changed and Side.ENTERPRISE not in sides_of(docking, actor):
        raise NotPermitted("对外显示的企业名称只能由企业填写。")
    for name in changed:
        setattr(case, name, fields[name])
    if "shows_figures" in changed and case.shows_figures and not may_show_figures(docking):
        raise TransitionError("“仅组织方”级别的需求不能展示验收数据，请取消勾选。")
    case.clean_fields(exclude=["docking", "author"])
    is_new = case._state.adding
    if changed or is_new:
        case.save()
    _record_writing(case, actor, is_new=is_new, changed=changed)
    return case


def _record_writing(case: CaseStudy, actor: User, *, is_new: bool, changed: list[str]) -> None:
    """Note who wrote; given consents end with any change, and a withdrawn case begins anew."""
    data = {"page": page_of(case).mark, "changed": changed}
    if is_new:
        case.record("write", "撰写案例", actor=actor, target=case.status, data=data)
    elif case.status == S.WITHDRAWN or (changed and case.status != S.DRAFTED):
        case_workflow.follow(case, "reopen", actor=actor, data=data)
    elif changed:
        case.record("update", "修改案例", actor=actor, source=case.status, data=data)
    else:
        return
    _tell(case, "{number} 的典型案例有新的文稿，请核对页面后表态。", *BOTH, actor=actor)


@transaction.atomic
def move_case(case: CaseStudy, name: str, *, actor: User, note: str = "", seen: str = "") -> Event:
    """Take a step; who consents has seen the page whose mark is `seen`."""
    case.docking.lock()
    case.lock()
    page = page_of(case).mark
    event = case_workflow.apply(case, name, actor=actor, note=note, data={"page": page})
    if name in CONSENTS and seen != page:
        raise TransitionError("案例页面刚刚被修改过，或者您还没有看到全文；请重新核对后再同意。")
    if event.target == S.PUBLISHED:
        case.published_at = timezone.now()
        case.save()
    text, parties = TOLD[event.target]
    _tell(case, text, *parties, actor=actor)
    return event


def _tell(case: CaseStudy, text: str, *parties: str, actor: User) -> None:
    tell(case.docking, text, *parties, actor=actor, url=case.get_absolute_url(), kind=NoticeKind.AGREEMENT)
