"""What a person writes to go with an answer, an application or an invitation."""

from django import forms

from accounts.models import Organisation


class AnswerForm(forms.Form):
    """The workflow says whether a reason is needed and which there are."""

    reason = forms.CharField(required=False, max_length=20)
    note = forms.CharField(
        required=False, max_length=2000, error_messages={"max_length": "补充说明最多 2000 字，请缩短后再提交。"}
    )

    @property
    def refusal(self) -> str:
        """What is wrong with the input, in one line."""
        return " ".join(message for messages in self.errors.values() for message in messages)


class InviteForm(AnswerForm):
    reason = None
    institute = forms.UUIDField(
        required=False, error_messages={"invalid": "没有这家机构，或者它还没有通过核验；请从列表里选择。"}
    )

    def clean_institute(self):
        """The verified institute, so that the service is given no other."""
        pk = self.cleaned_data["institute"]
        if pk is None:
            raise forms.ValidationError("请选择要邀请的机构。")
        institute = Organisation.objects.providers().verified().filter(pk=pk).first()
        if institute is None:
            raise forms.ValidationError(self.fields["institute"].error_messages["invalid"])
        return institute
