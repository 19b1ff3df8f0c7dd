"""The demo data keep their format: every value is one the product knows, every key leads somewhere."""

import json
import re
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from stdnum.cn import uscc

from core.regions import region_choices

DEMO = Path(__file__).parents[2] / "frontend" / "demo"

PROVIDER_KINDS = {"institute", "university", "research", "industry_centre", "energy_centre"}
DISCIPLINES = {
    "geometry", "thermal", "mechanics", "electricity", "radio", "time", "optics",
    "acoustics", "ionising", "chemistry", "biology", "energy", "other",
}  # fmt: skip
MODES = {"lab", "field", "online", "in_situ", "remote"}
CREDENTIALS = {"cnas", "cma", "legal", "public_standard"}
CATEGORIES = {
    "calibration", "test_method", "device", "online", "remote", "reference_material",
    "uncertainty", "system", "energy", "training", "standard", "other",
}  # fmt: skip
STATUSES = {"published", "draft", "submitted", "returned", "diagnosing", "accepted", "withdrawn"}
COOPERATION = {"entrust", "develop", "joint", "transfer", "license", "consult"}
FIELDS = {
    "organisations": {
        "key", "name", "kind", "code", "region", "size", "is_specialised", "is_little_giant", "is_high_tech",
        "industry", "address", "website", "intro", "service_regions",
    },
    "credentials": {"organisation", "kind", "number", "valid_from", "valid_until"},
    "capabilities": {"organisation", "title", "discipline", "modes", "credential", "text", "lines"},
    "research": {"organisation", "title", "discipline", "direction", "text", "maturity", "cases", "modes"},
    "needs": {
        "key", "organisation", "title", "category", "discipline", "problem_type", "background", "problem", "goal",
        "current_state", "lines", "expected_in_days", "budget_low", "budget_high", "cooperation", "credentials",
        "level", "is_anonymous", "public_title", "public_text", "status", "contact_name", "contact_phone",
        "served_by", "why",
    },
}  # fmt: skip
ROW_FIELDS = {"measurand", "codes", "range", "uncertainty", "note"}
LINE_FIELDS = {"object", "measurand", "range", "accuracy", "conditions", "codes", "mode", "obligation", "note"}


