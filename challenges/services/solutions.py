"""Solutions: drafted as one goes, handed in whole, replaced or taken back until the deadline, admitted after it.

The price is sealed apart and opened for all at once.
"""

import hashlib
import json
from collections.abc import Sequence
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.views.decorators.debug import sensitive_variables

from accounts.enums import NoticeKind
from accounts.models import Organisation, User
from accounts.notices import notify
from challenges.checklist import Check
from challenges.enums import EntryStatus, Phase
from challenges.enums import SolutionStatus as S
from challenges.models import Challenge, CoApplicant, Entry, SealedPrice, Solution, SolutionFile
from challenges.models.solutions import IN_CONTEST, JUDGED, PARTS
from challenges.responses import OWN, judge_again, keep_promises
from challenges.seals import SealError, seal, unseal
from challenges.services.conflicts import ENTITY
from challenges.workflow import refuse_not_solving, solution_workflow
from core.files import Checked, delete_file, store_file
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from providers.enums import CapabilityStatus
from providers.models import Capability

# Without these parts nobody can judge a solution; the others may stay empty.
REQUIRED = ("title", "team", "approach", "plan")
WRITABLE = frozenset({S.DRAFT, S.SUBMITTED})
MAX_FILES, MAX_CO_APPLICANTS = 10, 5
ADMISSION = frozenset({"admit", "reject"})
# The steps of this part; the others belong to reviewing and deciding.
STEPS = ("submit", "withdraw", "redraft", *sorted(ADMISSION))
ONLY_INSTITUTES = "只有已通过核验的机构可以揭榜；请先在“我的单位”登记或加入机构，并等待核验。"
NO_SUCH_STEP = "没有这个操作，请刷新页面后重试。"
ORGANISES = "主办和协办这项赛事的单位不能揭榜，也不能联合揭榜。"
SAME_ENTITY = "贵单位与这项需求的企业是同一单位或同一法人主体，按规则不能揭榜。"
CHANGED_MEANWHILE = "您填写期间，方案已被同事修改。请另开窗口核对最新内容，再保存；您填写的内容还在下面。"
CANNOT_OPEN = "有报价无法开启：平台更换过密钥。请管理员把原来的 SECRET_KEY 填入 SECRET_KEY_FALLBACKS，再进入方案评审。"


# --- Beginning ----------------------------------------------------------------------------------------------------


@transaction.atomic
def start_solution(entry: Entry, *, actor: User, organisation: Organisation) -> Solution:
    """The draft of an institute's answer to an item of the board."""
    entry.challenge.lock()
    entry.lock()
    if organisation.pk not in actor.provider_ids:
        raise NotPermitted(ONLY_INSTITUTES)
    if refusal := refuse_solver(entry, organisation):
        raise TransitionError(refusal)
    if entry.solutions.filter(organisation=organisation).exists():
        raise TransitionError("贵单位对这个项目已有一份方案，请在原方案上修改。")
    solution = Solution.objects.create(entry=entry, organisation=organisation, author=actor)
    solution.record("start", "开始填写方案", actor=actor, target=solution.status)
    return solution


def refuse_solver(entry: Entry, organisation: Organisation) -> str:
    """Why this institute cannot answer this item now."""
    if entry.status != EntryStatus.ON_BOARD:
        return "这个项目不在榜单上，不能揭榜。"
    if closed := refuse_not_solving(Solution(entry=entry)):
        return closed
    if organisation.pk in entry.challenge.body_ids:
        return ORGANISES
    return SAME_ENTITY if is_same_entity(entry.need.organisation, organisation) else ""


def is_same_entity(one: Organisation, other: Organisation) -> bool:
    return one.pk == other.pk or one.credit_code[ENTITY] == other.credit_code[ENTITY]


# --- Writing ------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_solution(
    solution: Solution, *, actor: User, promises: Sequence[dict] | None = None, seen: str | None = None, **fields
) -> Solution:
    """The solution as far as it is written; one that is handed in is replaced by a whole one or not at all.

    `promises` are the rows of the table in the order of `responses.lines_for`; `seen` is the mark of what the
    writer began with.
    """
    _hold(solution, actor)
    if seen is not None and seen != mark_of(solution):
        raise TransitionError(CHANGED_MEANWHILE)
    if capability := fields.get("capability"):
        _check_capability(solution, capability)
    for name, value in fields.items():
        setattr(solution, name, value)
    solution.clean_fields(exclude=["entry", "organisation", "author", "docking"])
    solution.save()
    if promises is not None:
        keep_promises(solution, promises, actor)
    elif "capability" in fields:
        judge_again(solution)
    if solution.status == S.SUBMITTED:
        _replace(solution, actor)
    return solution


