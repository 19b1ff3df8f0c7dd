from pathlib import Path

from django.core.management.base import BaseCommand, CommandError

from matching.engine.report import check_cases, rates_by_form, summary

CASES = Path(__file__).parents[3] / "tests" / "matching" / "cases"


class Command(BaseCommand):
    help = "检查量值读取：按写法列出正确率和读错的行，末行为总数。不给文件时使用项目自带的用例。"

    def add_arguments(self, parser):
        parser.add_argument("files", nargs="*", type=Path, metavar="FILE", help="JSONL 文件，每行一个用例")

    def handle(self, *, files, **options):
        outcomes = [outcome for file in files or sorted(CASES.glob("reading_*.jsonl")) for outcome in self._check(file)]
        for form, exact, total in rates_by_form(outcomes):
            self.stdout.write(f"{form:<20} {exact:>4} / {total:<4} {100 * exact / total:5.1f} %")
        for outcome in outcomes:
            if not outcome.exact:
                self.stdout.write(f"✗ {outcome.case.get('id', '')} {outcome.case['form']}：{outcome.case['text']}")
                for item in outcome.items:
                    self.stdout.write(
                        f"    读作 {item.kind} {item.low} {item.high} {item.si_unit or item.grade or item.code}"
                    )
        self.stdout.write(summary(outcomes))

    def _check(self, file):
        try:
            return check_cases(file.read_text(encoding="utf-8").splitlines())
        except OSError as error:
            raise CommandError(f"无法读取 {file}：{error.strerror}。请检查路径。") from error
        except (ValueError, KeyError) as error:
            raise CommandError(f"{file} 不是用例文件：{error}。每行应为含 form、text、expect 的 JSON。") from error
