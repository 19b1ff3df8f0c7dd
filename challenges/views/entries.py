"""Needs on their way into a challenge: entering, the organiser's list, the page of an entry, and visits."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from challenges.duplicates import find_twins
from challenges.enums import ChallengeStatus, EntryStatus
from challenges.filters.entries import EntryFilter, RunEntryFilter
from challenges.forms.entries import EntryForm, IntakeForm, OnBehalfForm, RecordedForm
from challenges.matches import coverage_of, describe_coverage
from challenges.models import Challenge, Entry, Intake, IntakeNeed
from challenges.results import result_for_enterprise
from challenges.services.board import UNPOSTED, may_confirm
from challenges.services.entries import OPEN, enter_need, has_account, move_entry, refuse_closed, with_account
from challenges.services.intake import apply_intake, may_publish, plan_intake, publish_recorded, start_intake
from challenges.sheets import MAX_ROWS, line_text, write_intake_template
from challenges.workflow import entry_workflow
from core.forms import put_into
from core.http import render_page
from core.workflow import TransitionError
from needs.disclosure import disclose, log_reads, sight_of
from needs.enums import LISTED
from needs.enums import NeedStatus as N
from needs.models import Need
from partnerships.sheets import SheetError

NOT_SAVED = "没有保存，请按提示改正后再提交；已填写的内容都在。"
# Reviews decide these; their page has the scores beside it.
DECISIONS = {"select", "drop"}
# What a need goes through before it can be entered.
WAITING = frozenset({N.DRAFT, N.SUBMITTED, N.RETURNED, N.DIAGNOSING, N.ACCEPTED})


# --- Lists and entering -------------------------------------------------------------------------------------------


@require_safe
def entry_list(request, pk):
    """All entries for those who run the challenge, with what nobody covers; one's own for an enterprise."""
    challenge = _visible_challenge(request, pk)
    may_run = request.user.has_perm("challenges.run_challenge", challenge)
    entries = challenge.entries.handled_by(request.user).for_list()
    found = (RunEntryFilter if may_run else EntryFilter)(request.GET, entries, request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    coverage = coverage_of(entry.need for entry in page.object_list) if may_run else {}
    page.object_list = [
        (entry, _show_need(entry, request.user), coverage.get(entry.need_id)) for entry in page.object_list
    ]
    context = {
        "challenge": challenge,
        "page": page,
        "filter": found,
        "may_run": may_run,
        "refusal": refuse_closed(challenge),
        "intakes": challenge.intakes.visible_to(request.user).defer("rows")[:5] if may_run else [],
    }
    return render_page(request, "challenges/entry_list.html", context, entry_table="challenges/_entry_table.html")


@require_http_methods(["GET", "POST"])
def entry_create(request, pk):
    """An enterprise enters one of its needs, or sees what its other needs still wait for."""
    challenge = _visible_challenge(request, pk)
    if not request.user.enterprises:
        messages.info(request, "报名之前，请先登记或加入您的企业。")
        return redirect("accounts:organisation_create")
    form = EntryForm(_posted(request), challenge=challenge, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            entry = enter_need(challenge, actor=request.user, **form.cleaned_data)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, "报名已提交，组织方会收到通知；进展都在这一页。")
            return redirect(entry)
    unpublished = Need.objects.owned_by(request.user).filter(status__in=WAITING).order_by("-updated_at")
    context = {
        "challenge": challenge,
        "form": form,
        "refusal": refuse_closed(challenge),
        "unpublished": [disclose(need, request.user) for need in unpublished.for_list()[:20]],
        "entered": challenge.entries.filter(need__organisation__in=request.user.organisation_ids).count(),
    }
    return render(request, "challenges/entry_create.html", context)


@require_http_methods(["GET", "POST"])
def entry_on_behalf(request, pk):
    """The organiser enters a need of its region for the enterprise."""
    challenge = _own_challenge(request, pk)
    form = OnBehalfForm(_posted(request), user=request.user)
    if request.method == "POST" and form.is_valid():
        need, note = form.cleaned_data["number"], form.cleaned_data["note"]
        try:
            entry = enter_need(challenge, need, actor=request.user, consents=True, note=note)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, "已代为报名并注明；企业有账号的会收到通知。")
            return redirect(entry)
    context = {"challenge": challenge, "form": form, "refusal": refuse_closed(challenge)}
    return render(request, "challenges/entry_on_behalf.html", context)