def _replace(solution: Solution, actor: User) -> None:
    _refuse_incomplete(solution, "方案已提交，只能换成完整的；没有保存，原方案仍然有效。还缺：")
    solution.submitted_at = timezone.now()
    solution.save(update_fields=["submitted_at", "updated_at"])
    solution.record("replace", "替换方案", actor=actor, target=solution.status, data={"content": digest_of(solution)})


def mark_of(solution: Solution) -> str:
    """A mark that changes whenever the solution is saved."""
    return solution.updated_at.isoformat()


def digest_of(solution: Solution) -> str:
    """What the history vouches for: the words that were handed in, not the price."""
    words = [getattr(solution, name) for name in PARTS]
    rows = list(solution.promises.values_list("line", "promised_text", "evidence"))
    files = list(solution.files.values_list("digest", flat=True))
    content = json.dumps([words, str(solution.capability_id), rows, files], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def own_capabilities(solution: Solution):
    """What a solution may rest on: what its institute has published."""
    return Capability.objects.published().filter(organisation=solution.organisation_id)


def _check_capability(solution: Solution, capability: Capability) -> None:
    if not own_capabilities(solution).filter(pk=capability.pk).exists():
        raise ValidationError({"capability": "依托能力要是本单位已发布的能力，请重新选择，或先发布能力。"})


def _hold(solution: Solution, actor: User) -> None:
    """Lock the challenge and the solution; raise unless this person may change the solution now."""
    solution.entry.challenge.lock()
    solution.lock()
    if not actor.has_perm("challenges.own_solution", solution):
        raise NotPermitted("方案只能由揭榜单位自己修改。")
    if refusal := refuse_writing(solution):
        raise TransitionError(refusal)


def refuse_writing(solution: Solution) -> str:
    """Why nothing can be changed in a solution now."""
    if closed := refuse_not_solving(solution):
        return closed
    if solution.status in WRITABLE:
        return ""
    way_out = "；要继续，请先点“重新填写”" if solution.status == S.WITHDRAWN else ""
    return f"方案{solution.get_status_display()}，不能修改{way_out}。"


# --- The price ----------------------------------------------------------------------------------------------------


@sensitive_variables("amount")
@transaction.atomic
def set_price(solution: Solution, amount: Decimal, *, actor: User) -> None:
    """Seal the price, or another one in its place; from then on nobody reads it, not even who set it."""
    _hold(solution, actor)
    amount = SealedPrice._meta.get_field("amount").clean(amount, None)
    if amount is None:
        raise ValidationError({"amount": "请填写报价。"})
    _, is_first = SealedPrice.objects.update_or_create(solution=solution, defaults={"cipher": seal(amount)})
    solution.record("price", "密封报价" if is_first else "更换密封报价", actor=actor)


@transaction.atomic
def open_prices(challenge: Challenge, *, actor: User) -> None:
    """Open the prices of all admitted solutions together; what was not admitted stays sealed."""
    sealed = SealedPrice.objects.filter(
        solution__entry__challenge=challenge, solution__status__in=JUDGED, opened_at=None
    ).select_related("solution")
    now = timezone.now()
    for price in sealed:
        try:
            price.amount = unseal(price.cipher)
        except SealError as error:
            raise TransitionError(CANNOT_OPEN) from error
        price.opened_at = now
        price.save(update_fields=["amount", "opened_at", "updated_at"])
        price.solution.record("open_price", "开启报价", actor=actor, data={"amount": str(price.amount)})
    challenge.record("open_prices", "统一开启报价", actor=actor, data={"count": len(sealed)})


def price_of(solution: Solution) -> SealedPrice | None:
    return getattr(solution, "price", None)


def shown_price(solution: Solution, user: User) -> Decimal | None:
    """The price once it is open, for its institute and who runs the challenge."""
    price = price_of(solution)
    may_read = user.has_perm("challenges.own_solution", solution) or user.has_perm("challenges.run_challenge", solution)
    return price.amount if price and may_read else None


# --- Attachments --------------------------------------------------------------------------------------------------


@transaction.atomic
def add_file(solution: Solution, *, actor: User, upload: Checked) -> SolutionFile:
    _hold(solution, actor)
    if solution.files.count() >= MAX_FILES:
        raise TransitionError(f"最多 {MAX_FILES} 个附件，请先删除不需要的，或合并成一个文件。")
    stored = store_file(SolutionFile(solution=solution), upload, author=actor)
    solution.record("attach", "上传附件", actor=actor, data={"file": stored.name, "digest": stored.digest})
    return stored


@transaction.atomic
def remove_file(stored: SolutionFile, *, actor: User) -> None:
    solution = stored.solution
    _hold(solution, actor)
    solution.record("detach", "删除附件", actor=actor, data={"file": stored.name, "digest": stored.digest})
    delete_file(stored)


# --- Who joins ----------------------------------------------------------------------------------------------------


@transaction.atomic
def add_co_applicant(solution: Solution, organisation: Organisation, *, actor: User) -> CoApplicant:
    """Ask an institute to share the work; its own people answer.

    Whether it is the enterprise itself is looked at when it answers: a refusal here would tell whose need it is.
    """
    _hold(solution, actor)
    if solution.status != S.DRAFT:
        raise TransitionError("方案已提交；要增加联合单位，请先撤回、重新填写，加好后再提交。")
    if not (organisation.is_provider and organisation.verified_at):
        raise TransitionError("联合单位要是已通过核验的机构，请重新选择。")
    if organisation == solution.organisation:
        raise TransitionError("联合单位不能是本单位，请选择其他机构。")
    if organisation.pk in solution.challenge.body_ids:
        raise TransitionError(ORGANISES)
    if solution.co_applicants.filter(organisation=organisation).exists():
        raise TransitionError("已经邀请过这家机构，请等待它答复。")
    if solution.co_applicants.count() >= MAX_CO_APPLICANTS:
        raise TransitionError(f"最多 {MAX_CO_APPLICANTS} 家联合单位。")
    asked = CoApplicant.objects.create(solution=solution, organisation=organisation)
    solution.record("ask_to_join", "邀请联合揭榜", actor=actor, data={"organisation": organisation.name})
    _tell([organisation], solution, f"{solution.organisation}邀请贵单位联合揭榜，请查看方案并答复。", actor=actor)
    return asked


@transaction.atomic
def remove_co_applicant(co_applicant: CoApplicant, *, actor: User) -> None:
    """Do without an institute that was asked, whatever it has answered."""
    solution = co_applicant.solution
    _hold(solution, actor)
    solution.record("drop_joiner", "取消联合单位", actor=actor, data={"organisation": co_applicant.organisation.name})
    text = f"{solution.organisation}取消了与贵单位的联合揭榜。"
    # The solution is theirs to see no longer.
    _tell([co_applicant.organisation], solution, text, actor=actor, url=solution.challenge.get_absolute_url())
    co_applicant.delete()


@transaction.atomic
def answer_invitation(co_applicant: CoApplicant, *, actor: User, agrees: bool) -> None:
    """The institute's own word: it joins, or it does not, or not any more."""
    solution = co_applicant.solution
    solution.entry.challenge.lock()
    solution.lock()
    co_applicant.lock()
    if not actor.has_perm("challenges.join_solution", co_applicant):
        raise NotPermitted("联合揭榜只能由被邀请的单位自己答复。")
    if refusal := refuse_writing(solution):
        raise TransitionError(refusal)
    name = co_applicant.organisation.name
    if agrees:
        _agree(co_applicant, solution, actor)
    else:
        co_applicant.delete()
        solution.record("decline_joining", "不参加联合揭榜", actor=actor, data={"organisation": name})
    _tell([solution.organisation], solution, f"{name}{'同意' if agrees else '不'}参加联合揭榜。", actor=actor)


def _agree(co_applicant: CoApplicant, solution: Solution, actor: User) -> None:
    if is_same_entity(solution.entry.need.organisation, co_applicant.organisation):
        raise TransitionError(SAME_ENTITY + "请点“不参加”。")
    if co_applicant.agreed_at:
        raise TransitionError("贵单位已经同意，不需要再答复。")
    co_applicant.agreed_at, co_applicant.agreed_by = timezone.now(), actor
    co_applicant.save()
    data = {"organisation": co_applicant.organisation.name}
    solution.record("agree_to_join", "同意联合揭榜", actor=actor, data=data)


# --- Handing in and taking back -----------------------------------------------------------------------------------


def checks_of(solution: Solution) -> list[Check]:
    """What has to be there before a solution can be handed in, each with its place on the page."""
    field = Solution._meta.get_field
    missing_rows = "、".join(str(row.position + 1) for row in solution.promises.all() if not _is_answered(row))
    rows = f"逐行填写承诺值和依据{f'（第 {missing_rows} 行没有填全）' if missing_rows else ''}"
    waiting = "、".join(each.organisation.name for each in solution.co_applicants.all() if not each.agreed_at)
    return [
        *(Check(f"填写{field(name).verbose_name}", bool(getattr(solution, name).strip()), name) for name in REQUIRED),
        Check("选择本单位已发布的依托能力", _is_published(solution.capability), "capability"),
        Check(rows, bool(solution.promises.all()) and not missing_rows, "promises"),
        Check("填写并密封报价", price_of(solution) is not None, "price"),
        Check(f"联合单位都已答复{f'（等待{waiting}）' if waiting else ''}", not waiting, "co-applicants"),
    ]


def _is_published(capability: Capability | None) -> bool:
    """Whether what was chosen among one's own is still published."""
    return capability is not None and capability.status == CapabilityStatus.PUBLISHED


def _is_answered(row) -> bool:
    is_stated = row.line["source"] != OWN or row.line["object_name"]
    return bool(row.promised_text.strip() and row.evidence.strip() and is_stated)


def _refuse_incomplete(solution: Solution, intro: str) -> None:
    whole = in_full(Solution.objects.filter(pk=solution.pk)).get()
    if missing := [check.label for check in checks_of(whole) if not check.is_done]:
        raise TransitionError(intro + "；".join(missing) + "。")


@transaction.atomic
def move_solution(solution: Solution, name: str, *, actor: User, note: str = "") -> Event:
    """Hand a solution in, take it back or begin again until the deadline; admit or reject it afterwards."""
    if name not in STEPS:
        raise TransitionError(NO_SUCH_STEP)
    solution.entry.challenge.lock()
    if name == "submit":
        return _submit(solution, actor)
    event = solution_workflow.apply(solution, name, actor=actor, note=note)
    if name == "withdraw":
        solution.submitted_at = None
        solution.save(update_fields=["submitted_at", "updated_at"])
        _tell_joined(solution, "已撤回", actor)
    if name in ADMISSION:
        result = "通过形式审查，进入评审" if name == "admit" else "未通过形式审查，理由见方案页"
        _tell(solution.bodies, solution, f"方案 {solution.number} {result}。", actor=actor)
    return event


def _submit(solution: Solution, actor: User) -> Event:
    _hold(solution, actor)
    if solution.status == S.DRAFT:
        _refuse_incomplete(solution, "还不能提交，请先完成：")
    # The time stands before the status that needs it.
    solution.submitted_at = timezone.now()
    solution.save(update_fields=["submitted_at", "updated_at"])
    event = solution_workflow.apply(solution, "submit", actor=actor, data={"content": digest_of(solution)})
    _tell_joined(solution, "已提交", actor)
    return event


# --- Who is told --------------------------------------------------------------------------------------------------


def _tell(bodies: Sequence[Organisation], solution: Solution, text: str, *, actor: User, url: str = "") -> None:
    """Tell the people of these bodies; nothing of what the solution says is in it."""
    notify(
        User.objects.acting_for(*bodies),
        kind=NoticeKind.CHALLENGE,
        text=f"{solution.challenge.name}：{text}",
        url=url or solution.get_absolute_url(),
        actor=actor,
    )


def _tell_joined(solution: Solution, happened: str, actor: User) -> None:
    text = f"{solution.organisation}与贵单位联合的方案 {solution.number} {happened}。"
    _tell(solution.bodies[1:], solution, text, actor=actor)


# --- The organiser ------------------------------------------------------------------------------------------------


def own_solutions(user: User):
    """The solutions of one's institutes, and those these are asked to join or have joined."""
    joined = CoApplicant.objects.filter(organisation__in=user.provider_ids)
    return Solution.objects.filter(Q(organisation__in=user.provider_ids) | Q(pk__in=joined.values("solution")))


def in_full(solutions):
    """The solutions with all that their pages show, in a number of queries that does not grow with them."""
    related = ("entry__challenge__organiser", "entry__need__organisation", "organisation", "capability", "price")
    return solutions.select_related(*related).prefetch_related(
        "promises", "files__author", "co_applicants__organisation", "entry__challenge__windows", "entry__need__grants"
    )


def counts_of(challenge: Challenge) -> list[tuple[Entry, int]]:
    """By item of the board how many solutions are handed in; all that the organiser learns before the deadline."""
    handed_in = Count("solutions", filter=Q(solutions__status__in=IN_CONTEST))
    items = challenge.entries.on_board().annotate(handed_in=handed_in).order_by("board_number")
    return [(entry, entry.handed_in) for entry in items]


def is_over(challenge: Challenge) -> bool:
    """Whether the deadline for solutions has passed."""
    window = challenge.window(Phase.SOLVING)
    return window is not None and window.is_over
