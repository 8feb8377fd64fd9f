"""`flask content check`: the real files hold, and each check finds exactly the fault it is for, in a broken copy."""

from __future__ import annotations

import csv
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from sorting_miniapp.cli import teaching
from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.guide.rows import COLUMNS
from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Level, Problem

SECTION = "guide/items/textiles.csv"  # the last of the files, so that a pair is reported here
QUESTIONS = "quiz/zz.yaml"
Edit = Callable[[Path], None]


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content") / "content"
    shutil.copytree(FOLDER, folder)
    return folder


@pytest.fixture(scope="session")
def known(good: Path) -> dict[str, set[Problem]]:
    """What is wrong with the copy before it is broken."""
    return {name: set(teaching.check(good, [name]).popitem()[1].problems) for name in teaching.CHECKS}


@pytest.fixture
def broken(good: Path, known: dict[str, set[Problem]], tmp_path: Path) -> Callable[[str, Edit], list[Problem]]:
    """The problems that an edit of the copy brings, without those of unfinished work."""

    def look(part: str, edit: Edit) -> list[Problem]:
        folder = tmp_path / "content"
        shutil.copytree(good, folder)
        edit(folder)
        found = set(teaching.check(folder, [part]).popitem()[1].problems) - known[part]
        return sorted(one for one in found if one.level is not Level.DRAFT)

    return look


def make_item(**values: str) -> dict[str, str]:
    row = dict.fromkeys(COLUMNS, "") | {
        "id": "liangzi-bu", "name": "量子布偶", "category": "recyclable", "subclass": "织物", "confidence": "high",
        "why": "量子布偶的面料可以拆成纤维再纺成纱线。", "how": "拍净灰尘再装袋投放。", "basis": "gb-19095",
        "reviewer": "测试",
    }  # fmt: skip
    return row | values


def add_items(*rows: dict[str, str], file: str = SECTION) -> Edit:
    def edit(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8", newline="") as stream:
            csv.DictWriter(stream, COLUMNS, lineterminator="\n").writerows(rows)

    return edit


def replace(file: str, old: str, new: str, times: int = 1) -> Edit:
    def edit(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        assert old in text, old
        (folder / file).write_text(text.replace(old, new, times), encoding="utf-8")

    return edit


def append(file: str, text: str) -> Edit:
    def edit(folder: Path) -> None:
        with (folder / file).open("a", encoding="utf-8") as stream:
            stream.write(text)

    return edit


def make_question(**values: Any) -> dict[str, Any]:
    texts = ("放进蓝色桶", "放进红色桶", "放进灰色桶")
    return {
        "id": "liangzi", "kind": "single", "pool": "practice", "topic": "生活常识", "difficulty": 1, "audience": "all",
        "text": "量子布偶拆开洗净以后，最合适的去处是什么？", "explanation": "面料能再纺成纱线，所以放进蓝色桶。",
        "options": [{"text": text, "correct": number == 0} for number, text in enumerate(texts)],
        "source": "gb-19095", "reviewer": "测试",
    } | values  # fmt: skip


def add_questions(*rows: dict[str, Any], drop: str = "") -> Edit:
    kept = [{key: value for key, value in row.items() if key != drop} for row in rows]
    return append(QUESTIONS, yaml.safe_dump(kept, allow_unicode=True, sort_keys=False))


def options(*texts: str, right: int = 0) -> list[dict[str, Any]]:
    return [{"text": text, "correct": number == right} for number, text in enumerate(texts)]


def test_the_real_files_can_be_loaded() -> None:
    """Amounts and language are `make content`'s: writers are told, nobody else is stopped."""
    found = teaching.problems(teaching.check(FOLDER), draft=True)
    assert [str(one) for one in found if one.level is Level.STRUCTURE] == []


def test_a_good_row_and_a_good_question_bring_no_problem(broken: Callable[[str, Edit], list[Problem]]) -> None:
    assert broken("guide", add_items(make_item())) == []


def test_a_good_question_brings_no_problem(broken: Callable[[str, Edit], list[Problem]]) -> None:
    assert broken("quiz", add_questions(make_question())) == []


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


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as writers run it: no settings in the environment, no database."""
    command = [sys.executable, "-m", "sorting_miniapp.cli", "check", *arguments]
    return subprocess.run(command, cwd=FOLDER.parent, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)


def test_the_command_prints_amounts_and_places_and_ends_with_a_status(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "content"
    shutil.copytree(good, folder)
    clean = _run("--folder", str(folder), "--only", "badges", "--draft")
    assert clean.returncode == 0, clean.stderr
    assert "志愿者星级" in clean.stdout
    assert "内容检查通过" in clean.stdout
    append("badges.yaml", "- {key: zz, name: 新徽章, about: 转发十次, rule: {kind: shares, value: 10}}\n")(folder)
    lines = (folder / "badges.yaml").read_text(encoding="utf-8").count("\n")
    wrong = _run("--folder", str(folder), "--only", "badges", "--draft")
    assert wrong.returncode == 1
    assert f"badges.yaml:{lines}：rule 须写成" in wrong.stderr


def test_a_draft_lets_pass_what_is_not_reviewed_and_nothing_else(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "content"
    shutil.copytree(good, folder)
    before = teaching.check(folder, ["guide"])
    add_items(make_item(reviewer=""))(folder)
    after = teaching.check(folder, ["guide"])
    assert teaching.problems(after, draft=True) == teaching.problems(before, draft=True)
    new = set(teaching.problems(after, draft=False)) - set(teaching.problems(before, draft=False))
    assert [one.text for one in new if one.line] == ["量子布偶 还没有复核（reviewer 为空）"]


def test_amounts_that_are_not_reached_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    shutil.copytree(FOLDER, folder)
    for file in (folder / "guide/items").glob("*.csv"):
        if file.stem != "pets":
            file.unlink()
    report = teaching.check(folder, ["guide"]).popitem()[1]
    amounts = {one.label: one for one in report.amounts}
    assert amounts["词条"].count < amounts["词条"].wanted == 2_000
    assert [one for one in report.problems if one.text.startswith("词条只有") and one.level is Level.DRAFT]
