import pytest

from matching.engine.objects import find_objects, kinds_named


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("另外三台真空钎焊炉", [("真空钎焊炉", "temperature")]),
        ("测的时候炉子不能停", [("炉子", "temperature")]),
        ("仓库 1 吨地秤四台、300 公斤台秤十台", [("地秤", "mass"), ("台秤", "mass")]),
        ("罐区带铜锤的量油尺，看尺寸", [("量油尺", "length")]),
        ("3000 吨水压机要标", [("水压机", "force")]),
        ("TSI 轴振探头，探头不能拆", [("轴振探头", ""), ("探头", "")]),
        ("HR-150A 洛氏硬度计，HRC 20~67", [("洛氏硬度计", "hardness")]),
        ("工业 CT 怎么校", [("工业 CT", "length")]),
        ("荧光 PCR 扩增仪", [("荧光 PCR扩增仪", "temperature")]),
        ("充放电测试仪", [("充放电测试仪", "current")]),
        ("不停炉比对", []),
        ("计数与溯源，按规范做，审计要看", []),
        ("轴承内圈内径 20 mm", [("轴承内圈", "")]),
        ("", []),
    ],
)
def test_objects_are_instruments_then_devices_then_parts(text, found):
    assert [(thing.name, thing.quantity) for thing in find_objects(text)] == found


def test_objects_tell_their_place_and_canonical_term():
    text = "地磅和二次元"
    assert [(text[thing.start : thing.end], thing.term) for thing in find_objects(text)] == [
        ("地磅", "汽车衡"), ("二次元", "影像测量仪"),
    ]  # fmt: skip


def test_words_name_kinds():
    assert kinds_named("交流电压") == ["voltage"]
