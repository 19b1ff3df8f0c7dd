from io import StringIO

import pytest
from django.core.management import CommandError, call_command


def run(*arguments, **options):
    out = StringIO()
    call_command(*arguments, stdout=out, **options)
    return out.getvalue().splitlines()


def test_the_report_names_the_failing_line_and_ends_with_the_rate(tmp_path):
    path = tmp_path / "cases.jsonl"
    path.write_text('{"id": "x1", "form": "range", "text": "5 kg", "expect": [{"kind": "none"}]}\n', encoding="utf-8")
    assert run("reading_report", str(path)) == [
        "range                   0 / 1      0.0 %",
        "✗ x1 range：5 kg",
        "    读作 range 5 5 kg",
        "exact 0 of 1 (0.0 %), traps clean 0 of 1",
    ]


def test_the_report_reads_the_cases_of_the_project_by_default():
    assert run("reading_report")[-1].startswith("exact ")


@pytest.mark.parametrize("content", ["no json", "{}"])
def test_the_report_says_what_is_wrong_with_a_file(tmp_path, content):
    path = tmp_path / "cases.jsonl"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(CommandError, match="不是用例文件"):
        run("reading_report", str(path))
    with pytest.raises(CommandError, match="无法读取"):
        run("reading_report", str(tmp_path / "missing"))


def test_a_text_is_read_on_the_terminal():
    assert run("read", "0~25", header="测量范围/mm") == ["范围\t0~25\t长度 0～0.025 m", "读出 1 项，未读出 0 项。"]
    assert run("read", "灵敏度 5 mV/foo") == ["未读出\t5 mV/foo\t请改写为数值加单位", "读出 0 项，未读出 1 项。"]
