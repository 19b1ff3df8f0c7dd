"""Who is not entitled gets the same bytes from two worlds that differ only in what is confidential.

A cell is a role, an address and a way to ask it. `./run test` asks a sample of all cells, spread over addresses and
roles; `LEAK_CELLS=100000 ./run pytest tests/test_two_worlds.py` asks that many.
"""

import difflib
import io
import logging
import os
import re
import zipfile
import zlib
from dataclasses import dataclass
from itertools import islice
from random import Random

import pytest
from django.contrib import admin
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.urls import get_resolver, reverse
from django_filters import FilterSet
from django_filters.filters import BooleanFilter, ChoiceFilter

from accounts.models import Mail
from tests.test_visibility import ANSWERS, LISTS, address_of, addresses, record_of
from tests.two_worlds import ids_from, world_under_the_clock
from tests.world import OUTSIDERS, markers

pytestmark = pytest.mark.django_db
CELLS = int(os.environ.get("LEAK_CELLS", "2000"))
ROLES = (*OUTSIDERS, "applicant", "rival")
PAGE_METHODS = ("get", "post", "head")
API_METHODS = ("get", "post", "put", "patch", "delete", "options")
HTMX = (("HX-Request", "true"),)
# Some of what only one of the worlds holds; names of fields of both, and what they are made of.
WORDS = (
    *("zother", "z2published", "z3publishedpublictitle", "z1draftobject", "z2publishedobject", "压力变送器", "z"),
    *sorted(markers(2, "published") | markers(3, "published") | markers(1, "draft") | markers(2, "withdrawn")),
    *("qfirm", "qdockingfile", "qmessage1", "qagreement2", "qcase1", "XQ-", "DJ-", "坐标测量机", "138", "9"),
)


@dataclass(frozen=True)
class Cell:
    """A question of a role."""

    role: str
    method: str
    address: str
    data: tuple = ()
    headers: tuple = ()


@pytest.fixture(scope="module")
def readings(django_db_setup, django_db_blocker):
    """What both worlds answer to each cell; the other world names the records, because it holds more of them."""
    # That pages are refused is what is asked for; nobody reads thousands of warnings.
    logging.disable(logging.ERROR)
    with django_db_blocker.unblock():
        with world_under_the_clock(is_other=True) as world:
            cells, shared, owned = spread(questions(world)), shared_ids(world), owner_reads(world)
            second = {cell: read(world, cell) for cell in cells} | mails()
        with world_under_the_clock(is_other=False) as world:
            assert shared_ids(world) == shared
            blind = [cell for cell, answer in owner_reads(world).items() if answer == owned[cell]]
            assert blind == [], "here the worlds should differ for the enterprise itself"
            first = {cell: read(world, cell) for cell in cells} | mails()
    logging.disable(logging.NOTSET)
    return first, second


def test_who_is_not_entitled_cannot_tell_two_worlds_apart(readings):
    first, second = readings
    assert len(first) >= CELLS
    leaks = [cell for cell in first | second if first.get(cell) != second.get(cell)]
    shown = "\n\n".join(show_difference(cell, first.get(cell), second.get(cell)) for cell in leaks[:10])
    assert not leaks, f"{len(leaks)} of {len(first)} cells differ:\n{shown}"


def test_no_cell_is_an_error_of_the_server(readings):
    assert [cell for cell, answer in readings[0].items() if zlib.decompress(answer).startswith(b"5")] == []


def shared_ids(world) -> list:
    """The ids of what both worlds hold and somebody outside knows of, or asks for."""
    known = [proposal for (level, title), proposal in world.proposals.items() if level == 1 or title == "坐标测量机"]
    needs = [need for (_, status), need in world.needs.items() if not status.startswith("more")]
    return [record.pk for record in [*needs, *known, *world.entries.values(), *world.records.values()]]


