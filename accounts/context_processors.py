"""What every page shows of the notices."""

from django.utils.functional import SimpleLazyObject

from accounts.models import Notice


def notices_unread(request):
    """The number of notices the reader has not opened."""
    return {"notices_unread": SimpleLazyObject(lambda: Notice.objects.visible_to(request.user).unread().count())}
