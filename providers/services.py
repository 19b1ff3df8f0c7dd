"""What can be done with capabilities and credentials; every change goes through here."""

from collections.abc import Callable, Iterable
from functools import partial

from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation, User
from core.models import Event
from core.workflow import NotPermitted
from matching.engine.facts import Cells, Line, to_json
from matching.engine.lines import read_line
from providers.enums import CapabilityStatus as S
from providers.models import Capability, CapabilityLine, Credential
from providers.signals import capabilities_changed
from providers.workflow import capability_workflow

LINE_FIELDS = ("measurand", "codes_text", "range_text", "uncertainty_text", "note")
# What a bare value means: 0.01 mm is an uncertainty here, no permissible error.
COLUMNS = Cells(range="测量范围", accuracy="扩展不确定度")


@transaction.atomic
def create_capability(
    *, author: User, organisation: Organisation, lines: list[dict] | None = None, **fields
) -> Capability:
    """A draft of something the institute can measure or find out."""
    capability = Capability(organisation=organisation, **fields)
    refuse_stranger(author, organisation)
    capability.full_clean()
    capability.save()
    set_lines(capability, lines or [])
    return capability


@transaction.atomic
def update_capability(capability: Capability, *, actor: User, lines: list[dict] | None = None, **fields) -> Capability:
    """The capability with new content and the next version; proposals keep the version they came from."""
    if not actor.has_perm("providers.change_capability", capability):
        raise NotPermitted("只有本机构的成员可以维护机构的能力和资质。")
    capability.lock()
    for name, value in fields.items():
        setattr(capability, name, value)
    capability.version += 1
    capability.full_clean()
    capability.save()
    if lines is not None:
        set_lines(capability, lines)
    announce_change(capability)
    return capability


def set_lines(capability: Capability, lines: Iterable[dict]) -> None:
    """Replace the scope rows, each read by the engine as it is stored."""
    capability.lines.all().delete()
    CapabilityLine.objects.bulk_create(build_lines(capability, lines))


def build_lines(capability: Capability, lines: Iterable[dict]) -> list[CapabilityLine]:
    """The scope rows, each read by the engine, not stored yet."""
    rows = [CapabilityLine(capability=capability, position=position, **line) for position, line in enumerate(lines)]
    for row in rows:
        line = read_capability_line(capability.title, row)
        row.reading, row.is_structured = to_json(line), line.is_structured
    return rows


def read_capability_line(instrument: str, row: CapabilityLine) -> Line:
    """The row as the engine reads it."""
    return read_line(
        Cells(
            object=instrument,
            measurand=row.measurand,
            range=row.range_text,
            accuracy=row.uncertainty_text,
            codes=row.codes_text,
            note=row.note,
        ),
        headers=COLUMNS,
    )


def reread_capability_lines(*, progress: Callable[..., Iterable] = iter) -> int:
    """Read every row again with the present engine; returns how many read differently."""
    changed = []
    for row in progress(list(CapabilityLine.objects.select_related("capability"))):
        line = read_capability_line(row.capability.title, row)
        if to_json(line) != row.reading:
            row.reading, row.is_structured = to_json(line), line.is_structured
            changed.append(row)
    CapabilityLine.objects.bulk_update(changed, ["reading", "is_structured"], batch_size=500)
    Capability.objects.filter(pk__in={row.capability_id for row in changed}).update(updated_at=timezone.now())
    return len(changed)


@transaction.atomic
def move_capability(capability: Capability, name: str, *, actor: User, note: str = "") -> Event:
    """Apply a transition, record who and when, and announce that the catalogue changed."""
    event = capability_workflow.apply(capability, name, actor=actor, note=note)
    announce_change(capability, was_public=event.source == S.PUBLISHED)
    return event


def announce_change(capability: Capability, *, was_public: bool = False) -> None:
    """Tell the matcher, once the change is committed, that what it may propose is different."""
    if was_public or capability.status == S.PUBLISHED:
        transaction.on_commit(partial(capabilities_changed.send_robust, sender=Capability))


@transaction.atomic
def save_credential(credential: Credential, *, actor: User) -> Credential:
    """The credential, stored; its dates decide from now on what may match."""
    refuse_stranger(actor, credential.organisation)
    credential.full_clean()
    credential.save()
    transaction.on_commit(partial(capabilities_changed.send_robust, sender=Credential))
    return credential


def refuse_stranger(user: User, organisation: Organisation) -> None:
    """Raise unless the person acts for this provider."""
    if not organisation.is_provider or organisation.pk not in user.organisation_ids:
        raise NotPermitted("只有本机构的成员可以维护机构的能力和资质。")
