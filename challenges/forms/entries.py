"""The forms around an entry: entering a need, a sheet of a visit, acting for an enterprise without an account."""

import re
from uuid import UUID

from django import forms

from challenges.services.entries import CONSENT, enterable_needs
from needs.models import Need

HOW_AGREED = "企业由谁（姓名、职务）、何时、以什么方式（当面、电话、书面）同意；这段话留在记录里，企业以后看得到。"


class NeedChoiceField(forms.ModelChoiceField):
    def label_from_instance(self, need):
        return f"{need.number} {need.title}"


class EntryForm(forms.Form):
    """Which of one's own needs is entered, and the consent without which it is not."""

    need = NeedChoiceField(
        Need.objects.none(),
        label="报名的需求",
        empty_label=None,
        widget=forms.RadioSelect,
        error_messages={
            "required": "请选择要报名的需求。",
            "invalid_choice": "这条需求现在不能报名：它要是您单位已发布、还没有报名的需求，请从列表里选择。",
        },
    )
    consents = forms.BooleanField(label=CONSENT, error_messages={"required": "报名前请勾选同意。"})

    def __init__(self, *args, challenge, user, **options):
        super().__init__(*args, **options)
        needs = enterable_needs(challenge, user)
        self.fields["need"].queryset = Need.objects.filter(pk__in=[need.pk for need in needs])


class OnBehalfForm(forms.Form):
    """A need that the organiser enters for an enterprise, by its number."""

    number = forms.CharField(
        label="需求编号",
        max_length=20,
        help_text="所辖地区企业已发布的需求，例如 XQ-1A2B3C4D；在“需求受理”里可以查到。",
    )
    note = forms.CharField(
        label="企业的同意", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), help_text=HOW_AGREED
    )

    def __init__(self, *args, user, **options):
        super().__init__(*args, **options)
        self.user = user

    def clean_number(self):
        digits = self.cleaned_data["number"].strip().upper().removeprefix("XQ-")
        need = None
        if re.fullmatch("[0-9A-F]{8}", digits):
            # The number is the beginning of the id.
            ids = UUID(digits.ljust(32, "0")), UUID(digits.ljust(32, "F"))
            need = Need.objects.overseen_by(self.user).filter(pk__range=ids).first()
        if need is None:
            raise forms.ValidationError("没有找到这条需求，或者它不在您主管的地区；请核对编号，例如 XQ-1A2B3C4D。")
        return need


class IntakeForm(forms.Form):
    """A sheet filled in on a visit."""

    file = forms.FileField(
        label="走访需求表",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
        error_messages={
            "required": "请选择填好的走访需求表。",
            "empty": "文件是空的。请检查是否选错了文件，或在 Excel 中重新保存后再上传。",
        },
    )


class RecordedForm(forms.ModelForm):
    """The public text of a recorded draft, and how its enterprise agreed to it."""

    consent = forms.CharField(
        label="企业的同意", max_length=2000, widget=forms.Textarea(attrs={"rows": 3}), help_text=HOW_AGREED
    )
    pledges = forms.BooleanField(
        label="企业已承诺内容真实、不含涉密内容，同意公开以上文字和指标，并" + CONSENT,
        error_messages={"required": "企业同意之后才能代为发布和报名。"},
    )

    class Meta:
        model = Need
        fields = ["public_title", "public_text", "is_qualitative"]
        widgets = {"public_text": forms.Textarea(attrs={"rows": 6})}
        help_texts = {
            "public_title": "不出现企业、产品和客户名称。",
            "public_text": "对外公开的文字；与指标行一起进入需求大厅。",
            "is_qualitative": "没有可填的指标时才勾选。",
        }

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for name in ("public_title", "public_text"):
            self.fields[name].required = True
