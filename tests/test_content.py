"""The teaching material is whole: unique ids, references that resolve, legal class names, consistent keys."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

CONTENT = Path(__file__).parent.parent / "content"
CLASSES = {"recyclable", "food", "hazardous", "residual", "bulky", "renovation"}
# GB/T 19095-2019's eleven sub-classes.
SUBCLASSES = {
    "recyclable": {"纸类", "塑料", "金属", "玻璃", "织物", ""},
    "hazardous": {"灯管", "家用化学品", "电池", ""},
    "food": {"家庭厨余垃圾", "餐厨垃圾", "其他厨余垃圾"},
    "residual": {""},
    "bulky": {""},
    "renovation": {""},
}


def _yaml(name: str) -> Any:
    return yaml.safe_load((CONTENT / name).read_text(encoding="utf-8"))


def _items() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for path in (CONTENT / "guide/items").glob("*.csv"):
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows += csv.DictReader(file)
    return rows


def _questions() -> list[dict[str, Any]]:
    return [
        question
        for path in sorted((CONTENT / "quiz").glob("*.yaml"))
        if path.name != "quizzes.yaml"
        for question in _yaml(f"quiz/{path.name}")
    ]


def _repeated(values: Iterable[Any]) -> list[Any]:
    return [value for value, count in Counter(values).items() if count > 1]


def test_dictionary_items_have_a_legal_class_a_basis_and_names_of_their_own() -> None:
    items, sources = _items(), {source["id"] for source in _yaml("sources.yaml")}
    assert len(items) >= 200
    assert _repeated(item["id"] for item in items) == []
    names = [name for item in items for name in (item["name"], *filter(None, item["aliases"].split("；")))]
    assert _repeated(names) == []
    for item in items:
        assert item["category"] in CLASSES, item["id"]
        assert item["subclass"] in SUBCLASSES[item["category"]], item["id"]
        assert item["basis"] in sources, item["id"]
        assert item["why"], item["id"]
        assert item["how"], item["id"]


def test_every_question_has_a_key_a_source_and_an_explanation() -> None:
    questions, sources = _questions(), {source["id"] for source in _yaml("sources.yaml")}
    assert _repeated(question["id"] for question in questions) == []
    assert _repeated(question["text"] for question in questions if question["kind"] != "sort") == []
    for question in questions:
        right = [option for option in question.get("options", []) if option["correct"]]
        options = len(question.get("options", []))
        good = {
            "single": len(right) == 1 and options in (3, 4),
            "true_false": len(right) == 1 and options == 2,
            "multiple": 2 <= len(right) < options,
            "sort": all(item["category"] in CLASSES for item in question.get("items", [])) and not options,
        }
        assert good[question["kind"]], question["id"]
        assert question["source"] in sources, question["id"]
        assert question["explanation"], question["id"]


def test_quizzes_can_be_drawn_from_their_pool() -> None:
    pools = Counter(question["pool"] for question in _questions())
    for quiz in _yaml("quiz/quizzes.yaml"):
        assert pools[quiz["pool"]] >= quiz["count"], quiz["slug"]


def test_units_name_a_parent_that_came_before_them() -> None:
    seen: set[str] = set()
    for row in _yaml("orgs.yaml"):
        assert row.get("parent") in seen or not seen, row["key"]
        assert row["key"] not in seen
        seen.add(row["key"])
    assert sum(row["kind"] == "town" for row in _yaml("orgs.yaml")) == 12


def test_articles_fit_the_official_account() -> None:
    columns = {column["slug"] for column in _yaml("columns.yaml")}
    files = sorted((CONTENT / "articles").glob("*.md"))
    assert len(files) >= 4
    for file in files:
        _, head, body = file.read_text(encoding="utf-8").split("---\n", 2)
        front = yaml.safe_load(head)
        assert len(front["title"]) <= 32, file.name
        assert len(front["author"]) <= 16, file.name
        assert front["column"] in columns, file.name
        assert len(body) > 400, file.name


def test_what_people_read_uses_the_legal_class_names_and_no_emoji() -> None:
    for file in [*CONTENT.rglob("*.md"), *CONTENT.rglob("*.csv")]:
        found = re.findall(r"[\U0001F300-\U0001FAFF\u2600-\u27BF]", file.read_text(encoding="utf-8"))
        assert not found, file.name
