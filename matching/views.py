"""Proposals of a need, the inbox of an institute, 「为什么不是我」, and how the two ask each other."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import Organisation
from core.enums import Level
from core.http import render_page
from core.workflow import TransitionError
from matching.cards import cards_for, describe_gap, history_of, make_card
from matching.catalogue import active_weights
from matching.engine.facts import from_json
from matching.engine.match import Gap
from matching.enums import CLOSED, Side
from matching.enums import ProposalStatus as S
from matching.filters import InboxFilter, InviteFilter
from matching.forms import AnswerForm, InviteForm
from matching.learning import activate_weights
from matching.models import MatchState, Proposal, WeightSet
from matching.rules import side_of
from matching.services import (
    apply_for_need,
    best_for_providers,
    best_of_each,
    invite_institute,
    mark_seen,
    move_proposal,
)
from matching.workflow import AT_REST, possible_steps
from needs.disclosure import disclose, log_reads
from needs.enums import Sight
from needs.models import Need
from providers.enums import CapabilityKind
from providers.models import Capability


@require_safe
def need_proposals(request, pk):
    """The ranked proposals of one need, for its enterprise and its organiser; polls until the worker is done."""
    need = get_object_or_404(Need.objects.fully_seen_by(request.user).published().for_list(), pk=pk)
    state = MatchState.objects.filter(need=need).first()
    is_matched = state is not None and state.matched_at >= need.published_at
    if is_matched:
        log_reads([need], request.user)
    proposals = list(need.proposals.current().for_list())
    cards = cards_for([each for each in proposals if each.status not in CLOSED])
    context = {
        "need": need,
        "side": Side.ENTERPRISE if need.organisation_id in request.user.organisation_ids else Side.ORGANISER,
        "is_matched": is_matched,
        "interested": [card for card in cards if card.proposal.status == S.PROVIDER_INTERESTED],
        "gap": describe_gap(from_json(Gap, state.gap)) if state else "",
        "existing": [card for card in cards if card.capability.kind == CapabilityKind.SERVICE],
        "research": [card for card in cards if card.capability.kind == CapabilityKind.RESEARCH],
        "closed": cards_for([each for each in proposals if each.status in CLOSED]),
        "may_invite": request.user.has_perm("needs.change_need", need) and need.level < Level.ORGANISER_ONLY,
    }
    return render_page(request, "matching/need_proposals.html", context, proposals="matching/_proposals.html")


@require_safe
def inbox(request):
    """The needs the institute could serve, a row for each; confidential ones without any of the reasons."""
    if not request.user.is_provider:
        raise PermissionDenied
    found = InboxFilter(request.GET, Proposal.objects.received_by(request.user), request=request)
    page = Paginator(found.qs.for_inbox(), 20).get_page(request.GET.get("page"))
    page.object_list = [(proposal, disclose(proposal.need, request.user)) for proposal in page.object_list]
    context = {"page": page, "filter": found}
    return render_page(request, "matching/inbox.html", context, inbox_table="matching/_inbox_table.html")


@require_safe
def proposal_detail(request, pk):
    return _proposal_page(request, _visible_proposal(request, pk))


@require_POST
def proposal_move(request, pk, name):
    proposal, form = _visible_proposal(request, pk), AnswerForm(request.POST)
    try:
        if form.is_valid():
            move_proposal(proposal, name, actor=request.user, **form.cleaned_data)
            messages.success(request, f"操作完成，当前状态：{proposal.get_status_display()}。")
            return redirect(proposal)
        messages.error(request, form.refusal)
    except TransitionError as error:
        messages.error(request, str(error))
    # With what was written, so that nothing has to be written twice.
    return _proposal_page(request, _visible_proposal(request, pk), tried=name, form=form, status=409)


def _proposal_page(request, proposal, *, status=200, **context):
    need = disclose(proposal.need, request.user)
    log_reads([proposal.need], request.user)
    side = side_of(request.user, proposal)
    others = []
    if side == Side.PROVIDER:
        received = Proposal.objects.received_by(request.user).filter(need=proposal.need)
        others = list(received.exclude(pk=proposal.pk).strongest_first())
        mark_seen([proposal, *others])
    context |= {
        "proposal": proposal,
        "need": need,
        "side": side,
        "others": others,
        "card": None if need.sight == Sight.TEASER else cards_for([proposal])[0],
        "steps": possible_steps(proposal, request.user),
        "events": history_of(proposal, need),
    }
    return render(request, "matching/proposal_detail.html", context, status=status)


@require_safe
def why_not_me(request, pk):
    """How the institute's own best capability stands to a public need."""
    return _why_not_me_page(request, _need_to_serve(request, pk))


@require_POST
def apply(request, pk):
    """The institute offers to serve a public need."""
    need, form = _need_to_serve(request, pk), AnswerForm(request.POST)
    try:
        if form.is_valid():
            proposal = apply_for_need(need, actor=request.user, note=form.cleaned_data["note"])
            messages.success(request, f"已申请对接，当前状态：{proposal.get_status_display()}。")
            return redirect(proposal)
        messages.error(request, form.refusal)
    except TransitionError as error:
        messages.error(request, str(error))
    return _why_not_me_page(request, need, form=form, status=409)


def _why_not_me_page(request, need, *, status=200, **context):
    best = best_for_providers(need, request.user.provider_ids)
    context |= {
        "need": disclose(need, request.user),
        "card": make_card(*best) if best else None,
        "received": Proposal.objects.received_by(request.user).filter(need=need).strongest_first().first(),
    }
    return render(request, "matching/why_not_me.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def invite(request, pk):
    """The institutes that could be asked, each with the best it has for the need; the enterprise asks one of them."""
    need = get_object_or_404(Need.objects.owned_by(request.user).published().for_list(), pk=pk)
    form = InviteForm(request.POST) if request.method == "POST" else None
    try:
        if form and form.is_valid():
            proposal = invite_institute(need, actor=request.user, **form.cleaned_data)
            institute = form.cleaned_data["institute"]
            messages.success(request, f"已邀请{institute}，当前状态：{proposal.get_status_display()}。")
            return redirect(proposal)
        if form:
            messages.error(request, form.refusal)
    except TransitionError as error:
        messages.error(request, str(error))
    return _invite_page(request, need, form, status=409 if form else 200)


def _invite_page(request, need, form, *, status):
    able = Capability.objects.matchable().filter(organisation=OuterRef("pk"))
    institutes = Organisation.objects.providers().verified().filter(Exists(able))
    # Comparing the need with all of them would take too long for a page; who works in its field comes first.
    institutes = institutes.order_by(Exists(able.filter(discipline=need.discipline)).desc(), "name")
    found = InviteFilter(request.GET, institutes, request=request)
    page = Paginator(found.qs, 10).get_page(request.GET.get("page"))
    best = best_of_each(need, [institute.pk for institute in page])
    open_ones = need.proposals.current().exclude(status__in=AT_REST).order_by("score")
    known = {each.capability.organisation_id: each for each in open_ones.select_related("capability")}
    page.object_list = [
        (institute, make_card(*best[institute.pk]) if institute.pk in best else None, known.get(institute.pk))
        for institute in page.object_list
    ]
    context = {"need": need, "page": page, "filter": found, "form": form}
    template = "matching/need_invite.html"
    return render_page(request, template, context, status=status, institutes="matching/_institutes_to_invite.html")


def _need_to_serve(request, pk) -> Need:
    if not request.user.is_provider:
        raise PermissionDenied
    return get_object_or_404(Need.objects.published().readable_by(request.user).for_list(), pk=pk)


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
