"""What `flask content check` finds in the guide's other files: class pages, synonyms, seasons, services."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import date
from typing import Any

import yaml

from sorting_miniapp.guide import reference
from sorting_miniapp.guide.models import CLASS_NAMES, WasteClass
from sorting_miniapp.teaching import language
from sorting_miniapp.teaching.files import Entry, Files, Level, Problem, Report, keys

CATEGORIES = "guide/categories.yaml"
CODES = frozenset(WasteClass)
Found = tuple[Level, str]
MARKS = ("未核", "已核", "演示")


def sentence(report: Report, entry: Entry, label: str, text: str, final: bool = True) -> None:
    """Report what cannot be read, and class names that are not the law's."""
    for wrong in language.unreadable(text, final):
        report.add(entry, f"{label}：{wrong}")
    if found := language.foreign_label(text):
        report.add(entry, f"{label}：“{found}”不是法定类别名称")


def categories(files: Files, report: Report, known: Collection[str], items: Mapping[str, str]) -> None:
    """Class pages: legal names, a drawing for the sign, examples of this class and of others. `items`: {id: class}."""
    entries = files.yaml(CATEGORIES)
    needed = (
        "code",
        "name",
        "colour",
        "symbol",
        "summary",
        "rules",
        "basis",
        "sign",
        "examples",
        "not_here",
        "mistakes",
    )
    for entry in entries:
        if not keys(report, entry, needed, ("subclasses",)):
            continue
        row = entry.values
        if row["code"] not in CODES or row["name"] != CLASS_NAMES[WasteClass(row["code"])]:
            report.add(entry, f"类别和法定名称不符：{row['code']} {row['name']}", Level.STRUCTURE)
        if row["basis"] not in known:
            report.add(entry, f"依据不在 sources.yaml 里：{row['basis']}", Level.STRUCTURE)
        if not (files.folder / "pictures" / str(row["sign"])).is_file():
            report.add(entry, f"没有这张图：pictures/{row['sign']}", Level.STRUCTURE)
        for text in (row["summary"], *row["rules"], *row["mistakes"]):
            sentence(report, entry, "说明", text)
        _examples(report, entry, items)
    if missing := CODES - {entry.values.get("code") for entry in entries}:
        names = "、".join(CLASS_NAMES[one] for one in WasteClass if one in missing)
        report.problems.append(Problem(CATEGORIES, 0, f"缺少类别：{names}"))


def _examples(report: Report, entry: Entry, items: Mapping[str, str]) -> None:
    code = entry.values["code"]
    for key in (*entry.values["examples"], *entry.values["not_here"]):
        if key not in items:
            report.add(entry, f"没有这个词条：{key}")
    for key in entry.values["examples"]:
        if items.get(key, code) != code:
            report.add(entry, f"examples 里的 {key} 不属于这一类")
    for key in entry.values["not_here"]:
        if items.get(key) == code:
            report.add(entry, f"not_here 里的 {key} 正是这一类")


def others(files: Files, report: Report, items: Mapping[str, str], seasons: Collection[str]) -> None:
    """Synonyms, seasons and services. `seasons`: what the items name."""
    looks: tuple[tuple[str, Callable[[Any], list[Found]]], ...] = (
        (reference.SYNONYMS, lambda found: _synonyms(found, items)),
        (reference.SEASONS, lambda found: _seasons(found, items, seasons)),
        (reference.SERVICES, _services),
    )
    for name, look in looks:
        try:
            wrong = look(yaml.safe_load(files.text(name)))
        except (yaml.YAMLError, TypeError, KeyError, ValueError, AttributeError) as error:
            wrong = [(Level.STRUCTURE, f"格式有误（{type(error).__name__}: {error}）")]
        report.problems += [Problem(name, 0, text, level) for level, text in wrong]


def _synonyms(found: Any, items: Mapping[str, str]) -> list[Found]:
    return [
        *(
            (Level.STRUCTURE, f"{word} 的类别不认识：{code}")
            for word, code in found["categories"].items()
            if code not in CODES
        ),
        *((Level.TEXT, f"这一组至少要写两个词：{group}") for group in found["groups"] if len(set(group)) < 2),
        *((Level.TEXT, f"{word} 的词条不存在：{key}") for word, key in found["kinds"].items() if key not in items),
    ]


def _seasons(found: Any, items: Mapping[str, str], named: Collection[str]) -> list[Found]:
    known = {one["name"] for one in found}
    wrong: list[Found] = [(Level.TEXT, f"词条写了时令“{name}”，这里没有") for name in sorted(set(named) - known)]
    for one in found:
        missing = [key for key in one.get("later", []) if key not in items]
        wrong += [(Level.TEXT, f"{one['name']}：没有这个词条 {key}") for key in missing]
        if not all(isinstance(day, date) for day in one["days"]) or min(one["before"], one["after"]) < 0:
            wrong.append((Level.STRUCTURE, f"{one['name']}：日期写成 2026-02-17，天数不小于 0"))
    return wrong


def _services(found: Any) -> list[Found]:
    wrong: list[Found] = []
    for one in found:
        if one["code"] not in CODES or one["checked"] not in MARKS:
            wrong.append((Level.STRUCTURE, f"code 或 checked 有误：{one['code']} {one['checked']}"))
        for text in (*one["steps"], one["charge"]):
            wrong += [(Level.TEXT, f"{one['title']}：{problem}") for problem in language.unreadable(text, True)]
    return wrong
