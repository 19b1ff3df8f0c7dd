"""The closing report of an event in words and figures; what it says is counted, and in the wording of the board."""

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal

from django.utils import timezone

from accounts.models import User
from challenges.enums import FollowUpState, FunnelStep, Outcome, Phase
from challenges.funnel import Funnel, funnel_of
from challenges.models import Challenge, Entry, FollowUp, Objection, Solution
from challenges.services.follow_ups import MONTHS
from challenges.services.signing import selected_solutions, signings_of
from core.documents import Bar, Bullets, Document, Figure, Heading, Paragraph, Table
from core.enums import Discipline
from core.money import in_wan
from core.regions import region_label

# Where these have come to, the organiser has something to do yet.
TROUBLED = frozenset({FollowUpState.DELAYED, FollowUpState.STOPPED})
NONE = "无。"


def report_on(challenge: Challenge, user: User) -> Document:
    """The report as who runs the challenge hands it on."""
    funnel = funnel_of(challenge, user)
    items = list(challenge.entries.on_board().order_by("board_number"))
    answered = set(Solution.objects.in_contest().filter(entry__in=items).values_list("entry", flat=True))
    uncovered = [item for item in items if item.pk not in answered]
    follow_ups = list(FollowUp.objects.filter(solution__entry__challenge=challenge).for_list())
    blocks = [
        *_overview(funnel),
        *_board(items),
        *_gaps(uncovered),
        *_results(challenge),
        *_amounts(challenge, funnel, user),
        *_tracking(follow_ups),
        *_lessons(challenge, items, answered, uncovered, follow_ups),
    ]
    return Document(f"{challenge.name} 总结报告", blocks, lead=_lead(challenge))


def _lead(challenge: Challenge) -> str:
    first, last = challenge.window(Phase.COLLECTING), challenge.window(Phase.ANNOUNCED)
    partners = "、".join(map(str, challenge.co_organisers.all()))
    lines = [
        f"主办单位：{challenge.organiser}",
        f"协办单位：{partners}" if partners else "",
        f"面向地区：{challenge.regions_display}",
        f"起止：{_day(first.opens_at)} 至 {_day(last.closes_at)}" if first and last else "",
        f"统计到 {timezone.localdate():%Y-%m-%d}，赛事处于“{challenge.get_status_display()}”阶段。",
    ]
    return "\n".join(filter(None, lines))


def _overview(funnel: Funnel) -> list:
    count = {step: funnel.count(step) for step in FunnelStep}
    text = (
        f"本届赛事共有 {count['entered']} 项需求报名，{count['published']} 项发榜；"
        f"收到揭榜方案 {count['solutions']} 份，覆盖 {count['covered']} 项；"
        f"{count['matched']} 项揭榜成功，其中 {count['signed']} 项已签协议。"
    )
    bars = [Bar(step.label, step.count, f"{step.count} {step.unit}") for step in funnel.steps]
    return [Heading("概况"), Paragraph(text), Figure("从报名到签约", bars)]


def _board(items: list[Entry]) -> list:
    fields = Counter(Discipline(item.discipline).label if item.discipline else "未填" for item in items)
    places = Counter(region_label(f"{item.region[:2]}0000") if item.region else "未填" for item in items)
    return [Heading("榜单"), _counted("按计量专业", fields), _counted("按地区", places)]


def _counted(caption: str, counts: Counter) -> Figure:
    return Figure(caption, [Bar(label, number, f"{number} 项") for label, number in counts.most_common()])


def _gaps(uncovered: list[Entry]) -> list:
    blocks: list = [Heading("无人揭榜的项目")]
    if not uncovered:
        return [*blocks, Paragraph(NONE)]
    rows = [
        (item.board_number, item.board_title, item.get_discipline_display(), item.region_display) for item in uncovered
    ]
    text = f"{len(uncovered)} 项没有收到方案，是目前服务能力的缺口，可列入联合攻关或下一届征集。"
    return [*blocks, Paragraph(text), Table(rows, ["编号", "项目", "计量专业", "地区"])]


def _results(challenge: Challenge) -> list:
    told = [Outcome.SELECTED, Outcome.COMMENDED]
    found = Solution.objects.filter(entry__challenge=challenge, status__in=told).for_list()
    rows = [
        (each.entry.board_number, each.entry.board_title, "、".join(map(str, each.bodies)), each.get_status_display())
        for each in found
    ]
    blocks = [Heading("评定结果"), Paragraph(_notice(challenge))]
    return [*blocks, Table(rows, ["编号", "项目", "单位", "结果"])] if rows else [*blocks, Paragraph(NONE)]


