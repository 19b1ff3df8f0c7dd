"""Better weights from worked cases and from use: proposed by the machine, switched on by an organiser."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from core.workflow import NotPermitted
from matching.adapters import need_document
from matching.catalogue import active_weights, current_basis
from matching.engine.evaluation import Case, measure_ranking
from matching.engine.facts import to_json
from matching.engine.index import Index, build_index
from matching.engine.learning import Lesson, learn_weights
from matching.engine.match import gather_evidence
from matching.engine.scoring import Evidence, Weights, add_up, load_weights, weigh
from matching.enums import DeclineReason
from matching.enums import ProposalStatus as S
from matching.evaluation import CASES, project_capabilities, read_cases, read_needs
from matching.jobs import queue_rematch
from matching.models import Proposal, WeightSet
from needs.models import Need

Progress = Callable[[Iterable], Iterable]

# What one or both sides say of a pairing.
GRADES = {S.ENTERPRISE_INTERESTED: 2, S.PROVIDER_INTERESTED: 2, S.MUTUAL: 3}
# A refusal for one of these says that the pairing was wrong; others say nothing about it.
TECHNICAL = {
    DeclineReason.CAPABILITY: 0,
    DeclineReason.RANGE: 1,
    DeclineReason.UNCERTAINTY: 1,
    DeclineReason.CONDITION: 1,
}
MEASURES = ("ndcg@10", "mrr", "p@1")


@dataclass(frozen=True)
class Example:
    """A need whose candidates were graded, and what spoke for and against each candidate."""

    case: Case
    evidence: dict[str, tuple[Evidence, ...]]

    @property
    def lesson(self) -> Lesson:
        return Lesson(tuple(self.evidence.values()), tuple(self.case.grades.get(key, 0) for key in self.evidence))

    def ranking(self, weights: Weights) -> list[str]:
        """The candidates as these weights would rank them."""
        scores = {key: add_up(weigh(found, weights)) for key, found in self.evidence.items()}
        return sorted(scores, key=lambda key: (-scores[key], key))


def propose_weights(*, progress: Progress = iter) -> WeightSet:
    """Learn from the worked cases and from use, compare with the weights in use, and keep both figures.

    Learning starts from the weights the engine comes with: the same lessons give the same weights, however often.
    """
    old = active_weights()
    index = build_index(project_capabilities())
    taught, held = (examples_of_cases(split, index, progress) for split in ("dev", "held"))
    used = examples_of_use()
    new = learn_weights(
        [example.lesson for example in (*taught, *used)],
        load_weights(),
        version=f"{timezone.localtime():%Y%m%d-%H%M%S}",
    )
    evaluation = {
        "learnt_from": {"cases": len(taught), "use": len(used)},
        "held": compare(held, old, new),
        "use": compare(used, old, new),
    }
    return WeightSet.objects.create(
        version=new.version, weights=to_json(new), base_version=old.version, evaluation=evaluation
    )


@transaction.atomic
def activate_weights(weight_set: WeightSet, *, actor: User) -> WeightSet:
    """Switch to these weights, and have all needs matched with them."""
    if not actor.has_perm("matching.switch_weights"):
        raise NotPermitted("只有组织方可以切换匹配权重。")
    WeightSet.objects.select_for_update().filter(is_active=True).update(is_active=False)
    weight_set.is_active, weight_set.activated_at, weight_set.activated_by = True, timezone.now(), actor
    weight_set.save()
    transaction.on_commit(queue_rematch)
    return weight_set


def examples_of_cases(split: str, index: Index, progress: Progress = iter) -> list[Example]:
    """The project's worked cases, each with the evidence of its candidates."""
    needs = {need.key: need for need in read_needs(CASES / "needs.jsonl", split=split)}
    cases = read_cases(CASES / "needs.jsonl", CASES / "qrels.jsonl", keys=set(needs), known=set(index.rows))
    return [Example(case, gather_evidence(needs[case.need], index)) for case in progress(cases)]


def examples_of_use() -> list[Example]:
    """Needs of the platform with proposals that were accepted or refused for a technical reason."""
    grades, index = grades_of_use(), current_basis().index
    examples = []
    for need in Need.objects.filter(pk__in=grades).for_list():
        evidence = gather_evidence(need_document(need), index)
        graded = {key: found for key, found in evidence.items() if key in grades[need.pk]}
        if len(graded) > 1:
            examples.append(Example(Case(str(need.pk), grades=grades[need.pk]), graded))
    return examples


def grades_of_use() -> dict[Any, dict[str, int]]:
    """By need, how well each answered capability serves it, as its people said."""
    grades: dict[Any, dict[str, int]] = {}
    answered = Proposal.objects.filter(status__in=[*GRADES, S.DECLINED]).prefetch_related("events")
    for proposal in answered:
        grade = grade_of(proposal)
        if grade is not None:
            grades.setdefault(proposal.need_id, {})[str(proposal.capability_id)] = grade
    return grades


def grade_of(proposal: Proposal) -> int | None:
    """How well the capability serves the need, as the answers say; a docking that failed says nothing of it."""
    if proposal.status == S.DECLINED:
        return TECHNICAL.get(last_reason(proposal))
    return None if proposal.has_succeeded is False else GRADES[proposal.status]


def last_reason(proposal: Proposal) -> str:
    """Why the proposal was declined."""
    return next((event.reason for event in reversed(proposal.events.all()) if event.target == S.DECLINED), "")


def compare(examples: Sequence[Example], old: Weights, new: Weights) -> dict[str, Any]:
    """The mean measures of both weights over the needs that somebody serves."""
    served = [example for example in examples if not example.case.is_gap]
    return {"needs": len(served), "old": measure(served, old), "new": measure(served, new)}


def measure(examples: Sequence[Example], weights: Weights) -> dict[str, float]:
    measured = [measure_ranking(example.case, example.ranking(weights)) for example in examples]
    return {name: round(fmean(row[name] for row in measured), 4) for name in MEASURES} if measured else {}
