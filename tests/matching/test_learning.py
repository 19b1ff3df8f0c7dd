import pytest

from core.workflow import NotPermitted
from matching import learning
from matching.catalogue import active_weights, current_basis
from matching.engine.evaluation import Case
from matching.engine.facts import to_json
from matching.engine.scoring import Evidence, PartCode, load_weights
from matching.learning import Example, activate_weights, compare, examples_of_use, grades_of_use, propose_weights
from matching.models import WeightSet
from matching.services import move_proposal, propose_for_need

EVALUATION = {"learnt_from": {"cases": 1, "use": 0}, "held": {"needs": 0, "old": {}, "new": {}}}
EVALUATION["use"] = EVALUATION["held"]


@pytest.fixture
def weight_set(db):
    """Weights that look at nothing but words."""
    weights = to_json(load_weights()) | {"version": "words", "gains": {"text": 100.0}, "losses": {}}
    return WeightSet.objects.create(version="words", base_version="old", weights=weights, evaluation=EVALUATION)


def test_the_engine_comes_with_weights(db):
    assert active_weights() == load_weights()


def test_only_an_organiser_switches_weights(weight_set, owner, organiser):
    with pytest.raises(NotPermitted):
        activate_weights(weight_set, actor=owner)
    activate_weights(weight_set, actor=organiser)
    assert (active_weights().version, weight_set.activated_by) == ("words", organiser)


def test_a_switch_changes_the_basis_of_every_match(weight_set, organiser, capability):
    before = current_basis().stamp
    activate_weights(weight_set, actor=organiser)
    assert current_basis().stamp != before


def test_one_set_is_in_use_at_most(weight_set, organiser):
    activate_weights(weight_set, actor=organiser)
    other = WeightSet.objects.create(
        version="other", base_version="words", weights=weight_set.weights, evaluation=EVALUATION
    )
    activate_weights(other, actor=organiser)
    assert list(WeightSet.objects.filter(is_active=True)) == [other]


def test_answers_become_grades_unless_the_reason_is_not_the_matchers(new_need, new_capability, provider):
    names = ["坐标测量机", "三坐标测量机", "坐标测量机（大型）"]
    capabilities = [new_capability(name) for name in names]
    need = new_need("published")
    propose_for_need(need)
    accepted, declined, busy = (need.proposals.get(capability=each) for each in capabilities)
    move_proposal(accepted, "provider_accept", actor=provider)
    move_proposal(declined, "provider_decline", actor=provider, reason="uncertainty")
    move_proposal(busy, "provider_decline", actor=provider, reason="time")
    grades = {str(accepted.capability_id): 2, str(declined.capability_id): 1}
    assert grades_of_use() == {need.pk: grades}
    [example] = examples_of_use()
    assert (dict(example.case.grades), set(example.evidence)) == (grades, set(grades))


def test_weights_are_compared_by_how_they_rank():
    words, figures = Evidence(PartCode.TEXT, 1.0), Evidence(PartCode.MEASUREMENT, 1.0)
    example = Example(Case("n", grades={"right": 3, "wrong": 0}), {"right": (figures,), "wrong": (words,)})
    old = load_weights()
    by_words = WeightSet(weights=to_json(old) | {"gains": {"text": 100.0}}).engine_weights
    by_figures = WeightSet(weights=to_json(old) | {"gains": {"measurement": 100.0}}).engine_weights
    compared = compare([example], by_words, by_figures)
    assert (compared["old"]["p@1"], compared["new"]["p@1"]) == (0.0, 1.0)


def test_learning_again_gives_the_same_weights_whichever_are_in_use(db, monkeypatch, organiser):
    words, figures = Evidence(PartCode.TEXT, 1.0), Evidence(PartCode.MEASUREMENT, 1.0)
    silent = [Evidence(code) for code in PartCode]
    right = tuple(figures if each.code is PartCode.MEASUREMENT else each for each in silent)
    wrong = tuple(words if each.code is PartCode.TEXT else each for each in silent)
    example = Example(Case("n", grades={"right": 3, "wrong": 0}), {"right": right, "wrong": wrong})
    monkeypatch.setattr(learning, "project_capabilities", list)
    monkeypatch.setattr(learning, "examples_of_cases", lambda split, index, progress: [example])
    first = propose_weights()
    activate_weights(first, actor=organiser)
    WeightSet.objects.filter(pk=first.pk).update(version="first")
    second = propose_weights()
    assert second.weights | {"version": ""} == first.weights | {"version": ""}
    assert first.weights["gains"] != load_weights().gains


def test_the_page_of_weights_is_for_organisers(client, owner, organiser, weight_set):
    client.force_login(owner, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get("/matching/weights/").status_code == 403
    client.force_login(organiser, backend="django.contrib.auth.backends.ModelBackend")
    client.post(f"/matching/weights/{weight_set.pk}/activate/")
    assert "启用中" in client.get("/matching/weights/").content.decode()


def test_a_switch_has_all_needs_matched(
    weight_set, organiser, capability, new_need, django_capture_on_commit_callbacks
):
    need = new_need("published")
    propose_for_need(need)
    with django_capture_on_commit_callbacks(execute=True):
        activate_weights(weight_set, actor=organiser)
    assert set(need.proposals.current().values_list("engine_version", flat=True)) == {current_basis().version}
