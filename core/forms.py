"""What forms of several apps share."""

from django.core.exceptions import ValidationError
from django.forms import BaseForm


def put_into(form: BaseForm, error: Exception) -> None:
    """Show a refusal of the service where the form shows its own."""
    if not isinstance(error, ValidationError):
        form.add_error(None, str(error))
    elif hasattr(error, "error_dict"):
        for name, said in error.message_dict.items():
            form.add_error(name if name in form.fields else None, said)
    else:
        form.add_error(None, error)


def filled_rows(formset) -> list[dict]:
    """The rows of a valid formset in their order, without the blank ones and those marked for removal."""
    return [
        {name: value for name, value in form.cleaned_data.items() if name != "DELETE"}
        for form in formset
        if form.cleaned_data and not form.cleaned_data.get("DELETE")
    ]
