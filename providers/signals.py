"""What other apps may want to know."""

from django.dispatch import Signal

capabilities_changed = Signal()
