"""The dictionary's teaching material: classes from categories.yaml, items from items/*.csv."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import transaction
from sorting_miniapp.guide import service, words
from sorting_miniapp.guide.models import SUBCLASSES, Category, Item, WasteClass

FOLDER = "guide"


def _items(folder: Path) -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for file in sorted((folder / FOLDER / "items").glob("*.csv")):
        # utf-8-sig: a spreadsheet shows Chinese only when the file begins with a byte order mark.
        with file.open(encoding="utf-8-sig", newline="") as stream:
            rows += csv.DictReader(stream)
    return rows


def _yaml(folder: Path, name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((folder / FOLDER / name).read_text(encoding="utf-8")))


def _sources(folder: Path) -> dict[str, str]:
    """Titles by id."""
    return {row["id"]: row["title"] for row in yaml.safe_load((folder / "sources.yaml").read_text(encoding="utf-8"))}


def _aliases(row: dict[str, str]) -> list[str]:
    return [one.strip() for one in f"{row['aliases']}；{row['local_names']}".split("；") if one.strip()]


def check(folder: Path) -> list[str]:
    """What is wrong with the files, in Chinese; empty when they are good."""
    rows, sources = _items(folder), _sources(folder)
    problems = [f"词条：编号重复：{key}" for key, n in Counter(row["id"] for row in rows).items() if n > 1]
    names = Counter(words.fold(name) for row in rows for name in {row["name"], *_aliases(row)})
    problems += [f"词条：名称重复：{name}" for name, n in names.items() if n > 1]
    for row in rows:
        where = f"词条 {row['name']}"
        if row["category"] not in set(WasteClass):
            problems.append(f"{where} 的类别不认识：{row['category']}")
        elif row["subclass"] and row["subclass"] not in SUBCLASSES[WasteClass(row["category"])]:
            problems.append(f"{where} 的小类不属于这个类别：{row['subclass']}")
        if row["basis"] not in sources:
            problems.append(f"{where} 的依据不存在：{row['basis']}")
        problems += [f"{where} 缺少 {field}" for field in ("why", "how") if not row[field]]
    return problems


def load(folder: Path) -> dict[str, int]:
    """Load both files in one transaction. Returns counts added, changed, same.

    An item that staff have edited stays theirs; one that is gone from the file is no longer shown.
    """
    counts = {"added": 0, "changed": 0, "same": 0}
    sources = _sources(folder)
    with transaction() as session:
        for position, row in enumerate(_yaml(folder, "categories.yaml")):
            counts[_put_category(row, position, sources)] += 1
        known = {item.key: item for item in session.scalars(select(Item))}
        rows = _items(folder)
        for row in rows:
            counts[_put_item(row, known.get(row["id"]), sources)] += 1
        here = {row["id"] for row in rows}
        for item in known.values():
            if item.key not in here and item.active and not item.edited:
                item.active = False
                counts["changed"] += 1
        if counts["added"] + counts["changed"]:
            service.changed()
    return counts


def _put_category(row: dict[str, Any], position: int, sources: dict[str, str]) -> str:
    values = {key: row[key] for key in ("colour", "symbol", "summary", "rules")}
    values |= {"basis": sources[row["basis"]], "position": position}
    with transaction() as session:
        found = session.get(Category, WasteClass(row["code"]))
        if found is None:
            session.add(Category(waste_class=WasteClass(row["code"]), **values))
            return "added"
        return _change(found, values)


def _change(found: Any, values: dict[str, Any]) -> str:
    if all(getattr(found, key) == value for key, value in values.items()):
        return "same"
    for key, value in values.items():
        setattr(found, key, value)
    return "changed"


def _put_item(row: dict[str, str], found: Item | None, sources: dict[str, str]) -> str:
    values: dict[str, Any] = {key: row[key] for key in ("name", "subclass", "why", "how", "note")}
    values |= {"waste_class": WasteClass(row["category"]), "basis": sources[row["basis"]], "active": True}
    with transaction() as session:
        if found is None:
            found = Item(key=row["id"], changed_at=clock.now(), **values)
            session.add(found)
            session.flush()
            service.put_names(session, found, _aliases(row))
            return "added"
        if found.edited:
            return "same"
        known = sorted(service.item(found.key)[1])
        aliases = sorted({a for a in _aliases(row) if words.fold(a) != words.fold(row["name"])})
        outcome = _change(found, values)
        if outcome == "changed" or known != aliases:
            found.changed_at = clock.now()
            session.flush()
            service.put_names(session, found, aliases)
            return "changed"
        return "same"
