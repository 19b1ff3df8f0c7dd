"""A write that is sent twice takes effect once: its answer is kept under the client's `Idempotency-Key`."""

import hashlib
import json
import re

from django.http import HttpResponse
from django.utils.crypto import salted_hmac
from rest_framework.exceptions import APIException, ParseError

from core.api.etags import to_bytes
from core.models import IdempotentAnswer

HEADER = "Idempotency-Key"
KEY = re.compile(r"[\x20-\x7e]{1,200}")
KEPT_HEADERS = ("ETag", "Location")


class KeyReused(APIException):
    status_code = 422
    default_detail = f"这个 {HEADER} 已经用于另一个请求；新的请求请换一个新的键，重发原请求请不要改动内容。"


def claim_key(request) -> IdempotentAnswer | None:
    """What is kept under the request's key, or a new entry that is still empty; None without a key.

    Whoever comes second waits here until the first is through, because the entry is unique.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not KEY.fullmatch(key.strip()):
        raise ParseError(f"请求头 {HEADER} 应为 1 到 200 个可见的 ASCII 字符，例如一个 UUID；请改正后重新提交。")
    fingerprint = fingerprint_of(request)
    entry, _ = IdempotentAnswer.objects.get_or_create(
        user=request.user, key=key.strip(), defaults={"fingerprint": fingerprint}
    )
    if entry.fingerprint != fingerprint:
        raise KeyReused
    return entry


def fingerprint_of(request) -> str:
    """Equal for requests that ask for the same: method, address with query, and content."""
    # What was parsed, not what was sent: the session's CSRF check may have read the stream already.
    data = dict(request.data.lists()) if hasattr(request.data, "lists") else request.data
    asked = json.dumps([request.method, request.get_full_path(), data], sort_keys=True, default=_digest_of_file)
    # Keyed, or a sealed price could be found by trying amounts.
    return salted_hmac("core.api.replay", asked, algorithm="sha256").hexdigest()


def keep_answer(entry: IdempotentAnswer, response, *, target: str) -> None:
    """Store the answer; `target` names the record it shows, which whoever asks again must still be able to see."""
    entry.status = response.status_code
    entry.headers = {name: response[name] for name in KEPT_HEADERS if name in response}
    entry.body = to_bytes(response.data)
    entry.target = target
    entry.save()


def replay(entry: IdempotentAnswer) -> HttpResponse:
    """The answer as it was given the first time."""
    answer = HttpResponse(
        bytes(entry.body),
        status=entry.status,
        content_type="application/json",
        headers={**entry.headers, "Idempotent-Replayed": "true"},
    )
    if not entry.body:
        del answer["Content-Type"]
    return answer


def _digest_of_file(file) -> list:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return [file.name, digest.hexdigest()]
