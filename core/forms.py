"""What forms of several apps share."""


def filled_rows(formset) -> list[dict]:
    """The rows of a valid formset in their order, without the blank ones and those marked for removal."""
    return [
        {name: value for name, value in form.cleaned_data.items() if name != "DELETE"}
        for form in formset
        if form.cleaned_data and not form.cleaned_data.get("DELETE")
    ]
