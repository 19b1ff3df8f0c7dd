from dataclasses import replace

import pytest

from matching.engine.learning import Lesson, learn_weights
from matching.engine.scoring import Evidence, PartCode, load_weights

START = load_weights()


def candidate(**strengths):
    return tuple(Evidence(code, strengths.get(code.value, 0.0)) for code in PartCode)


def lessons(better, worse, times=40):
    return [Lesson((candidate(**better), candidate(**worse)), (3, 0))] * times


@pytest.mark.parametrize("code", list(PartCode))
def test_evidence_that_tells_good_from_bad_gains_weight(code):
    learnt = learn_weights(lessons({code.value: 0.5}, {}), START, version="t")
    assert learnt.gains[code] > START.gains[code]


def test_evidence_against_what_is_bad_takes_more():
    learnt = learn_weights(lessons({"text": 0.5}, {"text": 0.5, "condition": -0.5}), START, version="t")
    assert learnt.losses["condition"] > START.losses["condition"]


def test_evidence_that_misleads_loses_its_weight_but_never_turns():
    learnt = learn_weights(lessons({}, {"region": 1.0, "text": 0.9}, times=1), START, version="t")
    assert (learnt.gains["region"], min(*learnt.gains.values(), *learnt.losses.values()) >= 0) == (0, True)


def test_the_gains_add_up_to_a_hundred():
    learnt = learn_weights(lessons({"text": 0.6, "code": 1.0}, {"text": 0.5}), START, version="t")
    assert (learnt.version, sum(learnt.gains.values())) == ("t", pytest.approx(100, abs=0.5))


def test_nothing_to_learn_leaves_the_weights_as_they_were():
    learnt = learn_weights([Lesson((candidate(text=0.5),), (0,))], START, version=START.version)
    assert learnt.gains == pytest.approx(START.gains, abs=0.2)


def test_the_same_lessons_give_the_same_weights():
    told = lessons({"text": 0.7, "meaning": 0.2}, {"text": 0.6, "measurement": -0.5})
    assert learn_weights(told, START, version="t") == learn_weights(told, START, version="t")


def test_the_score_that_tells_served_needs_from_gaps_is_learnt():
    served = [Lesson((candidate(text=0.6 + step / 100, meaning=0.6),), (3,)) for step in range(20)]
    gaps = [Lesson((candidate(text=0.1 + step / 100),), (1,)) for step in range(20)]
    learnt = learn_weights(served + gaps, START, version="t")
    assert 0.2 * learnt.gains["text"] < learnt.served_at < 0.6 * (learnt.gains["text"] + learnt.gains["meaning"])


def test_without_gaps_the_boundary_stays():
    learnt = learn_weights(lessons({"text": 0.5}, {}), replace(START, served_at=12.5), version="t")
    assert learnt.served_at == 12.5
