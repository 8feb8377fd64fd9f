"""The guide's first page and its help: popular items, those of the season, names while typing, bulky waste."""

from __future__ import annotations

from typing import Any

from sqlalchemy import or_, select

from sorting_miniapp import clock
from sorting_miniapp.bigrams import TOP
from sorting_miniapp.db import db
from sorting_miniapp.guide import lookups, pages, words
from sorting_miniapp.guide.models import Item, Name, WasteClass
from sorting_miniapp.guide.models_search import Handling, Season
from sorting_miniapp.orgs import settings

MOST = 12
MOST_TYPING = 8
UNPUBLISHED = "尚未公布，请向社区居委会或物业查询"


def front() -> dict[str, Any]:
    """What is looked up most these days, and what the season brings."""
    keys = [key for key, _ in lookups.popular(MOST)]
    return {"popular": _items(keys), "seasonal": seasonal()}


def _items(keys: list[str]) -> list[dict[str, Any]]:
    found = {item.key: item for item in db.session().scalars(select(Item).where(Item.key.in_(keys)))}
    return [pages.named(found[key]) for key in keys if key in found and found[key].active]


def seasonal() -> list[dict[str, Any]]:
    """The seasons of today with their items, the season that ends first before the others."""
    today = clock.today()
    now = list(
        db.session().scalars(
            select(Season)
            .where(Season.first_day <= today, Season.last_day >= today)
            .order_by(Season.last_day, Season.name)
        )
    )
    names = {season.name for season in now}
    mine: dict[str, list[Item]] = {name: [] for name in names}
    shown = select(Item).where(Item.season.in_(names), Item.active.is_(True)).order_by(Item.id)
    for item in db.session().scalars(shown):
        mine[item.season].append(item)
    return [
        {
            "season": season.name,
            "items": [
                pages.named(item) for item in mine[season.name] if today >= season.turn or item.key not in season.later
            ][:MOST],
        }
        for season in now
    ]


def typing(q: str) -> dict[str, Any]:
    """Names that begin with what was typed so far, in characters, pinyin or initials; one statement."""
    folded = words.fold(q)
    columns = (Name.folded, Name.pinyin, Name.initials) if words.is_latin(folded) else (Name.folded,)
    begun = or_(*((column >= folded) & (column < folded + TOP) for column in columns))
    rows = db.session().execute(
        select(Name.shown, Item.key, Item.name, Item.waste_class)
        .join(Item, Item.id == Name.item_id)
        .where(begun, Item.active.is_(True))
        .order_by(Name.pairs, Name.own.desc(), Name.folded)
        .limit(MOST_TYPING * 3)
    )
    found: dict[str, dict[str, Any]] = {}
    for row in rows if folded else ():
        category = pages.class_name(row.waste_class.value)
        found.setdefault(row.key, {"id": row.key, "name": row.name, "shown": row.shown, "category": category})
    return {"items": list(found.values())[:MOST_TYPING]}


def handling(waste_class: WasteClass) -> dict[str, Any] | None:
    """How this waste is given away, with the office's telephone and hours; None where a bin takes it."""
    row = db.session().get(Handling, waste_class)
    if row is None:
        return None
    told = {name: str(settings.read(f"{waste_class.value}_{name}")).strip() for name in ("phone", "hours")}
    return dict(row.text) | {name: text or UNPUBLISHED for name, text in told.items()}
