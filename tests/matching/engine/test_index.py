import random
from dataclasses import replace
from time import perf_counter

import pytest

from matching.engine.documents import CapabilityDocument, CapabilityKind, NeedDocument
from matching.engine.facts import Cells, Line
from matching.engine.index import build_index
from matching.engine.profile import profile_capability, profile_need

SERVICE, RESEARCH = CapabilityKind.SERVICE, CapabilityKind.RESEARCH
CAPABILITIES = (
    CapabilityDocument("truck", "省院", "电子汽车衡"),
    CapabilityDocument("caliper", "省院", "通用卡尺", "JJG 30-2012"),
    CapabilityDocument("furnace", "市所", "热处理炉炉温均匀性", lines=(Line(Cells(), quantity="temperature"),)),
    CapabilityDocument("weighing", "大学", "车辆动态称重方法研究", kind=RESEARCH),
)


def find(need, capabilities=CAPABILITIES, kind=SERVICE, limit=10):
    return build_index(capabilities).candidates(need, profile_need(need), limit=limit)[kind]


def test_the_nearest_comes_first():
    assert [found.document.key for found in find(NeedDocument("n", "汽车衡和卡尺送检，主要是汽车衡"))] == [
        "truck",
        "caliper",
    ]


def test_the_shares_of_the_terms_add_up_to_the_similarity():
    for found in find(NeedDocument("n", "地磅、卡尺、炉子温度")):
        assert sum(weight.similarity for weight in found.shared) == pytest.approx(found.words)


def test_the_similarities_lie_between_nothing_and_the_whole():
    for found in find(NeedDocument("n", "电子汽车衡、卡尺、炉子温度")):
        assert all(0 <= value <= 1 for value in (found.words, found.characters, found.meaning, found.closeness))


def test_a_character_in_common_brings_near_what_shares_no_word():
    capabilities = [CapabilityDocument("hook", "省院", "吊秤"), CapabilityDocument("dial", "省院", "百分表")]
    (found,) = find(NeedDocument("n", "秤砣"), capabilities)
    assert (found.document.key, found.words, found.characters > 0) == ("hook", 0.0, True)


def test_words_that_stand_together_in_the_catalogue_share_a_meaning():
    others = [f"{chr(0x4E00 + 7 * number)}{chr(0x6E00 + 7 * number)}" for number in range(300)]
    titles = ["汽车衡 翡翠"] * 20 + ["翡翠", "玛瑙", *others]
    index = build_index(CapabilityDocument(f"{number:03}", "省院", title) for number, title in enumerate(titles))
    found = index.candidates_among(profile_need(NeedDocument("n", "汽车衡")), ["020", "021"], limit=2)
    assert [(each.document.key, each.words, each.meaning > 0.1) for each in found] == [
        ("020", 0, True),
        ("021", 0, False),
    ]


def test_given_capabilities_are_candidates_however_far_they_are():
    need = NeedDocument("n", "卡尺")
    found = build_index(CAPABILITIES).candidates_among(profile_need(need), ["truck", "caliper", "furnace"], limit=2)
    assert [candidate.document.key for candidate in found] == ["caliper", "furnace"]


def test_research_is_found_apart_from_services():
    need = NeedDocument("n", "地磅动态称重")
    assert [found.document.key for found in find(need, kind=RESEARCH)] == ["weighing"]


def test_a_shared_code_or_quantity_makes_a_candidate_without_a_shared_word():
    by_code = NeedDocument("n", "JJG 30")
    by_quantity = NeedDocument("n", "杜瓦", lines=(Line(Cells(), quantity="temperature"),))
    assert [[found.document.key for found in find(need)] for need in (by_code, by_quantity)] == [
        ["caliper"],
        ["furnace"],
    ]


def test_equal_ones_come_in_the_order_of_their_keys_however_they_were_given():
    twins = [CapabilityDocument(key, "省院", "百分表") for key in ("b", "c", "a")]
    need = NeedDocument("n", "百分表")
    for order in (twins, twins[::-1]):
        assert [found.document.key for found in find(need, order, limit=2)] == ["a", "b"]


@pytest.mark.parametrize("text", ["", "1 2 3", "……", "\x00", "霾霾"])
def test_a_need_without_shared_words_has_no_candidates(text):
    assert find(NeedDocument("n", text)) == ()


def test_an_empty_index_and_an_index_of_empty_documents_answer():
    assert (
        find(NeedDocument("n", "地磅"), ()),
        find(NeedDocument("n", "地磅"), [CapabilityDocument("c", "p", "")]),
    ) == ((), ())


def test_stored_profiles_take_the_place_of_reading():
    profiles = {document.key: profile_capability(document) for document in CAPABILITIES}
    renamed = [CapabilityDocument(document.key, "省院", "") for document in CAPABILITIES if document.kind is SERVICE]
    need = NeedDocument("n", "地磅")
    found = build_index(renamed, profiles=profiles).candidates(need, profile_need(need), limit=3)[SERVICE]
    assert [candidate.document.key for candidate in found] == ["truck"]


def test_progress_sees_every_document():
    seen = []
    build_index(
        CAPABILITIES, progress=lambda documents: [seen.append(document.key) or document for document in documents]
    )
    assert seen == sorted(document.key for document in CAPABILITIES)


def test_twenty_thousand_rows_are_indexed_in_seconds_when_their_profiles_are_stored():
    source = random.Random(1)
    profiles = [profile_capability(document) for document in CAPABILITIES]
    documents = [CapabilityDocument(str(number), "省院", "") for number in range(20_000)]
    start = perf_counter()
    index = build_index(documents, profiles={document.key: source.choice(profiles) for document in documents})
    assert (index.words.rows.shape[0], perf_counter() - start < 10) == (20_000, True)


def test_a_word_of_the_trade_that_nobody_offers_lowers_the_similarity():
    offered, partly = (find(NeedDocument("n", title))[0].words for title in ("卡尺", "卡尺和质谱仪"))
    assert partly < offered


def test_a_candidate_without_a_word_is_what_the_index_finds_for_a_need_without_it():
    index, profile = build_index(CAPABILITIES), profile_need(NeedDocument("n", "地磅、卡尺送检，炉子温度不匀"))
    for key in index.rows:
        (found,) = index.candidates_among(profile, [key], limit=1)
        for shared in found.shared:
            word = profile.words.get(shared.term, shared.term)
            of_word = [each for each in found.shared if profile.words.get(each.term, each.term) == word]
            left = {term: weight for term, weight in profile.terms.items() if profile.words.get(term, term) != word}
            (expected,) = index.candidates_among(replace(profile, terms=left), [key], limit=1)
            poorer = found.without(of_word)
            assert (poorer.words, poorer.meaning) == pytest.approx((expected.words, expected.meaning), abs=1e-5)
