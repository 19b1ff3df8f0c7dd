"""Certificates for those who succeeded, issued once the public notice is over."""

import re
import secrets
import unicodedata

from challenges.models import Certificate, Challenge, Solution
from challenges.models.certificates import CERTIFIED

# Without letters and digits that are taken for one another.
ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


def issue_certificates(challenge: Challenge) -> None:
    """A certificate for each body behind a selected or commended solution; called within the step's transaction."""
    found = Solution.objects.filter(entry__challenge=challenge, status__in=CERTIFIED)
    for solution in found.select_related("organisation").prefetch_related("co_applicants__organisation"):
        for body in solution.bodies:
            Certificate.objects.create(solution=solution, organisation=body, number=new_number())


def new_number() -> str:
    """A number that nobody guesses and that tells no count.

    >>> len(new_number())
    17
    """
    letters = "".join(secrets.choice(ALPHABET) for _ in range(12))
    return f"ZS-{letters[:4]}-{letters[4:8]}-{letters[8:]}"


def normalised(text: str) -> str:
    """A number as it is stored, however it was typed.

    >>> normalised(" zs－7k2m 9pqr-w3xt ")
    'ZS-7K2M-9PQR-W3XT'
    """
    signs = re.sub("[^0-9A-Z]", "", unicodedata.normalize("NFKC", text).upper())
    return "-".join([signs[:2], *(signs[n : n + 4] for n in range(2, len(signs), 4))])[:20]
