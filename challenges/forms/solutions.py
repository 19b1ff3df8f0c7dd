"""The forms of a solution: its parts, the table of promises, the price, who joins, attachments, and who answers."""

from django import forms

from accounts.models import Organisation
from challenges.models import SealedPrice, Solution
from challenges.models.solutions import PARTS, Promise
from challenges.responses import MAX_OWN_LINES, ShownPromise
from challenges.services.solutions import own_capabilities
from core.files import UploadField

ROWS = {"team": 4, "approach": 10, "foundation": 4, "plan": 5, "property_rights": 3, "risks": 3}


class SolutionForm(forms.ModelForm):
    """The parts of a solution; in a draft everything may stay empty."""

    class Meta:
        model = Solution
        fields = [*PARTS, "capability"]
        widgets = {name: forms.Textarea(attrs={"rows": rows}) for name, rows in ROWS.items()}
        help_texts = {
            "title": "例如“大型储罐圆周的激光跟踪原位校准方案”。",
            "team": "负责人、主要成员及分工、相关业绩。",
            "approach": "用什么方法、什么设备，怎样溯源，关键难点怎样解决。",
            "foundation": "已有的标准装置、成果、案例；没有可不填。",
            "plan": "分几个阶段，每个阶段交付什么，多长时间。",
            "property_rights": "成果归谁、怎样使用；没有约定可不填。",
            "risks": "可能做不到的地方和对策；没有可不填。",
            "capability": "平台用它的公开指标核对您的承诺。列表里是本单位已发布的能力。",
        }

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["capability"].queryset = own_capabilities(self.instance)
        self.fields["capability"].empty_label = "请选择"


class PromiseForm(forms.ModelForm):
    """What is promised for a line that is given."""

    class Meta:
        model = Promise
        fields = ["promised_text", "evidence"]
        widgets = {
            "promised_text": forms.TextInput(attrs={"placeholder": "U=0.8 μm (k=2)"}),
            "evidence": forms.Textarea(attrs={"rows": 2, "placeholder": "试验数据、证书编号、不确定度评定"}),
        }


class OwnPromiseForm(PromiseForm):
    """A line in the institute's own words, with what is promised for it."""

    object_name = forms.CharField(label="被测对象与参量", max_length=120, required=False)
    range_text = forms.CharField(label="范围", max_length=120, required=False)
    accuracy_text = forms.CharField(label="要求值", max_length=120, required=False)
    field_order = ["object_name", "range_text", "accuracy_text", "promised_text", "evidence"]


OwnPromiseFormSet = forms.formset_factory(
    OwnPromiseForm, extra=1, max_num=MAX_OWN_LINES, absolute_max=MAX_OWN_LINES, validate_max=True, can_delete=True
)


def promise_formset(lines: list[dict], promises: list[ShownPromise], data=None) -> forms.BaseFormSet:
    """The rows to fill in: one for each line that is given, or the institute's own where there are none."""
    if not lines:
        names = OwnPromiseForm.field_order
        return OwnPromiseFormSet(
            data, initial=[{name: getattr(each, name) for name in names} for each in promises], prefix="promises"
        )
    count = len(lines)
    kind = forms.formset_factory(
        PromiseForm, extra=0, min_num=count, max_num=count, absolute_max=count, validate_min=True, validate_max=True
    )
    given = {each.number: each for each in promises}
    initial = [
        {name: getattr(given.get(number), name, "") for name in PromiseForm._meta.fields}
        for number in range(1, count + 1)
    ]
    formset = kind(data, initial=initial, prefix="promises")
    for number, (form, line) in enumerate(zip(formset.forms, lines, strict=False), start=1):
        form.empty_permitted = False
        form.line, form.judged = line, given.get(number)
    return formset


def filled_promises(formset: forms.BaseFormSet, lines: list[dict]) -> list[dict]:
    """The rows of a valid formset; of one's own those that are blank or marked for removal are left out."""
    rows = [{name: form.cleaned_data.get(name) for name in form.fields} for form in formset]
    if lines:
        return rows
    removed = [row.pop("DELETE") for row in rows]
    return [row for row, gone in zip(rows, removed, strict=True) if any(row.values()) and not gone]


class PriceForm(forms.Form):
    """A price; it is never shown again before the opening."""

    amount = forms.DecimalField(
        label="报价（元）",
        max_digits=SealedPrice._meta.get_field("amount").max_digits,
        decimal_places=SealedPrice._meta.get_field("amount").decimal_places,
        validators=SealedPrice._meta.get_field("amount").validators,
        widget=forms.NumberInput(attrs={"step": "0.01", "min": "0.01", "inputmode": "decimal", "autocomplete": "off"}),
        help_text="含税总价。保存即密封：揭榜截止、进入方案评审时统一开启，此前任何人都看不到，包括您自己；可以重填替换。",
        error_messages={"required": "请填写报价。", "invalid": "报价要是数字，以元为单位，例如 386000。"},
    )


class CoApplicantForm(forms.Form):
    organisation = forms.ModelChoiceField(
        Organisation.objects.providers().verified(),
        label="联合单位",
        empty_label="请选择",
        help_text="已通过核验的机构。对方会收到通知，由它自己的人员答复；答复之前方案不能提交。",
        error_messages={"invalid_choice": "没有这家机构，或者它还没有通过核验；请从列表里选择。"},
    )


class FileForm(forms.Form):
    file = UploadField()


class AnswerForm(forms.Form):
    """The answer of an institute that is asked to join."""

    answer = forms.ChoiceField(
        choices=[("agree", "同意"), ("decline", "不参加")],
        error_messages={"required": "请选择同意或不参加。", "invalid_choice": "请选择同意或不参加。"},
    )
