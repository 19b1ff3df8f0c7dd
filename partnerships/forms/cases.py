"""The form of a case."""

from django import forms

from partnerships.enums import Side
from partnerships.models import CaseStudy, Docking
from partnerships.services.cases import may_show_figures


class CaseForm(forms.ModelForm):
    """The words of a case; only the enterprise says by which name it is called."""

    class Meta:
        model = CaseStudy
        fields = ["title", "problem", "solution", "benefit", "enterprise_name", "shows_figures"]
        widgets = {name: forms.Textarea(attrs={"rows": 5}) for name in ("problem", "solution", "benefit")}
        help_texts = {
            "title": "一句话说清解决了什么，例如“深孔内径在线测量从抽检变为全检”。",
            "problem": "原来测不了、测不准在哪里，带来什么损失。不写企业和客户的秘密。",
            "solution": "用什么方法、什么装置，谁做了什么。",
            "benefit": "合格率、时间、成本、能耗的变化，尽量给出数字。",
            "enterprise_name": "留空则写“一家企业”。",
            "shows_figures": "勾选后，案例列出验收时各项达到的不确定度和判定。",
        }

    def __init__(self, *args, docking: Docking, sides: set[Side], **options):
        super().__init__(*args, **options)
        if Side.ENTERPRISE not in sides:
            del self.fields["enterprise_name"]
        if not may_show_figures(docking):
            del self.fields["shows_figures"]
