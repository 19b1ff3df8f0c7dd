"""What happens to challenges when needs change."""

from django.dispatch import receiver

from challenges.services.entries import tell_of_chance, withdraw_entries_of
from needs.enums import NeedStatus
from needs.signals import need_moved, need_published


@receiver(need_published)
def offer_chance(sender, need, **kwargs):
    tell_of_chance(need)


@receiver(need_moved)
def follow_withdrawal(sender, need, event, **kwargs):
    if event.target == NeedStatus.WITHDRAWN:
        withdraw_entries_of(need, actor=event.actor)
