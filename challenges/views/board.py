"""The public board and its items, their wording and confirmation, corrigenda, invitations and what suits whom."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from challenges.documents import answer_export, board_document
from challenges.enums import Phase
from challenges.filters.board import BoardFilter
from challenges.forms.board import CorrigendumForm, InviteForm, ItemForm
from challenges.matches import institutes_for, items_for
from challenges.models import Challenge, Corrigendum, Entry
from challenges.services.board import (
    UNPOSTED,
    confirm_item,
    correct_item,
    invite_institutes,
    prefilled,
    word_item,
)
from challenges.services.conflicts import published_waivers
from challenges.services.entries import OPEN
from challenges.sheets import write_board
from challenges.views.entries import NOT_SAVED, entry_context
from core.http import render_page
from core.workflow import TransitionError

# --- For everybody ------------------------------------------------------------------------------------------------


@login_not_required
@require_safe
def board(request, pk):
    challenge = _visible_challenge(request, pk)
    found = BoardFilter(request.GET, challenge.entries.on_board().prefetch_related("corrigenda"), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    context = {
        "challenge": challenge,
        "page": page,
        "filter": found,
        "corrigenda": _corrigenda(challenge),
        "may_run": request.user.has_perm("challenges.run_challenge", challenge),
        "is_posted": challenge.entries.on_board().exists(),
    }
    return render_page(request, "challenges/board.html", context, board_table="challenges/_board_table.html")


@login_not_required
@require_safe
def board_export(request, pk):
    """The whole board as XLSX, with its corrigenda."""
    challenge = _visible_challenge(request, pk)
    content = write_board(challenge.entries.on_board().prefetch_related("corrigenda"), _corrigenda(challenge))
    name = f"{challenge.name} 榜单 {timezone.localdate():%Y-%m-%d}.xlsx"
    return FileResponse(content, as_attachment=True, filename=name)


@login_not_required
@require_safe
def board_document_export(request, pk, kind):
    """The whole board as a document: `docx`, `pdf` or `html`."""
    challenge = _visible_challenge(request, pk)
    if kind == "xlsx":
        return redirect("challenges:board_export", pk)
    entries = challenge.entries.on_board()
    return answer_export(request, board_document(challenge, entries, _corrigenda(challenge)), kind)


@login_not_required
@require_safe
def board_item(request, pk):
    return _item_page(request, _posted_item(request, pk))


@require_safe
def board_matches(request, pk):
    """「适合贵机构的榜单项目」: found by what the board shows and the institute's own published capabilities."""
    if not request.user.is_provider:
        raise PermissionDenied
    challenge = _visible_challenge(request, pk)
    found = items_for(challenge.entries.on_board(), request.user.provider_ids)
    context = {"challenge": challenge, "found": found, "total": challenge.entries.on_board().count()}
    return render(request, "challenges/board_matches.html", context)


# --- Before it is posted ------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def item_edit(request, pk):
    """The wording of an item, which the enterprise then confirms."""
    entry = _own_entry(request, pk)
    if not (entry.challenge.status in OPEN and entry.status in UNPOSTED):
        messages.error(request, "榜单内容现在不能修改；已发榜的，请发布更正公告。")
        return redirect(entry)
    initial = prefilled(entry, request.user)
    form = ItemForm(request.POST if request.method == "POST" else None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            word_item(entry, actor=request.user, **form.cleaned_data)
        except TransitionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "榜单内容已保存，企业会收到通知，请等待确认。")
            return redirect(entry)
    if form.errors:
        messages.error(request, NOT_SAVED)
    context = entry_context(request, _own_entry(request, pk)) | {"form": form}
    return render(request, "challenges/board_item_edit.html", context)


@require_POST
def item_confirm(request, pk):
    entry = get_object_or_404(Entry.objects.handled_by(request.user).for_list(), pk=pk)
    try:
        confirm_item(
            entry, actor=request.user, seen=request.POST.get("seen", ""), note=request.POST.get("note", "")[:2000]
        )
    except TransitionError as error:
        messages.error(request, str(error))
        entry = get_object_or_404(Entry.objects.handled_by(request.user).for_list(), pk=pk)
        context = entry_context(request, entry) | {"note": request.POST.get("note", "")[:2000]}
        return render(request, "challenges/entry_detail.html", context, status=409)
    messages.success(request, "榜单内容已确认，发榜时原样公布。")
    return redirect(entry)


