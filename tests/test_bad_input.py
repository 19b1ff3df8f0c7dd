"""Whatever is sent to a page or an endpoint, the answer is never a server error, and it says what to do."""

import re
import uuid

import pytest
from django.test import Client
from django.urls import reverse

from needs.models import Need
from tests.test_visibility import ANSWERS, LISTS, address_of, record_of
from tests.world import world

__all__ = ["world"]
pytestmark = pytest.mark.django_db

NUL, SURROGATE, CHINESE = "压力\x00", "\ud800", re.compile("[一-龥]")
LONG = "长" * 350_000
# A step is tried by whoever may take it, so that it gets as far as it can.
WHO = {"needs:desk": "organiser", "needs:public_text": "organiser", "accounts": "admin", "challenges": "organiser"}
WHO |= dict.fromkeys(["partnerships:docking_schedule", "partnerships:docking_assign", "docking-stewards"], "organiser")
WHO |= dict.fromkeys([f"challenge-{what}" for what in ("list", "detail", "windows", "criteria", "copy")], "organiser")
REVIEWING = (
    "expert_edit",
    "tie_create",
    "tie_remove",
    "review_desk",
    "review_detail",
    "review_pledge",
    "review_recuse",
)
WHO |= dict.fromkeys([f"challenges:{page}" for page in REVIEWING], "reviewer")
WHO |= dict.fromkeys([f"review-{what}" for what in ("list", "detail", "lock", "recuse", "pledge")], "reviewer")
WHO |= dict.fromkeys(["api-finals", "api-finals-draw"], "organiser")
WHO |= dict.fromkeys(["challenges:waiver_create", "challenges:solution_waive", "waiver-list", "waiver-detail"], "admin")
WHO |= dict.fromkeys([f"signing-{what}" for what in ("list", "detail", "stewards", "sign", "steward")], "organiser")
WHO |= dict.fromkeys(
    ["follow-up-list", "follow-up-detail", "api-challenge-funnel", "api-challenge-report"], "organiser"
)
WHO |= dict.fromkeys(["decision-list", "decision-detail", "decision-amend", "objection-reply"], "organiser")
WHO |= dict.fromkeys(["objection-detail", "solution-outcome-detail"], "organiser")
WHO |= dict.fromkeys(["assignment-list", "assignment-detail", "assignment-remove"], "organiser")
SOLVING = ("create", "mine", "detail", "edit", "price", "file_create", "partner_create", "move", "join", "file")
WHO |= dict.fromkeys([f"challenges:solution_{page}" for page in SOLVING], "provider")
STEPS_OF_SOLUTION = ("list", "detail", "move", "price", "co-applicants", "co-applicant", "join", "upload", "file")
WHO |= dict.fromkeys([f"solution-{what}" for what in STEPS_OF_SOLUTION], "provider")
BY_PROVIDER = ("providers:", "matching:inbox", "matching:why", "matching:proposal", "capability", "proposal")


BY_ORGANISER = ("partnerships:ledger", "ledger")


def person_for(name):
    if name.startswith(BY_ORGANISER):
        return "organiser"
    return WHO.get(name) or ("provider" if name.startswith(BY_PROVIDER) else WHO.get(name.split(":")[0], "owner"))


@pytest.fixture
def visit(world):
    def ask(name, method="get", *args, **extra):
        client = Client(raise_request_exception=False)
        client.cookies = world.cookies[person_for(name)].copy()
        answer = getattr(client, method)(*args, **extra)
        if answer.streaming:
            answer.getvalue()
        return answer

    return ask


def every_address(world):
    """Each address with its first record, or with the published need of level 1."""
    for name, (_, records, rest, _) in ANSWERS.items():
        if name == "accounts:logout":
            continue
        record = records[0]
        if "status" in record:
            record = {"level": 1, "status": "draft" if name in {"needs:edit", "needs:delete"} else "published"}
        yield name, address_of(name, record, rest, record_of(world, record).pk if record else None)


def apis(world):
    return [(name, path) for name, path in every_address(world) if path.startswith("/api/")]


QUERIES = [
    "page=-1",
    "page=abc",
    "page=0",
    f"page={'9' * 30}",
    f"page={'9' * 5000}",
    "page=1e999",
    "page=NaN",
    "page_size=-1",
    f"page_size={'9' * 5000}",
    "q=%00",
    "q=%ff%fe",
    "q=%ED%A0%80",
    f"q={'a' * 5000}",
    "q=%25_%5C'%22",
    "q[]=1&q=2&q=3",
    "region=999999&mode=x&budget=NaN&discipline=%00",
    "budget=1e999&region=%E5%85%A8&unread=maybe&verdict=x",
    "need=abc&capability=%00",
    f"need={uuid.UUID(int=0)}",
    "show=x&kind=x&organisation=x",
    "format=xml",
    "&&&===;;",
    "%00=1",
]


