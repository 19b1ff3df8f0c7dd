"""Proposals of a need, the inbox of an institute, and 「为什么不是我」."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core.http import render_page
from core.workflow import TransitionError
from matching.cards import cards_for, describe_gap, make_card
from matching.catalogue import active_weights
from matching.engine.facts import from_json
from matching.engine.match import Gap
from matching.enums import DeclineReason
from matching.filters import InboxFilter
from matching.learning import activate_weights
from matching.models import MatchState, Proposal, WeightSet
from matching.services import best_for_providers, mark_seen, move_proposal
from matching.workflow import proposal_workflow
from needs.disclosure import disclose, log_reads
from needs.enums import Sight
from needs.models import Need
from providers.enums import CapabilityKind


@require_safe
def need_proposals(request, pk):
    """The ranked proposals of one need, for its enterprise and its organiser; polls until the worker is done."""
    need = get_object_or_404(Need.objects.fully_seen_by(request.user).published().for_list(), pk=pk)
    state = MatchState.objects.filter(need=need).first()
    cards = cards_for(list(need.proposals.current().for_list()))
    context = {
        "need": need,
        "is_matched": state is not None and state.matched_at >= need.published_at,
        "gap": describe_gap(from_json(Gap, state.gap)) if state else "",
        "existing": [card for card in cards if card.capability.kind == CapabilityKind.SERVICE],
        "research": [card for card in cards if card.capability.kind == CapabilityKind.RESEARCH],
    }
    return render_page(request, "matching/need_proposals.html", context, proposals="matching/_proposals.html")


@require_safe
def inbox(request):
    """The needs the institute could serve, strongest first; confidential ones without any of the reasons."""
    if not request.user.is_provider:
        raise PermissionDenied
    received = Proposal.objects.received_by(request.user).for_inbox()
    found = InboxFilter(request.GET, received, request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    page.object_list = [(proposal, disclose(proposal.need, request.user)) for proposal in page.object_list]
    context = {"page": page, "filter": found}
    return render_page(request, "matching/inbox.html", context, inbox_table="matching/_inbox_table.html")


@require_safe
def proposal_detail(request, pk):
    proposal = _visible_proposal(request, pk)
    need = disclose(proposal.need, request.user)
    log_reads([proposal.need], request.user)
    if proposal.capability.organisation_id in request.user.provider_ids:
        mark_seen(proposal)
    context = {
        "proposal": proposal,
        "need": need,
        "card": None if need.sight == Sight.TEASER else cards_for([proposal])[0],
        "steps": proposal_workflow.steps_for(proposal, request.user),
        "reasons": DeclineReason.choices,
        "events": proposal.events.select_related("actor"),
    }
    return render(request, "matching/proposal_detail.html", context)


@require_POST
def proposal_move(request, pk, name):
    proposal = _visible_proposal(request, pk)
    try:
        answer = {field: request.POST.get(field, "") for field in ("note", "reason")}
        move_proposal(proposal, name, actor=request.user, **answer)
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"操作完成，当前状态：{proposal.get_status_display()}。")
    return redirect(proposal)


@require_safe
def why_not_me(request, pk):
    """How the institute's own best capability stands to a public need."""
    if not request.user.is_provider:
        raise PermissionDenied
    need = get_object_or_404(Need.objects.published().readable_by(request.user).for_list(), pk=pk)
    best = best_for_providers(need, request.user.provider_ids)
    received = Proposal.objects.received_by(request.user).filter(need=need).first()
    context = {
        "need": disclose(need, request.user),
        "card": make_card(*best) if best else None,
        "received": received,
    }
    return render(request, "matching/why_not_me.html", context)


@require_safe
def weight_list(request):
    """The weights the machine has proposed, with the figures that speak for and against them."""
    if not request.user.has_perm("matching.switch_weights"):
        raise PermissionDenied
    context = {"weight_sets": WeightSet.objects.all()[:20], "active": active_weights()}
    return render(request, "matching/weight_list.html", context)


@require_POST
def weight_activate(request, pk):
    if not request.user.has_perm("matching.switch_weights"):
        raise PermissionDenied
    weight_set = activate_weights(get_object_or_404(WeightSet, pk=pk), actor=request.user)
    messages.success(request, f"已启用权重 {weight_set}，正在重新匹配。")
    return redirect("matching:weight_list")


def _visible_proposal(request, pk) -> Proposal:
    return get_object_or_404(Proposal.objects.visible_to(request.user).for_list(), pk=pk)
