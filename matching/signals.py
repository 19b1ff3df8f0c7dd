"""What other apps may want to know."""

from django.dispatch import Signal

# Sent within the transaction: no answer may be given whose docking is lost.
proposal_agreed = Signal()