def read_demo(name):
    """The records of one demo file, in file order."""
    return [json.loads(line) for line in (DEMO / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


def strings_of(value):
    """Every string inside a record."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from strings_of(part)


def duplicates(values):
    """What occurs more than once."""
    return [value for value, count in Counter(values).items() if count > 1]


@pytest.fixture(scope="module")
def demo():
    return {name: read_demo(name) for name in FIELDS}


@pytest.fixture(scope="module")
def organisations(demo):
    return {record["key"]: record for record in demo["organisations"]}


@pytest.mark.parametrize("name", FIELDS)
def test_every_record_has_exactly_the_fields_of_its_file(demo, name):
    assert [record for record in demo[name] if record.keys() != FIELDS[name]] == []


@pytest.mark.parametrize("name", FIELDS)
def test_no_text_has_stray_blanks_or_control_characters(demo, name):
    texts = [text for record in demo[name] for text in strings_of(record)]
    assert [text for text in texts if text != text.strip() or re.search(r"[\x00-\x1f\x7f]", text)] == []


def test_organisations_are_known_kinds_with_valid_credit_codes(demo):
    kinds = PROVIDER_KINDS | {"enterprise", "authority", "association"}
    assert [
        record["key"]
        for record in demo["organisations"]
        if record["kind"] not in kinds
        or record["size"] not in {"large", "medium", "small", "micro", ""}
        or not uscc.is_valid(record["code"])
        or not re.fullmatch(r"\d\d|", record["industry"])
    ] == []


def test_keys_names_and_codes_of_organisations_are_unique(demo):
    assert [duplicates(record[field] for record in demo["organisations"]) for field in ("key", "name", "code")] == [
        [],
        [],
        [],
    ]


def test_regions_are_provinces_or_cities_in_force(demo):
    known = {code for _, group in region_choices() for code, _ in group}
    used = {region for record in demo["organisations"] for region in [record["region"], *record["service_regions"]]}
    assert used - known == set()


def test_credentials_belong_to_providers_and_run_forward(demo, organisations):
    assert [
        record
        for record in demo["credentials"]
        if organisations[record["organisation"]]["kind"] not in PROVIDER_KINDS
        or record["kind"] not in CREDENTIALS
        or date.fromisoformat(record["valid_from"]) >= date.fromisoformat(record["valid_until"])
    ] == []
    assert duplicates((record["kind"], record["number"]) for record in demo["credentials"]) == []


def test_some_credentials_have_lapsed_in_2026_and_the_rest_run_beyond_2027(demo):
    years = [date.fromisoformat(record["valid_until"]).year for record in demo["credentials"]]
    assert years.count(2026) == 4
    assert {year for year in years if year != 2026} <= {2027, 2028, 2029, 2030, 2031}


def test_capabilities_rest_on_what_their_organisation_holds(demo, organisations):
    held = {(record["organisation"], record["kind"]) for record in demo["credentials"]}
    assert [
        record
        for record in demo["capabilities"]
        if organisations[record["organisation"]]["kind"] not in PROVIDER_KINDS
        or record["discipline"] not in DISCIPLINES
        or not record["modes"]
        or not set(record["modes"]) <= MODES
        or (record["credential"] and (record["organisation"], record["credential"]) not in held)
    ] == []
    assert duplicates((record["organisation"], record["title"]) for record in demo["capabilities"]) == []


def test_capability_rows_name_measurand_and_range(demo):
    rows = [row for record in demo["capabilities"] for row in record["lines"]]
    assert [row for row in rows if row.keys() != ROW_FIELDS or not row["measurand"] or not row["range"]] == []
    assert [record["title"] for record in demo["capabilities"] if not record["lines"]] == []
    assert [
        record["title"]
        for record in demo["capabilities"]
        if duplicates(json.dumps(row, sort_keys=True) for row in record["lines"])
    ] == []


def test_research_names_direction_maturity_and_cases(demo, organisations):
    assert [
        record
        for record in demo["research"]
        if organisations[record["organisation"]]["kind"] not in PROVIDER_KINDS
        or record["discipline"] not in DISCIPLINES
        or record["maturity"] not in range(1, 10)
        or not set(record["modes"]) <= MODES
        or not (record["title"] and record["direction"] and record["text"] and record["cases"])
    ] == []
    assert duplicates((record["organisation"], record["title"]) for record in demo["research"]) == []


def test_needs_use_known_values(demo, organisations):
    assert [
        record["key"]
        for record in demo["needs"]
        if organisations[record["organisation"]]["kind"] != "enterprise"
        or record["category"] not in CATEGORIES
        or record["discipline"] not in DISCIPLINES
        or record["problem_type"] not in {"cannot", "incomplete", "inaccurate", "unaffordable"}
        or record["level"] not in {1, 2, 3}
        or record["status"] not in STATUSES
        or not record["cooperation"]
        or not set(record["cooperation"]) <= COOPERATION
        or not set(record["credentials"]) <= {"cnas", "cma", "legal"}
        or not re.fullmatch(r"1[3-9]\d{9}", record["contact_phone"])
        or not record["contact_name"]
        or record["expected_in_days"] < 1
    ] == []


def test_every_need_has_a_title_a_problem_and_a_reason_of_its_own(demo):
    required = ("title", "problem", "why")
    assert [record["key"] for record in demo["needs"] if not all(record[field] for field in required)] == []
    assert [duplicates(record[field] for record in demo["needs"]) for field in ("key", "title", "problem")] == [
        [],
        [],
        [],
    ]


def test_budgets_are_ordered(demo):
    assert [
        record["key"]
        for record in demo["needs"]
        if None not in (record["budget_low"], record["budget_high"])
        and not 0 <= record["budget_low"] <= record["budget_high"]
    ] == []


def test_need_lines_use_known_values(demo):
    lines = [line for record in demo["needs"] for line in record["lines"]]
    assert [
        line
        for line in lines
        if line.keys() != LINE_FIELDS
        or line["mode"] not in MODES
        or line["obligation"] not in {"required", "wish"}
        or not (line["object"] or line["measurand"])
        or not (line["range"] or line["accuracy"])
    ] == []
    assert [record["key"] for record in demo["needs"] if len(record["lines"]) > 4] == []


def test_what_is_public_has_a_public_text_that_names_nobody(demo, organisations):
    public = [record for record in demo["needs"] if record["status"] in {"published", "accepted"}]
    assert [record["key"] for record in public if not (record["public_title"] and record["public_text"])] == []
    assert [
        record["key"]
        for record in demo["needs"]
        if organisations[record["organisation"]]["name"][:4] in record["public_title"] + record["public_text"]
        or record["contact_name"] in record["public_text"]
    ] == []


def test_needs_are_expected_to_be_served_by_providers(demo, organisations):
    able = {record["organisation"] for record in demo["capabilities"] + demo["research"]}
    assert [
        record["key"]
        for record in demo["needs"]
        if not set(record["served_by"]) <= able or duplicates(record["served_by"])
    ] == []


def test_there_is_enough_of_everything(demo, organisations):
    providers = [record for record in demo["organisations"] if record["kind"] in PROVIDER_KINDS]
    amounts = {
        "providers": (len(providers), 64),
        "provinces": (len({record["region"][:2] for record in providers}), 15),
        "enterprises": (sum(record["kind"] == "enterprise" for record in demo["organisations"]), 82),
        "capabilities": (len(demo["capabilities"]), 330),
        "rows": (sum(len(record["lines"]) for record in demo["capabilities"]), 620),
        "research": (len(demo["research"]), 42),
        "needs": (len(demo["needs"]), 155),
        "published": (sum(record["status"] == "published" for record in demo["needs"]), 120),
        "disciplines": (len({record["discipline"] for record in demo["capabilities"]}), 12),
    }
    assert {name: amount for name, (amount, least) in amounts.items() if amount < least} == {}
    assert {record["organisation"] for record in demo["capabilities"] + demo["research"]} == {
        record["key"] for record in providers
    }


def test_organisers_cover_the_nation_the_delta_and_one_province(demo):
    organisers = [record for record in demo["organisations"] if record["kind"] == "authority"]
    assert [record["service_regions"] for record in organisers] == [
        [],
        ["310000", "320000", "330000", "340000"],
        ["420000"],
    ]