READS_A_QUERY = {
    *LISTS,
    "providers:institute_detail",
    "providers:capability_create",
    "providers:credential_create",
    "providers:import_create",
    "providers:import_detail",
    "providers:import_template",
    "partnerships:ledger_list_export",
    "partnerships:ledger_taken_export",
    "partnerships:ledger_people",
    "partnerships:ledger_import_create",
    "partnerships:ledger_import_detail",
    "ledger-export",
    "need-detail",
}


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query[:24])
def test_a_strange_query_is_no_server_error(query, world, visit):
    lists = [(name, path) for name, path in every_address(world) if name in READS_A_QUERY]
    broken = {}
    for name, path in lists:
        response = visit(name, "get", f"{path}?{query}", headers={"HX-Request": "true", "HX-Target": "x"})
        if response.status_code >= 500:
            broken[path] = response.status_code
    assert broken == {}


@pytest.mark.parametrize("method", ["get", "head", "post", "put", "patch", "delete", "options", "trace"])
def test_no_method_is_a_server_error(method, world, visit):
    broken = {}
    for name, path in every_address(world):
        status = visit(name, method, path).status_code
        if status >= 500:
            broken[path] = status
    assert broken == {}


@pytest.mark.parametrize("method", ["put", "delete"])
def test_methods_that_nothing_answers_are_405(method, world, visit):
    views = {name: visit(name, method, path).status_code for name, path in every_address(world)}
    # Django's own password form takes PUT for POST.
    assert {name for name, status in views.items() if status != 405} <= {
        "api-notice-preferences",
        "accounts:login",
        "accounts:password_change",
        "accounts:password_reset",
        "accounts:password_reset_confirm",
        # An attachment can be deleted.
        "need-file",
        # Calendar and criteria are replaced as a whole.
        "challenge-windows",
        "challenge-criteria",
        # So is the wording of an item of the board.
        "entry-board",
        # The acceptance of a docking is put as a whole.
        "acceptance-detail",
        # So do an attachment and a partner of a solution.
        "solution-file",
        "solution-co-applicant",
    }


FIELDS = [
    "measures_taken difficulties sample traceability acceptance ownership public_files remove_file add_files files",
    "title problem background current_state goal discipline category problem_type expected_on urgency budget_low",
    "budget_high cooperation credentials contact_name contact_phone contact_email level public_title public_text",
    "note reason name kind credit_code region size industry address website intro email phone password1 password2",
    "username password credential number valid_from valid_until modes direction maturity text cases scope take draft",
    "lines-TOTAL_FORMS lines-INITIAL_FORMS lines-0-object_name lines-0-range_text lines-0-mode publish organisation",
    "responsible person due_on result reason description category source raised_on approve file",
    "theme rules_text reviews_per_item regions co_organisers source organiser phase closes_at criteria-TOTAL_FORMS",
    "collecting_opens_at collecting_closes_at board_closes_at criteria-INITIAL_FORMS criteria-0-name criteria-0-weight",
    "stage asked agreed steward on planned_on held_on next_on next_step people place problems institute due_on text",
    "old_password new_password1 new_password2 autosave add_line submit is_qualitative",
    "intent_amount contract_amount paid_amount signed_on valid_until property_terms upload seen mark words",
    "promises-TOTAL_FORMS promises-INITIAL_FORMS promises-0-promised_text promises-0-evidence amount answer hand_in",
    "accepted_on conclusion lines-0-achieved_text solution benefit enterprise_name shows_figures",
    "outcome is_upheld entry",
]
VALUES = ["", NUL, LONG, "NaN", "1e999", "-1", "9" * 400, "<script>", "2026-99-99", "%s%n", "\u202e\ufeff", "0x1"]


@pytest.mark.parametrize("value", VALUES, ids=lambda value: ascii(value[:9]))
def test_a_form_full_of_nonsense_is_no_server_error(value, world, visit):
    broken = {}
    for name, path in every_address(world):
        # One long field at a time: together they exceed what a request may hold.
        names = ["problem", "title"] if value is LONG else " ".join(FIELDS).split()
        for chosen in [[each] for each in names] if value is LONG else [names]:
            if path.startswith("/api/") or (ANSWERS[name][0] == "get" and "form" not in page_kind(name)):
                continue
            status = visit(name, "post", path, dict.fromkeys(chosen, value)).status_code
            if status >= 500:
                broken[path] = status
    assert broken == {}


