"""The forms on the page of a docking."""

from django import forms
from django.utils import timezone

from core.files import UploadField
from partnerships.enums import FailureReason
from partnerships.models import Contact, Message, Milestone


class DateInput(forms.DateInput):
    input_type = "date"

    def __init__(self, **options):
        super().__init__(format="%Y-%m-%d", **options)


class StageForm(forms.Form):
    """The wish to go on to another stage."""

    stage = forms.ChoiceField(label="下一阶段")
    note = forms.CharField(
        label="说明",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="对方会看到，例如做成了什么、还差什么。",
    )

    def __init__(self, data=None, *, stages, **options):
        super().__init__(data, **options)
        self.fields["stage"].choices = [(stage.value, stage.label) for stage in stages]


class StageBackForm(StageForm):
    """The wish to go back, with the reason."""

    def __init__(self, data=None, **options):
        super().__init__(data, **options)
        self.fields["stage"].label = "退回到"
        self.fields["note"].label, self.fields["note"].required = "理由", True


class FailureForm(forms.Form):
    """The wish to end the docking without a result."""

    reason = forms.ChoiceField(label="未成的原因", choices=[("", "请选择"), *FailureReason.choices])
    note = forms.CharField(
        label="说明",
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="对方会看到。",
    )


class MinutesForm(forms.ModelForm):
    """What came of a contact."""

    class Meta:
        model = Contact
        fields = ["kind", "held_on", "place", "people", "problems", "conclusion", "next_step", "next_on"]
        widgets = {
            "held_on": DateInput(),
            "next_on": DateInput(),
            "problems": forms.Textarea(attrs={"rows": 3}),
            "conclusion": forms.Textarea(attrs={"rows": 3}),
        }
        labels = {"people": "参加人"}
        help_texts = {
            "people": "双方各有谁，例如“顾工（企业），陆工、李主任（机构）”。",
            "conclusion": "谈定了什么，还有什么没谈定。",
        }

    def __init__(self, *args, is_open=True, **options):
        super().__init__(*args, **options)
        for name in ("held_on", "people", "conclusion"):
            self.fields[name].required = True
        self.fields["next_on"].required = is_open
        self.initial.setdefault("held_on", timezone.localdate())


class VisitForm(forms.ModelForm):
    """A visit to come."""

    class Meta:
        model = Contact
        fields = ["planned_on", "place", "people"]
        widgets = {"planned_on": DateInput()}

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["planned_on"].required = True


class MessageForm(forms.ModelForm):
    class Meta:
        model = Message
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}


class UploadForm(forms.Form):
    file = UploadField()


class MilestoneForm(forms.ModelForm):
    class Meta:
        model = Milestone
        fields = ["title", "due_on"]
        widgets = {"due_on": DateInput()}


class ScheduleForm(forms.Form):
    """When the next contact is to be."""

    on = forms.DateField(label="下次联系日期", widget=DateInput())


class StewardForm(forms.Form):
    """Who is to carry the docking."""

    steward = forms.ModelChoiceField(label="技术管家", queryset=None, empty_label="请选择")

    def __init__(self, data=None, *, stewards, **options):
        super().__init__(data, **options)
        self.fields["steward"].queryset = stewards


class PledgeForm(forms.Form):
    agreed = forms.BooleanField(label="我已阅读并承诺遵守以上各条")
