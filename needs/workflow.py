"""The life of a need, from draft to resolved, as a table."""

from core.workflow import Transition, Workflow
from needs.enums import NeedStatus as S

# The straight way, as the step bar shows it.
STATES_ON_THE_WAY = (S.DRAFT, S.SUBMITTED, S.ACCEPTED, S.PUBLISHED, S.DOCKING, S.CONTRACTED, S.RESOLVED)
NEED_PATH = tuple((state, state.label) for state in STATES_ON_THE_WAY)


def refuse_incomplete(need) -> str:
    """What is missing before the need can be submitted."""
    if not need.title.strip():
        return "请在第 1 步填写需求名称。"
    if not need.problem.strip() and not need.lines.exists():
        return "请在第 1 步写明需求内容，或在第 2 步至少填一行指标。"
    if not (need.contact_name and need.contact_phone):
        return "请在第 3 步填写联系人和联系电话。"
    if not (need.pledges_no_secrets and need.pledges_truth):
        return "请在第 3 步勾选“不含涉密内容”和“内容真实”两项承诺。"
    return ""


def refuse_unprepared(need) -> str:
    """What is missing before the need can be accepted."""
    if not need.is_qualitative and not need.lines.exists():
        return "受理前至少要有一行指标；确实没有指标的，请勾选“定性需求”。"
    if not (need.public_title.strip() and need.public_text.strip()):
        return "受理前请先写好公开标题和脱密后的公开内容，交企业确认。"
    return ""


def refuse_unconfirmed(need) -> str:
    """Why the public text cannot be shown yet."""
    if need.public_text_confirmed_at is None:
        return "公开内容尚未经企业确认，请等待企业在需求页上点击“确认公开内容”。"
    return ""


need_workflow = Workflow(
    Transition(
        "submit", "提交", frozenset({S.DRAFT, S.RETURNED}), S.SUBMITTED, "needs.change_need", refuse=refuse_incomplete
    ),
    Transition("diagnose", "转入诊断", frozenset({S.SUBMITTED}), S.DIAGNOSING, "needs.screen_need"),
    Transition(
        "accept",
        "受理",
        frozenset({S.SUBMITTED, S.DIAGNOSING}),
        S.ACCEPTED,
        "needs.screen_need",
        refuse=refuse_unprepared,
    ),
    Transition(
        "return",
        "退回补充",
        frozenset({S.SUBMITTED, S.DIAGNOSING, S.ACCEPTED}),
        S.RETURNED,
        "needs.screen_need",
        needs_note=True,
    ),
    Transition(
        "reject",
        "不予受理",
        frozenset({S.SUBMITTED, S.DIAGNOSING}),
        S.REJECTED,
        "needs.screen_need",
        needs_note=True,
    ),
    Transition("publish", "发布", frozenset({S.ACCEPTED}), S.PUBLISHED, "needs.screen_need", refuse=refuse_unconfirmed),
    Transition(
        "withdraw",
        "撤回",
        frozenset({S.SUBMITTED, S.RETURNED, S.DIAGNOSING, S.ACCEPTED, S.PUBLISHED, S.DOCKING}),
        S.WITHDRAWN,
        "needs.change_need",
    ),
    Transition("revise", "修改需求", frozenset({S.PUBLISHED}), S.RETURNED, "needs.change_need", needs_note=True),
    # These follow from what happens to the dockings of the need.
    Transition("dock", "开始对接", frozenset({S.PUBLISHED}), S.DOCKING, None),
    Transition("undock", "重新征集", frozenset({S.DOCKING, S.CONTRACTED}), S.PUBLISHED, None),
    Transition("contract", "签约", frozenset({S.PUBLISHED, S.DOCKING}), S.CONTRACTED, None),
    Transition("resolve", "已解决", frozenset({S.DOCKING, S.CONTRACTED}), S.RESOLVED, None),
)
