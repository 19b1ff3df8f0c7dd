"""The need form in three steps: the problem, its measurement lines, terms and publicity."""

from decimal import Decimal

from django import forms
from django.core.exceptions import ValidationError

from core.enums import CredentialKind, Level
from needs.enums import Cooperation
from needs.models import Need, NeedLine
from needs.services import LINE_FIELDS, MAX_LINES


class MoneyField(forms.DecimalField):
    """An amount typed in 万元 and kept in 元."""

    def __init__(self, **kwargs):
        super().__init__(min_value=0, max_value=Decimal(200_000), decimal_places=4, required=False, **kwargs)

    def prepare_value(self, value):
        return f"{Decimal(value) / 10_000:f}".rstrip("0").rstrip(".") if isinstance(value, int) else value

    def clean(self, value):
        amount = super().clean(value)
        return None if amount is None else int(amount * 10_000)


class ProblemForm(forms.ModelForm):
    """Step 1: what is the matter."""

    class Meta:
        model = Need
        fields = [
            "title",
            "problem",
            "discipline",
            "category",
            "problem_type",
            "background",
            "current_state",
            "measures_taken",
            "goal",
            "difficulties",
            "sample",
            "traceability",
        ]
        widgets = {
            "problem": forms.Textarea(attrs={"rows": 9}),
            "background": forms.Textarea(attrs={"rows": 3}),
            "current_state": forms.Textarea(attrs={"rows": 3}),
            "measures_taken": forms.Textarea(attrs={"rows": 3}),
            "goal": forms.Textarea(attrs={"rows": 3}),
            "difficulties": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "title": "一句话说清要测什么，例如“深孔内径在线测量”。",
            "problem": "用自己的话写：测什么、多大范围、要多准、在什么条件下、现在卡在哪里。",
            "sample": "材料、尺寸、质量、数量；能否送到实验室，还是只能在现场测。",
            "traceability": "例如“溯源至国家基准”“出具带 CNAS 标识的校准证书”。",
        }


class LineForm(forms.ModelForm):
    """One measurement line; texts as one would write them on paper."""

    class Meta:
        model = NeedLine
        fields = LINE_FIELDS
        widgets = {
            "object_name": forms.TextInput(attrs={"placeholder": "三坐标测量机"}),
            "measurand": forms.TextInput(attrs={"placeholder": "长度示值误差"}),
            "range_text": forms.TextInput(attrs={"placeholder": "0~500 mm"}),
            "accuracy_text": forms.TextInput(attrs={"placeholder": "MPE ±(1.5+L/350) μm 或 U≤0.5 μm (k=2)"}),
            "conditions_text": forms.TextInput(attrs={"placeholder": "车间 (20±3) ℃"}),
            "codes_text": forms.TextInput(attrs={"placeholder": "JJF 1064"}),
        }


LineFormSet = forms.formset_factory(
    LineForm, extra=1, max_num=MAX_LINES, absolute_max=MAX_LINES, validate_max=True, can_delete=True
)


class TermsForm(forms.ModelForm):
    """Step 3: when, for how much, with whom, and what others may see."""

    budget_low = MoneyField(label="预算下限（万元）")
    budget_high = MoneyField(label="预算上限（万元）")
    cooperation = forms.MultipleChoiceField(
        label="合作方式", choices=Cooperation, required=False, widget=forms.CheckboxSelectMultiple
    )
    credentials = forms.MultipleChoiceField(
        label="承接方资质", choices=CredentialKind, required=False, widget=forms.CheckboxSelectMultiple
    )
    level = forms.TypedChoiceField(
        label="公开级别",
        choices=Level,
        coerce=int,
        widget=forms.RadioSelect,
        help_text="“签署保密后可见”的需求，大厅里只有公开标题、专业、地区和涉及的量；“仅组织方”的不进大厅，也不推荐给机构。",
    )

    class Meta:
        model = Need
        fields = [
            "expected_on",
            "urgency",
            "budget_low",
            "budget_high",
            "cooperation",
            "credentials",
            "acceptance",
            "ownership",
            "contact_name",
            "contact_phone",
            "contact_email",
            "level",
            "is_anonymous",
            "shows_budget",
            "shows_contact",
            "public_title",
            "public_text",
            "joins_challenge",
            "joins_common_problems",
            "pledges_no_secrets",
            "pledges_truth",
        ]
        widgets = {
            "expected_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "public_text": forms.Textarea(attrs={"rows": 5}),
        }
        help_texts = {
            "acceptance": "例如“提供校准证书”“现场实测，重复 3 次”“第三方比对”。",
            "ownership": "例如“归企业”“共有”“按合同约定”。",
            "public_title": "不出现企业、产品和客户名称；留空则由组织方代拟，发布前由您确认。",
            "public_text": "脱密后的内容。公开的需求，别人看到公开标题、这段文字和第 2 步的指标行，请一并核对。",
        }

    def clean(self):
        data = super().clean()
        low, high = data.get("budget_low"), data.get("budget_high")
        if low is not None and high is not None and low > high:
            self.add_error("budget_low", ValidationError("预算下限不能高于上限，请对调或改正。"))
        if {"budget_low", "budget_high"} & self.errors.keys():
            # Half a range saved alone could contradict the other half that is stored.
            data.pop("budget_low", None)
            data.pop("budget_high", None)
        return data


class PublicTextForm(forms.ModelForm):
    """The organiser's desensitised wording."""

    class Meta:
        model = Need
        fields = ["public_title", "public_text", "is_qualitative"]
        widgets = {"public_text": forms.Textarea(attrs={"rows": 8})}
