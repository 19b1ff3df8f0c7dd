from django import forms
from django.contrib.auth.forms import BaseUserCreationForm

from accounts.enums import NoticeKind, Rhythm
from accounts.models import ApiToken, Organisation, User, clean_credit_code
from core.regions import region_choices


class SignUpForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name", "phone"]
        help_texts = {"phone": "填写后，提需求时自动带入联系电话。"}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password1"].help_text = "至少 8 个字符，不能全是数字，不要用常见密码，也不要与邮箱、姓名相近。"

    def clean_email(self):
        return self.cleaned_data["email"].lower()


class OrganisationForm(forms.ModelForm):
    """A new organisation, or with a known credit code the wish to join it."""

    region = forms.ChoiceField(label="所在地区", choices=[])

    class Meta:
        model = Organisation
        fields = [
            "name",
            "kind",
            "credit_code",
            "region",
            "size",
            "industry",
            "is_specialised",
            "is_little_giant",
            "is_high_tech",
            "address",
            "website",
            "intro",
        ]
        help_texts = {
            "credit_code": "18 位，见营业执照或法人证书；全角数字也可以。",
            "kind": "主管部门和服务机构须经核验后才能使用相应功能。",
        }
        widgets = {"intro": forms.Textarea(attrs={"rows": 4})}

    # Editing an organisation does not change what it was verified as.
    fixed_once_founded = ("kind", "credit_code")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["region"].choices = [("", "请选择"), *region_choices()]
        for name in ("kind", "size"):
            self.fields[name].choices = [("", "请选择"), *self.fields[name].choices[1:]]
        self.fields["credit_code"].max_length = None
        if not self.instance._state.adding:
            for name in self.fixed_once_founded:
                del self.fields[name]

    def clean_credit_code(self):
        return clean_credit_code(self.cleaned_data["credit_code"])


class JoinForm(forms.Form):
    credit_code = forms.CharField(label="统一社会信用代码", help_text="填写您单位的代码；已有单位会收到加入申请。")

    def __init__(self, *args, **kwargs):
        # The form of a new organisation stands on the same page and asks for a code as well.
        super().__init__(*args, auto_id="join_%s", **kwargs)

    def clean_credit_code(self):
        code = clean_credit_code(self.cleaned_data["credit_code"])
        if not Organisation.objects.filter(credit_code=code).exists():
            raise forms.ValidationError("平台上还没有这个单位，请在“登记新单位”里填写。")
        return code


class TokenForm(forms.ModelForm):
    class Meta:
        model = ApiToken
        fields = ["name", "scope"]
        help_texts = {"name": "写明用在哪里，例如“ERP 同步”。"}


class NoticePreferenceForm(forms.Form):
    """A rhythm for each kind of notice."""

    help_texts = {
        NoticeKind.NEED: "受理、退回、发布和撤回",
        NoticeKind.PROPOSAL: "新的建议、双方的答复、到期提醒",
        NoticeKind.CONFIDENTIALITY: "查看申请、签署和撤回",
        NoticeKind.DOCKING: "阶段确认、联系记录、久未联系的提醒",
        NoticeKind.AGREEMENT: "意向、合同、金额和验收的确认",
        NoticeKind.LEDGER: "指派、期限、延期和逾期",
        NoticeKind.CHALLENGE: "阶段变化、截止提醒、延期",
        NoticeKind.ACCOUNT: "单位核验、成员申请",
    }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for kind in NoticeKind:
            self.fields[kind.value] = forms.ChoiceField(
                label=kind.label, help_text=self.help_texts[kind], choices=Rhythm, widget=forms.RadioSelect
            )
