"""What residents read of the guide: an item as a hit and on its page, lists of a class, the classes and their pages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, func, select

from sorting_miniapp.db import db
from sorting_miniapp.errors import BadRequest, NotFound
from sorting_miniapp.guide import changes, rows, words
from sorting_miniapp.guide.models import CLASS_NAMES, SUBCLASSES, Category, Item, Name, WasteClass
from sorting_miniapp.guide.phrase_words import Condition
from sorting_miniapp.media import drawings
from sorting_miniapp.teaching import sources

MOST = 20


def found(
    names: Mapping[int, str], conditions: Collection[Condition] = (), kinds: Collection[int] = ()
) -> list[dict[str, Any]]:
    """The items {id: the name each was found by} in their order, with what the question says about their condition.

    `kinds` are those found by the thing's kind.
    """
    if not names:
        return []
    items = {item.id: item for item in db.session().scalars(select(Item).where(Item.id.in_(names)))}
    links = _links(items.values())
    return [
        short(items[key], links, name, conditions) | {"by_kind": key in kinds}
        for key, name in names.items()
        if key in items
    ]


def _links(items: Iterable[Item]) -> dict[str, str]:
    """{folded name: item's key} of the parts that have an item of their own; one statement, none without parts."""
    wanted = {words.fold(part["name"]) for item in items for part in item.parts or []}
    if not wanted:
        return {}
    found = select(Name.folded, Item.key).join(Item, Item.id == Name.item_id)
    known = found.where(Name.folded.in_(wanted), Item.active.is_(True))
    return {row.folded: row.key for row in db.session().execute(known)}


def class_name(code: str) -> dict[str, str]:
    return {"code": code, "name": CLASS_NAMES[WasteClass(code)]}


def class_link(code: str) -> dict[str, str]:
    """A class with the address of its page."""
    return class_name(code) | {"page": f"/api/v1/guide/categories/{code}"}


def photo(item: Item) -> str:
    return f"/media/{item.photo}.jpg" if item.photo else ""


def short(
    item: Item, links: Mapping[str, str], found_by: str = "", conditions: Collection[Condition] = ()
) -> dict[str, Any]:
    """An item as a hit."""
    parts = [
        {"name": part["name"], "item": links.get(words.fold(part["name"])), "category": class_link(part["category"])}
        for part in item.parts or []
    ]
    return {
        "id": item.key,
        "name": item.name,
        "found_by": found_by if found_by != item.name else "",
        "by_kind": False,
        "category": class_name(item.waste_class.value),
        "subclass": item.subclass,
        "why": item.why,
        "how": item.how,
        "conditions": item.conditions,
        "changes": [
            {
                "when": one.when,
                "category": class_name(one.waste_class.value),
                "asked": bool(one.states & set(conditions)),
            }
            for one in changes.read(item.conditions, item.waste_class)
        ],
        "parts": parts,
        "note": item.note,
        "low_value": item.low_value,
        "season": item.season,
        "photo": photo(item),
    }


def listed(chosen: WasteClass | None, cursor: str) -> dict[str, Any]:
    """Items of a class, or all, from a cursor on. Raises BadRequest."""
    last = 0
    if cursor:
        if not cursor.isascii() or not cursor.isdigit() or len(cursor) > 9:
            raise BadRequest("bad_cursor", "翻页位置无效")
        last = int(cursor)
    wanted: list[ColumnElement[bool]] = [Item.active.is_(True), Item.id > last]
    if chosen:
        wanted.append(Item.waste_class == chosen)
    found = list(db.session().scalars(select(Item).where(*wanted).order_by(Item.id).limit(MOST + 1)))
    following = str(found[MOST - 1].id) if len(found) > MOST else None
    links = _links(found[:MOST])
    items = [short(item, links) for item in found[:MOST]]
    return {"items": items, "categories": [], "suggestions": [], "next": following}


def detail(key: str) -> dict[str, Any]:
    """One item with why, how, basis and other names. Raises NotFound."""
    item = db.session().scalar(select(Item).where(Item.key == key, Item.active.is_(True)))
    if item is None:
        raise NotFound("item_not_found", "没有找到这个词条")
    others = list(
        db.session().scalars(
            select(Name)
            .where(Name.item_id == item.id, Name.own.is_(False), Name.derived.is_(False))
            .order_by(Name.position, Name.folded)
        )
    )
    source = sources.cited(item.basis)
    return short(item, _links([item])) | {
        "aliases": [one.shown for one in others if not one.local],
        "local_names": [{"name": one.shown, "mark": rows.UNCHECKED} for one in others if one.local],
        "basis": source["title"],
        "source": source,
        "confidence": item.confidence,
        "changed_at": item.changed_at,
    }


def categories() -> dict[str, Any]:
    """The classes with their colours, signs and rules, and how many items each has."""
    session = db.session()
    titles, signs = sources.titles(), drawings.addresses()
    counts = dict(
        tuple(row)
        for row in session.execute(
            select(Item.waste_class, func.sum(case((Item.active.is_(True), 1), else_=0))).group_by(Item.waste_class)
        )
    )
    items = [
        _category(row, titles, signs) | {"items": int(counts.get(row.waste_class, 0))}
        for row in session.scalars(select(Category).order_by(Category.position))
    ]
    return {"items": items, "next": None}


def _category(row: Category, titles: Mapping[str, str], signs: Mapping[str, str]) -> dict[str, Any]:
    return class_name(row.waste_class.value) | {
        "colour": row.colour,
        "symbol": row.symbol,
        "sign": signs.get(row.sign, ""),
        "summary": row.summary,
        "rules": row.rules,
        "basis": titles.get(row.basis, row.basis),
    }


def category(code: str) -> dict[str, Any]:
    """A class's page: its sign, what belongs and what does not, sub-classes, common mistakes. Raises NotFound."""
    session = db.session()
    row = session.get(Category, code) if code in set(WasteClass) else None
    if row is None:
        raise NotFound("category_not_found", "没有这个类别")
    keys = [*(row.examples or []), *(row.not_here or [])]
    items = {item.key: item for item in session.scalars(select(Item).where(Item.key.in_(keys), Item.active.is_(True)))}
    belongs = [items[key] for key in row.examples or [] if key in items and items[key].waste_class is row.waste_class]
    rest = [items[key] for key in row.not_here or [] if key in items]
    others = [item for item in rest if item.waste_class is not row.waste_class]
    counts = session.execute(
        select(Item.subclass, func.count())
        .where(Item.waste_class == row.waste_class, Item.active.is_(True))
        .group_by(Item.subclass)
    )
    many = {name: int(count) for name, count in counts}
    return _category(row, sources.titles(), drawings.addresses()) | {
        "items": sum(many.values()),
        "subclasses": [{"name": one, "items": many.get(one, 0)} for one in SUBCLASSES[row.waste_class]],
        "belongs": [named(item) for item in belongs],
        "not_here": [named(item) for item in others],
        "mistakes": row.mistakes or [],
    }


def named(item: Item) -> dict[str, Any]:
    """An item on a list: enough to draw a link."""
    category = class_name(item.waste_class.value)
    return {"id": item.key, "name": item.name, "category": category, "how": item.how, "photo": photo(item)}
