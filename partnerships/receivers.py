"""What happens to dockings and the ledger when proposals and needs change."""

from django.dispatch import receiver

from matching.signals import proposal_agreed
from needs.signals import need_closed, need_moved, need_published
from partnerships.services.dockings import end_dockings_of, open_docking
from partnerships.services.ledger import add_entry_for_need, keep_pace


@receiver(proposal_agreed)
def begin_docking(sender, proposal, event, **kwargs):
    open_docking(proposal, actor=event.actor)


@receiver(need_closed)
def end_dockings(sender, need, **kwargs):
    end_dockings_of(need)


@receiver(need_published)
def enter_need(sender, need, **kwargs):
    add_entry_for_need(need)


@receiver(need_moved)
def settle_entry(sender, need, **kwargs):
    keep_pace(need)
