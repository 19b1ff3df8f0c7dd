"""What experts tell of themselves, the scores of a review, and what the organiser and the administrator decide."""

from django import forms
from django.core.exceptions import ValidationError

from accounts.models import Organisation, clean_credit_code
from challenges.material import BlindReview
from challenges.models import Declaration, ExpertProfile, Review, Score, Waiver
from core.enums import Discipline


class OrganisationField(forms.CharField):
    """An organisation by its full name or credit code; no list of names to choose from tells who is registered."""

    def __init__(self, **options):
        super().__init__(max_length=120, help_text="填写单位全称或统一社会信用代码。", **options)

    def prepare_value(self, value):
        return value.name if isinstance(value, Organisation) else value

    def clean(self, value):
        text = super().clean(value).strip()
        if not text:
            return None
        found = Organisation.objects.filter(name=text).first()
        return found or Organisation.objects.filter(credit_code=_credit_code(text)).first() or self._refuse()

    def _refuse(self):
        raise ValidationError("平台上没有这个单位：请核对全称或信用代码；没有登记的单位不必填写。", code="unknown")


def _credit_code(text: str) -> str:
    try:
        return clean_credit_code(text)
    except ValidationError:
        return ""


class ExpertForm(forms.ModelForm):
    disciplines = forms.MultipleChoiceField(
        label="计量专业", choices=Discipline, widget=forms.CheckboxSelectMultiple, required=False
    )
    workplace = OrganisationField(label="工作单位", required=False)

    class Meta:
        model = ExpertProfile
        fields = ["disciplines", "expertise", "title", "workplace"]
        widgets = {"expertise": forms.Textarea(attrs={"rows": 4})}
        help_texts = {
            "expertise": "写明熟悉的仪器、参量和方法，组织方据此分派评审，例如“坐标测量机校准、激光跟踪仪现场测量”。",
            "title": "例如“研究员”“正高级工程师”。",
        }

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        # The name of the place, not its id.
        self.initial["workplace"] = self.instance.workplace


class TieForm(forms.ModelForm):
    organisation = OrganisationField(label="有关单位")

    class Meta:
        model = Declaration
        fields = ["organisation", "note"]
        help_texts = {"note": "例如“2024 年起任技术顾问”“配偶在该单位任职”“持有股份”。"}


class ScoreForm(forms.Form):
    """Points and a reason for each criterion, and words on the whole; everything may stay empty in a draft."""

    def __init__(self, data=None, *, review: BlindReview, **options):
        super().__init__(data, **options)
        self.marks = review.marks
        for place, mark in enumerate(self.marks):
            self.fields[f"points_{place}"] = _points_field(mark)
            self.fields[f"reason_{place}"] = _reason_field(mark)
        comment = Review._meta.get_field("comment")
        self.fields["comment"] = forms.CharField(
            label=comment.verbose_name,
            required=False,
            max_length=comment.max_length,
            initial=review.comment,
            widget=forms.Textarea(attrs={"rows": 4}),
            help_text="结果公布后，对方单位会看到分数、理由和总体意见，看不到您的姓名；请不要写能认出您的内容。",
        )

    @property
    def rows(self) -> list[tuple]:
        """The criteria, each with its two fields."""
        return [(mark.criterion, self[f"points_{n}"], self[f"reason_{n}"]) for n, mark in enumerate(self.marks)]

    @property
    def scores(self) -> list[dict]:
        """What is valid of each criterion; the rest stays as it was."""
        return [
            {"criterion": mark.criterion}
            | {
                name: self.cleaned_data[key]
                for name in ("points", "reason")
                if (key := f"{name}_{n}") in self.cleaned_data
            }
            for n, mark in enumerate(self.marks)
        ]


def _points_field(mark) -> forms.Field:
    points = Score._meta.get_field("points")
    return forms.DecimalField(
        label=f"{mark.criterion.name}得分",
        required=False,
        max_digits=points.max_digits,
        decimal_places=points.decimal_places,
        validators=points.validators,
        initial=mark.points,
        widget=forms.NumberInput(attrs={"min": 0, "max": 100, "step": "0.5", "inputmode": "decimal"}),
    )


def _reason_field(mark) -> forms.Field:
    return forms.CharField(
        label=f"{mark.criterion.name}理由",
        required=False,
        max_length=Score._meta.get_field("reason").max_length,
        initial=mark.reason,
        widget=forms.Textarea(attrs={"rows": 2}),
    )


class PledgeForm(forms.Form):
    seen = forms.CharField(widget=forms.HiddenInput, required=False)
    agreed = forms.BooleanField(
        label="我已阅读并承诺遵守", error_messages={"required": "请先阅读承诺书，再勾选“我已阅读并承诺遵守”。"}
    )


class AssignForm(forms.Form):
    """Pairs of item and expert, as the check boxes of the page send them."""

    pair = forms.MultipleChoiceField(
        required=False, error_messages={"invalid_choice": "名单已经变化，请核对后重新勾选。"}
    )
    note = forms.CharField(required=False, max_length=2000)

    def __init__(self, data=None, *, plans, **options):
        super().__init__(data, **options)
        self.pairs = {each.key: (plan.item, each.user) for plan in plans for each in plan.candidates}
        self.fields["pair"].choices = [(key, key) for key in self.pairs]

    @property
    def chosen(self) -> list[tuple]:
        return [self.pairs[key] for key in self.cleaned_data["pair"]]


class WaiverForm(forms.ModelForm):
    """For which excluded expert of one item, and the public reason."""

    class Meta:
        model = Waiver
        fields = ["user", "reason"]
        help_texts = {"reason": "会公布在赛事页面；请不要写专家姓名、企业和揭榜单位的名称。"}

    def __init__(self, *args, experts, **options):
        super().__init__(*args, **options)
        self.fields["user"].queryset = experts
