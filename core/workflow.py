"""Status changes as a table that buttons, API and tests read alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from core.models import Event, TracedModel


class TransitionError(Exception):
    """A step that is not possible now; the message says why and what to do."""


class NotPermitted(TransitionError):
    """A step that this person may not take."""


@dataclass(frozen=True)
class Transition:
    """One allowed step.

    `target` is a status, or one for each source. A step without a permission follows from others and is nobody's to
    take. `reasons` are the choices one of which has to be given. `refuse` returns a reason when the object is not
    ready, or an empty string.
    """

    name: str
    label: str
    sources: frozenset
    target: Any
    permission: str | None
    needs_note: bool = False
    reasons: Any = None
    refuse: Callable[[Any], str] = lambda obj: ""

    def target_from(self, source) -> Any:
        return self.target[source] if isinstance(self.target, dict) else self.target


class Workflow:
    """The table of one model's transitions; the model has `status` and `events`."""

    def __init__(self, *transitions: Transition):
        self.transitions = {transition.name: transition for transition in transitions}

    def steps_for(self, obj, user) -> list[Transition]:
        """The steps this user may take now, in the order of the table."""
        return [
            step
            for step in self.transitions.values()
            if step.permission and obj.status in step.sources and user.has_perm(step.permission, obj)
        ]

    @transaction.atomic
    def apply(self, obj: TracedModel, name: str, *, actor, note: str = "", reason: str = "", **details) -> Event:
        """Take the step on the locked row, save the status, and return the event.

        `details` are what else the event keeps.
        """
        step = self.transitions.get(name)
        if step is None or step.permission is None:
            raise TransitionError("没有这个操作，请刷新页面后重试。")
        # Two people may press at once: only the first finds the status it saw.
        obj.lock()
        if not actor.has_perm(step.permission, obj):
            raise NotPermitted(f"您没有“{step.label}”的权限。")
        return self._take(obj, step, actor=actor, note=note, reason=reason, **details)

    @transaction.atomic
    def follow(self, obj: TracedModel, name: str, *, actor=None, note: str = "", **details) -> Event | None:
        """Take a step that follows from something else; None where the object is past it."""
        step = self.transitions[name]
        obj.lock()
        return self._take(obj, step, actor=actor, note=note, **details) if obj.status in step.sources else None

    @staticmethod
    def _take(obj, step, *, actor, note, reason="", **details) -> Event:
        if obj.status not in step.sources:
            raise TransitionError(f"当前状态是“{obj.get_status_display()}”，不能{step.label}；请刷新页面查看最新状态。")
        if step.reasons:
            if reason not in step.reasons.values:
                raise TransitionError(f"请选择{step.label}的原因，再提交。")
            details |= {"reason": reason, "reason_label": step.reasons(reason).label}
        if step.needs_note and not note.strip():
            raise TransitionError(f"{step.label}需要写明理由，请填写后再提交。")
        if refusal := step.refuse(obj):
            raise TransitionError(refusal)
        source, obj.status = obj.status, step.target_from(obj.status)
        obj.save(update_fields=["status", "updated_at"])
        return obj.record(
            step.name, step.label, actor=actor, source=source, target=obj.status, note=note.strip(), **details
        )
