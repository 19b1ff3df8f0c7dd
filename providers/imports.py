"""Scope files on their way into capabilities: read, previewed, confirmed, written.

Reading and writing are jobs that may run twice. A second reading gives the same report; a second writing
finds what is written already and leaves it alone.
"""

import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from itertools import chain
from pathlib import PurePath
from typing import Any

from django.core.files import File
from django.db import transaction
from django.db.models import Prefetch
from django.utils import timezone
from django_q.tasks import async_task

from accounts.models import Organisation, User
from core.enums import MeasuringMode
from core.http import UNREADABLE
from core.workflow import NotPermitted, TransitionError
from matching.engine.facts import from_json, to_json
from providers.enums import CapabilityKind, ImportEffect
from providers.enums import CapabilityStatus as S
from providers.enums import ImportStatus as I
from providers.models import Capability, CapabilityLine, Credential, ScopeImport
from providers.readings import describe_line
from providers.scope.rows import Problem, Scope, ScopeError, ScopeRow, Severity, read_scope
from providers.services import LINE_FIELDS, build_lines, read_capability_line, refuse_stranger
from providers.signals import capabilities_changed
from providers.workflow import capability_workflow

# Short transactions, so that on SQLite others need not wait for the whole import.
CAPABILITIES_AT_ONCE = 50
ROWS_BETWEEN_NOTES = 200
# A job that has not moved for so long was killed for good.
STALLED_AFTER = timedelta(minutes=20)
UNEXPECTED = "处理时出现意外错误，没有完成。已写入的内容不受影响，可以重试；仍不成功请联系平台管理员。"

Show = Callable[..., Iterable]


def quietly(items: Iterable, **options: Any) -> Iterable:
    """The items, without showing any progress."""
    return items


# --- What people do -------------------------------------------------------------------------------------


@transaction.atomic
def start_import(
    *, author: User, organisation: Organisation, file: File, credential: Credential | None = None
) -> ScopeImport:
    """An uploaded file that the worker will read."""
    scope_import = create_import(author=author, organisation=organisation, file=file, credential=credential)
    async_task("providers.imports.read_import", str(scope_import.pk))
    return scope_import


@transaction.atomic
def create_import(
    *, author: User, organisation: Organisation, file: File, credential: Credential | None = None
) -> ScopeImport:
    """An uploaded file that waits to be read."""
    refuse_stranger(author, organisation)
    if organisation.verified_at is None:
        raise NotPermitted("机构尚未核验，不能导入能力表。请联系所在地区的组织方核验。")
    name = UNREADABLE.sub("", PurePath(file.name or "").name)
    scope_import = ScopeImport(
        organisation=organisation, author=author, credential=credential, file_name=name[-200:] or "能力表"
    )
    # The name people gave the file may be too long for a disk.
    scope_import.file.save(f"{scope_import.pk}.scope", file, save=False)
    scope_import.save()
    return scope_import


@transaction.atomic
def confirm_import(scope_import: ScopeImport, *, actor: User, publish: bool) -> None:
    """Have the worker write the rows into capabilities, as drafts or published."""
    mark_confirmed(scope_import, actor=actor, publish=publish)
    async_task("providers.imports.apply_import", str(scope_import.pk))


@transaction.atomic
def mark_confirmed(scope_import: ScopeImport, *, actor: User, publish: bool) -> None:
    """The import is about to be written; only one of an institute is at a time."""
    refuse_stranger(actor, scope_import.organisation)
    Organisation.objects.select_for_update().get(pk=scope_import.organisation_id)
    scope_import.refresh_from_db()
    if not may_confirm(scope_import):
        raise TransitionError("这份能力表现在不能导入，请刷新页面查看最新状态。")
    others = ScopeImport.objects.filter(organisation=scope_import.organisation_id, status=I.APPLYING)
    if others.exclude(pk=scope_import.pk).filter(updated_at__gte=timezone.now() - STALLED_AFTER).exists():
        raise TransitionError("本机构另一份能力表正在写入，请等它完成后再确认。")
    scope_import.status, scope_import.done = I.APPLYING, 0
    scope_import.report |= {"publish": publish, "actor": str(actor.pk)}
    scope_import.save(update_fields=["status", "done", "report", "updated_at"])


def may_confirm(scope_import: ScopeImport) -> bool:
    """Whether there are rows to write, for the first time or after a failure."""
    is_open = scope_import.status in {I.PREVIEW, I.FAILED} or is_stalled(scope_import)
    return is_open and bool(scope_import.report.get("rows"))


def is_stalled(scope_import: ScopeImport) -> bool:
    """Whether the worker has given up without a word."""
    is_running = scope_import.status in {I.WAITING, I.READING, I.APPLYING}
    return is_running and scope_import.updated_at < timezone.now() - STALLED_AFTER


# --- What the worker does -------------------------------------------------------------------------------


