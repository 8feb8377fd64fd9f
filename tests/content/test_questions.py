"""`flask content check`: each fault of a question is found, questions that are alike, quizzes that cannot be drawn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from sorting_miniapp.teaching.files import Problem
from tests.content.helpers import QUESTIONS, Edit, add_questions, append, make_question, options


def test_a_good_question_brings_no_problem(broken: Callable[[str, Edit], list[Problem]]) -> None:
    assert broken("quiz", add_questions(make_question())) == []


QUESTION_FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "unknown kind": ({"kind": "essay"}, "kind、pool 或 audience 不认识"),
    "unknown audience": ({"audience": "teens"}, "kind、pool 或 audience 不认识"),
    "difficulty": ({"difficulty": 4}, "difficulty 只能是"),
    "unknown key": ({"hint": "想一想"}, "不认识的键：hint"),
    "unknown source": ({"source": "nowhere"}, "依据不在 sources.yaml 里"),
    "unknown item": ({"item": "nothing"}, "词典里没有这个词条：nothing"),
    "no picture": ({"kind": "picture"}, "图片题要写 picture"),
    "picture missing": ({"kind": "picture", "picture": "nothing.svg"}, "没有这张图：nothing.svg"),
    "two keys": ({"options": [*options("甲桶", "乙桶"), {"text": "丁桶", "correct": True}]}, "正确答案的数量"),
    "options alike": ({"options": options("甲桶", "甲桶", "丙桶")}, "选项不能重复"),
    "options shaped wrong": ({"options": ["甲桶", "乙桶", "丙桶"]}, "的每一项须写成"),
    "topic of one": ({"topic": "垃圾分泪"}, "是不是写错了"),
    "text too short": ({"text": "放哪？"}, "题目须为"),
    "explanation unreadable": ({"explanation": "面料能再纺成纱线,所以放进蓝色桶。"}, "解析：中文里用了半角标点"),
    "foreign label as key": ({"options": options("干垃圾", "甲桶", "乙桶")}, "选项：“干垃圾”不是法定类别名称"),
    "key against the dictionary": (
        {"item": "gan-dianchi", "options": options("有害垃圾", "其他垃圾", "可回收物", "厨余垃圾")},
        "词条“干电池”是其他垃圾",
    ),
    "true against the dictionary": (
        {
            "kind": "true_false", "item": "gan-dianchi", "text": "干电池属于有害垃圾。",
            "options": options("正确", "错误"), "explanation": "含有金属和电解液，要单独投放。",
        },
        "词条“干电池”是其他垃圾",
    ),
    "sorting against the dictionary": (
        {"kind": "sort", "items": [{"text": "干电池", "category": "hazardous"}, {"text": "剩饭", "category": "food"}]},
        "“干电池”的答案和词典不一致",
    ),
    "belonging against the dictionary": (
        {
            "kind": "multiple", "text": "下列物品里，哪些属于有害垃圾？",
            "options": [
                {"text": "干电池", "correct": True}, {"text": "充电电池", "correct": True},
                {"text": "剩饭", "correct": False},
            ],
        },
        "“干电池”的答案和词典不一致",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", QUESTION_FAULTS)
def test_each_fault_of_a_question_is_found(broken: Callable[[str, Edit], list[Problem]], fault: str) -> None:
    values, wanted = QUESTION_FAULTS[fault]
    drop = "options" if values.get("kind") == "sort" else ""
    found = broken("quiz", add_questions(make_question(**values), drop=drop))
    assert [one for one in found if wanted in one.text and one.file == QUESTIONS], found
    assert len(found) == 1, found


def test_questions_that_are_alike(broken: Callable[[str, Edit], list[Problem]]) -> None:
    two = make_question(id="liangzi-er", text="量子布偶拆开洗净以后，最合适的去处在哪里？")
    found = broken("quiz", add_questions(make_question(), two))
    assert len(found) == 1, found
    assert "和 liangzi（quiz/zz.yaml:1）几乎一样" in found[0].text


def test_a_quiz_that_cannot_be_drawn(broken: Callable[[str, Edit], list[Problem]]) -> None:
    row = (
        "- {slug: zz, title: 空的, kind: practice, pool: practice, count: 5, minutes: 5, topics: [没有], "
        "audience: all, intro: 没有题目的练习。}\n"
    )
    found = broken("quiz", append("quiz/quizzes.yaml", row))
    assert [one.text for one in found] == ["要出 5 道题，合适的只有 0 道"]
