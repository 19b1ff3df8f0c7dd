"""The forms of deciding: an outcome with its text, an amendment, an objection and its answer."""

from django import forms

from challenges.models import Decision, Objection

REQUIRED_CHOICE = "请选择异议是否成立。"


class DecisionForm(forms.ModelForm):
    """What is to become of one solution; the text may still be missing, until the release."""

    class Meta:
        model = Decision
        fields = ["outcome", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"text": "公布后揭榜单位会看到；没有揭榜成功的必填：为什么，以及怎样改进。不要写其他单位和专家。"}


class AmendForm(DecisionForm):
    reason = forms.CharField(
        label="更改理由",
        max_length=Decision._meta.get_field("amended_reason").max_length,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text="公布在公示页：依据哪项核实，更改了什么；不要写没有揭榜成功的单位。",
    )


class ObjectionForm(forms.ModelForm):
    """An objection to the event or to one item, in the name of one of one's own organisations."""

    class Meta:
        model = Objection
        fields = ["entry", "organisation", "text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 5})}
        help_texts = {"text": "写明对什么有异议、事实和依据。只有您和组织方看得到；其他人只看到异议的条数。"}

    def __init__(self, *args, entries, organisations, **options):
        super().__init__(*args, **options)
        self.fields["entry"].queryset = entries
        self.fields["entry"].empty_label = "整个赛事"
        self.fields["entry"].label_from_instance = lambda entry: f"{entry.board_number} {entry.board_title}"
        self.fields["organisation"].queryset = organisations
        if len(organisations) == 1:
            self.initial["organisation"] = organisations[0]


class AnswerForm(forms.Form):
    is_upheld = forms.TypedChoiceField(
        label="异议是否成立",
        choices=[("no", "不成立"), ("yes", "成立，可以更改结果")],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
        error_messages={"required": REQUIRED_CHOICE, "invalid_choice": REQUIRED_CHOICE},
    )
    answer = forms.CharField(
        label="答复",
        max_length=Objection._meta.get_field("answer").max_length,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text="写明核实的情况和理由；提出人会收到，答复后不能再改。",
    )
