"""Finding items by what people type: the name, another name, its beginning, its pinyin, or a part of it.

Five statements at most, each on an index; the earlier kinds of hit stand before the later ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select

from sorting_miniapp.bigrams import TOP
from sorting_miniapp.db import db
from sorting_miniapp.errors import BadRequest, NotFound
from sorting_miniapp.guide import rows, words
from sorting_miniapp.guide.models import CLASS_NAMES, Bigram, Category, Item, Name, WasteClass
from sorting_miniapp.teaching import sources

MOST = 20


def find(q: str = "", category: str = "", cursor: str = "") -> dict[str, Any]:
    """Items for a word, best first; without a word those of the class by name. Raises BadRequest for a wrong cursor."""
    chosen = WasteClass(category) if category else None
    folded = words.fold(q)
    if folded:
        return {"items": _items(_ranked(folded, chosen)), "next": None}
    return _page(chosen, cursor)


def _ranked(folded: str, chosen: WasteClass | None) -> dict[int, str]:
    """{item: the name it was found by}, at most MOST, best first."""
    found: dict[int, str] = {}
    for wanted, order in _ways(folded):
        if len(found) >= MOST:
            break
        _add(found, wanted, order, chosen)
    if len(found) < MOST:
        _add_by_parts(found, folded, chosen)
    return found


def _ways(folded: str) -> list[tuple[ColumnElement[bool], Any]]:
    beginning = (Name.folded >= folded) & (Name.folded < folded + TOP)
    ways: list[tuple[ColumnElement[bool], Any]] = [
        (Name.folded == folded, Name.own.desc()),
        (beginning, func.length(Name.folded)),
    ]
    if words.is_latin(folded):
        full = or_(Name.pinyin == folded, Name.initials == folded)
        start = (Name.pinyin >= folded) & (Name.pinyin < folded + TOP)
        short = (Name.initials >= folded) & (Name.initials < folded + TOP)
        ways += [(full, Name.own.desc()), (start, func.length(Name.pinyin)), (short, func.length(Name.initials))]
    return ways


def _add(found: dict[int, str], wanted: ColumnElement[bool], order: Any, chosen: WasteClass | None) -> None:
    statement = (
        select(Name.item_id, Name.shown).join(Item, Item.id == Name.item_id).where(wanted, Item.active.is_(True))
    )
    if chosen:
        statement = statement.where(Item.waste_class == chosen)
    for row in db.session().execute(statement.order_by(order, Name.folded).limit(MOST * 2)):
        if len(found) < MOST:
            found.setdefault(row.item_id, row.shown)


def _add_by_parts(found: dict[int, str], folded: str, chosen: WasteClass | None) -> None:
    """Names that share pairs of characters with the word: at least half of them, the most shared first."""
    pairs = words.bigrams(folded)
    shared = func.count().label("shared")
    statement = (
        select(Name.item_id, Name.shown, shared)
        .join(Bigram, Bigram.folded == Name.folded)
        .join(Item, Item.id == Name.item_id)
        .where(Bigram.bigram.in_(pairs), Item.active.is_(True))
        .group_by(Name.folded, Name.item_id, Name.shown)
        .having(shared * 2 >= len(pairs))
        .order_by(shared.desc(), func.length(Name.folded), Name.folded)
        .limit(MOST * 2)
    )
    if chosen:
        statement = statement.where(Item.waste_class == chosen)
    for row in db.session().execute(statement):
        if len(found) < MOST:
            found.setdefault(row.item_id, row.shown)


def _items(found: dict[int, str]) -> list[dict[str, Any]]:
    if not found:
        return []
    items = {item.id: item for item in db.session().scalars(select(Item).where(Item.id.in_(found)))}
    links = _links(items.values())
    return [_short(items[key], links, name) for key, name in found.items() if key in items]


def _links(items: Iterable[Item]) -> dict[str, str]:
    """{folded name: item's key} of the parts that have an item of their own; one statement, none without parts."""
    wanted = {words.fold(part["name"]) for item in items for part in item.parts or []}
    if not wanted:
        return {}
    found = select(Name.folded, Item.key).join(Item, Item.id == Name.item_id)
    known = found.where(Name.folded.in_(wanted), Item.active.is_(True))
    return {row.folded: row.key for row in db.session().execute(known)}


def _class(code: str) -> dict[str, str]:
    return {"code": code, "name": CLASS_NAMES[WasteClass(code)]}


def _short(item: Item, links: Mapping[str, str], found_by: str = "") -> dict[str, Any]:
    parts = [
        {"name": part["name"], "category": _class(part["category"]), "item": links.get(words.fold(part["name"]))}
        for part in item.parts or []
    ]
    return {
        "id": item.key,
        "name": item.name,
        "found_by": found_by if found_by != item.name else "",
        "category": _class(item.waste_class.value),
        "subclass": item.subclass,
        "why": item.why,
        "how": item.how,
        "conditions": item.conditions,
        "parts": parts,
        "note": item.note,
        "low_value": item.low_value,
        "season": item.season,
    }


def _page(chosen: WasteClass | None, cursor: str) -> dict[str, Any]:
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
    return {"items": [_short(item, links) for item in found[:MOST]], "next": following}


def detail(key: str) -> dict[str, Any]:
    """One item with why, how, basis and other names. Raises NotFound."""
    item = db.session().scalar(select(Item).where(Item.key == key, Item.active.is_(True)))
    if item is None:
        raise NotFound("item_not_found", "没有找到这个词条")
    others = list(
        db.session().scalars(
            select(Name).where(Name.item_id == item.id, Name.own.is_(False)).order_by(Name.position, Name.folded)
        )
    )
    source = sources.cited(item.basis)
    return _short(item, _links([item])) | {
        "aliases": [one.shown for one in others if not one.local],
        "local_names": [{"name": one.shown, "mark": rows.UNCHECKED} for one in others if one.local],
        "basis": source["title"],
        "source": source,
        "confidence": item.confidence,
        "changed_at": item.changed_at,
    }


def categories() -> dict[str, Any]:
    """The classes with their colours and rules, and how many items each has."""
    session = db.session()
    titles = sources.titles()
    counts = dict(
        tuple(row)
        for row in session.execute(
            select(Item.waste_class, func.sum(case((Item.active.is_(True), 1), else_=0))).group_by(Item.waste_class)
        )
    )
    items = [
        {
            "code": row.waste_class.value,
            "name": CLASS_NAMES[row.waste_class],
            "colour": row.colour,
            "symbol": row.symbol,
            "summary": row.summary,
            "rules": row.rules,
            "basis": titles.get(row.basis, row.basis),
            "items": int(counts.get(row.waste_class, 0)),
        }
        for row in session.scalars(select(Category).order_by(Category.position))
    ]
    return {"items": items, "next": None}
