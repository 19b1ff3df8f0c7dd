"""What a reader is shown of the need behind a docking or an agreement."""

from needs.disclosure import DisclosedNeed, disclose, sight_of
from needs.models import Need


def shown_need(need: Need, user) -> DisclosedNeed | None:
    """The need as this reader may see it; None where records outlive that: then its number is all there is."""
    return disclose(need, user) if sight_of(need, user) else None
