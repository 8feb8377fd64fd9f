"""The dictionary's teaching material: classes from categories.yaml, items from items/*.csv."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import transaction
from sorting_miniapp.guide import rows, service, words
from sorting_miniapp.guide.models import Category, Item, WasteClass
from sorting_miniapp.teaching.files import Files, sources


def _sources(folder: Path) -> dict[str, str]:
    """Titles by id."""
    return {key: row["title"] for key, row in sources(Files(folder)).items()}


def _aliases(row: dict[str, str]) -> list[str]:
    return [*rows.several(row["aliases"]), *rows.several(row["local_names"])]


def load(folder: Path) -> dict[str, int]:
    """Load both files in one transaction. Returns counts added, changed, same.

    An item that staff have edited stays theirs; one that is gone from the file is no longer shown.
    """
    counts = {"added": 0, "changed": 0, "same": 0}
    titles = _sources(folder)
    files = Files(folder)
    with transaction() as session:
        for position, entry in enumerate(files.yaml("guide/categories.yaml")):
            counts[_put_category(entry.values, position, titles)] += 1
        known = {item.key: item for item in session.scalars(select(Item))}
        found = [entry.values for entry in rows.read(files)]
        for row in found:
            counts[_put_item(row, known.get(row["id"]), titles)] += 1
        here = {row["id"] for row in found}
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
