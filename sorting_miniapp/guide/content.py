"""The dictionary's part of content/: classes from categories.yaml, items from items/*.csv, both ways."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.errors import Conflict
from sorting_miniapp.guide import cache, names, reference, rows, words
from sorting_miniapp.guide.models import CLASS_NAMES, SUBCLASSES, Category, Item, Name, WasteClass
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.sources import SOURCES
from sorting_miniapp.teaching.sync import Part, Values

CATEGORIES = "guide/categories.yaml"
# Where a new item of the console goes when it is written to the files.
_PLACES = {
    "纸类": "paper", "塑料": "plastic", "金属": "metal", "玻璃": "glass", "织物": "textiles", "电池": "lamps-batteries",
    "灯管": "lamps-batteries", "food": "kitchen", "bulky": "bulky", "renovation": "repair",
}  # fmt: skip


def _normal(row: Mapping[str, Any]) -> Values:
    """A row with its lists in one form, however the cell is spaced."""
    values: Values = {column: str(row.get(column) or "") for column in rows.COLUMNS}
    own = words.fold(values["name"])
    for cell in ("aliases", "local_names"):
        values[cell] = "；".join(one for one in rows.several(values[cell]) if words.fold(one) != own)
    values["parts"] = "；".join(f"{name}={code}" for name, code in rows.parts(values["parts"]))
    return values


def _stored(session: Session) -> dict[str, Values]:
    others: dict[int, list[Name]] = {}
    for name in session.scalars(select(Name)):
        others.setdefault(name.item_id, []).append(name)
    shown = session.scalars(select(Item).where(Item.active.is_(True)).order_by(Item.id))
    return {item.key: rows.as_row(item, others.get(item.id, [])) for item in shown}


def _put(session: Session, found: dict[str, Values]) -> None:
    """Write items and their names together: a name may go from one to another. Raises Conflict name_used."""
    known = {item.key: item for item in session.scalars(select(Item).where(Item.key.in_(found)))}
    names.forget(session, [item.id for item in known.values()])
    for key, item in known.items():
        if item.name != found[key]["name"]:
            item.name = f"~{item.id}"
    session.flush()
    _free(session, found)
    for key, row in found.items():
        item = known.get(key) or Item(key=key)
        for column, value in rows.item_values(row).items():
            setattr(item, column, value)
        item.changed_at = clock.now()
        known[key] = item
        session.add(item)
    session.flush()
    names.write(session, [(known[key].id, row["name"], rows.others(row)) for key, row in found.items()])


def _free(session: Session, found: dict[str, Values]) -> None:
    """No name of the files belongs to an item that loading leaves alone."""
    wanted = {words.fold(name): key for key, row in found.items() for name in (row["name"], *dict(rows.others(row)))}
    taken = session.execute(
        select(Name.folded, Item.name, Item.key).join(Item, Item.id == Name.item_id).where(~Name.derived)
    )
    clashes = [f"{row.name}（{row.key}）" for row in taken if row.folded in wanted and row.key not in found]
    if clashes:
        told = "、".join(clashes[:5])
        raise Conflict(
            "name_used", f"文件里的名称已经属于后台改过或新增的词条：{told}。请改名，或用 --take 采用文件的版本"
        )


def _remove(session: Session, keys: Collection[str]) -> None:
    ids = list(session.scalars(select(Item.id).where(Item.key.in_(keys))))
    names.forget(session, ids)
    session.execute(delete(Item).where(Item.id.in_(ids)))


def _place(row: Values) -> str:
    stem = _PLACES.get(row["subclass"]) or _PLACES.get(row["category"]) or "cleaning"
    return f"{rows.ITEMS}/{stem}.csv"


ITEMS = Part(
    name="item", label="词条", key="id", entries=rows.read, normal=_normal, stored=_stored, put=_put, remove=_remove,
    title=lambda row: str(row["name"]), outward=dict, place=_place, changed=cache.changed,
)  # fmt: skip


_LISTS = ("examples", "not_here", "mistakes")


def _category(row: Mapping[str, Any]) -> Values:
    keys = ("code", "name", "colour", "symbol", "summary", "rules", "basis", "sign")
    return {key: row.get(key) or "" for key in keys} | {key: row.get(key) or [] for key in ("subclasses", *_LISTS)}


def _categories(session: Session) -> dict[str, Values]:
    return {
        row.waste_class.value: {
            "code": row.waste_class.value, "name": CLASS_NAMES[row.waste_class], "colour": row.colour,
            "symbol": row.symbol, "subclasses": list(SUBCLASSES[row.waste_class]), "summary": row.summary,
            "rules": row.rules, "basis": row.basis, "sign": row.sign,
        } | {key: getattr(row, key) or [] for key in _LISTS}
        for row in session.scalars(select(Category).order_by(Category.position))
    }  # fmt: skip


def _put_categories(session: Session, found: dict[str, Values]) -> None:
    for code, row in found.items():
        one = WasteClass(code)
        values = {key: row[key] for key in ("colour", "symbol", "summary", "rules", "basis", "sign", *_LISTS)}
        session.merge(Category(waste_class=one, position=list(WasteClass).index(one), **values))
    session.flush()


def _remove_categories(session: Session, keys: Collection[str]) -> None:
    session.execute(delete(Category).where(Category.waste_class.in_([WasteClass(key) for key in keys])))


CLASSES = Part(
    name="category", label="类别", key="code", entries=lambda files: files.yaml(CATEGORIES), normal=_category,
    stored=_categories, put=_put_categories, remove=_remove_categories, title=lambda row: str(row["name"]),
    outward=dict, place=lambda row: CATEGORIES, changed=cache.changed,
)  # fmt: skip
PARTS = (SOURCES, CLASSES, ITEMS)


def load(folder: Path) -> dict[str, int]:
    """Load sources, classes, items and what only files say; how many of the first were added, changed, the same."""
    reference.load(folder)
    outcomes = [one.counts() for one in sync.load(PARTS, folder)]
    return {key: sum(one[key] for one in outcomes) for key in ("added", "changed", "same")}
