from django.db.models import TextChoices


class Phase(TextChoices):
    """What a challenge goes through, in order."""

    COLLECTING = "collecting", "征集"
    SCREENING = "screening", "需求评审"
    BOARD = "board", "发榜"
    SOLVING = "solving", "揭榜"
    REVIEWING = "reviewing", "方案评审"
    FINALS = "finals", "现场赛"
    ANNOUNCED = "announced", "公示"
    SIGNING = "signing", "签约"
    TRACKING = "tracking", "跟踪"


class ChallengeStatus(TextChoices):
    DRAFT = "draft", "筹备"
    COLLECTING = Phase.COLLECTING.value, Phase.COLLECTING.label
    SCREENING = Phase.SCREENING.value, Phase.SCREENING.label
    BOARD = Phase.BOARD.value, Phase.BOARD.label
    SOLVING = Phase.SOLVING.value, Phase.SOLVING.label
    REVIEWING = Phase.REVIEWING.value, Phase.REVIEWING.label
    FINALS = Phase.FINALS.value, Phase.FINALS.label
    ANNOUNCED = Phase.ANNOUNCED.value, Phase.ANNOUNCED.label
    SIGNING = Phase.SIGNING.value, Phase.SIGNING.label
    TRACKING = Phase.TRACKING.value, Phase.TRACKING.label
    ARCHIVED = "archived", "归档"
    CANCELLED = "cancelled", "取消"


class ReviewStage(TextChoices):
    """What reviewers score."""

    SCREENING = "screening", "需求评审"
    SOLUTION = "solution", "方案评审"


class EntryStatus(TextChoices):
    ENTERED = "entered", "已报名"
    RETURNED = "returned", "退回补充"
    SELECTED = "selected", "入选待发榜"
    ON_BOARD = "on_board", "已发榜"
    NOT_SELECTED = "not_selected", "未入选"
    WITHDRAWN = "withdrawn", "已撤回"


class SolutionStatus(TextChoices):
    """From the draft to the decision; the last three are the released outcomes."""

    DRAFT = "draft", "草稿"
    SUBMITTED = "submitted", "已提交"
    WITHDRAWN = "withdrawn", "已撤回"
    ADMITTED = "admitted", "评审中"
    NOT_ADMITTED = "not_admitted", "未通过形式审查"
    SHORTLISTED = "shortlisted", "进入现场赛"
    NOT_SHORTLISTED = "not_shortlisted", "未进入现场赛"
    SELECTED = "selected", "揭榜成功"
    COMMENDED = "commended", "优秀方案"
    NOT_SELECTED = "not_selected", "未入选"


class Outcome(TextChoices):
    """What is decided of a solution."""

    SELECTED = SolutionStatus.SELECTED.value, SolutionStatus.SELECTED.label
    COMMENDED = SolutionStatus.COMMENDED.value, SolutionStatus.COMMENDED.label
    NOT_SELECTED = SolutionStatus.NOT_SELECTED.value, SolutionStatus.NOT_SELECTED.label


class FollowUpState(TextChoices):
    """What a signed solution has come to."""

    ON_TRACK = "on_track", "按计划推进"
    DELAYED = "delayed", "有延误"
    IN_USE = "in_use", "已交付使用"
    STOPPED = "stopped", "已中止"


class FunnelStep(TextChoices):
    """How far needs have come in an event; solutions are counted beside the needs they answer."""

    ENTERED = "entered", "报名的需求"
    PUBLISHED = "published", "发榜的项目"
    SOLUTIONS = "solutions", "收到的方案"
    COVERED = "covered", "有方案的项目"
    MATCHED = "matched", "揭榜成功的项目"
    SIGNED = "signed", "已签协议的项目"


class ReviewStatus(TextChoices):
    ASSIGNED = "assigned", "待评审"
    DRAFTING = "drafting", "评审中"
    LOCKED = "locked", "已提交"
    RECUSED = "recused", "已回避"
    REMOVED = "removed", "已撤销"


class ConflictKind(TextChoices):
    """Where a conflict of interest comes from."""

    SAME_ORGANISATION = "same_organisation", "同一单位"
    MEMBERSHIP = "membership", "三年内曾是其成员"
    DOCKING = "docking", "与其有对接或协议"
    STEWARD = "steward", "担任其技术管家"
    ENTERED = "entered", "其单位在同一赛事报名"
    SOLVER = "solver", "同为本届赛事的揭榜单位"
    CO_APPLICANT = "co_applicant", "联合揭榜"
    EMAIL = "email", "邮箱域名相同"
    PHONE = "phone", "联系电话相同"
    DECLARED = "declared", "本人申报"