def read_import(pk: str, *, show: Show = quietly) -> None:
    """Read the file and keep the report for the preview."""
    found = ScopeImport.objects.select_related("organisation", "credential")
    scope_import = found.filter(pk=pk, status__in=[I.WAITING, I.READING]).first()
    if scope_import is None:
        return
    note(scope_import, status=I.READING, done=0, total=0)
    with reported(scope_import), scope_import.file.open("rb") as file:
        scope = read_scope(file, scope_import.file_name)
        note(scope_import, total=len(scope.rows))
        rows = show(counted(scope_import, scope.rows), label="识别能力行", total=len(scope.rows))
        report = make_report(scope, rows, scope_import.organisation, scope_import.credential)
        note(scope_import, status=I.PREVIEW, done=len(scope.rows), report=report)


def apply_import(pk: str, *, show: Show = quietly) -> None:
    """Write the rows into capabilities, batch by batch, and announce the change once."""
    found = ScopeImport.objects.select_related("organisation", "credential")
    scope_import = found.filter(pk=pk, status=I.APPLYING).first()
    if scope_import is None:
        return
    with reported(scope_import):
        groups = group_rows(rows_of(scope_import))
        # Nothing is written yet: the last moment at which the effects can be told.
        if not scope_import.done:
            scope_import.report["effects"] = effects_of(groups, scope_import.organisation, scope_import.credential)
            note(scope_import, report=scope_import.report)
        done = 0
        for batch in show(batches(groups), label="写入能力", total=-(-len(groups) // CAPABILITIES_AT_ONCE)):
            done += sum(map(len, batch.values()))
            write_batch(scope_import, batch, done)
        finish_import(scope_import)


@transaction.atomic
def finish_import(scope_import: ScopeImport) -> None:
    """Mark the import as done and tell the matcher, once, that the catalogue changed."""
    note(scope_import, status=I.DONE, done=scope_import.total)
    has_changed = set(scope_import.report["effects"].values()) - {ImportEffect.UNCHANGED}
    if has_changed or scope_import.report["publish"]:
        transaction.on_commit(partial(capabilities_changed.send_robust, sender=Capability))


def note(scope_import: ScopeImport, **fields: Any) -> None:
    """Store how far the import is; pages look at it while the job runs."""
    for name, value in fields.items():
        setattr(scope_import, name, value)
    ScopeImport.objects.filter(pk=scope_import.pk).update(**fields, updated_at=timezone.now())


def counted(scope_import: ScopeImport, rows: Iterable) -> Iterator:
    """The rows, counting on the import as they are worked through."""
    for done, row in enumerate(rows, start=1):
        yield row
        if done % ROWS_BETWEEN_NOTES == 0:
            note(scope_import, done=done)


@contextmanager
def reported(scope_import: ScopeImport) -> Iterator[None]:
    """Put on the import why it failed, for the people who wait for it."""
    try:
        yield
    except (ScopeError, TransitionError) as error:
        note(scope_import, status=I.FAILED, report=scope_import.report | {"error": str(error)})
    except Exception:
        note(scope_import, status=I.FAILED, report=scope_import.report | {"error": UNEXPECTED})
        raise


# --- The report -----------------------------------------------------------------------------------------


def make_report(
    scope: Scope, rows: Iterable[ScopeRow], organisation: Organisation, credential: Credential | None
) -> dict[str, Any]:
    """What the preview shows, as JSON; `rows` are those of the scope, possibly watched."""
    unstructured = [place for place, row in enumerate(rows) if not reads_as_numbers(row)]
    return {
        "sheets": to_json(scope.sheets),
        "rows": to_json(scope.rows),
        "problems": to_json(scope.problems),
        "unstructured": unstructured,
        "effects": effects_of(group_rows(scope.rows), organisation, credential),
    }


def reads_as_numbers(row: ScopeRow) -> bool:
    return read_capability_line(row.instrument, CapabilityLine(**row.line)).is_structured


def rows_of(scope_import: ScopeImport) -> list[ScopeRow]:
    """The rows that were read from the file."""
    return [from_json(ScopeRow, data) for data in scope_import.report["rows"]]


def problems_of(scope_import: ScopeImport) -> list[Problem]:
    """What was found wrong with the file, errors first."""
    problems = [from_json(Problem, data) for data in scope_import.report.get("problems", [])]
    return sorted(problems, key=lambda problem: problem.severity != Severity.ERROR)


def describe_row(data: dict[str, Any], report: dict[str, Any]) -> dict[str, Any]:
    """A row of the report for the preview: as written, as read, and what becomes of its capability."""
    row = from_json(ScopeRow, data)
    line = read_capability_line(row.instrument, CapabilityLine(**row.line))
    effect = ImportEffect(report["effects"][title_key(row.instrument)])
    return {"row": row, "words": describe_line(line), "is_structured": line.is_structured, "effect": effect}


def count_effects(report: dict[str, Any]) -> dict[str, int]:
    """How many capabilities are new, changed and unchanged."""
    found = Counter(report.get("effects", {}).values())
    return {effect.value: found[effect.value] for effect in ImportEffect}


# --- Rows and capabilities ------------------------------------------------------------------------------

Groups = dict[str, list[ScopeRow]]


def title_key(title: str) -> str:
    """What titles have in common that differ in spaces and full-width signs only."""
    return "".join(unicodedata.normalize("NFKC", title).split())


def group_rows(rows: Iterable[ScopeRow]) -> Groups:
    """The rows of each instrument, by the key of its name."""
    groups: Groups = {}
    for row in rows:
        groups.setdefault(title_key(row.instrument), []).append(row)
    return groups


def batches(groups: Groups) -> Iterator[Groups]:
    """The groups in portions for one transaction each."""
    items = list(groups.items())
    for start in range(0, len(items), CAPABILITIES_AT_ONCE):
        yield dict(items[start : start + CAPABILITIES_AT_ONCE])


def stored_capabilities(organisation: Organisation, groups: Groups) -> dict[str, Capability]:
    """The capabilities the institute has already, with their lines, by the key of their titles."""
    services = Capability.objects.filter(organisation=organisation, kind=CapabilityKind.SERVICE)
    keys = {pk: title_key(title) for pk, title in services.values_list("pk", "title")}
    wanted = [pk for pk, key in keys.items() if key in groups]
    lines = Prefetch("lines", CapabilityLine.objects.only("capability", *LINE_FIELDS), to_attr="stored_lines")
    found: dict[str, Capability] = {}
    for start in range(0, len(wanted), 500):
        for capability in services.filter(pk__in=wanted[start : start + 500]).prefetch_related(lines):
            # Most methods of the capability ask for its institute.
            capability.organisation = organisation
            found[keys[capability.pk]] = capability
    return found


def effects_of(groups: Groups, organisation: Organisation, credential: Credential | None) -> dict[str, str]:
    """What writing would do to the capability of each key."""
    stored = stored_capabilities(organisation, groups)
    return {key: effect_on(stored.get(key), rows, credential).value for key, rows in groups.items()}


def effect_on(capability: Capability | None, rows: list[ScopeRow], credential: Credential | None) -> ImportEffect:
    """What writing the rows would do to the capability."""
    if capability is None:
        return ImportEffect.NEW
    lines = [{name: getattr(line, name) for name in LINE_FIELDS} for line in capability.stored_lines]
    is_same = lines == [row.line for row in rows] and all(
        getattr(capability, name) == value for name, value in stated_fields(rows, credential).items()
    )
    return ImportEffect.UNCHANGED if is_same else ImportEffect.CHANGED


def stated_fields(rows: list[ScopeRow], credential: Credential | None) -> dict[str, Any]:
    """What the rows and the upload say of the capability as a whole; what they leave out stays as it is."""
    modes = {mode for row in rows for mode in row.modes}
    fields = {
        "discipline": next((row.discipline for row in rows if row.discipline), ""),
        "modes": [mode for mode in MeasuringMode.values if mode in modes],
        "credential_id": credential.pk if credential else None,
    }
    return {name: value for name, value in fields.items() if value}


def write_batch(scope_import: ScopeImport, groups: Groups, done: int) -> None:
    """Create or change the capabilities of some groups, publish the drafts if wanted, and note how far it is."""
    organisation, credential = scope_import.organisation, scope_import.credential
    stored = stored_capabilities(organisation, groups)
    new, changed, lines = [], [], []
    for key, rows in groups.items():
        capability = stored.get(key)
        effect = effect_on(capability, rows, credential)
        if effect == ImportEffect.UNCHANGED:
            continue
        if capability is None:
            capability = Capability(organisation=organisation, title=rows[0].instrument)
            new.append(capability)
        else:
            capability.version += 1
            capability.updated_at = timezone.now()
            changed.append(capability)
        for name, value in stated_fields(rows, credential).items():
            setattr(capability, name, value)
        lines.append(build_lines(capability, [row.line for row in rows]))
    with transaction.atomic():
        Capability.objects.bulk_create(new)
        Capability.objects.bulk_update(changed, ["discipline", "modes", "credential", "version", "updated_at"])
        CapabilityLine.objects.filter(capability__in=changed).delete()
        CapabilityLine.objects.bulk_create(chain.from_iterable(lines), batch_size=500)
        if scope_import.report["publish"]:
            publish_drafts([*stored.values(), *new], actor=User.objects.get(pk=scope_import.report["actor"]))
        note(scope_import, done=done)


def publish_drafts(capabilities: Iterable[Capability], *, actor: User) -> None:
    """Publish those that are drafts; what was suspended or retired on purpose stays so."""
    for capability in capabilities:
        if capability.status == S.DRAFT:
            capability_workflow.apply(capability, "publish", actor=actor, note="随能力表导入发布")
