from django import forms

from core.enums import MeasuringMode
from providers.enums import CapabilityKind
from providers.models import Capability, CapabilityLine, Credential
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


LineFormSet = forms.formset_factory(LineForm, extra=1, max_num=MAX_LINES, validate_max=True, can_delete=True)


class CredentialForm(forms.ModelForm):
    class Meta:
        model = Credential
        fields = ["kind", "number", "valid_from", "valid_until"]
        widgets = {
            "valid_from": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "valid_until": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        }
