from django import forms

from accounts.models import Organisation
from core.enums import MeasuringMode
from providers.enums import CapabilityKind
from providers.models import Capability, CapabilityLine, Credential
from providers.scope.sheets import MAX_FILE_SIZE, MEGABYTE
from providers.services import LINE_FIELDS

MAX_LINES = 500


class CapabilityForm(forms.ModelForm):
    """An existing capability or a field of research; each shows the fields it has."""

    modes = forms.MultipleChoiceField(
        label="服务方式", choices=MeasuringMode, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Capability
        fields = ["title", "discipline", "modes", "credential", "direction", "maturity", "text", "cases"]
        widgets = {"text": forms.Textarea(attrs={"rows": 4}), "cases": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "credential": "能力依据的资质；资质过期后这项能力自动停止匹配。",
            "maturity": "1–9 级，填写可达到的最高级别。",
        }

    of_kind = {CapabilityKind.SERVICE: ("direction", "maturity", "cases"), CapabilityKind.RESEARCH: ("credential",)}

    def __init__(self, *args, organisation, kind, **kwargs):
        super().__init__(*args, **kwargs)
        for name in self.of_kind[kind]:
            del self.fields[name]
        if "credential" in self.fields:
            self.fields["credential"].queryset = organisation.credentials.all()
            self.fields["credential"].empty_label = "无（自声明）"


class LineForm(forms.ModelForm):
    """One scope row, written as in the scope."""

    class Meta:
        model = CapabilityLine
        fields = LINE_FIELDS
        widgets = {
            "measurand": forms.TextInput(attrs={"placeholder": "压力"}),
            "codes_text": forms.TextInput(attrs={"placeholder": "JJG 875-2019"}),
            "range_text": forms.TextInput(attrs={"placeholder": "(0~60) MPa"}),
            "uncertainty_text": forms.TextInput(attrs={"placeholder": "Urel=0.02 % (k=2)"}),
        }


LineFormSet = forms.formset_factory(
    LineForm, extra=1, max_num=MAX_LINES, absolute_max=MAX_LINES, validate_max=True, can_delete=True
)


class CredentialForm(forms.ModelForm):
    class Meta:
        model = Credential
        fields = ["kind", "number", "valid_from", "valid_until"]
        widgets = {
            "valid_from": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "valid_until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }


class ImportForm(forms.Form):
    """A scope file, and whose it is."""

    organisation = forms.ModelChoiceField(Organisation.objects.none(), label="机构", empty_label=None)
    credential = forms.ModelChoiceField(
        Credential.objects.none(),
        label="依据资质",
        required=False,
        empty_label="无（自声明）",
        help_text="文件里的能力都以这项资质为依据；资质过期后自动停止匹配。已有能力不选则保持原来的依据。",
    )
    file = forms.FileField(
        label="能力表文件",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.csv,.txt"}),
        error_messages={
            "required": "请选择能力表文件。",
            "empty": "文件是空的。请检查是否选错了文件，或在 Excel 中重新保存后再上传。",
        },
    )

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organisation"].queryset = Organisation.objects.filter(pk__in=user.provider_ids)
        self.fields["credential"].queryset = Credential.objects.filter(
            organisation__in=user.provider_ids
        ).select_related("organisation")
        if len(user.provider_ids) == 1:
            self.fields["organisation"].widget = forms.HiddenInput()
            self.fields["organisation"].initial = next(iter(user.provider_ids))

    def clean_file(self):
        file = self.cleaned_data["file"]
        if file.size > MAX_FILE_SIZE:
            raise forms.ValidationError(
                f"文件超过 {MAX_FILE_SIZE // MEGABYTE} MB 上限。请删除其中的图片，或按专业拆分成几个文件后上传。"
            )
        return file

    def clean(self):
        credential, organisation = self.cleaned_data.get("credential"), self.cleaned_data.get("organisation")
        if credential and organisation and credential.organisation_id != organisation.pk:
            self.add_error("credential", "这项资质属于另一家机构，请重新选择。")
        return self.cleaned_data


class ConfirmForm(forms.Form):
    """Whether what is imported goes public at once."""

    publish = forms.TypedChoiceField(
        label="导入后的状态",
        choices=[("", "保存为草稿，逐项检查后再发布"), ("1", "立即发布，参与匹配")],
        coerce=bool,
        empty_value=False,
        required=False,
        widget=forms.RadioSelect,
        help_text="已发布的能力更新后仍是已发布；已暂停或停用的能力状态不变。",
    )
