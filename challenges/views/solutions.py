"""Solutions: begun from the board, written as one goes, handed in, joined, and admitted by the organiser."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from challenges.clock import countdown
from challenges.enums import Phase, SolutionStatus
from challenges.filters.solutions import SolutionFilter
from challenges.forms.solutions import (
    AnswerForm,
    CoApplicantForm,
    FileForm,
    PriceForm,
    SolutionForm,
    filled_promises,
    promise_formset,
)
from challenges.models import Challenge, Entry, Solution
from challenges.responses import NEED, lines_for, quotes_need, shown_promises
from challenges.services.solutions import (
    ONLY_INSTITUTES,
    STEPS,
    add_co_applicant,
    add_file,
    answer_invitation,
    checks_of,
    counts_of,
    in_full,
    is_over,
    mark_of,
    move_solution,
    own_solutions,
    price_of,
    refuse_writing,
    remove_co_applicant,
    remove_file,
    save_solution,
    set_price,
    shown_price,
    start_solution,
)
from challenges.workflow import solution_workflow
from core.files import answer_download
from core.forms import put_into
from core.http import render_page
from core.workflow import TransitionError
from needs.disclosure import log_reads

NOT_SAVED = "没有保存，请按提示改正后再提交；已填写的内容都在。"


# --- Lists --------------------------------------------------------------------------------------------------------


@require_safe
def solution_mine(request):
    """「我的方案」: those of one's institutes, and those one is asked to join or has joined."""
    found = SolutionFilter(request.GET, own_solutions(request.user).for_list(), request=request)
    page = Paginator(found.qs.order_by("-updated_at"), 20).get_page(request.GET.get("page"))
    context = {"page": page, "filter": found, "institutes": request.user.provider_ids}
    return render_page(
        request, "challenges/solution_mine.html", context, own_solutions="challenges/_own_solutions.html"
    )


@require_safe
def solution_list(request, pk):
    """For who runs the challenge: before the deadline how many there are by item, afterwards what they are."""
    challenge = get_object_or_404(Challenge.objects.run_by(request.user).for_list(), pk=pk)
    handed_in = Solution.objects.handed_in_to(request.user).filter(entry__challenge=challenge)
    found = SolutionFilter(request.GET, handed_in.for_list().select_related("price"), request=request)
    window = challenge.window(Phase.SOLVING)
    context = {
        "challenge": challenge,
        "counts": counts_of(challenge),
        "is_over": is_over(challenge),
        "window": window,
        "clock": countdown(window) if window else "",
        "waiting": handed_in.filter(status=SolutionStatus.SUBMITTED).count(),
        "page": Paginator(found.qs, 20).get_page(request.GET.get("page")),
        "filter": found,
    }
    return render_page(
        request, "challenges/solution_list.html", context, solution_table="challenges/_solution_table.html"
    )


# --- One solution -------------------------------------------------------------------------------------------------


@require_POST
def solution_create(request, pk):
    """「揭榜」: the draft of one's institute for this item."""
    entry = get_object_or_404(Entry.objects.on_board().select_related("challenge", "need__organisation"), pk=pk)
    chosen = request.POST.get("organisation")
    bodies = [body for body in request.user.providers if chosen in (None, str(body.pk))]
    try:
        if not bodies:
            raise TransitionError(ONLY_INSTITUTES)
        solution = start_solution(entry, actor=request.user, organisation=bodies[0])
    except TransitionError as error:
        messages.error(request, str(error))
        return redirect("challenges:board_item", pk)
    messages.success(request, "方案草稿已建立，边写边保存；截止前都可以修改。")
    return redirect("challenges:solution_edit", solution.pk)


@require_safe
def solution_detail(request, pk):
    return _detail_page(request, _visible_solution(request, pk))


