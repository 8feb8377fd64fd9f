"""Each way of asking, in the few sections: sounds, slips, sentences, kinds, classes, conditions, parts."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from sorting_miniapp.guide import changes, matching, phrases, sounds
from sorting_miniapp.guide.lexicon import Lexicon
from sorting_miniapp.guide.models import CLASS_NAMES, WasteClass
from sorting_miniapp.guide.phrase_words import Condition
from tests.events.helpers import World


def find(client: FlaskClient, q: str) -> Any:
    answer = client.get("/api/v1/guide/items", query_string={"q": q})
    assert answer.status_code == 200, answer.text
    return answer.json


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        ("充电点池", "充电电池"),  # heard
        ("泡末餐盒", "泡沫餐盒"),
        ("纽扣电驰", "纽扣电池"),
        ("钮扣店池", "纽扣电池"),
        ("荧光灯官", "荧光灯管"),
        ("用完的五号电池怎么扔", "干电池"),
        ("请问家里坏了的节能灯泡要丢到哪个桶", "节能灯"),
        ("老师问旧报纸是什么垃圾", "报纸"),
        ("手表里面换出来的小电池扔哪", "纽扣电池"),
        ("荧光灯管碎了", "荧光灯管"),
        ("dian chi", "干电池"),
        ("jiushafa", "沙发"),
        ("5号电池", "干电池"),
    ],
)
def test_the_thing_meant_stands_first(dictionary: FlaskClient, asked: str, name: str) -> None:
    found = find(dictionary, asked)["items"]
    assert found[0]["name"] == name, [one["name"] for one in found[:4]]


def test_words_for_classes_lead_to_the_class(dictionary: FlaskClient) -> None:
    for asked, code in (
        ("干垃圾", "residual"), ("湿垃圾有哪些", "food"), ("餐厨", "food"), ("有毒垃圾", "hazardous"),
        ("什么是可回收垃圾", "recyclable"), ("泥头", "renovation"),
    ):  # fmt: skip
        found = find(dictionary, asked)
        assert [one["code"] for one in found["categories"]] == [code], asked
        assert found["categories"][0]["name"] == CLASS_NAMES[WasteClass(code)]
        page = dictionary.get(found["categories"][0]["page"])
        assert page.status_code == 200
        assert page.json["code"] == code
    assert find(dictionary, "干电池是有害垃圾吗")["categories"] == []


def test_what_nobody_listed_is_answered_by_its_kind_or_by_near_names(dictionary: FlaskClient) -> None:
    first = find(dictionary, "火星瓶")["items"][0]
    assert (first["name"], first["found_by"], first["by_kind"]) == ("饮料瓶", "瓶", True)
    assert find(dictionary, "饮料瓶")["items"][0]["by_kind"] is False
    nothing = find(dictionary, "量子计算灯")
    assert nothing["items"] == []
    assert nothing["suggestions"]
    assert all(name.endswith("灯") for name in nothing["suggestions"])


def test_conditions_of_the_question_point_at_the_change_of_class(dictionary: FlaskClient) -> None:
    def asked(q: str) -> dict[str, bool]:
        return {one["category"]["code"]: one["asked"] for one in find(dictionary, q)["items"][0]["changes"]}

    assert asked("没洗干净的塑料奶茶杯") == {"residual": True}
    assert asked("塑料奶茶杯") == {"residual": False}


def test_a_composite_thing_shows_its_parts_with_their_classes_and_links(dictionary: FlaskClient) -> None:
    first = find(dictionary, "外卖餐盒连剩饭")["items"][0]
    parts = {part["name"]: (part["category"]["name"], part["item"]) for part in first["parts"]}
    assert parts["饭菜"] == ("厨余垃圾", None)
    assert parts["油污餐盒"] == ("其他垃圾", "you-wu-su-liao-can-he")
    assert dictionary.get(first["parts"][0]["category"]["page"]).status_code == 200


def test_names_while_typing(dictionary: FlaskClient) -> None:
    def shown(q: str) -> list[str]:
        return [
            one["shown"] for one in dictionary.get("/api/v1/guide/suggestions", query_string={"q": q}).json["items"]
        ]

    assert "充电电池" in shown("充电")
    assert all(name.startswith("充电") for name in shown("充电"))
    assert "充电电池" in shown("cddc")
    assert 0 < len(shown("d")) <= 8
    assert shown("量子") == []
    for bad in ({}, {"q": ""}, {"q": "长" * 21}, {"q": "电", "more": "1"}):
        assert dictionary.get("/api/v1/guide/suggestions", query_string=bad).status_code == 422, bad


def test_a_class_page_shows_its_sign_what_belongs_and_what_does_not(world: World, dictionary: FlaskClient) -> None:
    with world.app.app_context():
        from sorting_miniapp.media import drawings
        from tests.events.helpers import CONTENT

        drawings.load(CONTENT)
    page = dictionary.get("/api/v1/guide/categories/hazardous").json
    assert {one["category"]["code"] for one in page["belongs"]} == {"hazardous"}
    assert "hazardous" not in {one["category"]["code"] for one in page["not_here"]}
    assert "干电池" in {one["name"] for one in page["not_here"]}
    assert [one["name"] for one in page["subclasses"]] == ["灯管", "家用化学品", "电池"]
    assert page["mistakes"]
    assert page["handling"] is None
    sign = dictionary.get(page["sign"])
    assert sign.mimetype == "image/svg+xml"
    assert "有害垃圾" in sign.text, "the legal name stands beside colour and shape"
    assert dictionary.get("/api/v1/guide/categories/dry").status_code == 404


def test_bulky_waste_says_how_and_invents_no_telephone(world: World, dictionary: FlaskClient) -> None:
    from sorting_miniapp.guide import cache
    from sorting_miniapp.orgs import settings

    told = dictionary.get("/api/v1/guide/categories/bulky").json["handling"]
    assert told["checked"] == "未核"
    assert told["steps"]
    assert told["phone"].startswith("尚未公布")
    assert told["hours"].startswith("尚未公布")
    with world.app.app_context():
        settings.write(world.city, "bulky_phone", "0763-0000000（演示）", "admin")
    cache.forget()
    assert dictionary.get("/api/v1/guide/categories/bulky").json["handling"]["phone"] == "0763-0000000（演示）"


def test_a_question_is_cut_down_to_its_thing() -> None:
    for asked, clauses in (
        ("喝完的奶茶杯怎么扔", ("喝完的奶茶杯",)),
        ("请问一下那个过了期的感冒药要放到什么垃圾桶", ("过了期的感冒药",)),
        ("煮螺蛳剩下的壳算不算厨余垃圾呀", ("煮螺蛳剩下的壳",)),
        ("坏掉的LED灯是有害垃圾吗", ("坏掉的led灯",)),
        ("感冒戴过的口罩丢什么颜色的桶", ("感冒戴过的口罩",)),
        ("喝完的牛奶盒要不要洗", ("喝完的牛奶盒",)),
        ("湿垃圾有哪些", ("湿垃圾",)),
        ("干 电 池", ("干电池",)),
        ("怎么扔", ("怎么扔",)),
        ("。。", ()),
    ):
        assert phrases.read(asked).clauses == clauses, asked
    assert phrases.core("两个用完的旧电池") == "电池"
    assert phrases.conditions("没洗干净") == {Condition.SOILED}
    assert phrases.conditions("洗干净的空瓶") == {Condition.CLEAN, Condition.EMPTY}
    assert phrases.conditions("没用完的过期药") == {Condition.LEFT_OVER, Condition.EXPIRED}


def test_a_question_has_other_readings() -> None:
    for asked, read in (
        ("狗在路边拉的屎", "狗屎"), ("旧硬盘里有资料", "旧硬盘"), ("给猫剃下来的毛", "给猫毛"), ("茶包连棉线", "茶包"),
        ("水袋子", "水袋"), ("袋子脏了", "脏袋子"),
    ):  # fmt: skip
        assert read in phrases.plainer(asked), asked
    assert "连州菜心" not in phrases.plainer("连州菜心")


def test_a_name_that_stands_in_the_question_is_worth_more_than_one_that_only_sounds_or_looks_so() -> None:
    for asked, right, wrong in (
        ("旧木床", "木床", "木窗"), ("年桔过完年", "年桔", "年桔果"), ("拜神香灰", "香灰", "拜神香"),
        ("掉地上的粉笔", "粉笔", "掉地上的果子"), ("净水滤", "净水器滤芯", "净水器"),
    ):  # fmt: skip
        clause = matching.Clause(asked, phrases.core(asked)).among({right, wrong})
        worth = {name: clause.score(name, sounds.sound(name)) for name in (right, wrong)}
        assert worth[right] > worth[wrong], worth


def test_what_a_thing_is_made_of_answers_where_nothing_else_does() -> None:
    known = Lexicon({}, {}, {"玻璃~": "sui-bo-li", "瓶": "yin-liao-ping"})
    assert known.kind("玻璃转角") == ("玻璃", "sui-bo-li")
    assert known.kind("火星瓶") == ("瓶", "yin-liao-ping")
    assert known.kind("旧玻璃") == ("", "")


def test_changes_of_class_are_read_out_of_the_conditions() -> None:
    found = changes.read("沾污的按其他垃圾，充电的按有害垃圾。", WasteClass.RECYCLABLE)
    assert [(one.when, one.waste_class) for one in found] == [
        ("沾污", WasteClass.RESIDUAL),
        ("充电", WasteClass.HAZARDOUS),
    ]
    assert found[0].states == {Condition.SOILED}
    assert changes.read("干净的按可回收物。", WasteClass.RECYCLABLE) == []


def test_sounds_are_those_of_the_pinyin_library_and_alike_where_people_mix_them_up() -> None:
    from pypinyin import lazy_pinyin

    assert sounds.sound("充电宝") == sounds.sound("冲店保") == "".join(sounds.syllables("chongdianbao"))
    assert sounds.sound("纸盒") == sounds.sound("子河")
    assert sounds.spaced("xi gua pi") == ("xi", "gua", "pi")
    assert sounds.spaced("hello world") == ()
    assert sounds.syllables("xyz") == ()
    for letter in "垃圾分类回收厨余电池报纸塑料瓶":
        assert sounds.spoken(letter) == (sounds.alike(lazy_pinyin(letter)[0]),)


@given(st.text("电池灯管纸盒塑料", min_size=1, max_size=5), st.text("电池灯管纸盒塑料", min_size=1, max_size=5))
def test_one_slip_is_a_distance_of_one(one: str, two: str) -> None:
    def distance(a: str, b: str) -> int:
        rows = [[i + j if not i or not j else 0 for j in range(len(b) + 1)] for i in range(len(a) + 1)]
        for i in range(1, len(a) + 1):
            for j in range(1, len(b) + 1):
                cost = a[i - 1] != b[j - 1]
                rows[i][j] = min(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + cost)
                if i > 1 and j > 1 and a[i - 1] == b[j - 2] and a[i - 2] == b[j - 1]:
                    rows[i][j] = min(rows[i][j], rows[i - 2][j - 2] + 1)
        return rows[-1][-1]

    assert matching.one_slip(one, two) == (distance(one, two) == 1)


@given(st.text(max_size=50))
def test_any_text_can_be_read(typed: str) -> None:
    phrase = phrases.read(typed)
    assert len(phrase.clauses) == len(phrase.cores)
    assert all(phrase.clauses)
    for clause in matching.clauses(phrase):
        clause.score("干电池", sounds.sound("干电池"))
