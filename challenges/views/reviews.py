"""The expert's own page and desk, and the organiser's pages on who reviews what and what came of it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from challenges.assignment import plan_assignments
from challenges.clock import countdown
from challenges.enums import Phase, ReviewStage
from challenges.forms.reviews import AssignForm, ExpertForm, PledgeForm, ScoreForm, TieForm, WaiverForm
from challenges.items import KINDS, Item, entry_of, kind_of, number_of
from challenges.material import BlindReview, show_review
from challenges.models import Challenge, Declaration, Entry, ExpertProfile, Review, Solution
from challenges.results import RULES, result_for_enterprise, results_of
from challenges.services.conflicts import declare_tie, waive_conflicts, withdraw_tie
from challenges.services.entries import move_entry
from challenges.services.experts import pledged_challenges, pool_of, save_profile, sign_pledge
from challenges.services.finals import move_to_finals
from challenges.services.reviews import (
    assign_reviewers,
    lock_review,
    note_read,
    open_reviews_of,
    recuse,
    remove_review,
    save_scores,
    urge_reviewers,
)
from challenges.workflow import entry_workflow, refuse_scoring, solution_workflow
from core.files import answer_download
from core.workflow import TransitionError
from partnerships.services.wording import newest_text
from partnerships.shown import shown_need

NOT_SAVED = "没有保存，请按提示改正后再提交；已填写的内容都在。"
# By stage: the steps with which an organiser decides, from the results.
DECIDING = {
    ReviewStage.SCREENING: (entry_workflow, {"select", "drop"}, "challenges:entry_decide"),
    ReviewStage.SOLUTION: (solution_workflow, {"shortlist", "drop"}, "challenges:solution_shortlist"),
}


# --- The expert -----------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "POST"])
def expert_edit(request):
    """What one knows about, where one works, and the ties one has declared."""
    if not request.user.is_expert:
        raise PermissionDenied
    posted = request.POST if request.method == "POST" else None
    form = ExpertForm(posted, instance=ExpertProfile.objects.filter(user=request.user).first())
    if posted is not None and form.is_valid():
        save_profile(request.user, **form.cleaned_data)
        messages.success(request, "专家资料已保存。")
        return redirect("challenges:expert_edit")
    return _expert_page(request, form, TieForm(auto_id="tie_%s"))


@require_POST
def tie_create(request):
    if not request.user.is_expert:
        raise PermissionDenied
    form = TieForm(request.POST, auto_id="tie_%s")
    if form.is_valid():
        try:
            declare_tie(request.user, **form.cleaned_data)
        except ValidationError as error:
            form.add_error(None, error.messages)
        else:
            messages.success(request, "已申报，平台不会再向您分派与这个单位有关的评审。")
            return redirect("challenges:expert_edit")
    return _expert_page(request, _expert_form(request.user), form)


@require_POST
def tie_remove(request, pk):
    withdraw_tie(get_object_or_404(Declaration, pk=pk, user=request.user))
    messages.success(request, "申报已撤回；因它撤销的评审不会恢复。")
    return redirect("challenges:expert_edit")


def _expert_form(user) -> ExpertForm:
    return ExpertForm(instance=ExpertProfile.objects.filter(user=user).first())


def _expert_page(request, form, tie_form):
    if form.errors or tie_form.errors:
        messages.error(request, NOT_SAVED)
    ties = request.user.declarations.select_related("organisation")
    return render(request, "challenges/expert_edit.html", {"form": form, "tie_form": tie_form, "ties": ties})


# --- The desk -------------------------------------------------------------------------------------------------------


@require_safe
def review_desk(request):
    """What one has to review, until when."""
    pledged = pledged_challenges(request.user)
    reviews = [(show_review(each, pledged=pledged), _clock(each)) for each in open_reviews_of(request.user)]
    todo = [row for row in reviews if not row[0].is_locked]
    context = {
        "reviews": reviews,
        "todo": todo,
        "done": [row for row in reviews if row[0].is_locked],
        "is_expert": request.user.is_expert,
    }
    return render(request, "challenges/review_desk.html", context)


@require_http_methods(["GET", "POST"])
def review_detail(request, pk):
    """One item, blind, with the form of its scores; what is written is kept as one goes."""
    review, shown = _own_review(request, pk)
    if shown.needs_pledge:
        return redirect("challenges:review_pledge", pk)
    form = ScoreForm(request.POST if request.method == "POST" else None, review=shown)
    if request.method == "GET":
        note_read([review], request.user, pledged={review.challenge.pk})
        return _review_page(request, review, shown, form)
    form.is_valid()
    hands_in, is_autosave = "lock" in request.POST, "autosave" in request.POST
    try:
        save_scores(review, actor=request.user, scores=form.scores, comment=form.cleaned_data.get("comment"))
        if hands_in and not form.errors:
            lock_review(review, actor=request.user)
    except TransitionError as error:
        form.add_error(None, str(error))
    if is_autosave:
        return render(request, "challenges/_review_saved.html", {"form": form})
    if form.errors:
        for error in form.non_field_errors() or ["没有提交，请按提示改正；填对的部分已存为草稿。"]:
            messages.error(request, error)
        return _review_page(request, review, shown, form)
    messages.success(request, "评审已提交，不能再修改。" if hands_in else "草稿已保存。")
    return redirect("challenges:review_desk" if hands_in else review)


@require_http_methods(["GET", "POST"])
def review_pledge(request, pk):
    """The promise of confidentiality for the challenge of this review, without which its text stays closed."""
    review, shown = _own_review(request, pk)
    version, text = newest_text("review_pledge")
    form = PledgeForm(request.POST if request.method == "POST" else None, initial={"seen": version})
    if request.method == "POST" and form.is_valid():
        try:
            sign_pledge(review.challenge, actor=request.user, seen=form.cleaned_data["seen"])
        except TransitionError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, "已签署，现在可以阅读本届赛事分派给您的材料。")
            return redirect(review)
    return render(request, "challenges/review_pledge.html", {"review": shown, "text": text, "form": form})


@require_safe
def review_file(request, pk, file):
    """An attachment of the solution; where the reviewers must not know whose it is, there is none."""
    review, shown = _own_review(request, pk)
    files = shown.solution.files if shown.solution else []
    stored = next((each for each in files if each.pk == file), None)
    if stored is None:
        raise Http404
    note_read([review], request.user, pledged={review.challenge.pk})
    return answer_download(request, stored)


@require_POST
def review_recuse(request, pk):
    review, shown = _own_review(request, pk)
    note = request.POST.get("note", "")
    try:
        recuse(review, actor=request.user, note=note)
    except TransitionError as error:
        messages.error(request, str(error))
        if shown.needs_pledge:
            return redirect("challenges:review_pledge", pk)
        return _review_page(request, review, shown, ScoreForm(review=shown), note=note)
    messages.success(request, f"已回避“{shown.label}”，组织方会另派专家。")
    return redirect("challenges:review_desk")


def _own_review(request, pk) -> tuple[Review, BlindReview]:
    """One of the reviews the person may see now; a conflict or the end of the role since the last request hides it."""
    review = next((each for each in open_reviews_of(request.user) if each.pk == pk), None)
    if review is None:
        raise Http404
    return review, show_review(review, pledged=pledged_challenges(request.user))


def _review_page(request, review: Review, shown: BlindReview, form: ScoreForm, note=""):
    context = {
        "review": shown,
        "form": form,
        "clock": _clock(review),
        "closed": "" if shown.is_locked else refuse_scoring(review),
        "note": note,
    }
    return render(request, "challenges/review_detail.html", context)


def _clock(review: Review) -> str:
    window = review.challenge.window(review.phase)
    return countdown(window) if window else ""


# --- The organiser: who reviews what --------------------------------------------------------------------------------


@require_safe
def review_list(request, pk, stage=ReviewStage.SCREENING):
    return _assignments_page(request, _own_challenge(request, pk), KINDS[stage])


@require_POST
def review_assign(request, pk, stage=ReviewStage.SCREENING):
    """Assign all that was ticked in one step; a refusal keeps what was ticked."""
    challenge, kind, note = _own_challenge(request, pk), KINDS[stage], request.POST.get("note", "")
    form = AssignForm(request.POST, plans=plan_assignments(challenge, stage))
    try:
        if form.is_valid():
            given = {"pairs": form.chosen, "stage": stage, "note": form.cleaned_data["note"]}
            reviews = assign_reviewers(challenge, actor=request.user, **given)
            messages.success(request, f"已分派 {len(reviews)} 份评审，专家已收到通知。")
            return redirect(f"challenges:{kind.pages['plan']}", pk)
        messages.error(request, form.errors["pair"][0] if "pair" in form.errors else form.errors["note"][0])
    except TransitionError as error:
        messages.error(request, str(error))
    return _assignments_page(request, challenge, kind, chosen=request.POST.getlist("pair"), note=note)


@require_POST
def review_remind(request, pk, stage=ReviewStage.SCREENING):
    """Tell the experts who have not handed in everything."""
    challenge = _own_challenge(request, pk)
    try:
        told = urge_reviewers(challenge, actor=request.user, stage=stage)
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        done = f"已催办 {told} 位专家。" if told else "没有需要催办的专家：评审都已提交，或者今天已经催办过。"
        messages.success(request, done)
    return redirect(f"challenges:{KINDS[stage].pages['plan']}", pk)


@require_POST
def review_remove(request, pk):
    found = Review.objects.filter(entry__challenge__in=Challenge.objects.run_by(request.user).values("pk"))
    review = get_object_or_404(found.select_related("entry__challenge", "reviewer"), pk=pk)
    try:
        remove_review(review, actor=request.user, note=request.POST.get("note", ""))
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"已撤销{review.reviewer}的这份评审，请补派专家。")
    return redirect(f"challenges:{kind_of(review).pages['plan']}", review.entry.challenge_id)


@require_POST
def waiver_create(request, pk, stage=ReviewStage.SCREENING):
    """The administrator's word that an expert may review this item in spite of a tie."""
    item = _own_item(request, pk, stage)
    if not request.user.has_perm("challenges.waive_conflict"):
        raise PermissionDenied
    form = WaiverForm(request.POST, experts=pool_of(item.challenge))
    if form.is_valid():
        try:
            waive_conflicts(item, form.cleaned_data["user"], actor=request.user, reason=form.cleaned_data["reason"])
        except TransitionError as error:
            messages.error(request, str(error))
        else:
            messages.success(request, "已豁免，理由已公布在赛事页面；现在可以分派这位专家。")
    else:
        messages.error(request, "没有豁免：请选择专家，并填写公开的理由。")
    return redirect(f"challenges:{KINDS[stage].pages['plan']}", entry_of(item).challenge_id)


