"""What the worker does for all apps."""

from collections.abc import Iterator
from datetime import timedelta

from django.apps import apps
from django.core.files.storage import default_storage
from django.utils import timezone

from core.files import FOLDER, StoredFile
from core.history import set_checkpoint
from core.models import IdempotentAnswer

# A file is written before its row, in a transaction that may take a while.
ORPHANED_AFTER = timedelta(days=1)
ANSWERS_KEPT_FOR = timedelta(hours=48)


def remove_orphans() -> int:
    """Delete files that no record names any more; returns how many."""
    owners = (model for model in apps.get_models() if issubclass(model, StoredFile))
    owned = {path for owner in owners for path in owner._base_manager.values_list("file", flat=True)}
    oldest = timezone.now() - ORPHANED_AFTER
    orphans = [
        path for path in stored_paths(FOLDER) if path not in owned and default_storage.get_modified_time(path) < oldest
    ]
    for path in orphans:
        default_storage.delete(path)
    return len(orphans)


def stored_paths(folder: str) -> Iterator[str]:
    """The paths of all files in the folder and below."""
    if not default_storage.exists(folder):
        return
    folders, names = default_storage.listdir(folder)
    yield from (f"{folder}/{name}" for name in names)
    for name in folders:
        yield from stored_paths(f"{folder}/{name}")


def delete_old_answers() -> int:
    """Forget answers of the API that nobody will ask for again; returns how many."""
    deleted, _ = IdempotentAnswer.objects.filter(created_at__lt=timezone.now() - ANSWERS_KEPT_FOR).delete()
    return deleted


def seal_history() -> None:
    """Seal the entries that were added to any history since the last night."""
    set_checkpoint()


# Name, what the worker calls, and when.
SCHEDULE = {
    "每夜清理无主附件": ("core.jobs.remove_orphans", "40 2 * * *"),
    "每小时清理应答留存": ("core.jobs.delete_old_answers", "0 * * * *"),
    "每夜封存经过记录": ("core.jobs.seal_history", "20 3 * * *"),
}
