"""Pages of figures."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import render
from django.views.decorators.http import require_safe

from insights import queries


@require_safe
def agreement_sums(request):
    """What was agreed in the organiser's regions: intended, contracted and paid, each apart."""
    if not request.user.is_organiser:
        raise PermissionDenied("分地区的协议统计由组织方查看；您自己的协议和合计在“协议”页。")
    whole, places, kinds = queries.agreement_sums(request.user)
    groups = [("按企业地区", "region", places), ("按协议类型", "kind", kinds)]
    return render(request, "insights/agreement_sums.html", {"whole": whole, "groups": groups})
