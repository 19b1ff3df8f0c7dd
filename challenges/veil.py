"""Texts without what tells who wrote them: names of bodies and people, their usual short forms, numbers, addresses."""

import re
from collections.abc import Iterable, Iterator
from urllib.parse import urlsplit

from accounts.enums import MemberStatus
from accounts.models import Organisation, User
from challenges.models import Solution
from challenges.models.solutions import PARTS

SOLVER, ASKER, PERSON, CODE = "本单位", "需求企业", "某人", "（编号已隐去）"
HIDDEN = "（联系方式已隐去）"
# Whatever looks like one leads to somebody.
CONTACTS = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:https?://|www\.)[\w./?=&%#~:-]+|(?<!\d)(?:1\d{10}|0\d{2,3}[- ]?\d{7,8})(?!\d)",
    re.ASCII,
)
LEGAL_FORM = re.compile("(?:股份有限公司|有限责任公司|集团有限公司|有限公司|集团公司|集团|公司)$")
PLACE = re.compile("^(?P<place>[^省市区县]{2,6}?)(?:省|市|自治区|壮族自治区|维吾尔自治区|回族自治区)")
METROLOGY = re.compile("计量.*(?:院|所|中心)$")
# What is left of a name has to say more than what it is.
SHORTEST = 4


class Veil:
    """Called with a text, gives it with other words for those to be hidden; `words` says what stands for each of them.

    Without any it leaves the text as it is.
    """

    def __init__(self, words: dict[str, str]):
        self.words = {_bare(word): instead for word, instead in words.items() if _bare(word)}
        # The longest first: a short form is part of the full name.
        found = sorted(self.words, key=len, reverse=True)
        self.pattern = re.compile("|".join(map(_pattern_of, found)), re.IGNORECASE) if found else None

    def __call__(self, text: str) -> str:
        if self.pattern is None:
            return text
        return self.pattern.sub(lambda match: self.words[_bare(match[0])], CONTACTS.sub(HIDDEN, text))


def veil_for(solution: Solution) -> Veil:
    """Hides who is behind a solution, or was asked to be, and whose the need is."""
    bodies = [solution.organisation, *(each.organisation for each in solution.co_applicants.all())]
    texts = [getattr(solution, part) for part in PARTS]
    texts += [text for row in solution.promises.all() for text in (row.promised_text, row.evidence)]
    words = dict.fromkeys(names_of(solution.entry.need.organisation), ASKER)
    for body in bodies:
        names = list(names_of(body))
        words |= dict.fromkeys([*names, *_aliases(names, texts)], SOLVER)
        words |= dict.fromkeys(_people_of(body), PERSON)
        numbers = [body.credit_code, *(each.number for each in body.credentials.all())]
        words |= dict.fromkeys((number for number in numbers if len(number) >= SHORTEST), CODE)
        words[(urlsplit(body.website).hostname or "").removeprefix("www.")] = HIDDEN
    words |= dict.fromkeys(_names_of_person(solution.author), PERSON)
    return Veil(words)


def names_of(body: Organisation) -> Iterator[str]:
    """The name, and the shorter ones that people use for it.

    >>> sorted(names_of(Organisation(name="江苏省计量科学研究院")))
    ['江苏省计量科学研究院', '江苏省计量院', '江苏计量科学研究院', '江苏计量院', '计量科学研究院']
    >>> sorted(names_of(Organisation(name="海平（苏州）仪器股份有限公司")))
    ['海平仪器', '海平（苏州）仪器', '海平（苏州）仪器股份有限公司']
    >>> sorted(names_of(Organisation(name="上海交通大学"))), sorted(names_of(Organisation(name="浙江大学")))
    (['上海交大', '上海交通大学'], ['浙大', '浙江大学'])
    """
    yield from dict.fromkeys([body.name, *(name for name in _short_names(body.name) if len(name) >= SHORTEST)])
    if body.name.endswith("大学") and len(body.name) == SHORTEST:
        yield f"{body.name[0]}大"


def _short_names(name: str) -> Iterator[str]:
    stem = LEGAL_FORM.sub("", name)
    yield from (stem, re.sub("[（(].*?[）)]", "", stem))
    if found := PLACE.match(name):
        rest = stem[found.end() :]
        yield from (rest, found["place"] + rest)
        if METROLOGY.search(rest):
            yield from (f"{found[0]}计量院", f"{found['place']}计量院")
    if name.endswith("大学") and len(name) > SHORTEST:
        yield f"{name[:-4]}{name[-4]}大"


def _aliases(names: Iterable[str], texts: Iterable[str]) -> Iterator[str]:
    """What the texts themselves say the body is called for short."""
    known = "|".join(map(_pattern_of, sorted(map(_bare, names), key=len, reverse=True)))
    alias = re.compile(rf"(?:{known})\s*[（(](?:以下)?简称(?:为)?[：:\s]*[“\"「]?(\w{{2,12}})", re.IGNORECASE)
    for text in texts:
        yield from (match[1] for match in alias.finditer(text))


def _people_of(body: Organisation) -> Iterator[str]:
    for seat in body.memberships.all():
        if seat.status == MemberStatus.ACTIVE:
            yield from _names_of_person(seat.user)


def _names_of_person(person: User) -> Iterator[str]:
    """A name of one sign stands for too much else."""
    if len(person.name) > 1:
        yield person.name
    yield person.phone


def _bare(word: str) -> str:
    """The word as it is compared: however it is spaced, bracketed or capitalised."""
    return re.sub(r"\s", "", word).translate(str.maketrans("()", "（）")).lower()


def _pattern_of(word: str) -> str:
    """What finds the word however it is written, but not within a longer one in Latin letters or digits."""
    signs = [r"[（(]" if sign == "（" else r"[）)]" if sign == "）" else re.escape(sign) for sign in word]
    before = "(?<![A-Za-z0-9])" if word[0].isascii() and word[0].isalnum() else ""
    after = "(?![A-Za-z0-9])" if word[-1].isascii() and word[-1].isalnum() else ""
    return before + r"\s*".join(signs) + after
