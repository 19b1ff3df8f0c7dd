"""The forms of the ledger: a new entry, whom it is assigned to, more time, a result, a filled-in sheet."""

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from accounts.enums import OrganisationKind
from accounts.models import Organisation, User, clean_credit_code
from core.regions import region_choices
from partnerships.enums import LedgerSource
from partnerships.forms.dockings import DateInput
from partnerships.models import Extension, LedgerEntry
from partnerships.services.ledger import add_entry, possible_bodies, register_enterprise

WORDS = ["title", "description", "category", "source", "raised_on"]


class WordsForm(forms.ModelForm):
    """What the problem is, and where it was heard of."""

    class Meta:
        model = LedgerEntry
        fields = WORDS
        widgets = {"description": forms.Textarea(attrs={"rows": 5}), "raised_on": DateInput()}
        help_texts = {
            "title": "一句话说清问题，例如“缺少 0.02 级压力标准器”。",
            "description": "现场看到的情况、已经采取的措施、企业希望怎样解决。",
        }

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        # Entries of needs come by themselves.
        self.fields["source"].choices = [each for each in LedgerSource.choices if each[0] != LedgerSource.NEED]


class EntryForm(WordsForm):
    """A new entry; an enterprise that is not on the platform yet is registered with it."""

    name = forms.CharField(label="企业名称", max_length=120, help_text="营业执照上的全称。")
    credit_code = forms.CharField(
        label="统一社会信用代码", required=False, max_length=40, help_text="平台上已有的企业可以不填。"
    )
    region = forms.ChoiceField(label="所在地区", required=False, help_text="平台上已有的企业可以不选。")

    field_order = ["name", "credit_code", "region", *WORDS]

    def __init__(self, *args, user, **options):
        super().__init__(*args, **options)
        self.user = user
        self.fields["region"].choices = [("", "请选择"), *region_choices()]

    def clean_credit_code(self):
        code = self.cleaned_data["credit_code"]
        return clean_credit_code(code) if code else ""

    def clean(self):
        data = super().clean()
        name, code = data.get("name"), data.get("credit_code")
        if name is None or code is None:
            return data
        known = Organisation.objects.filter(credit_code=code) if code else Organisation.objects.filter(name=name)
        enterprise = known.first()
        if enterprise is None:
            self._check_new(data)
        elif enterprise.name != name:
            self.add_error("name", "与这个信用代码登记的名称不一致，请对照营业执照核对名称和代码。")
        elif enterprise.kind != OrganisationKind.ENTERPRISE or not self.user.oversees(enterprise.region):
            self.add_error("name", "不是您主管地区的企业，不能登记。")
        return data | {"enterprise": enterprise}

    def _check_new(self, data):
        if not data["credit_code"]:
            self.add_error("credit_code", "平台上还没有这家企业，请填写信用代码，保存时一并登记。")
        elif Organisation.objects.filter(name=data["name"]).exists():
            self.add_error("credit_code", "与平台上同名企业的信用代码不一致，请对照营业执照核对。")
        if not data.get("region"):
            self.add_error("region", "平台上还没有这家企业，请选择所在地区。")
        elif not self.user.oversees(data["region"]):
            self.add_error("region", "不是您主管的地区，请另选。")

    def add(self) -> LedgerEntry:
        """The entry of the valid form, and its enterprise if that is new."""
        data = self.cleaned_data
        words = {name: data[name] for name in WORDS}
        with transaction.atomic():
            enterprise = data["enterprise"] or register_enterprise(
                actor=self.user, name=data["name"], credit_code=data["credit_code"], region=data["region"]
            )
            return add_entry(actor=self.user, enterprise=enterprise, **words)


class AssignForm(forms.Form):
    """Who answers for the entry until when; the people offered are those of the chosen organisation."""

    responsible = forms.ModelChoiceField(Organisation.objects.none(), label="责任单位", empty_label="请选择")
    person = forms.ModelChoiceField(
        User.objects.none(),
        label="责任人",
        empty_label="请选择",
        error_messages={"invalid_choice": "这个人不是所选单位的在册成员，请在更新后的名单里选择。"},
    )
    due_on = forms.DateField(label="完成时限", widget=DateInput())

    def __init__(self, data=None, *, entry, user, **options):
        due_on = None if entry.days_overdue else entry.due_on
        initial = {"responsible": entry.responsible_id, "person": entry.person_id, "due_on": due_on}
        super().__init__(data, initial=initial, **options)
        bodies = possible_bodies(user)
        self.fields["responsible"].queryset = bodies
        try:
            chosen = self.fields["responsible"].to_python(self["responsible"].value())
        except ValidationError:
            chosen = None
        if chosen:
            self.fields["person"].queryset = User.objects.acting_for(chosen).order_by("name", "pk")
        else:
            self.fields["person"].help_text = "先选责任单位，再从它的成员里选。"


class ExtensionForm(forms.ModelForm):
    """The wish for more time."""

    class Meta:
        model = Extension
        fields = ["due_on", "reason"]
        widgets = {"due_on": DateInput(), "reason": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"reason": "已做到哪一步，为什么来不及，接下来怎么安排。"}


class ResultForm(forms.ModelForm):
    """What was achieved."""

    class Meta:
        model = LedgerEntry
        fields = ["result"]
        widgets = {"result": forms.Textarea(attrs={"rows": 4})}
        help_texts = {"result": "怎样解决的、达到什么程度；企业据此确认。"}

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        self.fields["result"].required = True


class SheetForm(forms.Form):
    """A filled-in sheet."""

    file = forms.FileField(
        label="台账文件",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
        error_messages={
            "required": "请选择填好的台账文件。",
            "empty": "文件是空的。请检查是否选错了文件，或在 Excel 中重新保存后再上传。",
        },
    )
