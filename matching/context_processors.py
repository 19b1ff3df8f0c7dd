"""What every page shows of matching."""

from django.utils.functional import SimpleLazyObject

from matching.models import Proposal


def inbox_unread(request):
    """The number of unread proposals in the institute's inbox."""

    def count():
        if not (request.user.is_authenticated and request.user.is_provider):
            return 0
        return Proposal.objects.received_by(request.user).filter(provider_seen_at__isnull=True).count()

    return {"inbox_unread": SimpleLazyObject(count)}
