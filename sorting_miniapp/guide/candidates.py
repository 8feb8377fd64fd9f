"""Names that may answer a question, as the database finds them: the search's statements.

They are made once: building them anew costs more than running them. Names come first and their items after: a planner
without statistics would begin with the items, and read all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Subquery, bindparam, func, or_, select, union_all
from sqlalchemy.orm import aliased

from sorting_miniapp.bigrams import TOP
from sorting_miniapp.db import db
from sorting_miniapp.guide.models import Bigram, Item, Name, WasteClass

MOST = 120
MOST_WINDOWS = 400
MOST_OF_KIND = 24  # more than are shown: items out of use are left out afterwards
Found = Select[*tuple[Any, ...]]


def _of_items(found: Subquery) -> Found:
    """Names with the classes of their items, those in use."""
    return (
        select(found, Item.waste_class).join_from(found, Item, Item.id == found.c.item_id).where(Item.active.is_(True))
    )


def _names(wanted: ColumnElement[bool], chosen: bool) -> Found:
    """Names; `chosen`: of items of the class in the parameter."""
    found = select(Name.item_id, Name.folded, Name.shown, Name.own, Name.sound, Name.position).where(wanted)
    if chosen:
        found = found.join(Item, Item.id == Name.item_id).where(Item.waste_class == bindparam("chosen"))
    return found


def _sharing(chosen: bool) -> Found:
    """Names that share a third of their pairs with the question, or half of the question's."""
    shared = (
        select(Bigram.folded, func.count().label("shared"))
        .where(Bigram.bigram.in_(bindparam("pairs", expanding=True)))
        .group_by(Bigram.folded)
        .subquery()
    )
    enough = or_(shared.c.shared * 3 >= Name.pairs, shared.c.shared * 2 >= bindparam("asked"))
    found = _names(enough, chosen).join(shared, shared.c.folded == Name.folded)
    return found.order_by(shared.c.shared.desc(), Name.pairs, Name.folded)


def _near(chosen: bool) -> Found:
    """Names that stand in the question, are heard in it, or share pairs with it."""
    found = (
        _names(Name.folded.in_(bindparam("windows", expanding=True)), chosen),
        _names(Name.sound.in_(bindparam("heard", expanding=True)), chosen),
        _sharing(chosen),
    )
    some = [one.limit(MOST if number else MOST_WINDOWS).subquery() for number, one in enumerate(found)]
    return _of_items(union_all(*(select(one) for one in some)).subquery())


def _latin(wanted: ColumnElement[bool], chosen: bool) -> Found:
    other = aliased(Name)
    many = select(func.count()).where(other.item_id == Name.item_id).correlate(Name).scalar_subquery()
    found = _names(wanted, chosen).add_columns(Name.pinyin, Name.initials, many.label("known_by"))
    ordered = found.order_by(func.length(Name.pinyin), Name.own.desc(), Name.folded).limit(MOST)
    return _of_items(ordered.subquery())


def _kind(chosen: bool) -> Found:
    found = _names(Name.folded.like(bindparam("kind"), escape="\\") & Name.own.is_(True), chosen)
    return _of_items(found.order_by(Name.pairs, Name.folded).limit(MOST_OF_KIND).subquery())


_BY_KEY = _of_items(_names(Name.own.is_(True), False).subquery()).where(Item.key == bindparam("key"))


def _both(build: Callable[[bool], Found]) -> tuple[Found, Found]:
    """For every class, and for the one chosen."""
    return build(False), build(True)


_NEAR = _both(_near)
_KIND = _both(_kind)
_PINYIN_WITHIN = _both(partial(_latin, Name.sound.in_(bindparam("heard", expanding=True))))
_PINYIN = _both(partial(_latin, (Name.pinyin >= bindparam("typed")) & (Name.pinyin < bindparam("top"))))
_INITIALS = _both(partial(_latin, (Name.initials >= bindparam("typed")) & (Name.initials < bindparam("top"))))


def _rows(statements: tuple[Found, Found], chosen: WasteClass | None, **asked: Any) -> list[Row[Any]]:
    if chosen is None:
        return list(db.session().execute(statements[0], asked))
    return list(db.session().execute(statements[1], {**asked, "chosen": chosen}))


def near(
    chosen: WasteClass | None, windows: Sequence[str], heard: Sequence[str], pairs: Sequence[str]
) -> list[Row[Any]]:
    """Names that are one of the windows, sound like one of `heard`, or share pairs."""
    return _rows(_NEAR, chosen, windows=windows[:MOST_WINDOWS], heard=heard, pairs=pairs, asked=len(pairs))


def typed(chosen: WasteClass | None, letters: str, heard: Sequence[str]) -> list[Row[Any]]:
    """Names whose pinyin or initials begin with the letters, or heard in them; and how many their items have."""
    begun = {"typed": letters, "top": letters + TOP}
    found = _rows(_PINYIN_WITHIN, chosen, heard=heard)
    return [*found, *_rows(_PINYIN, chosen, **begun), *_rows(_INITIALS, chosen, **begun)]


def of_kind(chosen: WasteClass | None, last: str) -> list[str]:
    """Items whose name ends with this character, the shortest first."""
    escaped = f"\\{last}" if last in "%_\\" else last
    return sorted((row.shown for row in _rows(_KIND, chosen, kind=f"%{escaped}")), key=len)


def by_key(chosen: WasteClass | None, key: str) -> Row[Any] | None:
    """An item's own name."""
    found = db.session().execute(_BY_KEY, {"key": key}).first()
    return found if found and chosen in (None, found.waste_class) else None