def page_kind(name):
    """Whether a page that is read also takes a form."""
    forms = ("edit", "create", "signup", "login", "password_reset", "password_change", "password_reset_confirm")
    forms += ("visit_minutes", "pledge")
    forms += ("windows", "criteria_screening", "criteria_solution", "copy")
    return "form" if name.endswith(forms) else "page"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[]",
        b"[[]]",
        b"1",
        b'"text"',
        b"{",
        b"\xff\xfe",
        b'{"text": "\\ud800"}',
        b'{"\\ud800": 1}',
        b'{"text": "\\u0000"}',
        b'{"text": NaN, "limit": NaN, "budget_low": NaN}',
        b'{"text": Infinity}',
        b'{"text": 1e999, "limit": 1e999, "budget_low": 1e999, "maturity": 1e999, "level": 1e999}',
        b'{"text": "x", "limit": %s, "budget_low": %s, "maturity": %s}' % ((b"9" * 400,) * 3),
        b'{"limit": %s}' % (b"9" * 5000),
        b'{"text": %s}' % (b"[" * 100_000),
        b'{"a":' * 30 + b"1" + b"}" * 30,
        b'{"text": "%s"}' % (b"x" * 1_000_000),
        b'{"text": "%s"}' % (b"x" * 3_000_000),
        b'{"text": [], "title": {}, "lines": {}, "note": [], "organisation": {}, "level": [], "modes": 1}',
        b'{"lines": [1, null, [], "x"], "title": true, "cooperation": "x", "credentials": [[]]}',
        b'{"lines": [{"range": {}, "range_text": [], "object_name": null}], "expected_on": "2026-99-99"}',
        b'{"organisation": "nonsense", "credential": [], "title": null, "is_qualitative": "maybe"}',
    ],
    ids=lambda body: ascii(body[:24].decode("latin-1")),
)
def test_strange_json_is_answered_by_a_4xx_in_chinese(body, world, visit):
    broken = {}
    for name, path in apis(world):
        for method in ("post", "patch"):
            response = visit(name, method, path, body, content_type="application/json")
            if response.status_code >= 500:
                broken[method, path] = response.status_code
            elif response.status_code == 400:
                assert CHINESE.search(str(response.json())), response.json()
    assert broken == {}


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/xml",
        "multipart/form-data",
        "multipart/form-data; boundary=x",
        "",
        "application/json; charset=utf-16",
    ],
)
def test_a_wrong_content_type_is_no_server_error(content_type, world, visit):
    answers = {
        (path, method): visit(name, method, path, b'{"title": "x"}', content_type=content_type).status_code
        for name, path in every_address(world)
        for method in ("post", "patch")
    }
    assert {key for key, status in answers.items() if status >= 500} == set()


@pytest.mark.parametrize(
    "path",
    [
        "/needs/nonsense/",
        "/needs/00000000/",
        "/needs/%00/",
        "/needs/%ff/",
        "/needs/{pk}/edit/0/",
        "/needs/{pk}/edit/4/",
        "/needs/{pk}/edit/99999999999999999999/",
        "/needs/{pk}/edit/-1/",
        "/capabilities/new/nonsense/",
        "/capabilities/new/%00/",
        "/api/v1/needs/nonsense/",
        "/api/v1/needs/%00/",
        "/api/v1/needs/%ED%A0%80/",
        "/api/v1/needs/{pk}/nonsense/",
        "/api/v1/needs.xml",
        "/api/v1/proposals/1/",
        "/api/v1/organisations/{}/",
        "/nonsense",
        "/%00",
    ],
)
def test_an_address_that_means_nothing_is_not_found(path, world, visit):
    response = visit("needs:mine", "get", path.replace("{pk}", str(world.needs[1, "draft"].pk)))
    assert response.status_code in {400, 404}


@pytest.mark.parametrize("name", ["explode", "SUBMIT", "submit-", "a" * 300, "__class__"])
def test_an_unknown_step_is_refused_in_words(name, world, visit):
    need = world.needs[1, "draft"]
    for address, pk in (("needs:move", need.pk), ("providers:capability_move", world.records["capability"].pk)):
        response = visit(address, "post", reverse(address, args=[pk, name]), follow=True)
        assert (response.status_code, "没有这个操作，请刷新页面后重试。" in response.content.decode()) == (200, True)


def test_an_unreadable_character_is_answered_in_words(world, visit):
    response = visit("needs:list", "get", "/needs/?q=%00")
    assert (response.status_code, bool(CHINESE.search(response.content.decode()))) == (400, True)
    response = visit("needs:create", "post", "/needs/new/", {"problem": NUL})
    assert (response.status_code, bool(CHINESE.search(response.content.decode()))) == (400, True)


# Nothing already entered is lost.


def edit(world, step):
    return reverse("needs:edit", args=[world.needs[1, "draft"].pk, step])