@require_http_methods(["GET", "POST"])
def solution_edit(request, pk):
    """The parts and the table of promises; the draft is kept as one goes, what is handed in is replaced whole."""
    solution = _own_solution(request, pk)
    if refusal := refuse_writing(solution):
        messages.error(request, refusal)
        return redirect(solution)
    lines, promises = lines_for(solution, request.user), shown_promises(solution, request.user)
    posted = request.POST if request.method == "POST" else None
    form, formset = SolutionForm(posted, instance=solution), promise_formset(lines, promises, posted)
    if posted is None:
        return _edit_page(request, form=form, formset=formset, lines=lines)
    is_valid = all([form.is_valid(), formset.is_valid()])
    # The form has written what it read into its solution, which is not saved that way.
    solution = _own_solution(request, pk)
    if is_valid:
        rows = filled_promises(formset, lines)
        try:
            save_solution(solution, actor=request.user, promises=rows, seen=posted.get("seen"), **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            is_valid = False
            put_into(form, error)
    if "autosave" in posted:
        return _saved_answer(request, pk, form, formset, seen=None if is_valid else posted.get("seen", ""))
    if not is_valid:
        messages.error(request, NOT_SAVED)
        return _edit_page(request, form=form, formset=formset, lines=lines)
    if "hand_in" in posted:
        return _take_step(request, solution, "submit", back_to="challenges:solution_edit")
    messages.success(request, "方案已保存。")
    return redirect("challenges:solution_edit", pk)


@require_POST
def solution_move(request, pk, name):
    """A step of the institute until the deadline, or of the organiser after it."""
    return _take_step(request, _visible_solution(request, pk), name, note=request.POST.get("note", "")[:2000])


def _take_step(request, solution, name, *, note="", back_to=""):
    try:
        move_solution(solution, name, actor=request.user, note=note)
    except TransitionError as error:
        messages.error(request, str(error))
        if back_to:
            return redirect(back_to, solution.pk)
        return _detail_page(request, _visible_solution(request, solution.pk), note=note, status=409)
    messages.success(request, f"操作完成，方案当前状态：{solution.get_status_display()}。")
    return redirect(solution)


# --- Price, attachments, who joins --------------------------------------------------------------------------------


@sensitive_post_parameters("amount")
@require_POST
def solution_price(request, pk):
    form = PriceForm(request.POST)
    return _answer(request, pk, "price_form", form, set_price, "报价已密封。", amount="amount")


@require_POST
def solution_file_create(request, pk):
    form = FileForm(request.POST, request.FILES)
    return _answer(request, pk, "file_form", form, add_file, "附件已上传。", upload="file")


@require_POST
def solution_partner_create(request, pk):
    form = CoApplicantForm(request.POST)
    done = "已发出邀请，对方答复之后才能提交方案。"
    return _answer(request, pk, "partner_form", form, add_co_applicant, done, organisation="organisation")


def _answer(request, pk, name, form, service, done, **fields):
    """Give what the form reads to the service; a refusal comes back with the page."""
    solution = _own_solution(request, pk)
    if form.is_valid():
        try:
            service(solution, actor=request.user, **{key: form.cleaned_data[field] for key, field in fields.items()})
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, done)
            return redirect("challenges:solution_edit", pk)
    solution = _own_solution(request, pk)
    if refusal := refuse_writing(solution):
        messages.error(request, refusal)
        return redirect(solution)
    messages.error(request, NOT_SAVED)
    return _edit_page(request, **_forms_of(request, solution), **{name: form})


@require_POST
def solution_file_remove(request, pk, file):
    return _remove(request, get_object_or_404(_own_solution(request, pk).files, pk=file), remove_file, "附件已删除。")


@require_POST
def solution_partner_remove(request, pk, partner):
    found = get_object_or_404(_own_solution(request, pk).co_applicants, pk=partner)
    return _remove(request, found, remove_co_applicant, "已取消这家联合单位。")


