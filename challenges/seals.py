"""Sealed prices: stored so that nobody reads or guesses an amount before it is opened."""

from base64 import urlsafe_b64encode
from decimal import Decimal

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.utils.crypto import salted_hmac

# More digits than any amount has: all ciphers are of one length.
WIDTH = 24


class SealError(Exception):
    """A cipher that none of the keys opens."""


def seal(amount: Decimal) -> bytes:
    """The cipher of an amount, another one each time."""
    return _keys().encrypt(str(amount).rjust(WIDTH).encode())


def unseal(cipher: bytes) -> Decimal:
    """The amount that was sealed, under the present SECRET_KEY or one of those before it."""
    try:
        return Decimal(_keys().decrypt(bytes(cipher)).decode().strip())
    except InvalidToken as error:
        raise SealError from error


def _keys() -> MultiFernet:
    """What seals is the present key; what opens may be an earlier one."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac("challenges.seals", "price", secret=each, algorithm="sha256").digest() for each in secrets]
    return MultiFernet([Fernet(urlsafe_b64encode(digest)) for digest in digests])
