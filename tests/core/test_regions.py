import pytest
from django.core.exceptions import ValidationError

from core.regions import region_choices, region_label, region_names, region_prefix, validate_region


def test_every_choice_is_a_region_in_force_and_has_a_name():
    codes = [code for _, group in region_choices() for code, _ in group]
    assert len(codes) == len(set(codes))
    assert [code for code in codes if not region_label(code)] == []
    assert set(codes) <= region_names().keys()


@pytest.mark.parametrize(("code", "prefix"), [("310000", "31"), ("320500", "3205"), ("320505", "320505")])
def test_a_prefix_is_what_all_divisions_inside_share(code, prefix):
    assert region_prefix(code) == prefix


@pytest.mark.parametrize("code", ["341402", "999999", "", "３１００００", "31"])
def test_a_region_that_is_not_in_force_is_refused(code):
    with pytest.raises(ValidationError, match="不在 GB/T 2260 中"):
        validate_region(code)


def test_a_place_in_hong_kong_has_its_simplified_name():
    assert region_label("810000") == "香港特别行政区"