def _remove(request, found, service, done):
    try:
        service(found, actor=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
        return redirect(found.solution)
    messages.success(request, done)
    return redirect("challenges:solution_edit", found.solution_id)


@require_POST
def solution_join(request, pk):
    """The answer of an institute that is asked to join; declining takes the solution out of its sight."""
    solution = _visible_solution(request, pk)
    asked = get_object_or_404(solution.co_applicants, organisation__in=request.user.provider_ids)
    form = AnswerForm(request.POST)
    if not form.is_valid():
        messages.error(request, form.errors["answer"][0])
        return redirect(solution)
    agrees = form.cleaned_data["answer"] == "agree"
    try:
        answer_invitation(asked, actor=request.user, agrees=agrees)
    except TransitionError as error:
        messages.error(request, str(error))
        return redirect(solution)
    messages.success(request, "已同意联合揭榜。" if agrees else "已答复不参加。")
    return redirect(solution if agrees else "challenges:solution_mine")


@require_safe
def solution_file(request, pk, file):
    return answer_download(request, get_object_or_404(_visible_solution(request, pk).files, pk=file))


# --- The pages ----------------------------------------------------------------------------------------------------


def _detail_page(request, solution, *, note="", status=200):
    user = request.user
    if quotes_need(solution):
        log_reads([solution.entry.need], user)
    is_own = user.has_perm("challenges.own_solution", solution)
    may_run = user.has_perm("challenges.run_challenge", solution)
    steps = solution_workflow.steps_for(solution, user)
    asked = [each for each in solution.co_applicants.all() if each.organisation_id in user.provider_ids]
    context = _shared(request, solution) | {
        "is_own": is_own,
        "may_run": may_run,
        "steps": [step for step in steps if step.name in STEPS and not step.refuse(solution)],
        "note": note,
        "may_edit": is_own and not refuse_writing(solution),
        "asked": asked[0] if asked else None,
        "may_answer": not refuse_writing(solution),
        "amount": shown_price(solution, user),
        "rejected": solution.events.filter(action="reject").last()
        if solution.status == SolutionStatus.NOT_ADMITTED
        else None,
        "events": solution.events.select_related("actor") if is_own or may_run else [],
    }
    return render(request, "challenges/solution_detail.html", context, status=status)


def _edit_page(request, *, form, formset, lines, **bound):
    solution = _own_solution(request, form.instance.pk)
    if any(line["source"] == NEED for line in lines):
        log_reads([solution.entry.need], request.user)
    context = _shared(request, solution) | {
        "form": form,
        "formset": formset,
        "lines": lines,
        "seen": mark_of(solution),
        "price_form": PriceForm(),
        "partner_form": CoApplicantForm(auto_id="partner_%s"),
        "file_form": FileForm(auto_id="upload_%s"),
        **bound,
    }
    return render(request, "challenges/solution_edit.html", context)


def _saved_answer(request, pk, form, formset, *, seen):
    """What an autosave is answered: the state of the draft, its mark, the verdicts and what is still missing."""
    solution = _own_solution(request, pk)
    context = _shared(request, solution) | {"form": form, "formset": formset, "seen": seen or mark_of(solution)}
    return render(request, "challenges/_solution_saved.html", context)


def _forms_of(request, solution) -> dict:
    lines = lines_for(solution, request.user)
    formset = promise_formset(lines, shown_promises(solution, request.user))
    return {"form": SolutionForm(instance=solution), "formset": formset, "lines": lines}


def _shared(request, solution) -> dict:
    checks, window = checks_of(solution), solution.challenge.window(Phase.SOLVING)
    return {
        "solution": solution,
        "entry": solution.entry,
        "challenge": solution.challenge,
        "promises": shown_promises(solution, request.user),
        "checks": checks,
        "missing": sum(not check.is_done for check in checks),
        "window": window,
        "clock": countdown(window) if window else "",
        "has_price": price_of(solution) is not None,
    }


# --- Helpers ------------------------------------------------------------------------------------------------------


def _visible_solution(request, pk) -> Solution:
    return get_object_or_404(in_full(Solution.objects.visible_to(request.user)), pk=pk)


def _own_solution(request, pk) -> Solution:
    return get_object_or_404(in_full(Solution.objects.filter(organisation__in=request.user.provider_ids)), pk=pk)
