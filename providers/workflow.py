"""The life of a capability as a table."""

from core.workflow import Transition, Workflow
from providers.enums import CapabilityKind
from providers.enums import CapabilityStatus as S


def refuse_unready(capability) -> str:
    """What is missing before the capability can be published."""
    if capability.organisation.verified_at is None:
        return "机构尚未核验，请联系所在地区的组织方核验后再发布。"
    if capability.kind == CapabilityKind.SERVICE and not capability.lines.exists():
        return "请至少填写一行测量能力（被测量、测量范围、扩展不确定度）。"
    return ""


capability_workflow = Workflow(
    Transition(
        "publish",
        "发布",
        frozenset({S.DRAFT, S.SUSPENDED}),
        S.PUBLISHED,
        "providers.change_capability",
        refuse=refuse_unready,
    ),
    Transition("suspend", "暂停", frozenset({S.PUBLISHED}), S.SUSPENDED, "providers.change_capability"),
    Transition(
        "retire", "停用", frozenset({S.DRAFT, S.PUBLISHED, S.SUSPENDED}), S.RETIRED, "providers.change_capability"
    ),
)
