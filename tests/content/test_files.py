"""`flask content check`: the real files hold, and each fault of a file is found, in a broken copy."""

from __future__ import annotations

import shutil
from collections.abc import Callable

import pytest

from sorting_miniapp.cli import teaching
from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.teaching.files import Level, Problem
from tests.content.helpers import QUESTIONS, SECTION, Edit, append, replace


def test_the_real_files_can_be_loaded() -> None:
    """Amounts and language are `make content`'s: writers are told, nobody else is stopped."""
    found = teaching.problems(teaching.check(FOLDER), draft=True)
    assert [str(one) for one in found if one.level is Level.STRUCTURE] == []


FILE_FAULTS: dict[str, tuple[str, Edit, str]] = {
    "no byte order mark": ("guide", replace(SECTION, "\ufeff", ""), "字节顺序标记"),
    "column missing": ("guide", replace(SECTION, ",season,", ","), "缺少列：season"),
    "column unknown": ("guide", replace(SECTION, ",family", ",family,colour"), "不认识的列：colour"),
    "cells too many": ("guide", append(SECTION, "a,b,c\n"), "这一行有 3 格，表头有 17 格"),
    "quote open": ("guide", append(SECTION, '"a,b\n'), "引号不成对"),
    "section unknown": (
        "guide",
        lambda folder: shutil.copy(folder / "guide/items/pets.csv", folder / "guide/items/toys.csv"),  # type: ignore[dict-item, return-value]
        "没有这个分组",
    ),
    "class missing": ("guide", replace("guide/categories.yaml", "code: bulky", "code: big"), "缺少类别：大件垃圾"),
    "class renamed": ("guide", replace("guide/categories.yaml", "name: 其他垃圾", "name: 干垃圾"), "法定名称不符"),
    "synonym of nothing": (
        "guide",
        replace("guide/synonyms.yaml", "可回收: recyclable", "可回收: blue"),
        "可回收 的类别不认识",
    ),
    "yaml broken": ("quiz", append(QUESTIONS, "- {id: x\n"), "格式有误"),
    "key twice": (
        "badges",
        append("badges.yaml", "- {key: zz, key: zz, name: 新徽章, about: 满意, rule: {kind: points, value: 5}}\n"),
        "键重复：key",
    ),
    "source twice": (
        "sources",
        append("sources.yaml", '- {id: gb-19095, title: 量子标准, issuer: 某局, date: "2020", checked: 未核}\n'),
        "id 重复：gb-19095",
    ),
    "source unread": (
        "sources",
        append("sources.yaml", '- {id: zz, title: 量子标准, issuer: 某局, date: "2020", checked: 看过}\n'),
        "checked 只能是",
    ),
    "unit before its parent": (
        "orgs",
        append("orgs.yaml", "- {key: zz, name: 某社区, kind: community, parent: nowhere}\n"),
        "上级单位须写在前面",
    ),
    "second lead": (
        "orgs",
        append("orgs.yaml", "- {key: zz, name: 某局, kind: department, parent: lianzhou, lead: true}\n"),
        "须正好有一个",
    ),
    "rule unknown": (
        "badges",
        append("badges.yaml", "- {key: zz, name: 新徽章, about: 转发十次, rule: {kind: shares, value: 10}}\n"),
        "rule 须写成",
    ),
    "slogan backwards": (
        "articles",
        append("slogans.yaml", "- {key: zz, text: 量子分一分, place: head, from: 2026-05-02, to: 2026-05-01}\n"),
        "结束日期早于开始日期",
    ),
    "slogan twice": (
        "articles",
        append("slogans.yaml", "- {key: zz, text: 垃圾分类，你我同行, place: foot, from: 2026-01-01, to: null}\n"),
        "用语和开始日期 重复",
    ),
    "message missing": (
        "messages",
        replace("messages.yaml", "key: event_offer", "key: event_offered"),
        "缺少消息文案：event_offer",
    ),
    "message name unknown": ("messages", replace("messages.yaml", "{deadline}", "{until}"), "不认识的名称：until"),
    "message too long": (
        "messages",
        replace("messages.yaml", "报名已自动取消，请勿前往", "报名已自动取消，请勿前往现场，给您带来不便敬请谅解"),
        "thing4 超过 20 个字",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fault", FILE_FAULTS)
def test_each_fault_of_a_file_is_found(broken: Callable[[str, Edit], list[Problem]], fault: str) -> None:
    part, edit, wanted = FILE_FAULTS[fault]
    found = broken(part, edit)
    assert [one for one in found if wanted in one.text], found
