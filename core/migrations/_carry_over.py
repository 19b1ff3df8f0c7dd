"""For migrations: move the entries of an app's own event table into the common history."""

from datetime import UTC

from core.seals import seal


def carry_over(model: str, subject: str, reasons: dict[str, str] | None = None):
    """A migration step that copies the rows of `app.Event`, whose foreign key `subject` names the record."""
    app, name = model.split(".")

    def run(apps, schema_editor):
        content_types, events = apps.get_model("contenttypes", "ContentType"), apps.get_model("core", "Event")
        kind, _ = content_types.objects.get_or_create(app_label=app, model=subject)
        number, previous, record = 0, "", None
        for row in apps.get_model(app, name).objects.order_by(f"{subject}_id", "created_at", "pk").iterator():
            if record != getattr(row, f"{subject}_id"):
                number, previous, record = 0, "", getattr(row, f"{subject}_id")
            number += 1
            reason = getattr(row, "reason", "")
            label = (reasons or {}).get(reason, "")
            moved = (row.action, row.label, row.source, row.target, reason, label, row.note, {}, row.actor_id)
            moment = row.created_at.astimezone(UTC).isoformat(timespec="microseconds")
            previous = seal(previous, [app, subject, str(record), number, *moved, moment])
            fields = ("action", "label", "source", "target", "reason", "reason_label", "note", "data", "actor_id")
            events.objects.create(
                subject_type_id=kind.pk,
                subject_id=record,
                number=number,
                created_at=row.created_at,
                seal=previous,
                **dict(zip(fields, moved, strict=True)),
            )

    return run
