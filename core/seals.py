"""Seals: each entry of a chain is hashed together with the seal of the one before it."""

import hashlib
import json

from django.core.serializers.json import DjangoJSONEncoder


def seal(previous: str, content: list) -> str:
    """The seal of `content` that follows the seal `previous`."""
    # Through JSON and back, so that an entry reads the same before it is stored and after.
    text = json.dumps([previous, content], cls=DjangoJSONEncoder, ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