def owner_reads(world) -> dict:
    """The addresses at which the enterprise itself must see that the worlds differ, and what it reads there."""
    names = ("need-list", "docking-messages", "agreement-list", "ledger-list", "needs:mine", "challenges:entry_list")
    found = {}
    for name in names:
        _, records, rest, _ = ANSWERS[name]
        for record in records:
            pk = record_of(world, record).pk if record else None
            cell = Cell("owner", "get", address_of(name, record, rest, pk))
            found[cell] = read(world, cell)
    for (_, status), need in world.needs.items():
        if not status.startswith("more"):
            cell = Cell("owner", "get", reverse("need-detail", args=[need.pk]))
            found[cell] = read(world, cell)
    return found


# The cells: each address with every record it may be asked for, and every way to ask it.


def spread(groups: dict) -> list[Cell]:
    """As many cells as wanted, by turns of each address, the roles and the ways to ask in an order by chance."""
    chance = Random(5)
    for questions_of_one in groups.values():
        chance.shuffle(questions_of_one)
    turns = [role_by_role(asked, chance) for asked in groups.values()]
    chance.shuffle(turns)
    cells = list(islice(by_turns(turns), CELLS))
    assert len(cells) == len(set(cells)) == CELLS
    return cells


def role_by_role(asked: list, chance: Random):
    """Each question by each role; neighbours differ in both."""
    order = chance.sample(ROLES, len(ROLES))
    for shift in range(len(order)):
        for number, (method, address, data, headers) in enumerate(asked):
            yield Cell(order[(number + shift) % len(order)], method, address, data, headers)


def by_turns(iterators: list):
    while iterators:
        left = []
        for iterator in iterators:
            if (one := next(iterator, None)) is not None:
                left.append(iterator)
                yield one
        iterators = left


def questions(world) -> dict:
    """For each address all ways to ask it: method, address, data, headers."""
    ids = ids_asked(world)
    groups = {name: list(dict.fromkeys(asked(name, ids))) for name in [*addresses(get_resolver().url_patterns)]}
    for model in admin.site._registry:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [reverse(f"{name}_change", args=[pk]) for pk in model.objects.values_list("pk", flat=True)]
        lists = [("get", reverse(f"{name}_changelist"), query, ()) for query in queries()]
        groups[name] = lists + [("get", page, (), ()) for page in pages]
    return {name: group for name, group in groups.items() if group}


def asked(name, ids):
    for address in addresses_of(name, ids):
        is_api = address.startswith("/api/")
        bodies = list(posted(name, ids))
        for method in API_METHODS if is_api else PAGE_METHODS:
            for body in bodies if method in {"post", "put", "patch"} else [()]:
                yield method, address, body, ()
        if name in LISTS or "list" in name or "export" in name:
            for query in [*map(as_data, LISTS.get(name, [])), *queries()]:
                yield "get", address, query, ()
                if not is_api:
                    yield "get", address, query, HTMX


def addresses_of(name, ids) -> list[str]:
    """The address for each record of the kind it takes, whether both worlds hold it or only the other one."""
    if name not in ANSWERS:
        return []
    _, records, rest, _ = ANSWERS[name]
    if records == [{}]:
        return [address_of(name, {}, rest, None)]
    kinds = {record.get("kind", "open") for record in records}
    return [address_of(name, {"kind": kind}, rest, pk) for kind in sorted(kinds) for pk in sorted(ids[name])]


def ids_asked(world) -> dict:
    """The ids of all records of the kind that each address takes."""
    kinds = {
        name: type(record_of(world, records[0]))
        for name, (_, records, _, _) in ANSWERS.items()
        if records and records[0]
    }
    held = {kind: set(kind.objects.values_list("pk", flat=True)) for kind in set(kinds.values())}
    return {name: held[kind] for name, kind in kinds.items()}


def posted(name, ids):
    """What is sent: nothing, words that only one world holds, and the ids of needs that are hidden."""
    yield ()
    field = {"api-match": "text", "api-read": "text", "needs:read": "text"}.get(name, "note")
    for word in WORDS[:9]:
        yield ((field, word),)
    for pk in sorted(ids["needs:detail"]):
        yield (("need", str(pk)), ("name", "apply"), ("note", "z"))


