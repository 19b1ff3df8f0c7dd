"""manage.py import_scope: a scope table into an institute's capabilities, without the pages."""

from functools import partial
from pathlib import Path

from django.core.files import File
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q

from accounts.enums import MemberRole, MemberStatus
from accounts.models import Organisation, User
from core.progress import bar
from core.workflow import TransitionError
from providers.enums import ImportStatus
from providers.imports import apply_import, count_effects, create_import, make_report, mark_confirmed, read_import
from providers.scope.rows import Problem, ScopeError, Severity, read_scope


class Command(BaseCommand):
    help = "导入 CNAS 格式的能力表（XLSX 或 CSV）。有错误的行不导入，并逐条列出。"

    def add_arguments(self, parser):
        parser.add_argument("file", type=Path, help="能力表文件")
        parser.add_argument("--organisation", required=True, help="机构名称或统一社会信用代码")
        parser.add_argument("--publish", action="store_true", help="导入后立即发布（默认存为草稿）")
        parser.add_argument("--dry-run", action="store_true", help="只检查，不写入")

    def handle(self, *, file, organisation, publish, dry_run, verbosity, **options):
        if not file.is_file():
            raise CommandError(f"找不到文件 {file}。请检查路径。")
        institute = find_institute(organisation)
        show = partial(bar, verbosity=verbosity)
        try:
            report = examine_file(file, institute, show) if dry_run else write_file(file, institute, publish, show)
        except (ScopeError, TransitionError) as error:
            raise CommandError(str(error)) from error
        problems = [Problem(**data) for data in report["problems"]]
        for problem in problems:
            sign = "错误" if problem.severity == Severity.ERROR else "提醒"
            self.stderr.write("  ".join(filter(None, [sign, problem.place, problem.message])))
        if not report["rows"]:
            raise CommandError("没有可以导入的能力行。请按列出的错误修改文件后重试。")
        effects = count_effects(report)
        errors = sum(problem.severity == Severity.ERROR for problem in problems)
        self.stdout.write(
            self.style.SUCCESS(
                f"{'检查' if dry_run else '导入'}完成：能力新增 {effects['new']} 项、更新 {effects['changed']} 项、"
                f"不变 {effects['unchanged']} 项；共 {len(report['rows'])} 行，"
                f"其中 {len(report['unstructured'])} 行待结构化；{errors} 处错误。"
            )
        )


def examine_file(file, institute, show):
    """The report of a file that is only looked at."""
    with file.open("rb") as stream:
        scope = read_scope(stream, file.name)
    return make_report(scope, show(scope.rows, label="识别能力行"), institute, None)


def write_file(file, institute, publish, show):
    """The report of a file whose rows have been written."""
    author = find_author(institute)
    with file.open("rb") as stream:
        scope_import = create_import(author=author, organisation=institute, file=File(stream, name=file.name))
    read_import(str(scope_import.pk), show=show)
    refuse_failed(scope_import)
    if scope_import.report["rows"]:
        mark_confirmed(scope_import, actor=author, publish=publish)
        apply_import(str(scope_import.pk), show=show)
        refuse_failed(scope_import)
    return scope_import.report


def find_institute(text: str) -> Organisation:
    """The provider of that name or credit code."""
    institute = Organisation.objects.providers().filter(Q(name=text) | Q(credit_code=text.upper())).first()
    if institute is None:
        raise CommandError(f"没有名称或统一社会信用代码为“{text}”的服务机构。请核对，或先在平台登记。")
    return institute


def find_author(institute: Organisation) -> User:
    """The administrator in whose name the import is written."""
    seats = institute.memberships.filter(role=MemberRole.ADMIN, status=MemberStatus.ACTIVE, user__is_active=True)
    seat = seats.select_related("user").first()
    if seat is None:
        raise CommandError(f"{institute} 没有在册的管理员，无法以其名义导入。请先批准一名管理员。")
    return seat.user


def refuse_failed(scope_import) -> None:
    """Raise with the reason when a step did not end well."""
    scope_import.refresh_from_db()
    if scope_import.status == ImportStatus.FAILED:
        raise ScopeError(scope_import.report["error"])
