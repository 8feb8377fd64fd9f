"""What `flask content check` finds in content/quiz/: questions, and quizzes that draw from them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sorting_miniapp.media import drawings
from sorting_miniapp.quiz import check_quizzes, desk
from sorting_miniapp.quiz.dictionary import CLASSES, contradicts
from sorting_miniapp.quiz.models import (
    AUDIENCE_NAMES,
    PICTURE,
    POOL_NAMES,
    QUESTION_KIND_NAMES,
    Pool,
    QuestionKind,
)
from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Entry, Files, Level, Report, keys, sources, unique

FOLDER, QUIZZES = "quiz", check_quizzes.QUIZZES
PICTURES = drawings.FOLDER
NEEDED = ("id", "kind", "pool", "topic", "difficulty", "audience", "text", "explanation", "source")
OPTIONAL = ("options", "items", "item", "picture", "reviewer")
LENGTHS = {"text": (6, 120), "explanation": (8, 200), "topic": (2, 8)}
LABELS = {"text": "题目", "explanation": "解析", "topic": "主题"}
LONGEST_OPTION = 40
ALIKE = 0.7
FEW = 3  # a topic with fewer questions is most likely a slip of the pen
QUESTIONS, CONTEST, EACH_KIND, EACH_AUDIENCE, EACH_TOPIC = 500, 300, 15, 30, 15
_NAMED = "|".join(CLASSES)
_BELONGS = re.compile(rf"(不)?(?:属于|应该?(?:投放?|放|投放?进|投放?到|放进|扔进)|是)[“（]?({_NAMED})")
_UNREVIEWED = re.compile("待.*复核|^$")


def read(files: Files) -> list[Entry]:
    """Every question of every file."""
    return [entry for name in files.names(f"{FOLDER}/*.yaml") if name != QUIZZES for entry in files.yaml(name)]


def check(folder: Path, items: Mapping[str, tuple[str, str]], names: Mapping[str, str]) -> Report:
    """Problems and amounts; `items` is {dictionary id: (name, class)}, `names` {squashed name: class}."""
    files, report = Files(folder), Report()
    known = set(sources(files))
    pictures = set(files.names(f"{PICTURES}/*"))
    entries = read(files)
    unique(report, entries)
    whole = [entry for entry in entries if _shape(report, entry)]
    for entry in whole:
        _references(report, entry, known, set(items), pictures)
        _texts(report, entry)
        _key(report, entry, items, names)
    _alike(report, whole)
    check_quizzes.check(files, report, whole)
    _amounts(report, whole)
    report.problems += files.problems
    return report


def choices(row: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """(text, right) of each option, or (text, class's code) of each thing to sort."""
    if row["kind"] == QuestionKind.SORT:
        return [(str(one["text"]), one["category"]) for one in row["items"]]
    return [(str(one["text"]), one["correct"]) for one in row["options"]]


def _shape(report: Report, entry: Entry) -> bool:
    """Whether the question can be read at all."""
    row, before = entry.values, len(report.problems)
    if not keys(report, entry, NEEDED, OPTIONAL):
        return False
    if row["kind"] not in QUESTION_KIND_NAMES or row["pool"] not in set(Pool) or row["audience"] not in AUDIENCE_NAMES:
        wrong = f"kind、pool 或 audience 不认识：{row['kind']}、{row['pool']}、{row['audience']}"
        report.add(entry, wrong, Level.STRUCTURE)
    if row["difficulty"] not in (1, 2, 3):
        report.add(entry, f"difficulty 只能是 1、2、3：{row['difficulty']}", Level.STRUCTURE)
    key, right = ("items", "category") if row["kind"] == QuestionKind.SORT else ("options", "correct")
    given = row.get(key)
    if not isinstance(given, list) or any(not isinstance(one, dict) or set(one) != {"text", right} for one in given):
        report.add(entry, f"{key} 的每一项须写成 {{text: …, {right}: …}}", Level.STRUCTURE)
        return False
    if ("items" if key == "options" else "options") in row:
        report.add(entry, "options 和 items 只能写一个", Level.STRUCTURE)
    if (row["kind"] == PICTURE) != bool(row.get("picture")):
        report.add(entry, "图片题要写 picture，其他题不写", Level.STRUCTURE)
    return len(report.problems) == before


def _references(report: Report, entry: Entry, known: set[str], items: set[str], pictures: set[str]) -> None:
    row = entry.values
    if row["source"] not in known:
        report.add(entry, f"依据不在 sources.yaml 里：{row['source']}", Level.STRUCTURE)
    if row.get("item") and row["item"] not in items:
        report.add(entry, f"词典里没有这个词条：{row['item']}", Level.STRUCTURE)
    if row.get("picture") and f"{PICTURES}/{row['picture']}" not in pictures:
        report.add(entry, f"content/pictures/ 里没有这张图：{row['picture']}", Level.STRUCTURE)
    if _UNREVIEWED.search(str(row.get("reviewer") or "")):
        report.add(entry, f"{row['id']} 还没有复核（reviewer 为空）", Level.DRAFT)


def _texts(report: Report, entry: Entry) -> None:
    row = entry.values
    _, wrong = desk.problem(desk.draft_of(row))
    if wrong:
        report.add(entry, wrong, Level.STRUCTURE)
    for key, (low, high) in LENGTHS.items():
        if not low <= len(str(row[key])) <= high:
            report.add(entry, f"{LABELS[key]}须为 {low} 到 {high} 个字，现为 {len(str(row[key]))} 个")
    about = f"{row['text']}{row['explanation']}"
    for key in ("text", "explanation"):
        for problem in language.unreadable(str(row[key]), final=key == "explanation" or "（" not in str(row[key])[-4:]):
            report.add(entry, f"{LABELS[key]}：{problem}")
        if found := language.foreign_label(str(row[key])):
            report.add(entry, f"{LABELS[key]}：“{found}”不是法定类别名称")
    for text, right in choices(row):
        if len(text) > LONGEST_OPTION:
            report.add(entry, f"选项超过 {LONGEST_OPTION} 个字：{text}")
        for problem in language.unreadable(text, final=False):
            report.add(entry, f"选项“{text}”：{problem}")
        # A wrong option may be another place's name, where the question is about names.
        if (found := language.foreign_label(text)) and (right is True or not language.foreign_label(f"{about}{text}")):
            report.add(entry, f"选项：“{found}”不是法定类别名称")


def _key(report: Report, entry: Entry, items: Mapping[str, tuple[str, str]], names: Mapping[str, str]) -> None:
    """The key of a question about an item is the dictionary's class."""
    row = entry.values
    if row["kind"] == QuestionKind.SORT:
        for text, code in choices(row):
            if names.get(language.squash(text), code) != code:
                report.add(entry, f"“{text}”的答案和词典不一致，词典里是{_name(names[language.squash(text)])}")
        return
    name, code = items.get(str(row.get("item") or ""), ("", ""))
    if code and contradicts(row["kind"], row["text"], choices(row), _name(code)):
        report.add(entry, f"答案和词典不一致，词条“{name}”是{_name(code)}")
    _belonging(report, entry, names, (name, code))


def _belonging(report: Report, entry: Entry, names: Mapping[str, str], item: tuple[str, str]) -> None:
    """“下列哪些属于可回收物” with things as options, and “花生壳属于厨余垃圾” as true or false."""
    row = entry.values
    found = _BELONGS.findall(row["text"])
    if len(found) != 1 or len(re.findall(_NAMED, row["text"])) != 1:
        return
    negated, asked = bool(found[0][0]), CLASSES[found[0][1]]
    if row["kind"] == QuestionKind.TRUE_FALSE:
        name, code = item
        stated = bool(code) and row["text"].startswith(name) and "不" not in row["text"]
        truth = [right for text, right in choices(row) if text in ("对", "正确", "是")]
        if stated and truth and truth[0] != (code == asked):
            report.add(entry, f"答案和词典不一致，词条“{name}”是{_name(code)}")
        return
    for text, right in choices(row):
        known = names.get(language.squash(text))
        if known and ("哪" in row["text"]) and right != ((known == asked) != negated):
            report.add(entry, f"“{text}”的答案和词典不一致，词典里是{_name(known)}")


def _name(code: str) -> str:
    return next((name for name, one in CLASSES.items() if one == code), code)


def _alike(report: Report, entries: list[Entry]) -> None:
    """No two questions are alike: their text together with the options that are not class names."""
    whole = [
        " ".join([entry.values["text"], *sorted(text for text, _ in choices(entry.values) if text not in CLASSES)])
        for entry in entries
    ]
    told: set[int] = set()
    for i, j, likeness in language.alike(whole, ALIKE):
        if j not in told:
            told.add(j)
            one, how = entries[i], "重复" if likeness > 0.999 else "几乎一样"
            report.add(entries[j], f"和 {one.values['id']}（{one.file}:{one.line}）{how}")


def _amounts(report: Report, entries: list[Entry]) -> None:
    rows = [entry.values for entry in entries]
    pools = Counter(row["pool"] for row in rows)
    report.amount(FOLDER, "题目", len(rows), QUESTIONS)
    report.amount(FOLDER, f"题库 {POOL_NAMES[Pool.CONTEST]}", pools["contest"], CONTEST)
    report.amount(FOLDER, f"题库 {POOL_NAMES[Pool.PRACTICE]}", pools["practice"])
    reviewed = sum(not _UNREVIEWED.search(str(row.get("reviewer") or "")) for row in rows)
    report.amount(FOLDER, "已复核的题目", reviewed)
    kinds = Counter(row["kind"] for row in rows)
    for kind, name in QUESTION_KIND_NAMES.items():
        report.amount(FOLDER, f"题型 {name}", kinds[kind], EACH_KIND)
    audiences = Counter(row["audience"] for row in rows)
    for code, name in AUDIENCE_NAMES.items():
        report.amount(FOLDER, f"对象 {name}", audiences[code], EACH_AUDIENCE)
    levels = Counter(row["difficulty"] for row in rows)
    for level in (1, 2, 3):
        report.amount(FOLDER, f"难度 {level}", levels[level], 1)
    topics = Counter(row["topic"] for row in rows)
    for topic, count in sorted(topics.items()):
        report.amount(FOLDER, f"主题 {topic}", count, EACH_TOPIC)
    for entry in entries:
        if topics[entry.values["topic"]] < FEW:
            report.add(entry, f"主题“{entry.values['topic']}”只有这几道题，是不是写错了？")
