import pytest

from matching.engine.documents import CapabilityDocument, NeedDocument
from matching.engine.facts import Cells, Line, from_json, to_json
from matching.engine.profile import Profile, guess_discipline, profile_capability, profile_need


def test_a_capability_is_read_in_all_its_fields():
    row = Line(Cells(object="一般压力表", measurand="压力", codes="JJG 52-2013"), codes=("JJG 52-2013",))
    profile = profile_capability(CapabilityDocument("c", "省院", "压力仪表", "可上门服务，介质为油", lines=(row,)))
    assert (profile.codes, profile.discipline, profile.conditions, profile.words["压力表"]) == (
        {"JJG 52": "2013"},
        "力学",
        {"mode": ("field",), "medium": ("oil",)},
        "一般压力表",
    )


def test_a_word_counts_more_in_the_title_than_in_the_text():
    in_title = profile_need(NeedDocument("n", "卡尺")).terms["游标卡尺"]
    in_text = profile_need(NeedDocument("n", "", "卡尺")).terms["游标卡尺"]
    assert in_text < in_title


def test_a_line_that_repeats_the_title_adds_nothing():
    row = Line(Cells(object="坐标测量机"))
    alone = profile_capability(CapabilityDocument("c", "省院", "坐标测量机"))
    assert profile_capability(CapabilityDocument("c", "省院", "坐标测量机", lines=(row, row))) == alone


def test_the_background_of_a_need_counts_less_than_its_request():
    terms = profile_need(NeedDocument("n", "", "我司主要生产扭矩传感器。地磅需要检定。")).terms
    assert terms["扭矩传感器"] < terms["汽车衡"]


def test_a_stated_mode_outweighs_the_words_and_the_laboratory_is_no_condition():
    need = NeedDocument("n", "上门校准", modes=("lab", "online"))
    assert profile_need(need).conditions == {"mode": ("online",)}
    assert profile_need(NeedDocument("n", "卡尺", modes=("lab",))).conditions == {}


@pytest.mark.parametrize(
    ("text", "modes"),
    [
        ("流量计拆不下来", ("in_situ", "online")),
        ("流水线不能停产", ("in_situ", "online")),
        ("地磅搬不动", ("field", "in_situ")),
        ("流量计拆不下来，请上门", ("field", "in_situ", "online")),
    ],
)
def test_what_cannot_be_dismounted_is_measured_in_place_and_what_cannot_be_moved_on_site_too(text, modes):
    assert profile_need(NeedDocument("n", text)).conditions == {"mode": modes}


def test_the_way_in_which_a_capability_measures_is_read_from_its_words_as_well():
    capability = CapabilityDocument("c", "省院", "温湿度传感器", "机柜在线比对", modes=("field",))
    assert profile_capability(capability).conditions == {"mode": ("field", "online")}


def test_a_wish_is_no_condition():
    assert profile_need(NeedDocument("n", "卡尺", "能上门最好")).conditions == {}


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("用水介质标的系数不准，要求液压油", {"medium": ("oil",)}),
        ("静态标定合格，要做动态力校准", {"motion": ("dynamic",)}),
        ("介质为水", {"medium": ("water",)}),
        ("热水流量计", {"medium": ("hot_water",)}),
        ("液化天然气流量计", {"medium": ("liquefied_natural_gas",)}),
        ("压力表要禁油", {"medium": ("oxygen",)}),
    ],
)
def test_what_is_out_of_the_ordinary_is_what_a_need_insists_on(text, conditions):
    assert profile_need(NeedDocument("n", text)).conditions == conditions


@pytest.mark.parametrize(
    ("quantity", "note", "conditions"),
    [
        ("flow_volume", "实验室，水", {"medium": ("water",)}),
        ("flow_volume", "介质：热水", {"medium": ("hot_water", "water")}),
        ("flow_volume", "水平安装", {}),
        ("force", "静重", {"motion": ("static",)}),
        ("force", "动态力", {"motion": ("dynamic",)}),
        ("length", "", {}),
    ],
)
def test_the_note_of_a_row_tells_the_medium_and_force_is_static_unless_said_otherwise(quantity, note, conditions):
    row = Line(Cells(note=note), quantity=quantity)
    assert profile_capability(CapabilityDocument("c", "省院", "", lines=(row,))).conditions == conditions


def test_what_is_expressly_not_asked_for_is_no_condition():
    assert profile_need(NeedDocument("n", "卡尺", "不需要上门，介质为油")).conditions == {"medium": ("oil",)}


def test_words_of_no_discipline_point_to_none():
    assert guess_discipline({"校准": 0.1, "现场": 1.0}) == ""


def test_a_profile_survives_a_json_column():
    profile = profile_need(NeedDocument("n", "地磅 JJG 539-2016", "拆不下来"))
    assert from_json(Profile, to_json(profile)) == profile


def test_who_only_takes_what_is_sent_in_does_not_come_and_sending_in_is_no_condition():
    laboratory = profile_capability(CapabilityDocument("c", "省院", "微量天平", "隔振基础，仅送检。"))
    assert laboratory.conditions["mode"] == ("lab",)
    assert profile_need(NeedDocument("n", "天平拆下送检")).conditions == {}
    assert "field" in profile_need(NeedDocument("n", "天平不能搬，要上门")).conditions["mode"]


@pytest.mark.parametrize(
    ("text", "conditions"),
    [
        ("综测仪不许拆机架", {"mode": ("field", "in_situ")}),
        ("传感器不许下架", {"mode": ("field", "in_situ")}),
        ("车皮摘钩停在上面称", {"motion": ("static",)}),
        ("要 40 MPa 静水压力下的灵敏度", {"depth": ("pressurised",)}),
        ("拆下来就地校", {"mode": ("in_situ",)}),
        ("卡表夹在线上看电流", {}),
    ],
)
def test_how_something_stands_while_it_is_measured_is_a_condition(text, conditions):
    assert profile_need(NeedDocument("n", "", text)).conditions == conditions


def test_a_sensitivity_under_water_is_at_ambient_pressure_unless_the_pressure_is_named():
    plain, deep = (CapabilityDocument("c", "院", title) for title in ("标准水听器", "高静水压下换能器灵敏度"))
    assert [profile_capability(each).conditions["depth"] for each in (plain, deep)] == [("ambient",), ("pressurised",)]


def test_who_does_gauges_for_oxygen_too_does_not_do_only_those():
    rows = (Line(Cells("压力表", "压力")), Line(Cells("压力表", "氧气表", note="禁油")))
    alone, both = (profile_capability(CapabilityDocument("c", "院", "压力表", lines=some)) for some in (rows[1:], rows))
    assert (alone.conditions["medium"], "medium" in both.conditions) == (("oxygen",), False)
