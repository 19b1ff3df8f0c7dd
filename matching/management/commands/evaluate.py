"""The matcher scored on worked cases, beside the plain baseline."""

import json
from functools import partial
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from core.progress import bar
from matching.engine.evaluation import MEASURES, measure_all, measure_ranking
from matching.evaluation import (
    BEST,
    CASES,
    CaseFileError,
    evaluate,
    project_capabilities,
    read_capabilities,
    read_cases,
    read_needs,
    run_rows,
    write_run,
)

WORST = 10


class Command(BaseCommand):
    help = (
        "用有判定的用例评测匹配排序，并与分词加 TF-IDF 的基线比较。不带参数时用项目自带的用例；"
        "也可给出 JSON Lines 文件：--needs N.jsonl --capabilities C.jsonl [--qrels Q.jsonl] --run OUT.jsonl。"
        "最后一行是全部指标的 JSON。"
    )

    def add_arguments(self, parser):
        parser.add_argument("--needs", type=Path, help="需求文件")
        parser.add_argument("--capabilities", type=Path, help="能力文件")
        parser.add_argument("--qrels", type=Path, help="判定文件：需求、能力、0～3 级")
        parser.add_argument("--run", type=Path, help=f"把每条需求的前 {BEST} 名写入这个文件")
        split = "用哪一半需求：自带用例默认 dev，文件默认 all"
        parser.add_argument("--split", choices=["dev", "held", "all"], help=split)

    def handle(self, *, needs, capabilities, qrels, run, split, verbosity, **options):
        if bool(needs) != bool(capabilities):
            raise CommandError("--needs 与 --capabilities 要一起给出；都不给则用项目自带的用例。")
        if qrels and not needs:
            raise CommandError("--qrels 要和 --needs、--capabilities 一起给出；自带用例已有判定。")
        if not needs:
            needs, qrels, split = CASES / "needs.jsonl", CASES / "qrels.jsonl", split or "dev"
        try:
            asked = read_needs(needs, split=split or "all")
            offered = read_capabilities(capabilities) if capabilities else project_capabilities()
            keys, known = {need.key for need in asked}, {document.key for document in offered}
            cases = read_cases(needs, qrels, keys=keys, known=known) if qrels else []
            show = partial(bar, verbosity=verbosity)
            evaluated = evaluate(
                asked, offered, cases, read=partial(show, label="读取能力"), ask=partial(show, label="匹配需求")
            )
            if run:
                self.stdout.write(f"已把 {write_run(run, run_rows(evaluated))} 行结果写入 {run}。")
        except CaseFileError as error:
            raise CommandError(str(error)) from error
        metrics = measure_all(cases, evaluated.answers, evaluated.baseline) if cases else {"needs": len(asked)}
        metrics |= {"capabilities": len(offered), "split": split or "all"}
        if cases:
            self.stdout.writelines(f"{line}\n" for line in [*describe(metrics), *describe_worst(evaluated)])
        self.stdout.write(json.dumps(metrics, ensure_ascii=False))


def describe(metrics):
    """The figures as a table: the engine, the baseline in brackets, the difference in nDCG with its interval."""
    needs, gaps, capabilities = metrics["needs"], metrics["gaps"], metrics["capabilities"]
    yield f"需求 {needs} 条，其中无人能满足 {gaps} 条；能力 {capabilities} 条。"
    yield "引擎（基线）；末列为 nDCG@10 之差及其 95 % 区间"
    for name, row in {"总体": metrics["overall"], **metrics["by_tag"]}.items():
        if row["needs"]:
            cells = [f"{measure} {row[measure]:.3f} ({row[f'baseline_{measure}']:.3f})" for measure in MEASURES]
            mean, low, high = row["difference_ndcg@10"]
            yield f"{name:<12} {row['needs']:>4} 条  {'  '.join(cells)}  {mean:+.3f} [{low:+.3f}, {high:+.3f}]"
    if (verdicts := metrics["verdicts"])["pairs"]:
        confused = "，".join(f"{which} {count}" for which, count in verdicts["confused"].items())
        yield f"判定正确率 {verdicts['accuracy']:.3f}（{verdicts['pairs']} 对）；错判：{confused or '无'}"
    if metrics["gap_auroc"] is not None:
        reported = metrics["gaps_reported"]
        yield (
            f"缺口识别 AUROC {metrics['gap_auroc']:.3f}（基线 {metrics['baseline_gap_auroc']:.3f}）；"
            f"报出的缺口对 {reported['right']} 条，错 {reported['wrong']} 条"
        )


def describe_worst(evaluated):
    """The needs ranked worst: what stands on top, and where the best judged capabilities stand."""
    titles = {need.key: need.title for need in evaluated.needs}
    served = [case for case in evaluated.cases if not case.is_gap]
    values = {case.need: measure_ranking(case, evaluated.answers[case.need].ranking)["ndcg@10"] for case in served}
    yield "最差的需求："
    for case in sorted(served, key=lambda case: (values[case.need], case.need))[:WORST]:
        ranking = evaluated.answers[case.need].ranking
        top = [f"{key}（{case.grades.get(key, '未判')}）" for key in ranking[:3]]
        best = max(case.grades.values())
        places = [
            f"{key}（第 {ranking.index(key) + 1} 名）" if key in ranking else f"{key}（未进榜）"
            for key, grade in case.grades.items()
            if grade == best
        ]
        yield f"  {values[case.need]:.3f} {case.need} {'、'.join(case.tags)}：{titles[case.need]}"
        yield f"        前三名（等级）：{'、'.join(top) or '无'}"
        yield f"        应排在前面：{'、'.join(places[:4])}"