# --- One entry ----------------------------------------------------------------------------------------------------


@require_safe
def entry_detail(request, pk):
    """The page of an entry for its enterprise and those who run the challenge; for others the item of the board."""
    entry = get_object_or_404(Entry.objects.visible_to(request.user).for_list(), pk=pk)
    if not Entry.objects.handled_by(request.user).filter(pk=pk).exists():
        return redirect("challenges:board_item", pk)
    return render(request, "challenges/entry_detail.html", entry_context(request, entry))


def entry_context(request, entry) -> dict:
    """What the page of an entry shows this reader."""
    user = request.user
    may_run = user.has_perm("challenges.run_challenge", entry)
    need = _show_need(entry, user)
    if need:
        log_reads([entry.need], user)
    is_own = user.has_perm("challenges.own_entry", entry)
    # Whoever is not told the enterprise's name is not told its people's either.
    is_named = is_own or bool(need and need.organisation_name)
    is_open = entry.challenge.status in OPEN
    steps = [step for step in entry_workflow.steps_for(entry, user) if step.name not in DECISIONS]
    return {
        "entry": entry,
        "need": need,
        "may_run": may_run,
        "is_own": is_own,
        "steps": steps if is_open else [],
        "has_results": result_for_enterprise(entry) is not None,
        "returned": entry.events.filter(action="return").last() if entry.status == EntryStatus.RETURNED else None,
        "dropped": entry.events.filter(action="drop").last() if entry.status == EntryStatus.NOT_SELECTED else None,
        "may_decide": may_run and entry.challenge.status == ChallengeStatus.SCREENING,
        "may_word": may_run and is_open and entry.status in UNPOSTED,
        "may_confirm": is_open and entry.status in UNPOSTED and may_confirm(entry, user),
        "acts_for": may_run and not has_account(entry.need.organisation),
        "lines": [line_text(row) for row in entry.board_lines],
        "coverage": describe_coverage(entry.need) if may_run and need and entry.need.status in LISTED else "",
        "events": entry.events.exclude(action="read").select_related("actor") if is_named else [],
        "is_named": is_named,
    }


@require_safe
def entry_duplicates(request, pk):
    """The entries most like this one, for those who run the challenge."""
    entry = get_object_or_404(Entry.objects.handled_by(request.user).for_list(), pk=pk)
    if not request.user.has_perm("challenges.run_challenge", entry):
        raise PermissionDenied
    context = {"entry": entry, "twins": find_twins(entry, request.user)}
    return render_page(
        request, "challenges/entry_duplicates.html", context, duplicates="challenges/_entry_duplicates.html"
    )


@require_POST
def entry_move(request, pk, name):
    entry = get_object_or_404(Entry.objects.handled_by(request.user).for_list(), pk=pk)
    try:
        move_entry(entry, name, actor=request.user, note=request.POST.get("note", "")[:2000])
    except TransitionError as error:
        messages.error(request, str(error))
        entry = get_object_or_404(Entry.objects.handled_by(request.user).for_list(), pk=pk)
        context = entry_context(request, entry) | {"note": request.POST.get("note", "")[:2000]}
        return render(request, "challenges/entry_detail.html", context, status=409)
    messages.success(request, f"操作完成，参赛需求当前状态：{entry.get_status_display()}。")
    return redirect(entry)


