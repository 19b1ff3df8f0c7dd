import subprocess
import sys
from collections import Counter
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.engine.terms import codes_of, expand, read_terms, stop_words, surfaces, terms_of, tokenizer, vocabulary
from matching.engine.units import KINDS

DISCIPLINES = {"几何量", "热学", "力学", "电磁", "无线电", "时间频率", "光学", "声学", "电离辐射", "化学", "生物"}


@pytest.mark.parametrize(
    ("text", "term", "word"),
    [
        ("厂门口的地磅", "汽车衡", "地磅"),
        ("三次元要年检", "坐标测量机", "三次元"),
        ("CMM calibration", "坐标测量机", "CMM"),
        ("百分表不准", "指示表", "百分表"),
        ("炉子温度不匀", "炉温均匀性", "炉子温度不匀"),
        ("a load cell of 5 t", "称重传感器", "load cell"),
        ("０．４级压力表", "精密压力表", "0.4级压力表"),
    ],
)
def test_a_colloquial_word_leads_to_the_canonical_term_and_is_remembered(text, term, word):
    read = read_terms([(text, 1.0)])
    assert (read.weights[term], read.words[term]) == (1.0, word)


def test_an_ambiguous_word_leads_to_each_of_its_terms_with_half_the_weight():
    weights = terms_of("磅秤")
    assert {term: weights[term] for term in ("汽车衡", "机械秤")} == {"汽车衡": 0.5, "机械秤": 0.5}


def test_the_longest_word_wins_and_the_shorter_ones_in_it_are_parts():
    weights = terms_of("精密压力表")
    assert (weights["精密压力表"], weights["压力表"]) == (1.0, 0.35)


@pytest.mark.parametrize(
    "text",
    ["0~500 mm", "±(1.5+L/350) μm", "U=0.3 μm (k=2)", "60 t", "(20±1)℃", "5×10⁻⁶", "-40…150 ℃", "100 公斤", "3000V"],
)
def test_measured_values_are_no_terms(text):
    assert [term for term in terms_of(text) if any(character.isdigit() for character in term)] == []


def test_a_unit_glued_to_a_word_of_the_vocabulary_is_cut_off():
    assert terms_of("500mm卡尺")["游标卡尺"] == 1.0


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("依据 JJF 1064-2010 和 JJG30", {"JJF 1064": "2010", "JJG 30": ""}),
        ("GB/T 17167、GB 17167-2006", {"GB 17167": "2006"}),
        ("JJF1059.1—2012", {"JJF 1059.1": "2012"}),
        ("JJG（交通）070-2006", {"JJG(交通) 070": "2006"}),
        ("IEC 61000-4-2:2008", {"IEC 61000": ""}),
        ("按 JJG 30.", {"JJG 30": ""}),
        ("硬度 HB 220，HB 5486-1991", {"HB 5486": "1991"}),
        ("HJ/T 76", {"HJ 76": ""}),
        ("型号 XJJG 52", {}),
    ],
)
def test_standards_are_read_by_number_with_the_edition_apart(text, codes):
    assert codes_of(text) == codes


def test_two_latin_letters_count_only_as_they_are_written():
    assert ("电流互感器" in terms_of("CT 变比"), "电流互感器" in terms_of("ct 变比")) == (True, False)


@pytest.mark.parametrize("text", ["ACTION", "SEMI标准", "DRIVE", "3CMM5"])
def test_nothing_is_found_inside_a_latin_word(text):
    assert [term for term in terms_of(text) if term in vocabulary()] == []


def test_words_that_say_little_count_little():
    assert terms_of("我司需要校准") == {"我司": 0.1, "需要": 0.1, "校准": 0.1}


def test_an_unknown_compound_is_read_by_pairs_of_characters():
    assert terms_of("锝铼铱") == {"锝铼": 1.0, "铼铱": 1.0}


def test_repeats_count_less_each_time():
    once, twice, often = (terms_of("卡尺，" * times)["游标卡尺"] for times in (1, 2, 50))
    assert once < twice < 2 * once < often < 6


def test_the_weight_of_a_text_weighs_its_terms():
    assert read_terms([("卡尺", 0.5), ("塞尺", 1.0)]).weights.items() >= {"游标卡尺": 0.5, "塞尺": 1.0}.items()


def test_a_run_of_one_character_takes_no_time():
    terms_of("暖身")
    start = process_time()
    terms_of("的" * 200_000 + "啊" * 200_000 + "1" * 200_000 + "a" * 200_000)
    assert process_time() - start < 1


@given(st.text(max_size=60))
def test_any_text_gives_the_same_finite_weights_twice(text):
    weights = terms_of(text)
    assert weights == terms_of(text)
    assert all(0 < weight < 10 for weight in weights.values())


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "\ud800", "NaN 1e999", "（）——…"])
def test_text_without_words_gives_no_canonical_term(text):
    assert [term for term in terms_of(text) if term in vocabulary()] == []


def test_segmenting_is_quiet_and_writes_no_file(tmp_path):
    program = "from matching.engine.terms import terms_of; terms_of('光刻机的套刻误差')"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        env={"TMPDIR": str(tmp_path), "PYTHONPATH": "."},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (run.stdout, run.stderr, list(tmp_path.iterdir())) == ("", "", [])


def test_the_tokenizer_is_our_own():
    import jieba

    assert tokenizer() is not jieba.dt


def test_the_vocabulary_covers_the_field():
    disciplines = Counter(entry.discipline for entry in vocabulary().values())
    assert set(disciplines) == DISCIPLINES | {"医学", "能源", "通用"}
    assert (min(disciplines.values()) >= 20, sum(disciplines.values()) >= 600) == (True, True)


def test_the_vocabulary_names_only_quantities_there_are():
    assert {entry.quantity for entry in vocabulary().values() if entry.quantity} - set(KINDS) == set()


def test_every_word_of_the_vocabulary_leads_to_its_terms():
    unsure = {word for entry in vocabulary().values() for word in entry.ambiguous_synonyms}
    lost = [
        (word, entry.term)
        for entry in vocabulary().values()
        for word in (entry.term, *entry.synonyms)
        if word not in unsure
        and surfaces()[word if len(word) <= 2 and word.isascii() else word.lower()] != (entry.term,)
    ]
    assert lost == []


def test_no_code_in_the_vocabulary_carries_a_year():
    codes = [code for entry in vocabulary().values() for code in entry.codes]
    assert [code for code in codes if codes_of(code) != {code.replace("/T", ""): ""}] == []


def test_conditions_have_a_group_and_a_value():
    conditions = [entry for entry in vocabulary().values() if entry.kind == "condition"]
    assert [entry.term for entry in conditions if not (entry.group and entry.value)] == []


def test_no_word_of_the_vocabulary_is_a_stop_word_unless_it_is_the_trades_own_routine():
    asked_for = [entry for entry in vocabulary().values() if entry.kind not in ("practice", "condition")]
    assert [(entry.term, word) for entry in asked_for for word in entry.synonyms if word in stop_words()] == []


def test_a_part_never_counts_more_than_the_term_it_is_part_of():
    weak = []
    for surface, terms in surfaces().items():
        weights = dict(expand(surface))
        if max(weights[term] for term in terms) < max(weights.values()):
            weak.append(surface)
    assert weak == []