def _assignments_page(request, challenge, kind, *, chosen=None, note=""):
    plans = plan_assignments(challenge, kind.stage)
    if chosen is None:
        chosen = [each.key for plan in plans for each in plan.proposed]
    assigned, locked = sum(len(plan.reviews) for plan in plans), sum(plan.locked for plan in plans)
    context = {
        "challenge": challenge,
        "kind": kind,
        "clock": _challenge_clock(challenge, kind),
        "plans": [(plan, _named(plan.item, request.user)) for plan in plans],
        "experts": pool_of(challenge),
        "chosen": chosen,
        "note": note,
        "assigned": assigned,
        "locked": locked,
        "waiting": assigned - locked,
        "open_places": sum(plan.open_places for plan in plans),
        "missing": sum(plan.missing for plan in plans),
        "may_assign": challenge.status == kind.phase,
        "may_waive": request.user.has_perm("challenges.waive_conflict"),
    }
    return render(request, "challenges/review_list.html", context)


# --- The organiser: what came of it ---------------------------------------------------------------------------------


@require_safe
def review_results(request, pk, stage=ReviewStage.SCREENING):
    return _results_page(request, _own_challenge(request, pk), KINDS[stage])


@require_POST
def item_decide(request, pk, name, stage):
    """Select an entry or drop it; have a solution come to the finals or not: by hand."""
    item = _own_item(request, pk, stage)
    challenge = _own_challenge(request, entry_of(item).challenge_id)
    if name not in DECIDING[stage][1]:
        raise Http404
    note, move = request.POST.get("note", ""), {Entry: move_entry, Solution: move_to_finals}[type(item)]
    try:
        move(item, name, actor=request.user, note=note)
    except TransitionError as error:
        messages.error(request, f"{number_of(item)}：{error}")
        return _results_page(request, challenge, KINDS[stage], notes={item.pk: note})
    messages.success(request, f"{number_of(item)}：{item.get_status_display()}。")
    return redirect(f"challenges:{KINDS[stage].pages['results']}", challenge.pk)


