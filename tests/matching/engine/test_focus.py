import pytest

from matching.engine.focus import BACKGROUND, REQUEST, SET_ASIDE, WISH, blank_aside, weigh_clauses


@pytest.mark.parametrize(
    ("text", "weighed"),
    [
        (
            "我司成立于2005年，主要生产机床。现有压力表需要检定",
            [("我司成立于2005年", BACKGROUND), ("主要生产机床", BACKGROUND), ("现有压力表需要检定", REQUEST)],
        ),
        (
            "我们有三坐标，但是孔太深，测不到",
            [("我们有三坐标", SET_ASIDE), ("但是孔太深", REQUEST), ("测不到", REQUEST)],
        ),
        ("我司有一台地磅，需要检定", [("我司有一台地磅", REQUEST), ("需要检定", REQUEST)]),
        ("不是pH计，要校电导率仪", [("不是pH计", SET_ASIDE), ("要校电导率仪", REQUEST)]),
        ("色谱仪都是好的，地磅坏了", [("色谱仪都是好的", SET_ASIDE), ("地磅坏了", REQUEST)]),
        ("读数不正常，不是很准", [("读数不正常", REQUEST), ("不是很准", REQUEST)]),
        ("没有在线测量手段，但是要求连续", [("没有在线测量手段", REQUEST), ("但是要求连续", REQUEST)]),
        ("卡尺校准，最好上门", [("卡尺校准", REQUEST), ("最好上门", WISH)]),
        ("", []),
        ("。。，，\n", []),
    ],
)
def test_clauses_count_by_what_they_are_for(text, weighed):
    assert list(weigh_clauses(text)) == weighed


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("三年没校过，量程 5 N", "三年没校过，量程 5 N"),
        ("正常工作压力 4 MPa", "正常工作压力 4 MPa"),
        ("之前送到一家，不确定度 0.03%，说不够。要 0.01%", "，，。要 0.01%"),
        ("最好做到 0.01%", "最好做到 0.01%"),
        ("以前只做到 -40，要求 -75", "，要求 -75"),
    ],
)
def test_what_others_did_is_blanked_in_place(text, kept):
    blanked = blank_aside(text)
    assert (len(blanked), blanked.replace(" ", "")) == (len(text), kept.replace(" ", ""))
