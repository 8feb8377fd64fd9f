"""What only the files say of the guide: words for classes and things, the year's seasons, bulky and renovation waste.

The files are loaded as they stand; loading also writes anew what an earlier version of the search wrote.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import delete, insert, inspect, select
from sqlalchemy.orm import Session

from sorting_miniapp.db import Base, transaction
from sorting_miniapp.guide import cache, lexicon, names, words
from sorting_miniapp.guide.models import WasteClass
from sorting_miniapp.guide.models_search import Handling, Season, Synonym

SYNONYMS, SEASONS, SERVICES = "guide/synonyms.yaml", "guide/seasons.yaml", "guide/services.yaml"
Row = dict[str, Any]


def _synonyms(found: Any) -> list[Row]:
    rows: list[Row] = [
        {"word": words.fold(word), "waste_class": WasteClass(code), "group_number": None, "item_key": None}
        for word, code in found["categories"].items()
    ]
    rows += [
        {"word": words.fold(word), "waste_class": None, "group_number": number, "item_key": None}
        for number, group in enumerate(found["groups"], 1)
        for word in group
    ]
    return rows + [
        {"word": words.fold(word), "waste_class": None, "group_number": None, "item_key": key}
        for word, key in found["kinds"].items()
    ]


def _seasons(found: Any) -> list[Row]:
    return [
        {
            "name": season["name"],
            "first_day": day - timedelta(days=season["before"]),
            "turn": day,
            "last_day": day + timedelta(days=season["after"]),
            "later": season.get("later", []),
        }
        for season in found
        for day in map(_day, season["days"])
    ]


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(str(value))


def _handling(found: Any) -> list[Row]:
    return [
        {"waste_class": WasteClass(one["code"]), "text": {k: v for k, v in one.items() if k != "code"}} for one in found
    ]


PARTS: tuple[tuple[str, type[Base], Callable[[Any], list[Row]]], ...] = (
    (SYNONYMS, Synonym, _synonyms),
    (SEASONS, Season, _seasons),
    (SERVICES, Handling, _handling),
)


def load(folder: Path) -> dict[str, int]:
    """Bring the tables to what the files say. Returns how many rows were added, changed, the same."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        for name, table, rows in PARTS:
            _replace(session, table, rows(yaml.safe_load((folder / name).read_text("utf-8"))), counts)
        counts["changed"] += names.rebuild(session)
        if counts["added"] or counts["changed"]:
            cache.changed()
    lexicon.forget()
    return counts


def _replace(session: Session, table: type[Base], rows: list[Row], counts: dict[str, int]) -> None:
    columns = list(rows[0])
    stored = [
        {column: getattr(row, column) for column in columns}
        for row in session.scalars(select(table).order_by(*inspect(table).primary_key))
    ]
    if sorted(map(repr, stored)) == sorted(map(repr, rows)):
        counts["same"] += len(rows)
        return
    counts["changed" if stored else "added"] += len(rows)
    session.execute(delete(table))
    session.execute(insert(table), rows)
