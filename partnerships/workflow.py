"""Confidentiality, dockings, agreements, cases and ledger entries: what follows what, as tables."""

from functools import partial

from core.workflow import Transition, Workflow
from partnerships.enums import (
    UNDONE,
    AgreementStatus,
    CaseStatus,
    ConfidentialityStatus,
    FailureReason,
    LedgerStatus,
    Stage,
)

AS_ENTERPRISE, AS_PROVIDER = "partnerships.act_as_enterprise", "partnerships.act_as_provider"


def word_of_both(
    verb: str, label: str, *, waiting, by_enterprise, by_provider, done, refuse=lambda record: ""
) -> tuple[Transition, Transition]:
    """The two steps by which each side gives its word, in either order; the second one brings it about."""
    return (
        Transition(
            f"enterprise_{verb}",
            label,
            frozenset({waiting, by_provider}),
            {waiting: by_enterprise, by_provider: done},
            AS_ENTERPRISE,
            refuse=refuse,
        ),
        Transition(
            f"provider_{verb}",
            label,
            frozenset({waiting, by_enterprise}),
            {waiting: by_provider, by_enterprise: done},
            AS_PROVIDER,
            refuse=refuse,
        ),
    )


C = ConfidentialityStatus
UNSIGNED = frozenset({C.REQUESTED, C.ENTERPRISE_SIGNED, C.PROVIDER_SIGNED})
confidentiality_workflow = Workflow(
    *word_of_both(
        "sign",
        "签署",
        waiting=C.REQUESTED,
        by_enterprise=C.ENTERPRISE_SIGNED,
        by_provider=C.PROVIDER_SIGNED,
        done=C.EFFECTIVE,
    ),
    Transition("refuse", "不同意", UNSIGNED, C.REFUSED, AS_ENTERPRISE, needs_note=True),
    Transition("end", "终止", UNSIGNED | {C.EFFECTIVE}, C.ENDED, "partnerships.act_as_a_side", needs_note=True),
)


def refuse_without_contract(docking) -> str:
    """Why the contract stage cannot be entered yet."""
    if not docking.agreements.counted().filter(contract_amount__isnull=False).exists():
        return "进入合同阶段之前，请先登记合同金额，并由双方确认协议。"
    return ""


def refuse_without_acceptance(docking) -> str:
    """Why the acceptance stage cannot be entered yet."""
    if not hasattr(docking, "acceptance"):
        return "进入验收阶段之前，请先填写验收记录（达到的不确定度和结论）。"
    return ""


def refuse_without_marks(docking) -> str:
    """Why the docking cannot be closed yet."""
    if docking.acceptance.enterprise_mark is None or docking.acceptance.provider_mark is None:
        return "结案之前，请双方先在验收记录里互相评分。"
    return ""


STAGES = tuple(Stage)
ON_THE_WAY = STAGES[: STAGES.index(Stage.CLOSED)]
# A survey on site is not always needed.
SKIPPED = {Stage.SOLUTION: Stage.EXCHANGE}
GUARDS = {
    Stage.CONTRACT: refuse_without_contract,
    Stage.ACCEPTANCE: refuse_without_acceptance,
    Stage.CLOSED: refuse_without_marks,
}


def sources_of(stage: Stage) -> frozenset:
    """The stages from which this one is entered: the one before it, and, going back, all later ones."""
    place = STAGES.index(stage)
    if stage == Stage.FAILED:
        return frozenset(ON_THE_WAY)
    before = {STAGES[place - 1]} if place else set()
    return frozenset(before | set(ON_THE_WAY[place + 1 :]) | ({SKIPPED[stage]} if stage in SKIPPED else set()))


def is_backwards(source: str, target: str) -> bool:
    return STAGES.index(Stage(target)) < STAGES.index(Stage(source))


def refuse_unready(stage: Stage, docking) -> str:
    """What the docking lacks for this stage; going back needs no papers, so that they can be put right."""
    return "" if is_backwards(docking.status, stage) else GUARDS[stage](docking)


