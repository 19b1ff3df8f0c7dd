"""What can be done with a need; every change of one goes through here."""

from collections.abc import Callable, Collection, Iterable
from functools import partial

from django.db import transaction
from django.utils import timezone

from accounts.models import Organisation, User
from core.files import Checked, delete_file, store_file
from core.models import Event
from core.workflow import NotPermitted, TransitionError
from matching.engine.facts import Cells, Line, to_json
from matching.engine.lines import read_line
from needs.enums import LISTED
from needs.enums import NeedStatus as S
from needs.models import Need, NeedFile, NeedGrant, NeedLine
from needs.signals import need_closed, need_moved, need_published
from needs.workflow import need_workflow

MAX_LINES = 50
MAX_FILES = 10
PUBLIC_TEXT_STATES = frozenset({S.SUBMITTED, S.DIAGNOSING, S.ACCEPTED})
LINE_FIELDS = (
    "object_name",
    "measurand",
    "range_text",
    "accuracy_text",
    "conditions_text",
    "codes_text",
    "mode",
    "is_dynamic",
    "obligation",
    "note",
)


@transaction.atomic
def create_need(*, author: User, organisation: Organisation, lines: list[dict] | None = None, **fields) -> Need:
    """A draft that only its enterprise sees."""
    if organisation.pk not in author.organisation_ids:
        raise NotPermitted("只能以您所在的单位提出需求。")
    return _add_draft(lines or [], author=author, organisation=organisation, **fields)


@transaction.atomic
def record_need(*, actor: User, organisation: Organisation, lines: list[dict], note: str, **fields) -> Need:
    """A draft that an organising body wrote down for an enterprise of its region, and is marked as such.

    Like any draft it is from then on the enterprise's own: only the enterprise sees and submits it.
    """
    if not actor.oversees(organisation.region):
        raise NotPermitted("只能为您主管地区的企业代录需求。")
    need = _add_draft(lines, author=actor, organisation=organisation, **fields)
    need.record("record", "由组织方代录", actor=actor, target=need.status, note=note)
    return need


def _add_draft(lines: list[dict], **fields) -> Need:
    need = Need(**fields)
    need.validate_constraints()
    need.save()
    set_lines(need, lines)
    return need


@transaction.atomic
def update_need(
    need: Need, *, actor: User, lines: list[dict] | None = None, public_files: Collection[str] | None = None, **fields
) -> Need:
    """The need with new content; a public text that was confirmed must be confirmed again.

    `public_files` are the ids of the attachments that others may see; the rest are not public then.
    """
    if not actor.has_perm("needs.change_need", need):
        raise NotPermitted("只有需求所属企业可以修改。")
    need.lock()
    if not need.is_editable:
        raise TransitionError(f"需求{need.get_status_display()}，不能再修改；如需补充，请联系组织方退回。")
    for name, value in fields.items():
        setattr(need, name, value)
    need.public_text_confirmed_at = None
    need.validate_constraints()
    need.save()
    if lines is not None:
        set_lines(need, lines)
    for file in need.files.all() if public_files is not None else ():
        file.is_public = str(file.pk) in public_files
        file.save(update_fields=["is_public", "updated_at"])
    return need


@transaction.atomic
def add_line(need: Need, *, actor: User, cells: Cells) -> Need:
    """The need with one more line, taken over from what the engine read in its text."""
    rows = [{name: getattr(row, name) for name in LINE_FIELDS} for row in need.lines.all()]
    row = {
        "object_name": cells.object or cells.measurand or need.title,
        "measurand": cells.measurand,
        "range_text": cells.range,
        "accuracy_text": cells.accuracy,
        "conditions_text": cells.conditions,
        "codes_text": cells.codes,
    }
    return update_need(need, actor=actor, lines=[*rows, row])


@transaction.atomic
def add_file(need: Need, upload: Checked, *, actor: User, is_public: bool = False) -> NeedFile:
    """A new attachment of a need that is still being written."""
    update_need(need, actor=actor)
    if need.files.count() >= MAX_FILES:
        raise TransitionError(
            f"文件“{upload.name}”没有上传：一条需求最多 {MAX_FILES} 个附件。请先删除不需要的，或合并成一个文件。"
        )
    return store_file(NeedFile(need=need, is_public=is_public), upload, author=actor)


@transaction.atomic
def remove_file(file: NeedFile, *, actor: User) -> None:
    """Take an attachment away from a need that is still being written."""
    update_need(file.need, actor=actor)
    delete_file(file)


@transaction.atomic
def delete_draft(need: Need, *, actor: User) -> None:
    """Remove a need that was never submitted."""
    if not actor.has_perm("needs.change_need", need):
        raise NotPermitted("只有需求所属企业可以删除草稿。")
    need.lock()
    if need.status != S.DRAFT:
        raise TransitionError(f"需求{need.get_status_display()}，已有记录，不能删除；可以撤回。")
    for file in need.files.all():
        delete_file(file)
    need.delete()


def set_lines(need: Need, lines: list[dict]) -> None:
    """Replace the measurement lines, each read by the engine as it is stored."""
    need.lines.all().delete()
    rows = [NeedLine(need=need, position=position, **line) for position, line in enumerate(lines)]
    for row in rows:
        row.reading = to_json(read_need_line(row))
    NeedLine.objects.bulk_create(rows)


def read_need_line(row: NeedLine) -> Line:
    """The line as the engine reads it."""
    return read_line(
        Cells(
            object=row.object_name,
            measurand=row.measurand,
            range=row.range_text,
            accuracy=row.accuracy_text,
            conditions=row.conditions_text,
            codes=row.codes_text,
            note=row.note,
        )
    )


