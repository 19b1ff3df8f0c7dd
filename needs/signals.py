"""What other apps may want to know."""

from django.dispatch import Signal

need_published = Signal()
need_closed = Signal()
# Any step, these two among them; `event` tells which.
need_moved = Signal()
