"""The forms of agreements, with amounts in 万元, and of what was accepted."""

from decimal import Decimal

from django import forms

from core.files import UploadField
from partnerships.enums import Mark
from partnerships.models import Acceptance, AcceptanceLine, Agreement, Docking, DockingFile
from partnerships.models.agreements import AMOUNTS
from partnerships.requirements import Required
from partnerships.services.acceptance import MAX_FREE_LINES

WAN = Decimal(10_000)
FEN = Decimal("0.01")
DATE = {"type": "date"}


class WanField(forms.DecimalField):
    """An amount typed in 万元 and kept in 元; six decimals of 万元 are whole 分.

    >>> WanField().clean("12.345678"), WanField().prepare_value(Decimal("123456.78"))
    (Decimal('123456.78'), '12.345678')
    """

    default_error_messages = {
        "invalid": "请只写数字，例如 12.5；不写逗号和单位。",
        "min_value": "金额不能为负，请核对。",
        "max_decimal_places": "最多写 6 位小数（精确到分），请四舍五入后填写。",
        "max_whole_digits": "超过上限 99,999,999 万元，请核对单位是不是万元。",
        "max_digits": "位数太多：整数最多 8 位，小数最多 6 位，请核对。",
    }

    def __init__(self, **options):
        super().__init__(min_value=0, max_digits=14, decimal_places=6, required=False, **options)

    def prepare_value(self, value):
        return f"{value / WAN:f}".rstrip("0").rstrip(".") if isinstance(value, Decimal) else value

    def clean(self, value):
        amount = super().clean(value)
        # Adding nothing makes a plain zero of -0.
        return None if amount is None else (amount * WAN).quantize(FEN) + 0


class AgreementForm(forms.ModelForm):
    """What the two sides agree on; a file is chosen from those of the docking, or uploaded with it."""

    intent_amount = WanField(label="意向金额（万元）", help_text="还没有签合同时填写。")
    contract_amount = WanField(label="合同金额（万元）", help_text="以签订的合同为准。")
    paid_amount = WanField(label="已付金额（万元）", help_text="到今天为止实际支付的。")
    upload = UploadField(label="上传协议文件", required=False)

    class Meta:
        model = Agreement
        fields = ["title", "kind", *AMOUNTS, "signed_on", "valid_until", "property_terms", "file"]
        widgets = {
            "signed_on": forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
            "valid_until": forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
            "property_terms": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "title": "例如“三坐标现场校准服务合同”。",
            "property_terms": "例如“成果归企业”“共有”“按合同第七条”。",
        }

    def __init__(self, *args, docking: Docking, **options):
        super().__init__(*args, **options)
        self.fields["file"].queryset = DockingFile.objects.filter(docking=docking)
        self.fields["file"].empty_label = "不附文件"
        self.fields["file"].help_text = "从这项对接的附件里选，或另行上传新的。"


class AcceptanceForm(forms.ModelForm):
    class Meta:
        model = Acceptance
        fields = ["accepted_on", "conclusion"]
        widgets = {
            "accepted_on": forms.DateInput(attrs=DATE, format="%Y-%m-%d"),
            "conclusion": forms.Textarea(attrs={"rows": 4}),
        }
        help_texts = {"conclusion": "是否通过，交付了什么，有什么遗留问题、由谁在什么时候解决。"}


class ResultForm(forms.Form):
    """The achieved uncertainty of one line that the need asks for."""

    achieved_text = forms.CharField(label="达到的不确定度", max_length=300)

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["achieved_text"].widget.attrs["placeholder"] = "U=0.8 μm (k=2)"


class FreeResultForm(forms.ModelForm):
    """A line with what was required, for a need that has none."""

    class Meta:
        model = AcceptanceLine
        fields = ["label", "range_text", "required_text", "achieved_text"]
        widgets = {
            "label": forms.TextInput(attrs={"placeholder": "三坐标测量机 长度示值误差"}),
            "range_text": forms.TextInput(attrs={"placeholder": "0~500 mm"}),
            "required_text": forms.TextInput(attrs={"placeholder": "MPE ±(1.5+L/350) μm"}),
            "achieved_text": forms.TextInput(attrs={"placeholder": "U=0.4 μm (k=2)"}),
        }


FreeResultFormSet = forms.formset_factory(
    FreeResultForm, extra=1, max_num=MAX_FREE_LINES, absolute_max=MAX_FREE_LINES, validate_max=True, can_delete=True
)


def result_formset(required: list[Required], lines: list[AcceptanceLine], data=None) -> forms.BaseFormSet:
    """The rows to fill in: one for each line of the need, or free ones where it has none."""
    if not required:
        names = FreeResultForm._meta.fields
        initial = [{name: getattr(line, name) for name in names} for line in lines]
        return FreeResultFormSet(data, initial=initial, prefix="lines")
    count = len(required)
    kind = forms.formset_factory(
        ResultForm, extra=0, min_num=count, max_num=count, absolute_max=count, validate_min=True, validate_max=True
    )
    initial = [{"achieved_text": line.achieved_text} for line in lines] or [{} for _ in required]
    formset = kind(data, initial=initial, prefix="lines")
    for form, asked in zip(formset.forms, required, strict=False):
        form.empty_permitted = False
        form.required = asked
    return formset


class MarkForm(forms.Form):
    mark = forms.TypedChoiceField(label="评分", choices=[("", "请选择"), *Mark.choices], coerce=int)
    words = forms.CharField(
        label="评语", required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 2}), help_text="双方可见。"
    )