# One side asks, the other confirms; so these are nobody's to take alone.
docking_workflow = Workflow(
    *(
        Transition(
            f"to_{stage}",
            f"进入{stage.label}",
            sources_of(stage),
            stage,
            None,
            reasons=FailureReason if stage == Stage.FAILED else None,
            refuse=partial(refuse_unready, stage) if stage in GUARDS else lambda docking: "",
        )
        for stage in STAGES
    )
)

A = AgreementStatus
UNCONFIRMED = frozenset({A.DRAFTED, A.ENTERPRISE_CONFIRMED, A.PROVIDER_CONFIRMED})


def refuse_without_amount(agreement) -> str:
    """Why there is nothing to confirm yet."""
    if agreement.intent_amount is None and agreement.contract_amount is None:
        return "请先填写意向金额或合同金额，再确认。"
    if agreement.contract_amount is not None and agreement.signed_on is None:
        return "有合同金额的协议请先填写签订日期，再确认。"
    return ""


agreement_workflow = Workflow(
    *word_of_both(
        "confirm",
        "确认协议",
        waiting=A.DRAFTED,
        by_enterprise=A.ENTERPRISE_CONFIRMED,
        by_provider=A.PROVIDER_CONFIRMED,
        done=A.EFFECTIVE,
        refuse=refuse_without_amount,
    ),
    Transition("complete", "已履行", frozenset({A.EFFECTIVE}), A.COMPLETED, AS_ENTERPRISE),
    Transition(
        "terminate",
        "终止协议",
        UNCONFIRMED | {A.EFFECTIVE},
        A.TERMINATED,
        "partnerships.act_as_a_side",
        needs_note=True,
    ),
    # These follow from a change, and from a newer version that both have confirmed.
    Transition("reopen", "内容有修改，重新确认", UNCONFIRMED, A.DRAFTED, None),
    Transition("replace", "由新版本替代", frozenset({A.EFFECTIVE, A.COMPLETED}), A.REPLACED, None),
)

P = CaseStatus
UNPUBLISHED = frozenset({P.DRAFTED, P.ENTERPRISE_CONSENTED, P.PROVIDER_CONSENTED})
case_workflow = Workflow(
    *word_of_both(
        "consent",
        "同意发布",
        waiting=P.DRAFTED,
        by_enterprise=P.ENTERPRISE_CONSENTED,
        by_provider=P.PROVIDER_CONSENTED,
        done=P.PUBLISHED,
    ),
    Transition(
        "withdraw", "撤下", UNPUBLISHED | {P.PUBLISHED}, P.WITHDRAWN, "partnerships.act_as_a_side", needs_note=True
    ),
    Transition("reopen", "内容有修改，重新征求同意", UNPUBLISHED | {P.WITHDRAWN}, P.DRAFTED, None),
)

L = LedgerStatus
MANAGE, WORK = "partnerships.manage_entry", "partnerships.work_on_entry"


def refuse_without_result(entry) -> str:
    """What is missing before an entry is done."""
    return "" if entry.result.strip() else "请先填写办理结果，再提交企业确认。"


ledger_workflow = Workflow(
    Transition("start", "开始办理", frozenset({L.ASSIGNED}), L.IN_PROGRESS, WORK),
    Transition(
        "finish",
        "提交企业确认",
        frozenset({L.ASSIGNED, L.IN_PROGRESS}),
        L.DONE_PENDING,
        WORK,
        refuse=refuse_without_result,
    ),
    Transition("confirm", "确认已解决", frozenset({L.DONE_PENDING}), L.CONFIRMED, "partnerships.confirm_entry"),
    Transition(
        "reject",
        "没有解决",
        frozenset({L.DONE_PENDING}),
        L.IN_PROGRESS,
        "partnerships.confirm_entry",
        needs_note=True,
    ),
    Transition("close", "销号", frozenset({L.CONFIRMED}), L.CLOSED, MANAGE),
    Transition("cancel", "撤销", UNDONE, L.CANCELLED, MANAGE, needs_note=True),
    # Assigning sets who and until when, so it is a service of its own.
    Transition("assign", "分派", UNDONE, L.ASSIGNED, None),
)