def reread_need_lines(*, progress: Callable[..., Iterable] = iter) -> int:
    """Read every line again with the present engine; returns how many read differently."""
    changed = []
    for row in progress(list(NeedLine.objects.all())):
        reading = to_json(read_need_line(row))
        if reading != row.reading:
            row.reading = reading
            changed.append(row)
    NeedLine.objects.bulk_update(changed, ["reading"], batch_size=500)
    return len(changed)


@transaction.atomic
def write_public_text(need: Need, *, actor: User, **fields) -> Need:
    """The need with the organiser's desensitised text, which the enterprise has yet to confirm."""
    if not actor.has_perm("needs.screen_need", need):
        raise NotPermitted("只有主管的组织方可以编写公开内容。")
    need.lock()
    if need.status not in PUBLIC_TEXT_STATES:
        raise TransitionError(f"需求{need.get_status_display()}，现在不能修改公开内容。")
    for name, value in fields.items():
        setattr(need, name, value)
    need.public_text_confirmed_at = None
    need.save()
    return need


@transaction.atomic
def confirm_public_text(need: Need, *, actor: User, seen: str | None = None) -> Event:
    """The enterprise's word that the public text may be shown; `seen` is the wording it was shown."""
    if not actor.has_perm("needs.change_need", need):
        raise NotPermitted("公开内容只能由需求所属企业确认。")
    need.lock()
    if need.status != S.ACCEPTED:
        raise TransitionError(f"需求{need.get_status_display()}，受理之后才需要确认公开内容。")
    if seen is not None and seen != need.public_wording:
        raise TransitionError("公开内容刚刚被组织方修改过，请重新核对后再确认。")
    need.public_text_confirmed_at = timezone.now()
    need.save(update_fields=["public_text_confirmed_at", "updated_at"])
    return need.record("confirm", "确认公开内容", source=need.status, target=need.status, actor=actor)


@transaction.atomic
def move_need(need: Need, name: str, *, actor: User, note: str = "") -> Event:
    """Apply a transition, record who and when, and announce what others act on."""
    event = need_workflow.apply(need, name, actor=actor, note=note)
    _settle(need, event)
    return event


@transaction.atomic
def publish_for_enterprise(need: Need, *, actor: User, consent: str, **public_text) -> Need:
    """The draft of an enterprise without an account, brought before everybody on the enterprise's word.

    `consent` says who of the enterprise agreed to the text, when and how; it stands with each step in the history.
    """
    if not actor.has_perm("needs.screen_need", need):
        raise NotPermitted("只有主管的组织方可以代企业提交需求。")
    need.lock()
    if need.status != S.DRAFT:
        raise TransitionError(f"需求{need.get_status_display()}，不需要再代为提交。")
    if User.objects.acting_for(need.organisation).exists():
        raise TransitionError("这家企业在平台上有账号，请由它自己核对、提交和确认。")
    if not consent.strip():
        raise TransitionError("请写明企业由谁、何时、以什么方式同意，再代为提交。")
    for name, value in public_text.items():
        setattr(need, name, value)
    need.pledges_no_secrets = need.pledges_truth = True
    need.save()
    for name in ("submit", "accept"):
        _settle(need, need_workflow.follow(need, name, actor=actor, note=consent))
    need.public_text_confirmed_at = timezone.now()
    need.save(update_fields=["public_text_confirmed_at", "updated_at"])
    need.record("confirm", "代企业确认公开内容", source=need.status, target=need.status, actor=actor, note=consent)
    _settle(need, need_workflow.follow(need, "publish", actor=actor, note=consent))
    return need


def _settle(need: Need, event: Event) -> None:
    """What follows from a step: the count of submissions, the time of publication, and who else acts on it."""
    if event.target == S.SUBMITTED:
        need.version += 1
        need.save(update_fields=["version"])
    if event.target == S.PUBLISHED:
        need.published_at = timezone.now()
        need.save(update_fields=["published_at"])
    announce(need, event)


@transaction.atomic
def follow_need(need: Need, name: str, *, actor: User | None = None, note: str = "") -> Event | None:
    """Take a step that follows from the need's dockings; None where the need is past it."""
    event = need_workflow.follow(need, name, actor=actor, note=note)
    if event:
        announce(need, event)
    return event


def announce(need: Need, event: Event) -> None:
    """Tell the other apps when the need opens to offers, when it closes, and of every other step."""
    if event.target == S.PUBLISHED:
        transaction.on_commit(partial(need_published.send_robust, sender=Need, need=need))
    if event.source in LISTED and event.target not in LISTED:
        transaction.on_commit(partial(need_closed.send_robust, sender=Need, need=need))
    transaction.on_commit(partial(need_moved.send_robust, sender=Need, need=need, event=event))


@transaction.atomic
def grant_sight(
    need: Need,
    *,
    actor: User | None,
    organisation: Organisation | None = None,
    user: User | None = None,
    **sight: bool,
) -> NeedGrant:
    """Let an institute or a person see more of the need; what was granted before stays."""
    grant, _ = NeedGrant.objects.select_for_update().get_or_create(need=need, organisation=organisation, user=user)
    for name, seen in sight.items():
        setattr(grant, name, seen)
    grant.save()
    need.record("grant", "开放查看", actor=actor, data={"to": str(organisation or user), **sight})
    return grant


@transaction.atomic
def revoke_sight(
    need: Need, *, actor: User | None, organisation: Organisation | None = None, user: User | None = None
) -> None:
    """Close what an institute or a person was let see beyond the need's level."""
    ended, _ = need.grants.filter(organisation=organisation, user=user).delete()
    if ended:
        need.record("revoke", "收回查看", actor=actor, data={"from": str(organisation or user)})