# --- Afterwards ---------------------------------------------------------------------------------------------------


@require_POST
def item_correct(request, pk):
    entry = _own_entry(request, pk)
    form = CorrigendumForm(request.POST)
    if form.is_valid():
        try:
            correct_item(entry, actor=request.user, text=form.cleaned_data["text"])
        except TransitionError as error:
            messages.error(request, str(error))
            return redirect(entry)
        messages.success(request, "更正公告已发布，企业和受邀机构会收到通知。")
        return redirect("challenges:board_item", entry.pk)
    messages.error(request, NOT_SAVED)
    return _item_page(request, _posted_item(request, pk), corrigendum_form=form)


@require_http_methods(["GET", "POST"])
def item_invite(request, pk):
    """The institutes that could serve an item, with the reasons; several are invited in one step."""
    entry = _own_entry(request, pk)
    if request.method == "POST":
        form = InviteForm(request.POST)
        try:
            if form.is_valid():
                new = invite_institutes(entry, form.cleaned_data["institutes"], actor=request.user)
                messages.success(request, f"已邀请 {len(new)} 家机构；已邀请过的不重复通知。")
                return redirect("challenges:item_invite", entry.pk)
            messages.error(request, form.errors["institutes"][0])
        except TransitionError as error:
            messages.error(request, str(error))
    invitations = {each.organisation_id: each for each in entry.invitations.select_related("organisation")}
    found = institutes_for(entry) if entry.board_title else []
    shown = {institute.pk for institute, _ in found}
    context = {
        "challenge": entry.challenge,
        "entry": entry,
        "found": [(institute, card, invitations.get(institute.pk)) for institute, card in found],
        "others": [each for pk, each in invitations.items() if pk not in shown],
        "institutes": InviteForm.base_fields["institutes"].queryset.exclude(pk__in=shown | invitations.keys()),
    }
    return render(request, "challenges/board_item_invite.html", context)


# --- Helpers ------------------------------------------------------------------------------------------------------


def _item_page(request, entry, **bound):
    may_run = request.user.has_perm("challenges.run_challenge", entry)
    context = {
        "challenge": entry.challenge,
        "entry": entry,
        "lines": entry.board_lines,
        "may_run": may_run,
        "is_own": request.user.has_perm("challenges.own_entry", entry),
        "corrigenda": entry.corrigenda.all(),
        "waivers": published_waivers(entry.challenge, entry),
        "corrigendum_form": CorrigendumForm() if may_run else None,
        **_solving_context(request.user, entry),
        **bound,
    }
    return render(request, "challenges/board_item.html", context)


def _solving_context(user, entry) -> dict:
    """For institutes: their solutions to the item, and which of them may begin one now."""
    if not user.is_authenticated or not user.is_provider:
        return {"solutions": [], "solvers": []}
    solutions = list(entry.solutions.filter(organisation__in=user.provider_ids))
    begun = {solution.organisation_id for solution in solutions}
    is_open = entry.challenge.is_open(Phase.SOLVING)
    solvers = [body for body in user.providers if body.pk in user.provider_ids - begun] if is_open else []
    return {"solutions": solutions, "solvers": solvers}


def _corrigenda(challenge):
    return Corrigendum.objects.filter(entry__challenge=challenge).select_related("entry").order_by("-created_at", "pk")


def _posted_item(request, pk) -> Entry:
    return get_object_or_404(Entry.objects.on_board().select_related("challenge__organiser", "need"), pk=pk)


def _own_entry(request, pk) -> Entry:
    """An entry of a challenge that this person helps to run; for others it is not there."""
    run = Challenge.objects.run_by(request.user).values("pk")
    return get_object_or_404(Entry.objects.filter(challenge__in=run).for_list(), pk=pk)


def _visible_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.visible_to(request.user).for_list(), pk=pk)
