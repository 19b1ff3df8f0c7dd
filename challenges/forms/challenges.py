"""The particulars of a challenge, its calendar, its criteria, an extension, and the copy of an earlier one."""

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone

from challenges.clock import check_moment
from challenges.enums import ChallengeStatus, Phase
from challenges.models import Challenge, Criterion
from challenges.services.challenges import (
    MAX_CRITERIA,
    WHOLE,
    check_criteria,
    possible_co_organisers,
    possible_organisers,
    why_not_extended,
)
from challenges.workflow import PHASES
from core.forms import filled_rows
from core.regions import region_label, region_names

ENDS = {"opens_at": "开始", "closes_at": "截止"}


class MomentField(forms.DateTimeField):
    """A day and a time of day, in Shanghai."""

    def __init__(self, **kwargs):
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, validators=[check_moment], **kwargs)

    def to_python(self, value):
        try:
            return super().to_python(value)
        # The first and the last year have times that lie outside all years elsewhere.
        except OverflowError as error:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from error


class ChallengeForm(forms.ModelForm):
    """What a challenge is about and how it is judged; who organises it is chosen once."""

    regions = forms.MultipleChoiceField(
        label="面向地区",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="不选表示全国。",
    )
    co_organisers = forms.ModelMultipleChoiceField(
        label="协办单位",
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="协办的组织方可一同管理赛事；协办的机构只列名。",
    )

    class Meta:
        model = Challenge
        fields = [
            "name",
            "organiser",
            "theme",
            "rules_text",
            "regions",
            "co_organisers",
            "reviews_per_item",
            "is_anonymous",
        ]
        widgets = {"rules_text": forms.Textarea(attrs={"rows": 12})}
        help_texts = {
            "name": "例如“2026 年长三角产业计量技术创新挑战赛”。",
            "theme": "一句话说清征集什么样的难题。",
            "rules_text": "谁可以报名、需求要写到什么程度、怎么评、知识产权归谁。报名前企业看到的就是这些。",
            "reviews_per_item": "每条需求由几位没有利益关系的专家评审，最少 3 位。",
            "is_anonymous": "专家看不到企业名称和联系方式，企业看不到专家姓名。",
        }

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        provinces = [code for code in region_names() if code.endswith("0000")]
        # Smaller regions come in through the API, and are not to get lost here.
        codes = dict.fromkeys([*provinces, *self.instance.regions])
        self.fields["regions"].choices = [(code, region_label(code)) for code in codes]
        self.fields["co_organisers"].queryset = possible_co_organisers().exclude(pk=self.instance.organiser_id)
        if self.instance._state.adding:
            self.fields["organiser"].queryset = possible_organisers(user)
            self.fields["organiser"].initial = self.fields["organiser"].queryset.first()
        else:
            del self.fields["organiser"]

    def clean(self):
        data = super().clean()
        organiser = data.get("organiser") or getattr(self.instance, "organiser", None)
        if organiser in data.get("co_organisers", ()):
            self.add_error("co_organisers", "主办单位不必再列为协办单位，请取消选择。")
        return data


class CopyForm(forms.Form):
    source = forms.ModelChoiceField(
        label="往届赛事",
        queryset=None,
        empty_label="请选择",
        help_text="复制主题、规则、地区、协办单位和评审指标；日程需要重新设定。",
    )
    name = forms.CharField(label="新赛事名称", max_length=Challenge._meta.get_field("name").max_length)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = Challenge.objects.run_by(user)


class CalendarForm(forms.Form):
    """When each phase begins and ends; what has begun is shown, but not changed."""

    def __init__(self, *args, challenge, **kwargs):
        super().__init__(*args, **kwargs)
        self.begun = {
            window.phase: (window.opens_at, window.closes_at)
            for window in challenge.windows.all()
            if challenge.status != ChallengeStatus.DRAFT and window.opens_at <= timezone.now()
        }
        for phase in PHASES:
            window = challenge.window(phase)
            for name, label in ENDS.items():
                self.fields[f"{phase}_{name}"] = MomentField(
                    label=f"{phase.label}{label}",
                    required=False,
                    disabled=phase in self.begun,
                    initial=getattr(window, name, None),
                )

    @property
    def rows(self) -> list[tuple[Phase, list[forms.BoundField]]]:
        return [(phase, [self[f"{phase}_{end}"] for end in ENDS]) for phase in PHASES]

    @property
    def calendar(self) -> dict:
        """The phases of which both times are given; those that have begun to the split second."""
        spans = {phase: tuple(self.cleaned_data.get(f"{phase}_{end}") for end in ENDS) for phase in PHASES}
        return {phase: span for phase, span in spans.items() if all(span)} | self.begun

    def clean(self):
        data = super().clean()
        for phase in PHASES:
            opens_at, closes_at = f"{phase}_opens_at", f"{phase}_closes_at"
            if {opens_at, closes_at} & self.errors.keys():
                continue
            given = [name for name in (opens_at, closes_at) if data.get(name)]
            if len(given) == 1:
                missing = closes_at if given == [opens_at] else opens_at
                self.add_error(missing, f"请填写{self.fields[missing].label}时间，或把这一阶段的两个时间都清空。")
            elif given and data[opens_at] >= data[closes_at]:
                self.add_error(closes_at, "截止时间必须晚于开始时间，请改正。")
        return data


class CriterionForm(forms.ModelForm):
    class Meta:
        model = Criterion
        fields = ["name", "weight", "guidance"]
        widgets = {"weight": forms.NumberInput(attrs={"data-summand": ""})}


class CriteriaFormSet(forms.BaseFormSet):
    default_error_messages = forms.BaseFormSet.default_error_messages | {
        "too_many_forms": f"一个环节最多 {MAX_CRITERIA} 项指标，请合并或删除一些。"
    }

    def initial_form_count(self):
        """None of the rows sent is taken for a stored one, so that any may be left blank."""
        return 0 if self.is_bound else super().initial_form_count()

    @property
    def whole(self) -> int:
        """The sum of the weights as they stand in the form."""
        return sum(_number(form["weight"].value()) for form in self if not form["DELETE"].value())

    def clean(self):
        if not any(self.errors):
            check_criteria(filled_rows(self))


def _number(value) -> int:
    text = str(value)
    return int(text) if text.isdecimal() and len(text) <= len(str(WHOLE)) else 0


CriterionFormSet = forms.formset_factory(
    CriterionForm,
    formset=CriteriaFormSet,
    extra=0,
    max_num=MAX_CRITERIA,
    absolute_max=2 * MAX_CRITERIA,
    validate_max=True,
    can_delete=True,
)


class ExtensionForm(forms.Form):
    phase = forms.ChoiceField(label="延期的阶段", choices=[])
    closes_at = MomentField(label="新的截止时间")
    reason = forms.CharField(label="延期理由", max_length=300, help_text="对外公布；每个阶段只能延期一次。")

    def __init__(self, *args, challenge, **kwargs):
        super().__init__(*args, **kwargs)
        windows = [window for window in challenge.windows.all() if not why_not_extended(challenge, window)]
        self.fields["phase"].choices = [(window.phase, str(window)) for window in windows]
