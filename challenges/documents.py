"""What of a challenge is handed around as a file: the board, the public notice, and the scores behind it."""

from collections.abc import Iterable

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.utils import timezone

from challenges.models import Challenge, Corrigendum, Entry
from challenges.outcomes import Announcement, Standing, Standings
from challenges.sheets import line_text, write_tables
from core.documents import Bullets, Document, Heading, Paragraph, Table, answer_document

UNDECIDED = "未拟定"


def answer_export(request: HttpRequest, document: Document, kind: str) -> HttpResponse:
    """The document as `docx`, `pdf` or `html`, or its tables as `xlsx`."""
    name = f"{document.title} {timezone.localdate():%Y-%m-%d}"
    if kind == "xlsx":
        tables = [block for block in document.blocks if isinstance(block, Table)]
        return FileResponse(write_tables(tables), as_attachment=True, filename=f"{name}.xlsx")
    if kind not in {"docx", "pdf", "html"}:
        raise Http404
    return answer_document(request, document, kind, name=name)


def board_document(challenge: Challenge, entries: Iterable[Entry], corrigenda: Iterable[Corrigendum]) -> Document:
    """The board item by item, and what was corrected."""
    blocks: list = []
    for entry in entries:
        facts = {
            "计量专业": entry.get_discipline_display() if entry.discipline else "",
            "地区": entry.region_display,
            "预算区间": entry.get_budget_band_display() if entry.budget_band else "",
            "揭榜条件": entry.conditions,
        }
        blocks += [Heading(f"{entry.board_number} {entry.board_title}"), Paragraph(entry.board_text)]
        if entry.board_lines:
            blocks.append(Bullets([line_text(row) for row in entry.board_lines]))
        if known := [(name, value) for name, value in facts.items() if value]:
            blocks.append(Table(known))
    if rows := [(each.entry.board_number, each.text, _time(each.created_at)) for each in corrigenda]:
        blocks += [Heading("更正公告"), Table(rows, ["编号", "更正内容", "发布时间"])]
    return Document(f"{challenge.name} 榜单", blocks, lead=f"主办单位：{challenge.organiser}")


def announcement_document(announcement: Announcement) -> Document:
    """The public notice as it stands."""
    challenge, window = announcement.challenge, announcement.window
    rows = [
        (entry.board_number, entry.board_title, winner.outcome_display, "、".join(winner.bodies))
        for entry, winners in announcement.items
        for winner in winners
    ]
    none = [entry.board_number for entry, winners in announcement.items if not winners]
    blocks: list = [Table(rows, ["编号", "项目", "结果", "单位"], "评定结果")]
    if none:
        blocks.append(Paragraph(f"没有揭榜成功或优秀方案的项目：{'、'.join(none)}。"))
    blocks.append(Paragraph(f"公示期间收到异议 {announcement.raised} 条，已答复 {announcement.answered} 条。"))
    if announcement.amendments:
        amended = [(each.board_number, each.reason, _time(each.created_at)) for each in announcement.amendments]
        blocks.append(Table(amended, ["编号", "理由", "更改时间"], "公示后的更改"))
    lead = f"主办单位：{challenge.organiser}\n公示时间：{_time(window.opens_at)} 至 {_time(window.closes_at)}"
    return Document(f"{challenge.name} 公示", blocks, lead=lead)


def decisions_document(challenge: Challenge, standings: Standings) -> Document:
    """All admitted solutions with their scores and what is decided of them; for who runs the challenge."""
    decided = [_decided(entry, each) for entry, found in standings.items for each in found]
    scored = [(each.solution.number, *each.result.means, each.result.mean) for each in standings.all if each.place]
    names = [f"{criterion.name}（{criterion.weight}）" for criterion in standings.criteria]
    headings = ["编号", "方案编号", "方案名称", "单位", "名次", "评审平均分", "现场得分", "结果", "说明"]
    blocks = [
        Table(decided, headings, "评定结果"),
        Table(scored, ["方案编号", *names, "平均分"], "各项平均分"),
    ]
    return Document(f"{challenge.name} 评定结果", blocks, lead="内部资料，不对外公布。")


def _decided(entry: Entry, standing: Standing) -> tuple:
    solution, decision = standing.solution, standing.decision
    return (
        entry.board_number,
        solution.number,
        solution.title,
        "、".join(body.name for body in solution.bodies),
        _or_empty(standing.place),
        _or_empty(standing.result.mean),
        _or_empty(standing.finals),
        decision.get_outcome_display() if decision else UNDECIDED,
        decision.text if decision else "",
    )


def _or_empty(number):
    return "" if number is None else number


def _time(moment) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M}"
