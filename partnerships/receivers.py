"""What happens to dockings when proposals and needs change."""

from django.dispatch import receiver

from matching.signals import proposal_agreed
from needs.signals import need_closed
from partnerships.services.dockings import end_dockings_of, open_docking


@receiver(proposal_agreed)
def begin_docking(sender, proposal, event, **kwargs):
    open_docking(proposal, actor=event.actor)


@receiver(need_closed)
def end_dockings(sender, need, **kwargs):
    end_dockings_of(need)
