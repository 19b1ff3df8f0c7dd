"""Telling the people of a docking; nothing of the need is said but its number and that of the docking."""

from accounts.enums import NoticeKind
from accounts.models import User
from accounts.notices import notify
from partnerships.enums import Side
from partnerships.models.dockings import Docking

STEWARD, ORGANISER = "steward", "organiser"
BOTH = (Side.ENTERPRISE, Side.PROVIDER)


def people_of(docking: Docking, party: str) -> list[User]:
    """The people of one party: a side, the steward, or the organisers of the region."""
    if party == Side.ENTERPRISE:
        return list(User.objects.acting_for(docking.need.organisation))
    if party == Side.PROVIDER:
        return list(User.objects.acting_for(docking.institute))
    if party == STEWARD and docking.steward:
        return [docking.steward]
    # Without a steward the organiser carries the docking.
    return list(User.objects.in_charge_of(docking.need.organisation.region))


def tell(
    docking: Docking,
    text: str,
    *parties: str,
    actor: User | None = None,
    key: str = "",
    url: str = "",
    kind: NoticeKind = NoticeKind.DOCKING,
) -> None:
    """Tell these parties one sentence; {number} stands for the number of the docking."""
    people = {person.pk: person for party in parties for person in people_of(docking, party)}
    notify(
        people.values(),
        kind=kind,
        text=text.format(number=docking.number, institute=docking.institute),
        url=url or docking.get_absolute_url(),
        key=key,
        actor=actor,
    )