def queries():
    """Every filter with every choice, words of both worlds, pages and their sizes, and words with each of them."""
    words = [(("q", word),) for word in WORDS]
    others = [((name, value),) for name, values in sorted(CHOICES.items()) for value in values]
    others += [(("page", page), ("page_size", size)) for page in ("1", "2", "last", "x") for size in ("1", "2", "100")]
    return [(), *words, *others, *(word + other for word in words[:9] for other in others)]


def all_choices() -> dict:
    """The values of every filter of every list, by its name."""
    found = {"ordering": {"title", "-created_at", "budget_high", "-budget_high", "score", "-published_at"}}
    for filters in subclasses(FilterSet):
        for name, one in filters.base_filters.items():
            if isinstance(one, BooleanFilter):
                found.setdefault(name, set()).update({"true", "false"})
            elif isinstance(one, ChoiceFilter) and "choices" in one.extra:
                found.setdefault(name, set()).update(values_of(one.extra["choices"]))
    return {name: sorted(values) for name, values in found.items()}


def values_of(choices) -> list[str]:
    choices = getattr(choices, "choices", None) or (choices() if callable(choices) else choices)
    return [str(value) for value, _ in choices]


def subclasses(kind):
    for one in kind.__subclasses__():
        yield one
        yield from subclasses(one)


def as_data(query: dict) -> tuple:
    return tuple(query.items())


CHOICES = all_choices()


# What is read.


def read(world, cell: Cell) -> bytes:
    """Status, headers and bytes without what differs from request to request; what was changed is taken back."""
    client = Client(raise_request_exception=False, headers=dict(cell.headers))
    client.cookies = world.cookies[cell.role].copy()
    extra = {}
    if cell.method not in {"get", "head"} and cell.address.startswith("/api/"):
        extra["content_type"] = "application/json"
    with ids_from("request"), transaction.atomic():
        answer = getattr(client, cell.method)(cell.address, dict(cell.data) or None, **extra)
        body = answer.getvalue() if answer.streaming else answer.content
        transaction.set_rollback(True)
    return zlib.compress(neutral(answer, body), 1)


# Masked tokens are random by their nature.
TOKENS = re.compile(rb'(name="csrfmiddlewaretoken" value=)"[^"]*"')


def neutral(answer: HttpResponse, body: bytes) -> bytes:
    headers = {name: value for name, value in answer.headers.items() if name != "Content-Length"}
    cookies = {name: cookie.value for name, cookie in answer.cookies.items() if name not in {"csrftoken", "sessionid"}}
    if zipfile.is_zipfile(io.BytesIO(body)):
        body = unpacked(body)
    return f"{answer.status_code}\n{headers}\n{cookies}\n".encode() + TOKENS.sub(rb"\1", body)


def unpacked(body: bytes) -> bytes:
    """The members of a sheet, without the one that says when it was written."""
    with zipfile.ZipFile(io.BytesIO(body)) as sheet:
        names = [name for name in sheet.namelist() if not name.startswith("docProps/")]
        return b"\n".join(name.encode() + b"\n" + sheet.read(name) for name in names)


def mails() -> dict:
    """The digests written to these people; the id of a mail is random."""
    written = Mail.objects.filter(user__name__in=ROLES).select_related("user").order_by("user__name", "created_at")
    found = {}
    for number, mail in enumerate(written):
        cell = Cell(mail.user.name, "mail", f"{number}")
        found[cell] = zlib.compress(f"{mail.subject}\n{mail.body}".encode())
    return found


def show_difference(cell: Cell, first: bytes | None, second: bytes | None) -> str:
    """The cell and where its answers begin to differ."""
    texts = [zlib.decompress(one).decode(errors="replace").splitlines() if one else [] for one in (first, second)]
    lines = difflib.unified_diff(*texts, "world A", "world B", n=1, lineterm="")
    return "\n".join([repr(cell), *(line[:400] for line in islice(lines, 12))])
