"""What every page shows of matching."""

from django.utils.functional import SimpleLazyObject

from matching.models import Proposal


def inbox_unread(request):
    """The number of rows in the institute's inbox with something unread."""

    def count():
        if not (request.user.is_authenticated and request.user.is_provider):
            return 0
        unread = Proposal.objects.received_by(request.user).filter(provider_seen_at__isnull=True)
        return unread.values("need", "capability__organisation").order_by().distinct().count()

    return {"inbox_unread": SimpleLazyObject(count)}