# --- Needs of a visit ---------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def intake_create(request, pk):
    challenge = _own_challenge(request, pk)
    form = IntakeForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            return redirect(start_intake(challenge, author=request.user, file=file, name=file.name))
        except (SheetError, TransitionError) as error:
            form.add_error("file", str(error))
    page = Paginator(challenge.intakes.defer("rows"), 10).get_page(request.GET.get("page"))
    context = {"challenge": challenge, "form": form, "page": page, "max_rows": MAX_ROWS}
    return render(request, "challenges/intake_create.html", context)


@require_safe
def intake_template(request):
    return FileResponse(write_intake_template(), as_attachment=True, filename="走访需求模板.xlsx")


@require_safe
def intake_detail(request, pk):
    """What the rows will become and what is wrong with them; afterwards, what has become of them."""
    intake = get_object_or_404(Intake.objects.visible_to(request.user).select_related("challenge"), pk=pk)
    context = {"challenge": intake.challenge, "intake": intake}
    if intake.applied_at is None:
        planned = plan_intake(intake, actor=request.user)
        context |= {
            "page": Paginator(planned, 50).get_page(request.GET.get("page")),
            "problems": [problem for row in planned for problem in row.problems],
            "new_enterprises": len({row.enterprise.credit_code for row in planned if row.is_new_enterprise}),
        }
    else:
        context["recorded"] = _what_became(intake)
    return render_page(request, "challenges/intake_detail.html", context, intake_rows="challenges/_intake_rows.html")


def _what_became(intake) -> list[tuple]:
    """Each row with its record, its entry and whether the enterprise can act itself; nothing of what it wrote since."""
    recorded = {each.row: each for each in intake.recorded.select_related("need__organisation")}
    entries = {entry.need_id: entry for entry in intake.challenge.entries.filter(need__intake__intake=intake)}
    seated = with_account([record.need.organisation for record in recorded.values()])
    rows = []
    for row in intake.rows:
        record = recorded.get(row["number"])
        entry = entries.get(record.need_id) if record else None
        rows.append((row, record, entry, record is not None and record.need.organisation_id in seated))
    return rows


@require_POST
def intake_confirm(request, pk):
    intake = get_object_or_404(Intake.objects.visible_to(request.user), pk=pk)
    try:
        recorded = apply_intake(intake, actor=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"已登记 {len(recorded)} 条需求草稿，注明由组织方代录。")
    return redirect(intake)


@require_http_methods(["GET", "POST"])
def intake_need(request, pk):
    """A recorded draft of an enterprise without an account: the organiser words, publishes and enters it."""
    recorded = get_object_or_404(IntakeNeed.objects.visible_to(request.user).select_related("intake__challenge"), pk=pk)
    if not may_publish(recorded, request.user):
        raise Http404
    need = Need.objects.get(pk=recorded.need_id)
    begun = {"public_title": need.public_title or need.title, "public_text": need.public_text or need.problem}
    form = RecordedForm(_posted(request), instance=need, initial=begun)
    if request.method == "POST" and form.is_valid():
        fields = {name: value for name, value in form.cleaned_data.items() if name != "pledges"}
        try:
            entry = publish_recorded(recorded, actor=request.user, **fields)
        except (TransitionError, ValidationError) as error:
            put_into(form, error)
        else:
            messages.success(request, "需求已发布并代为报名，企业的同意已记入经过。")
            return redirect(entry)
    if form.errors:
        messages.error(request, NOT_SAVED)
    recorded = IntakeNeed.objects.select_related("intake__challenge", "need__organisation").get(pk=pk)
    context = {"challenge": recorded.intake.challenge, "recorded": recorded, "need": recorded.need, "form": form}
    return render(request, "challenges/intake_need.html", context)


# --- Helpers ------------------------------------------------------------------------------------------------------


def _show_need(entry, user):
    """The need as this reader may see it; nothing while it is not published any more, or not open to the reader."""
    return disclose(entry.need, user) if sight_of(entry.need, user) else None


def _posted(request):
    return request.POST if request.method == "POST" else None


def _visible_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.visible_to(request.user).for_list(), pk=pk)


def _own_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.run_by(request.user).for_list(), pk=pk)