@pytest.mark.parametrize(
    ("data", "field", "kept"),
    [
        ({"title": "长" * 121, "problem": "孔径测不准"}, "title", "孔径测不准"),
        ({"title": "孔径测量", "problem": "长" * 20_001}, "problem", "孔径测量"),
        ({"title": "孔径测量", "problem": "孔径", "discipline": "magic"}, "discipline", "孔径测量"),
        ({"title": "", "problem": "孔径测不准"}, "title", "孔径测不准"),
    ],
)
def test_a_refused_first_step_keeps_the_rest(data, field, kept, world, visit):
    for path in (edit(world, 1), "/needs/new/"):
        response = visit("needs:edit", "post", path, {"category": "other", "problem_type": "cannot", **data})
        assert response.status_code == 200
        assert field in response.context["form"].errors
        assert kept in response.content.decode()


@pytest.mark.parametrize(
    ("data", "field"),
    [
        ({"budget_low": "10", "budget_high": "5"}, "budget_low"),
        ({"budget_low": "abc", "budget_high": "5"}, "budget_low"),
        ({"budget_low": "NaN", "budget_high": "5"}, "budget_low"),
        ({"budget_low": "1e999", "budget_high": "5"}, "budget_low"),
        ({"budget_high": "0.00001"}, "budget_high"),
        ({"contact_phone": "123"}, "contact_phone"),
        ({"contact_email": "nobody"}, "contact_email"),
        ({"expected_on": "2026-13-45"}, "expected_on"),
        ({"level": "9"}, "level"),
        ({"credentials": ["magic"]}, "credentials"),
    ],
)
def test_a_refused_third_step_keeps_the_rest_and_the_budget(data, field, world, visit):
    given = {"urgency": "normal", "level": "1", "contact_name": "沈工", **data}
    response = visit("needs:edit", "post", edit(world, 3), given)
    page = response.content.decode()
    assert (response.status_code, list(response.context["form"].errors)) == (200, [field])
    assert 'value="沈工"' in page
    assert all(f'value="{value}"' in page for value in data.values() if isinstance(value, str) and field != "level")
    need = Need.objects.get(pk=world.needs[1, "draft"].pk)
    assert need.contact_name == "沈工"
    if "budget" in field:
        assert (need.budget_low, need.budget_high) == (120_001, 187_654)


def test_a_refused_line_keeps_all_lines(world, visit):
    rows = {
        "lines-TOTAL_FORMS": "2",
        "lines-INITIAL_FORMS": "0",
        "lines-0-object_name": "内径千分尺",
        "lines-0-mode": "lab",
        "lines-0-obligation": "required",
        "lines-1-object_name": "",
        "lines-1-range_text": "φ30 mm",
        "lines-1-mode": "lab",
        "lines-1-obligation": "required",
    }
    response = visit("needs:edit", "post", edit(world, 2), rows)
    page = response.content.decode()
    assert ('value="内径千分尺"' in page, 'value="φ30 mm"' in page) == (True, True)
    assert response.context["formset"].errors[1] == {"object_name": ["该字段是必填项。"]}
    # What was stored before stays until the form is in order.
    assert world.needs[1, "draft"].lines.count() == 1


@pytest.mark.parametrize("total", ["", "x", "-1", "51", "99999999999", "1e9"])
def test_a_forged_number_of_lines_is_refused(total, world, visit):
    rows = {"lines-TOTAL_FORMS": total, "lines-INITIAL_FORMS": "0"}
    response = visit("needs:edit", "post", edit(world, 2), rows)
    assert response.status_code in {200, 302}
    assert Need.objects.get(pk=world.needs[1, "draft"].pk).lines.count() <= 1


def test_a_refused_capability_keeps_its_rows(world, visit):
    data = {
        "title": "长" * 121,
        "discipline": "geometry",
        "lines-TOTAL_FORMS": "1",
        "lines-INITIAL_FORMS": "0",
        "lines-0-measurand": "内径",
        "lines-0-range_text": "(1~100) mm",
    }
    response = visit("providers:capability_create", "post", "/capabilities/new/service/", data)
    page = response.content.decode()
    assert list(response.context["form"].errors) == ["title"]
    assert ('value="内径"' in page, 'value="(1~100) mm"' in page) == (True, True)


def test_an_empty_form_is_an_empty_form(world, visit):
    for name, path in (("needs:create", "/needs/new/"), ("needs:edit", edit(world, 1)), ("needs:edit", edit(world, 2))):
        assert visit(name, "post", path, {}).status_code == 200


def test_the_addresses_are_all_tried(world):
    names = {name for name, _ in every_address(world)}
    assert names | {"accounts:logout"} == set(ANSWERS)
