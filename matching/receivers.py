"""What matching does when needs and capabilities change."""

from django.dispatch import receiver

from matching.jobs import queue_match, queue_rematch
from matching.services import supersede_proposals
from needs.signals import need_closed, need_published
from providers.signals import capabilities_changed


@receiver(need_published)
def match_new_need(sender, need, **kwargs):
    queue_match(need)


@receiver(need_closed)
def take_back_proposals(sender, need, **kwargs):
    supersede_proposals(need)


@receiver(capabilities_changed)
def match_again(sender, **kwargs):
    queue_rematch()
