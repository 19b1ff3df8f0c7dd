"""Status changes as a table that buttons, API and tests read alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

from core.models import TimestampedModel, WorkflowEvent


class TransitionError(Exception):
    """A step that is not possible now; the message says why and what to do."""


class NotPermitted(TransitionError):
    """A step that this person may not take."""


@dataclass(frozen=True)
class Transition:
    """One allowed step. `refuse` returns a reason when the object is not ready, or an empty string."""

    name: str
    label: str
    sources: frozenset
    target: Any
    permission: str
    needs_note: bool = False
    refuse: Callable[[Any], str] = lambda obj: ""


class Workflow:
    """The table of one model's transitions; the model has `status` and `events`."""

    def __init__(self, *transitions: Transition):
        self.transitions = {transition.name: transition for transition in transitions}

    def steps_for(self, obj, user) -> list[Transition]:
        """The steps this user may take now, in the order of the table."""
        return [
            step
            for step in self.transitions.values()
            if obj.status in step.sources and user.has_perm(step.permission, obj)
        ]

    @transaction.atomic
    def apply(self, obj: TimestampedModel, name: str, *, actor, note: str = "", **details) -> WorkflowEvent:
        """Take the step on the locked row, save the status, and return the event.

        `details` are what else the model's events keep.
        """
        step = self.transitions.get(name)
        if step is None:
            raise TransitionError("没有这个操作，请刷新页面后重试。")
        # Two people may press at once: only the first finds the status it saw.
        obj.lock()
        if not actor.has_perm(step.permission, obj):
            raise NotPermitted(f"您没有“{step.label}”的权限。")
        if obj.status not in step.sources:
            raise TransitionError(f"当前状态是“{obj.get_status_display()}”，不能{step.label}；请刷新页面查看最新状态。")
        if step.needs_note and not note.strip():
            raise TransitionError(f"{step.label}需要写明理由，请填写后再提交。")
        if reason := step.refuse(obj):
            raise TransitionError(reason)
        source, obj.status = obj.status, step.target
        obj.save(update_fields=["status", "updated_at"])
        return obj.events.create(
            action=name, label=step.label, source=source, target=step.target, actor=actor, note=note.strip(), **details
        )
