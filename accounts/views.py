"""Signing up, one's account, organisations and their verification, notices."""

from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST, require_safe

from accounts.enums import MemberRole, Rhythm
from accounts.filters import NoticeFilter
from accounts.forms import JoinForm, NoticePreferenceForm, OrganisationForm, SignUpForm, TokenForm
from accounts.models import Membership, Notice, Organisation
from accounts.notices import is_local, mark_read, rhythms_of, set_rhythms
from accounts.services import (
    approve_membership,
    end_membership,
    found_organisation,
    issue_token,
    register_user,
    request_membership,
    update_organisation,
    verify_organisation,
)
from core.http import render_page
from core.workflow import TransitionError


@login_not_required
@require_http_methods(["GET", "POST"])
def signup(request):
    form = SignUpForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        user = register_user(email=data["email"], password=data["password1"], name=data["name"], phone=data["phone"])
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        messages.success(request, "注册成功。请登记或加入您的单位，之后就能提需求、发布能力。")
        return redirect("accounts:organisation_create")
    return render(request, "accounts/signup.html", {"form": form})


@require_safe
def profile(request):
    context = {
        "memberships": request.user.memberships.select_related("organisation"),
        "tokens": request.user.tokens.all(),
        "token_form": TokenForm(),
    }
    return render(request, "accounts/profile.html", context)


@require_POST
def token_create(request):
    form = TokenForm(request.POST)
    if not form.is_valid():
        messages.error(request, "请填写令牌用途并选择权限。")
        return redirect("accounts:profile")
    token, key = issue_token(request.user, **form.cleaned_data)
    return render(request, "accounts/token_created.html", {"token": token, "key": key})


@require_POST
def token_delete(request, pk):
    get_object_or_404(request.user.tokens, pk=pk).delete()
    messages.success(request, "令牌已撤销，使用它的程序将立即无法访问。")
    return redirect("accounts:profile")


@require_http_methods(["GET", "POST"])
def organisation_create(request):
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        organisation = found_organisation(founder=request.user, **form.cleaned_data)
        messages.success(request, "单位已登记，所在地区的组织方会尽快核验。")
        return redirect(organisation)
    return render(request, "accounts/organisation_create.html", {"form": form, "join_form": JoinForm()})


@require_POST
def organisation_join(request):
    form = JoinForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/organisation_create.html", {"form": OrganisationForm(), "join_form": form})
    organisation = Organisation.objects.get(credit_code=form.cleaned_data["credit_code"])
    try:
        request_membership(request.user, organisation)
    except ValidationError as error:
        messages.error(request, error.messages[0])
    else:
        messages.success(request, "申请已发出，请等待该单位管理员批准。")
    return redirect("accounts:profile")


@login_not_required
@require_safe
def organisation_detail(request, pk):
    organisation = get_object_or_404(Organisation.objects.visible_to(request.user), pk=pk)
    manages = request.user.has_perm("accounts.approve_member", organisation)
    context = {
        "organisation": organisation,
        "members": organisation.memberships.select_related("user") if manages else None,
        "may_change": request.user.has_perm("accounts.change_organisation", organisation),
        "may_verify": request.user.has_perm("accounts.verify_organisation", organisation),
    }
    return render(request, "accounts/organisation_detail.html", context)


@require_http_methods(["GET", "POST"])
def organisation_edit(request, pk):
    organisation = get_object_or_404(Organisation.objects.visible_to(request.user), pk=pk)
    if not request.user.has_perm("accounts.change_organisation", organisation):
        raise PermissionDenied
    form = OrganisationForm(request.POST or None, instance=organisation)
    if request.method == "POST" and form.is_valid():
        update_organisation(organisation, actor=request.user, **form.cleaned_data)
        return redirect(organisation)
    return render(request, "accounts/organisation_edit.html", {"form": form, "organisation": organisation})


@require_safe
def organisation_desk(request):
    """The organisations of the organiser's regions, those waiting for verification first."""
    if not request.user.is_organiser:
        raise PermissionDenied
    waiting = Organisation.objects.filter(request.user.in_charge_of("region"), verified_at__isnull=True)
    page = Paginator(waiting.order_by("created_at"), 20).get_page(request.GET.get("page"))
    return render(request, "accounts/organisation_desk.html", {"page": page})


@require_POST
def organisation_verify(request, pk):
    organisation = get_object_or_404(Organisation.objects.visible_to(request.user), pk=pk)
    try:
        verify_organisation(organisation, actor=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{organisation} 已核验。")
    return redirect("accounts:organisation_desk")


@require_POST
def member_approve(request, pk):
    """Take a person in, as a member or as an expert."""
    membership = _visible_membership(request, pk)
    role = MemberRole.EXPERT if request.POST.get("role") == MemberRole.EXPERT else MemberRole.MEMBER
    try:
        approve_membership(membership, actor=request.user, role=role)
    except TransitionError as error:
        messages.error(request, str(error))
    return redirect(membership.organisation)


@require_POST
def member_end(request, pk):
    membership = _visible_membership(request, pk)
    try:
        end_membership(membership, actor=request.user)
    except TransitionError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{membership.user}已移出，其权限即时失效。")
    return redirect(membership.organisation)


def _visible_membership(request, pk) -> Membership:
    visible = Membership.objects.filter(organisation__in=Organisation.objects.visible_to(request.user))
    return get_object_or_404(visible.select_related("organisation", "user"), pk=pk)


@require_safe
def notice_list(request):
    found = NoticeFilter(request.GET, Notice.objects.visible_to(request.user), request=request)
    page = Paginator(found.qs, 20).get_page(request.GET.get("page"))
    context = {"page": page, "filter": found}
    return render_page(request, "accounts/notice_list.html", context, notice_table="accounts/_notice_table.html")


@require_GET
def notice_open(request, pk):
    """Note that the notice was read, and go where it points to."""
    notice = get_object_or_404(Notice.objects.visible_to(request.user), pk=pk)
    mark_read(Notice.objects.filter(pk=notice.pk))
    return HttpResponseRedirect(notice.url) if is_local(notice.url) else redirect("notices:list")


@require_POST
def notice_read_all(request):
    mark_read(Notice.objects.visible_to(request.user))
    return redirect("notices:list")


@login_not_required
@require_safe
def notice_count(request):
    """The bell with the number of unread notices; nothing where the page shows that number or nobody is signed in."""
    unread = Notice.objects.visible_to(request.user).unread().count()
    if not request.user.is_authenticated or request.GET.get("shown") == str(unread):
        return HttpResponse(status=204)
    return render(request, "components/_bell.html", {"notices_unread": unread})


@require_http_methods(["GET", "POST"])
def notice_preference_edit(request):
    form = NoticePreferenceForm(request.POST or None, initial=rhythms_of(request.user))
    if request.method == "POST" and form.is_valid():
        set_rhythms(request.user, form.cleaned_data)
        messages.success(request, "通知设置已保存。")
        return redirect("notices:preference_edit")
    return render(request, "accounts/notice_preference_edit.html", {"form": form, "rhythms": Rhythm.choices})
