"""`flask content check`: each fault of an item is found; what differs in nothing, and reasons shared in a family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Problem
from tests.content.helpers import Edit, add_items, make_item


def test_a_good_row_and_a_good_question_bring_no_problem(broken: Callable[[str, Edit], list[Problem]]) -> None:
    assert broken("guide", add_items(make_item())) == []


LONG = "这是一段没有任何标点一直写下去让人喘不过气来也看不明白到底想要表达什么意思的一大段文字。"
ITEM_FAULTS: dict[str, tuple[dict[str, str], str]] = {
    "no name": ({"name": ""}, "缺少 名称"),
    "no basis": ({"basis": ""}, "缺少 依据"),
    "bad id": ({"id": "Liang_zi"}, "只能用小写字母"),
    "id used twice": ({"id": "gan-dianchi"}, "id 重复：gan-dianchi"),
    "name used twice": ({"name": "干电池"}, "名称重复：干电池"),
    "alias of two items": ({"aliases": "干电池"}, "别名“干电池”也指向另一个词条"),
    "alias twice": ({"aliases": "量子娃娃；量子娃娃"}, "别名重复"),
    "alias is the name": ({"local_names": "量子布偶"}, "别名重复，或与名称相同"),
    "wrong separator": ({"aliases": "量子娃娃、量子公仔"}, "用“；”隔开"),
    "unknown class": ({"category": "dry", "subclass": ""}, "类别不认识：dry"),
    "food without a sub-class": ({"category": "food", "subclass": ""}, "厨余垃圾须写小类"),
    "sub-class of another": ({"subclass": "电池"}, "小类“电池”不属于可回收物"),
    "unknown source": ({"basis": "nowhere"}, "依据不在 sources.yaml 里：nowhere"),
    "unknown confidence": ({"confidence": "sure"}, "confidence 只能是"),
    "low value of another": (
        {"low_value": "1", "category": "residual", "subclass": ""},
        "只有可回收物才分低值",
    ),
    "low value typed": ({"low_value": "是"}, "low_value 只能是 1 或空"),
    "name too long": ({"name": "装在大纸箱里的量子布偶玩具大礼包全套组合配件"}, "名称"),
    "why too short": ({"why": "可回收。"}, "为什么须为 8 到"),
    "no full stop": ({"why": "量子布偶的面料可以拆成纤维再纺成纱线"}, "为什么：句末没有标点"),
    "no commas": ({"how": LONG}, "怎样投放：有一段"),
    "half-width": ({"how": "拍净灰尘,再装袋投放。"}, "怎样投放：中文里用了半角标点"),
    "word twice": ({"how": "拍净灰尘再装袋装袋投放。"}, "怎样投放：词语重复：装袋装袋"),
    "letter twice": ({"how": "拍净灰尘的的表面再投放。"}, "怎样投放：词语重复：的的"),
    "placeholder": ({"note": "清远市另有规定，见XX通知。"}, "地区差异：像是没有写完的地方：XX"),
    "leftover latin": ({"how": "拍净dust再装袋投放。"}, "怎样投放：像是没有写完的地方：dust"),
    "unpaired": ({"how": "拍净“灰尘再装袋投放。"}, "怎样投放：“” 不成对"),
    "emoji": ({"how": "拍净灰尘再装袋投放\U0001f600。"}, "怎样投放：含有表情"),
    "foreign label": ({"how": "拍净灰尘再按干垃圾投放。"}, "“干垃圾”不是法定类别名称"),
    "foreign label as alias": ({"aliases": "湿垃圾布偶"}, "“湿垃圾”不是法定类别名称"),
    "one part": ({"parts": "面料=recyclable"}, "parts 至少写两个部分"),
    "part without class": ({"parts": "面料；填充物=residual"}, "parts 须写成"),
    "part twice": ({"parts": "面料=recyclable；面料=residual"}, "parts 里有重复的部分"),
    "part against the dictionary": (
        {"parts": "面料=recyclable；干电池=hazardous"},
        "parts 里“干电池”的类别和词典不一致",
    ),
}


@pytest.mark.parametrize("fault", ITEM_FAULTS)
def test_each_fault_of_an_item_is_found(broken: Callable[[str, Edit], list[Problem]], fault: str) -> None:
    values, wanted = ITEM_FAULTS[fault]
    found = broken("guide", add_items(make_item(**values)))
    assert [one for one in found if wanted in one.text and one.line > 1], found
    assert len(found) == (2 if fault == "name too long" else 1), found


ALIKE_ITEMS = {
    "colour": ("玻璃球杯", "红色玻璃球杯"),
    "size": ("玻璃球杯", "大号玻璃球杯"),
    "number": ("玻璃球杯", "500毫升玻璃球杯"),
    "brand": ("玻璃球杯", "农夫山泉玻璃球杯"),
    "bare colour": ("玻璃球杯", "红玻璃球杯"),
}


@pytest.mark.parametrize("kind", ALIKE_ITEMS)
def test_items_that_differ_in_nothing_that_matters(broken: Callable[[str, Edit], list[Problem]], kind: str) -> None:
    one, two = ALIKE_ITEMS[kind]
    other = "这种杯子摔碎以后很难再熔成新的玻璃。"
    found = broken("guide", add_items(make_item(name=one), make_item(id="liangzi-er", name=two, why=other)))
    assert len(found) == 1, found
    assert "只在颜色、大小、品牌或数字上不同" in found[0].text


def test_things_with_a_colour_in_their_name_stay_apart() -> None:
    pairs = [("红豆", "绿豆"), ("大豆", "小豆"), ("白菜", "青菜"), ("黑木耳", "白木耳"), ("红薯", "白薯")]
    for one, two in pairs:
        assert language.core_name(one) != language.core_name(two), (one, two)
    assert language.core_name("5号电池") == language.core_name("7号电池")
    assert language.core_name("蓝色塑料袋") == language.core_name("塑料袋")


def test_a_why_is_shared_in_a_family_of_one_file_only(broken: Callable[[str, Edit], list[Problem]]) -> None:
    near = "量子布偶的面料可以拆成纤维再纺成新纱线。"
    two = make_item(id="liangzi-er", name="量子靠垫", why=near)
    found = broken("guide", add_items(make_item(), two))
    assert len(found) == 1, found
    assert "“为什么”和另一个词条几乎一样（量子布偶" in found[0].text


def test_a_family_may_share_its_why(broken: Callable[[str, Edit], list[Problem]]) -> None:
    rows = [make_item(family="liangzi"), make_item(id="liangzi-er", name="量子靠垫", family="liangzi")]
    assert broken("guide", add_items(*rows)) == []


def test_a_family_does_not_reach_into_another_file(broken: Callable[[str, Edit], list[Problem]]) -> None:
    two = make_item(id="liangzi-er", name="量子靠垫", family="liangzi")

    def edit(folder: Path) -> None:
        add_items(make_item(family="liangzi"), file="guide/items/plastic.csv")(folder)
        add_items(two)(folder)

    found = broken("guide", edit)
    assert len(found) == 1, found
    assert "重复（量子布偶，guide/items/plastic.csv" in found[0].text
