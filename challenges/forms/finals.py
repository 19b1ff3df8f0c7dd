"""The marks of the finals: a grid of finalists and judges, and a sheet with the same."""

from decimal import Decimal

from django import forms

from challenges.models import Score
from challenges.services.finals import Finals, Key

POINTS = Score._meta.get_field("points")


class MarksForm(forms.Form):
    """One field for each finalist and each judge who may mark it.

    Each field carries what was shown along, so that only what somebody has changed is written.
    """

    def __init__(self, data=None, *, finals: Finals, read: dict[Key, Decimal] | None = None, **options):
        super().__init__(data, **options)
        self.finals, self.keys = finals, {}
        read = read or {}
        for solution in finals.solutions:
            for judge in finals.judges:
                key = solution.pk, judge.pk
                if not finals.is_barred(key):
                    name = f"mark-{solution.pk}-{judge.pk}"
                    self.keys[name] = key
                    self.fields[name] = _mark_field(f"{solution.number} {judge}", finals.marks.get(key), read.get(key))

    @property
    def rows(self) -> list[tuple]:
        """The finalists in their order, each with the field of each judge, or nothing where one must not mark."""
        names = {key: name for name, key in self.keys.items()}
        return [
            (solution, [(judge, self._cell(names.get((solution.pk, judge.pk)))) for judge in self.finals.judges])
            for solution in self.finals.solutions
        ]

    def _cell(self, name: str | None):
        return self[name] if name else None

    @property
    def problems(self) -> list[str]:
        """What is wrong, with the field it is wrong with."""
        return [
            f"{self.fields[name].label}：{error}" if name in self.fields else error
            for name, errors in self.errors.items()
            for error in errors
        ]

    @property
    def changed(self) -> dict[Key, Decimal | None]:
        return {self.keys[name]: self.cleaned_data[name] for name in self.changed_data}


class MarkField(forms.DecimalField):
    """Points that the sheet has, shown in the place of what is stored, which stays what they are compared with."""

    def __init__(self, *, stored: Decimal | None, read: Decimal | None, **options):
        super().__init__(initial=stored, show_hidden_initial=True, **options)
        self.read = read

    def get_bound_field(self, form, field_name):
        return MarkCell(form, self, field_name)


class MarkCell(forms.BoundField):
    def value(self):
        read = None if self.form.is_bound else self.field.read
        return super().value() if read is None else read


def _mark_field(label: str, mark, read: Decimal | None) -> MarkField:
    return MarkField(
        stored=mark.points if mark else None,
        read=read,
        label=label,
        required=False,
        max_digits=POINTS.max_digits,
        decimal_places=POINTS.decimal_places,
        validators=POINTS.validators,
        widget=forms.NumberInput(attrs={"min": 0, "max": 100, "step": "0.5", "inputmode": "decimal"}),
    )


class SheetForm(forms.Form):
    """A sheet of marks that was filled in on site."""

    file = forms.FileField(
        label="现场得分表",
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx"}),
        error_messages={
            "required": "请选择填好的现场得分表。",
            "empty": "文件是空的。请检查是否选错了文件，或在 Excel 中重新保存后再上传。",
        },
    )
