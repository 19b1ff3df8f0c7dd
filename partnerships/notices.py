"""Telling the people of a docking; nothing of the need is said but its number and that of the docking."""

from accounts.enums import NoticeKind
from accounts.models import User
from accounts.notices import notify
from partnerships.enums import Side
from partnerships.models.dockings import Docking

STEWARD, NAMED_STEWARD, ORGANISER = "steward", "named_steward", "organiser"
BOTH = (Side.ENTERPRISE, Side.PROVIDER)


def people_of(docking: Docking, party: str) -> list[User]:
    """The people of one party: a side, who carries the docking, who is named to, or the organisers of the region."""
    if party == Side.ENTERPRISE:
        return list(User.objects.acting_for(docking.need.organisation))
    if party == Side.PROVIDER:
        return list(User.objects.acting_for(docking.institute))
    if docking.steward and (party == NAMED_STEWARD or (party == STEWARD and docking.has_active_steward)):
        return [docking.steward]
    # Without a steward who has given the pledge the organiser carries the docking.
    return list(User.objects.in_charge_of(docking.need.organisation.region))


def tell(
    docking: Docking,
    text: str,
    *parties: str,
    actor: User | None = None,
    key: str = "",
    url: str = "",
    kind: NoticeKind = NoticeKind.DOCKING,
) -> int:
    """Tell these parties one sentence, and return how many were; {number} and {institute} stand for the docking's."""
    people = {person.pk: person for party in parties for person in people_of(docking, party)}
    # Not by format: names of people stand in the text, and may hold braces.
    text = text.replace("{number}", docking.number).replace("{institute}", str(docking.institute))
    return notify(people.values(), kind=kind, text=text, url=url or docking.get_absolute_url(), key=key, actor=actor)
