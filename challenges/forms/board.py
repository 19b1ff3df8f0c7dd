"""The forms of the board: the wording of an item, a corrigendum, whom to invite."""

from django import forms

from accounts.models import Organisation
from challenges.models import Corrigendum, Entry
from core.regions import region_choices


class ItemForm(forms.ModelForm):
    """What is to be on the board."""

    shows_lines = forms.BooleanField(
        label="榜单附上需求的指标行",
        required=False,
        help_text="机构据此逐行响应。保密的需求只有企业确认公开这些指标时才勾选；企业确认的是附上之后的内容。",
    )
    region = forms.ChoiceField(label="地区", required=False)

    class Meta:
        model = Entry
        fields = ["board_title", "board_text", "conditions", "budget_band", "discipline", "region"]
        widgets = {
            "board_text": forms.Textarea(attrs={"rows": 8}),
            "conditions": forms.Textarea(attrs={"rows": 4}),
        }
        help_texts = {
            "board_title": "不出现企业、产品和客户名称。",
            "board_text": "写清测什么、多大范围、要多准、在什么条件下、做到什么算解决。",
            "conditions": "对揭榜方的要求，例如资质、业绩、能否到现场、完成期限；没有要求可不填。",
        }

    def __init__(self, *args, **options):
        super().__init__(*args, **options)
        for name in ("board_title", "board_text"):
            self.fields[name].required = True
        self.fields["region"].choices = [("", "不公布"), *region_choices()]


class CorrigendumForm(forms.ModelForm):
    class Meta:
        model = Corrigendum
        fields = ["text"]
        widgets = {"text": forms.Textarea(attrs={"rows": 3})}
        help_texts = {"text": "写明原文、改成什么、为什么。发布后不能修改或删除，受邀机构和企业会收到通知。"}


class InviteForm(forms.Form):
    """The institutes that are asked to look at an item, several at once."""

    institutes = forms.ModelMultipleChoiceField(
        Organisation.objects.providers().verified(),
        error_messages={
            "required": "请至少选择一家机构。",
            "invalid_choice": "没有这家机构，或者它还没有通过核验；请从列表里选择。",
            "invalid_pk_value": "没有这家机构，请从列表里选择。",
        },
    )
