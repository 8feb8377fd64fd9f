"""`flask content check`: each fault of an article is found, and an article that repeats another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Problem
from tests.content.helpers import Edit, append

BODY = "把量子布偶拆开，面料洗净晾干，填充物装袋。\n\n" * 40
HEAD = (
    "---\nkey: zz\ntitle: 量子布偶怎样分\nauthor: 市住房和城乡建设局\ndigest: 拆开、洗净、晾干，再分别投放。\n"
    "column: fenlei-zhishi\ntags: []\ncover: 一只布偶放在桌上\nsources: [gb-19095]\nreviewer: 测试\n---\n\n"
)
ARTICLE_FAULTS: dict[str, tuple[str, str]] = {
    "no front matter": (BODY, "文件须以 --- 开头"),
    "title missing": (HEAD.replace("title: 量子布偶怎样分\n", "") + BODY, "缺少 title"),
    "title too long": (
        HEAD.replace("怎样分", "怎样分，为什么这样分，分好以后送到哪里去，又由谁来收走，多久收一次") + BODY,
        "标题须为",
    ),
    "digest too long": (HEAD.replace("拆开、", "拆开、" * 50) + BODY, "摘要须为"),
    "source unknown": (HEAD.replace("[gb-19095]", "[nowhere]") + BODY, "依据不在 sources.yaml 里：nowhere"),
    "column unknown": (HEAD.replace("fenlei-zhishi", "nowhere") + BODY, "栏目不在 columns.yaml 里：nowhere"),
    "body too short": (HEAD + BODY[:120].rsplit("\n", 1)[0] + "\n", "正文须为 500 到 1200 个字"),
    "body too long": (HEAD + BODY * 3, "正文须为 500 到 1200 个字"),
    "sentence unreadable": (HEAD + BODY + "填充物,装袋。\n", "中文里用了半角标点"),
    "label": (HEAD + BODY + "填充物投进干垃圾桶。\n", "“干垃圾”不是法定类别名称"),
}


@pytest.mark.parametrize("fault", ARTICLE_FAULTS)
def test_each_fault_of_an_article_is_found(broken: Callable[[str, Edit], list[Problem]], fault: str) -> None:
    text, wanted = ARTICLE_FAULTS[fault]
    found = broken("articles", append("articles/zz.md", text))
    assert [one for one in found if wanted in one.text and one.file == "articles/zz.md"], found
    lengths = [one for one in found if "须为" not in one.text or fault.endswith(("long", "short"))]
    assert len(lengths) == 1, found


def test_a_good_article_brings_no_problem(broken: Callable[[str, Edit], list[Problem]]) -> None:
    assert broken("articles", append("articles/zz.md", HEAD + BODY)) == []


def test_an_article_that_repeats_another(broken: Callable[[str, Edit], list[Problem]]) -> None:
    def edit(folder: Path) -> None:
        append("articles/zy.md", HEAD.replace("key: zz", "key: zy") + BODY)(folder)
        append("articles/zz.md", HEAD + BODY)(folder)

    found = broken("articles", edit)
    assert [(one.file, one.text) for one in found] == [("articles/zz.md", "和 articles/zy.md 大半相同")]


def test_quoting_another_places_name_is_not_using_it() -> None:
    assert language.foreign_label("“干垃圾”“湿垃圾”是外地的叫法，不是本地的名称。") == ""
    assert language.foreign_label("剩饭是湿垃圾。外地也有别的叫法。") == "湿垃圾"
