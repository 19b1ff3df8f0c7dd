"""Forms of signing and tracking."""

from django import forms

from accounts.models import User
from challenges.enums import FollowUpState
from challenges.models import FollowUp


class StewardForm(forms.Form):
    """Who is to carry the docking."""

    steward = forms.ModelChoiceField(label="技术管家", queryset=User.objects.none(), empty_label="请选择")

    def __init__(self, data=None, *, people, **options):
        super().__init__(data, **options)
        self.fields["steward"].queryset = User.objects.filter(pk__in=[person.pk for person in people])
        # Without a query for each row of the page.
        self.fields["steward"].choices = [("", "请选择"), *((person.pk, str(person)) for person in people)]


class FollowUpForm(forms.ModelForm):
    """What has become of a signed solution."""

    class Meta:
        model = FollowUp
        fields = ["state", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 5})}
        help_texts = {"text": "做成了什么、还差什么、下一步怎么办；双方和组织方都会看到。"}

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["state"].choices = [("", "请选择"), *FollowUpState.choices]
        for field in self.fields.values():
            field.required = True
