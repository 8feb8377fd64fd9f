"""The names of items: writing those by which they are found, with pinyin and pairs of characters; their titles."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from sqlalchemy import delete, insert, or_, select
from sqlalchemy.orm import Session

from sorting_miniapp.db import db
from sorting_miniapp.guide import sounds, words
from sorting_miniapp.guide.models import CLASS_NAMES, Bigram, Item, Name

# Statements stay below SQLite's bound on parameters.
BATCH = 500
Row = dict[str, Any]


def forget(session: Session, item_ids: Collection[int]) -> None:
    """Delete the names of these items, in the caller's transaction."""
    ids = list(item_ids)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        session.execute(delete(Bigram).where(Bigram.folded.in_(select(Name.folded).where(Name.item_id.in_(some)))))
        session.execute(delete(Name).where(Name.item_id.in_(some)))


def rebuild(session: Session) -> int:
    """Write anew the names of items that an earlier version of the search wrote; returns how many items."""
    old = list(session.scalars(select(Name.item_id).where(Name.sound == "").distinct().order_by(Name.item_id)))
    known: dict[int, list[Name]] = {key: [] for key in old}
    for name in session.scalars(select(Name).order_by(Name.own.desc(), Name.position, Name.folded)):
        if name.item_id in known and not name.derived:
            known[name.item_id].append(name)
    found = [(key, mine[0].shown, [(one.shown, one.local) for one in mine[1:]]) for key, mine in known.items()]
    forget(session, old)
    write(session, found)
    return len(old)


def write(session: Session, items: Iterable[tuple[int, str, Sequence[tuple[str, bool]]]]) -> None:
    """Write (item's id, name, other names with whether they are local). Raises IntegrityError for a used name."""
    found: list[Row] = []
    for item_id, name, others in items:
        mine = {words.fold(name): (name, False)}
        for other, local in others:
            if words.fold(other):
                mine.setdefault(words.fold(other), (other.strip(), local))
        found += [
            _row(item_id, folded, shown, own=position == 0, local=local, position=position)
            for position, (folded, (shown, local)) in enumerate(mine.items())
        ]
    _make_room(session, [row["folded"] for row in found])
    _insert(session, found)
    _insert(session, _derived(session, found))


def _row(item_id: int, folded: str, shown: str, **more: Any) -> Row:
    from pypinyin import Style, lazy_pinyin

    return {
        "folded": folded, "item_id": item_id, "shown": shown, "own": False, "local": False, "derived": False,
        "position": 0, "pinyin": "".join(lazy_pinyin(folded))[:200],
        "initials": "".join(lazy_pinyin(folded, style=Style.FIRST_LETTER))[:40],
        "sound": sounds.sound(folded)[:200], "pairs": len(words.pairs(folded)),
    } | more  # fmt: skip


def _insert(session: Session, rows: list[Row]) -> None:
    if rows:
        session.execute(insert(Name), rows)
        session.execute(
            insert(Bigram),
            [{"bigram": pair, "folded": row["folded"]} for row in rows for pair in sorted(words.pairs(row["folded"]))],
        )


def _make_room(session: Session, folded: Sequence[str]) -> None:
    """Names that were only derived give way to real ones."""
    for start in range(0, len(folded), BATCH):
        some = folded[start : start + BATCH]
        mine = select(Name.folded).where(Name.folded.in_(some), Name.derived.is_(True))
        gone = list(session.scalars(mine))
        if gone:
            session.execute(delete(Bigram).where(Bigram.folded.in_(gone)))
            session.execute(delete(Name).where(Name.folded.in_(gone)))


def _derived(session: Session, rows: list[Row]) -> list[Row]:
    """Own names without their bracket, where no other item has that name."""
    bases: dict[str, Row] = {}
    for row in rows:
        base, bracket, _ = str(row["shown"]).partition("（")
        if row["own"] and bracket and len(words.fold(base)) > 1:
            bases.setdefault(words.fold(base), _row(row["item_id"], words.fold(base), base, derived=True))
    taken: set[str] = set()
    keys = list(bases)
    for start in range(0, len(keys), BATCH):
        taken |= set(session.scalars(select(Name.folded).where(Name.folded.in_(keys[start : start + BATCH]))))
    return [row for folded, row in bases.items() if folded not in taken]


def keyed(typed: Collection[str]) -> dict[str, tuple[str, str, str]]:
    """{key or own name as typed: (key, name, legal class name)} of items in use."""
    spelt: dict[str, list[str]] = defaultdict(list)
    for one in typed:
        spelt[words.fold(one)].append(one)
    spelt.pop("", None)
    query = (
        select(Item.key, Item.name, Item.waste_class, Name.folded)
        .outerjoin(Name, (Name.item_id == Item.id) & Name.own.is_(True))
        .where(Item.active.is_(True), or_(Item.key.in_(typed), Name.folded.in_(spelt)))
    )
    found: dict[str, tuple[str, str, str]] = {}
    for row in db.session().execute(query):
        item = (row.key, row.name, CLASS_NAMES[row.waste_class])
        found |= {one: item for one in (row.key, *spelt.get(row.folded or "", ())) if one in typed}
    return found


def titles(keys: Collection[str]) -> dict[str, tuple[str, str]]:
    """{key: (name, legal class name)} of items in use."""
    wanted = select(Item.key, Item.name, Item.waste_class).where(Item.key.in_(keys), Item.active.is_(True))
    return {row.key: (row.name, CLASS_NAMES[row.waste_class]) for row in db.session().execute(wanted)}