def _notice(challenge: Challenge) -> str:
    raised = Objection.objects.filter(challenge=challenge)
    upheld = raised.filter(is_upheld=True).count()
    return f"公示期间收到异议 {raised.count()} 条，其中 {upheld} 条成立。" if raised.exists() else "公示期间没有异议。"


def _amounts(challenge: Challenge, funnel: Funnel, user: User) -> list:
    sums = funnel.sums
    without = f"（{sums.without_budget} 项未填）" if sums.without_budget else ""
    text = (
        f"榜单项目的预算合计 {_span(sums.budget_low, sums.budget_high)}{without}。"
        f"双方已确认的协议 {sums.count} 份：意向 {in_wan(sums.intent_amount)}，合同 {in_wan(sums.contract_amount)}，"
        f"已付 {in_wan(sums.paid_amount)}。预算、意向、合同、已付是不同的数，不能相加。"
    )
    rows = [
        (
            each.solution.entry.board_number,
            str(each.solution.organisation),
            each.docking.get_status_display() if each.docking else "未开启对接",
            *(in_wan(each.sums[name]) for name in ("intent_amount", "contract_amount", "paid_amount")),
        )
        for each in signings_of(selected_solutions([challenge]), user)
    ]
    bars = [
        Bar("预算上限", sums.budget_high, in_wan(sums.budget_high)),
        Bar("意向", sums.intent_amount, in_wan(sums.intent_amount)),
        Bar("合同", sums.contract_amount, in_wan(sums.contract_amount)),
        Bar("已付", sums.paid_amount, in_wan(sums.paid_amount)),
    ]
    blocks: list = [Heading("签约和金额"), Paragraph(text), Figure("各项金额", bars)]
    return [*blocks, Table(rows, ["编号", "揭榜单位", "对接阶段", "意向", "合同", "已付"])] if rows else blocks


def _tracking(follow_ups: list[FollowUp]) -> list:
    blocks: list = [Heading("跟踪")]
    if not follow_ups:
        return [*blocks, Paragraph("还没有进入跟踪。")]
    rows = [_tracked(months, [each for each in follow_ups if each.months == months]) for months in MONTHS]
    labels = [state.label for state in FollowUpState]
    blocks.append(Table(rows, ["跟踪", "应填", "已填", *labels], "3、6、12 个月的跟踪"))
    told = [
        (each.solution.entry.board_number, f"{each.months} 个月", each.get_state_display(), each.text)
        for each in follow_ups
        if each.done_on
    ]
    return [*blocks, Table(told, ["编号", "跟踪", "进展", "情况"])] if told else blocks


def _tracked(months: int, follow_ups: list[FollowUp]) -> tuple:
    states = Counter(each.state for each in follow_ups if each.done_on)
    counts = [len(follow_ups), states.total(), *(states[state] for state in FollowUpState)]
    return (f"{months} 个月", *map(str, counts))


def _lessons(challenge, items: list[Entry], answered: set, uncovered: list[Entry], follow_ups) -> list:
    """What is left to do, each with its way out; only what has occurred is named."""
    matched = set(selected_solutions([challenge]).values_list("entry", flat=True))
    unsolved = [item for item in items if item.pk in answered and item.pk not in matched]
    signed = Solution.objects.signed().values("pk")
    unsigned = [each.entry for each in selected_solutions([challenge]).exclude(pk__in=signed)]
    latest = {each.solution_id: each for each in sorted(follow_ups, key=lambda each: each.months) if each.done_on}
    troubled = [each.solution.entry for each in latest.values() if each.state in TROUBLED]
    late = [each.solution.entry for each in follow_ups if each.days_overdue]
    points = [
        (uncovered, "没有机构揭榜：面向全国定向邀请，或列为共性难题联合攻关。"),
        (unsolved, "有方案但没有揭榜成功：把评审意见反馈给揭榜单位，完善后可再报，或调整指标和条件再发榜。"),
        (unsigned, "揭榜成功但还没有双方确认的协议：请技术管家问清卡在哪里。"),
        (troubled, "最近一次跟踪有延误或已中止：请组织双方会商。"),
        (late, "跟踪逾期没有填写：请催办。"),
    ]
    bullets = [f"{_numbers(entries)}：{advice}" for entries, advice in points if entries]
    return [Heading("有待改进"), Bullets(bullets) if bullets else Paragraph(NONE)]


def _numbers(entries: Iterable[Entry]) -> str:
    return "、".join(sorted({entry.board_number for entry in entries}))


def _span(low: Decimal, high: Decimal) -> str:
    return in_wan(low) if low == high else f"{in_wan(low)}至 {in_wan(high)}"


def _day(moment) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d}"
