"""The organiser's page of the finals on site: order by lot, marks typed in or read from a sheet, ranking."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from challenges.enums import ChallengeStatus
from challenges.finals_sheets import names_of, read_marks, write_marks_template, write_ranking
from challenges.forms.finals import MarksForm, SheetForm
from challenges.models import Challenge
from challenges.services.finals import RULES, draw_order, finals_of, save_marks
from core.workflow import TransitionError
from partnerships.sheets import SheetError

NOT_SAVED = "没有保存任何一个分数，请按提示改正后再保存；已填写的内容都在。"


@require_safe
def finals(request, pk):
    return _page(request, _own_challenge(request, pk))


@require_POST
def finals_draw(request, pk):
    challenge, reason = _own_challenge(request, pk), request.POST.get("reason", "")
    try:
        drawn = draw_order(challenge, actor=request.user, reason=reason)
    except TransitionError as error:
        messages.error(request, str(error))
        return _page(request, challenge, reason=reason)
    messages.success(request, f"已抽签排定 {len(drawn)} 份方案的出场顺序，揭榜单位已收到通知。")
    return redirect("challenges:finals", pk)


@require_POST
def finals_marks(request, pk):
    """Keep all that was changed in the grid, or nothing."""
    challenge = _own_challenge(request, pk)
    form = MarksForm(request.POST, finals=finals_of(challenge))
    if form.is_valid():
        try:
            changes = save_marks(challenge, actor=request.user, marks=form.changed)
        except (TransitionError, ValidationError) as error:
            form.add_error(None, error.messages if isinstance(error, ValidationError) else str(error))
        else:
            messages.success(request, f"已保存，{len(changes)} 处有变化。" if changes else "没有变化。")
            return redirect("challenges:finals", pk)
    messages.error(request, NOT_SAVED)
    return _page(request, challenge, form=form)


@require_POST
def finals_read(request, pk):
    """Show what a sheet holds in the grid; it is kept once somebody has looked at it and saves."""
    challenge, form = _own_challenge(request, pk), SheetForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            read = read_marks(form.cleaned_data["file"], finals_of(challenge))
        except SheetError as error:
            form.add_error("file", str(error))
        else:
            return _page(request, challenge, read=read, sheet_form=form)
    messages.error(request, "没有读出得分，请按提示改正后重新上传。")
    return _page(request, challenge, sheet_form=form)


@require_safe
def finals_sheet(request, pk):
    file = write_marks_template(finals_of(_own_challenge(request, pk)))
    return FileResponse(file, as_attachment=True, filename="现场得分表.xlsx")


@require_safe
def finals_export(request, pk):
    challenge = _own_challenge(request, pk)
    file = write_ranking(finals_of(challenge), _changes_of(challenge))
    return FileResponse(file, as_attachment=True, filename="现场赛排名.xlsx")


def _page(request, challenge, *, form=None, read=None, sheet_form=None, reason=""):
    standing = finals_of(challenge)
    if form is None:
        form = MarksForm(finals=standing, read=read.marks if read and not read.problems else None)
    is_drawn = bool(standing.solutions) and all(solution.draw_order for solution in standing.solutions)
    context = {
        "challenge": challenge,
        "finals": standing,
        "form": form,
        "read": read,
        "sheet_form": sheet_form or SheetForm(),
        "reason": reason,
        "rules": RULES,
        "is_on": challenge.status == ChallengeStatus.FINALS,
        "is_drawn": is_drawn,
        "unmarked": len(standing.solutions) - len(standing.ranked),
        "draws": challenge.events.filter(action="draw").select_related("actor"),
        "changes": _shown(_changes_of(challenge), names_of(standing.judges)),
    }
    return render(request, "challenges/finals.html", context)


def _changes_of(challenge):
    return challenge.events.filter(action="mark").select_related("actor")


def _shown(changes, names) -> list:
    """The changes with the names of the judges in place of their ids."""
    changes = list(changes)
    for change in changes:
        change.shown = [each | {"judge": names.get(each["judge"], "")} for each in change.data["marks"]]
    return changes


def _own_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.run_by(request.user).for_list(), pk=pk)