def _results_page(request, challenge, kind, notes=()):
    results = results_of(challenge, kind.stage)
    notes = dict(notes)
    workflow, names, url = DECIDING[kind.stage]

    def row(result):
        item = result.item
        steps = workflow.steps_for(item, request.user) if is_deciding else []
        steps = [(step, reverse(url, args=[item.pk, step.name])) for step in steps if step.name in names]
        return result, _named(item, request.user), steps, notes.get(item.pk, "")

    # Without finals on site there is nobody to choose for them.
    has_next = kind.stage == ReviewStage.SCREENING or challenge.window(Phase.FINALS) is not None
    is_deciding = challenge.status == kind.phase and has_next
    context = {
        "challenge": challenge,
        "kind": kind,
        "has_next": has_next,
        "clock": _challenge_clock(challenge, kind),
        "criteria": results.criteria,
        "ranked": [row(result) for result in results.ranked],
        "unscored": [row(result) for result in results.unscored],
        "by_entry": sorted(results.ranked, key=lambda result: (result.entry.board_number, result.place)),
        "rules": RULES[kind.stage],
        "decided": sum(result.item.status not in kind.open for result in results.ranked),
    }
    return render(request, "challenges/review_results.html", context)


@require_safe
def entry_results(request, pk):
    """What the reviewers gave one's own entry, without their names, once the board is out."""
    entry = get_object_or_404(Entry.objects.handled_by(request.user).for_list(), pk=pk)
    found = result_for_enterprise(entry)
    if found is None:
        raise Http404
    criteria, result = found
    context = {"entry": entry, "need": shown_need(entry.need, request.user), "criteria": criteria, "result": result}
    return render(request, "challenges/entry_results.html", context)


# --- Helpers --------------------------------------------------------------------------------------------------------


def _own_challenge(request, pk) -> Challenge:
    return get_object_or_404(Challenge.objects.run_by(request.user).for_list(), pk=pk)


def _own_item(request, pk, stage) -> Item:
    if stage == ReviewStage.SCREENING:
        return get_object_or_404(Entry.objects.handled_by(request.user).for_list(), pk=pk)
    found = Solution.objects.handed_in_to(request.user).for_list()
    return get_object_or_404(found.select_related("entry__need__organisation"), pk=pk)


def _named(item: Item, user):
    """What the organiser's pages call the item by: the need as this reader may see it; a solution as it is."""
    return shown_need(item.need, user) if isinstance(item, Entry) else item


def _challenge_clock(challenge, kind) -> str:
    window = challenge.window(kind.phase)
    return countdown(window) if window and challenge.status == kind.phase else ""
