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


def test_what_cannot_be_dismounted_may_be_served_on_site_or_in_place():
    assert profile_need(NeedDocument("n", "流量计拆不下来")).conditions == {"mode": ("field", "in_situ")}


def test_what_is_expressly_not_asked_for_is_no_condition():
    assert profile_need(NeedDocument("n", "卡尺", "不需要上门，介质为油")).conditions == {"medium": ("oil",)}


def test_words_of_no_discipline_point_to_none():
    assert guess_discipline({"校准": 0.1, "现场": 1.0}) == ""


def test_a_profile_survives_a_json_column():
    profile = profile_need(NeedDocument("n", "地磅 JJG 539-2016", "拆不下来"))
    assert from_json(Profile, to_json(profile)) == profile
