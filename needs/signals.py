"""What other apps may want to know."""

from django.dispatch import Signal

need_published = Signal()
need_closed = Signal()
