"""Sheets of the finals: marks typed in where there is no network, and the ranking to take away."""

import io
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from openpyxl import Workbook

from accounts.models import User
from challenges.services.finals import POINTS, RULES, Finals, Key
from challenges.services.intake import Problem
from core.models import Event
from partnerships.sheets import SheetRow, add_sheet, read_table, saved, write_cell

NUMBER, ORDER, TITLE, JUDGE, MARK = "方案编号", "出场顺序", "方案名称", "评委", "得分"
MARKS = {NUMBER: 16, ORDER: 10, TITLE: 40, JUDGE: 24, MARK: 10}
NOTES = (
    "每行是一位评委给一份方案的分数，只填“得分”一列：0–100 分，可打半分，如 82 或 82.5。",
    "没有到场的评委，得分留空；与方案有利益冲突的评委不在表里，不能添加。",
    "方案编号和评委请不要改动。上传后先预览，逐行指出问题；全部改正、核对并保存后才计入。",
)
RANKING = {
    "总名次": 8,
    "项目内名次": 10,
    "出场顺序": 10,
    "项目编号": 10,
    "项目": 30,
    "方案编号": 16,
    "方案名称": 36,
    "揭榜单位": 36,
}
CHANGES = {"时间": 20, "录入人": 14, "方案编号": 16, "评委": 20, "原来": 10, "改为": 10}
MAX_ROWS = 2_000


@dataclass(frozen=True)
class ReadMarks:
    """What a sheet holds: the marks, and what is wrong with its rows."""

    marks: dict[Key, Decimal]
    problems: list[Problem]


def write_marks_template(finals: Finals) -> io.BytesIO:
    """A sheet with a row for each mark that can be given, and what is stored already."""
    book = Workbook(write_only=True)
    sheet = add_sheet(book, "现场得分", MARKS)
    names = names_of(finals.judges)
    for judge in finals.judges:
        for solution in finals.solutions:
            key = solution.pk, judge.pk
            if not finals.is_barred(key):
                mark = finals.marks.get(key)
                values = (solution.number, solution.draw_order, solution.title, names[judge.pk], mark and mark.points)
                sheet.append([write_cell(sheet, value) for value in values])
    notes = book.create_sheet("填写说明")
    notes.column_dimensions["A"].width = 100
    for note in NOTES:
        notes.append([write_cell(notes, note)])
    return saved(book)


def names_of(judges: Iterable[User]) -> dict[int, str]:
    """By judge the name, with the mail address where two have the same."""
    judges = list(judges)
    same = Counter(judge.name for judge in judges)
    return {judge.pk: judge.name if same[judge.name] == 1 else f"{judge.name}（{judge.email}）" for judge in judges}


def read_marks(file: BinaryIO, finals: Finals) -> ReadMarks:
    """The marks of a filled-in sheet; a SheetError says why it cannot be read."""
    hint = f"下载模板填写；表头至少要有“{NUMBER}”“{JUDGE}”和“{MARK}”"
    rows = read_table(file, MARKS, needed=({NUMBER, JUDGE, MARK},), hint=hint, max_rows=MAX_ROWS)
    reader = _Reader(finals)
    for row in rows:
        reader.take(row)
    return ReadMarks(reader.marks, reader.problems)


class _Reader:
    def __init__(self, finals: Finals):
        self.finals = finals
        self.solutions = {solution.number: solution for solution in finals.solutions}
        self.judges = {name: pk for pk, name in names_of(finals.judges).items()}
        self.marks: dict[Key, Decimal] = {}
        self.problems: list[Problem] = []

    def take(self, row: SheetRow) -> None:
        number, judge, mark = (row.texts.get(heading, "") for heading in (NUMBER, JUDGE, MARK))
        flaws = {heading: row.flaws[heading] for heading in (NUMBER, JUDGE, MARK) if heading in row.flaws}
        if not (number or judge or mark or flaws):
            return
        solution, pk = self.solutions.get(number.upper()), self.judges.get(judge)
        if solution is None:
            flaws.setdefault(NUMBER, f"“{number}”不在现场赛名单里，请照模板里的编号填写。")
        if pk is None:
            flaws.setdefault(JUDGE, f"“{judge}”不是本届赛事的评委，请照模板里的姓名填写。")
        if not flaws and mark:
            key = solution.pk, pk
            flaws |= self._why_not(key)
            if not flaws:
                try:
                    self.marks[key] = POINTS.clean(forms.DecimalField().clean(mark), None)
                except ValidationError as error:
                    flaws[MARK] = f"“{mark}”不能作为得分：{error.messages[0]}"
        self.problems += [Problem(row.number, heading, message) for heading, message in flaws.items()]

    def _why_not(self, key: Key) -> dict[str, str]:
        if self.finals.is_barred(key):
            return {JUDGE: "与这份方案有利益冲突，应当回避，不能打分；请删除这一行。"}
        return {JUDGE: "这位评委给这份方案的分数写了两次，请只留一行。"} if key in self.marks else {}


def write_ranking(finals: Finals, changes: Iterable[Event]) -> io.BytesIO:
    """The ranking with every mark, the rule it follows, and what was changed when by whom."""
    book = Workbook(write_only=True)
    names = names_of(finals.judges)
    extra = dict.fromkeys(["现场得分", "方案评审平均分", *names.values()], 12)
    sheet = add_sheet(book, "现场赛排名", RANKING | extra)
    for standing in finals.ranked:
        solution = standing.solution
        given = [finals.marks.get((solution.pk, pk)) for pk in names]
        values = [
            standing.rank,
            standing.place,
            solution.draw_order,
            solution.entry.board_number,
            solution.entry.board_title,
            solution.number,
            solution.title,
            "、".join(body.name for body in solution.bodies),
            standing.mean,
            standing.review.mean if standing.review else None,
            *(
                "回避" if finals.is_barred((solution.pk, pk)) else mark and mark.points
                for pk, mark in zip(names, given, strict=True)
            ),
        ]
        sheet.append([write_cell(sheet, value) for value in values])
    _write_notes(book, finals, changes)
    return saved(book)


def _write_notes(book: Workbook, finals: Finals, changes: Iterable[Event]) -> None:
    rules = book.create_sheet("规则")
    rules.column_dimensions["A"].width = 100
    for rule in RULES:
        rules.append([write_cell(rules, rule)])
    sheet = add_sheet(book, "录入和更改", CHANGES)
    names = names_of(finals.judges)
    for event in changes:
        when = f"{timezone.localtime(event.created_at):%Y-%m-%d %H:%M:%S}"
        for each in event.data["marks"]:
            judge = names.get(each["judge"], "")
            values = (when, str(event.actor), each["solution"], judge, each["old"], each["new"])
            sheet.append([write_cell(sheet, value) for value in values])
