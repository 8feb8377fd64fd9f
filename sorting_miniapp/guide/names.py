"""The names of items: writing those by which they are found, with pinyin and pairs of characters; their titles."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from sorting_miniapp.db import db
from sorting_miniapp.guide import words
from sorting_miniapp.guide.models import CLASS_NAMES, Bigram, Item, Name

# Statements stay below SQLite's bound on parameters.
BATCH = 500


def forget(session: Session, item_ids: Collection[int]) -> None:
    """Delete the names of these items, in the caller's transaction."""
    ids = list(item_ids)
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        session.execute(delete(Bigram).where(Bigram.folded.in_(select(Name.folded).where(Name.item_id.in_(some)))))
        session.execute(delete(Name).where(Name.item_id.in_(some)))


def write(session: Session, items: Iterable[tuple[int, str, Sequence[tuple[str, bool]]]]) -> None:
    """Write (item's id, name, other names with whether they are local). Raises IntegrityError for a used name."""
    from pypinyin import Style, lazy_pinyin

    found, pairs = [], []
    for item_id, name, others in items:
        mine = {words.fold(name): (name, False)}
        for other, local in others:
            if words.fold(other):
                mine.setdefault(words.fold(other), (other.strip(), local))
        for position, (folded, (shown, local)) in enumerate(mine.items()):
            found.append(
                {
                    "folded": folded, "item_id": item_id, "shown": shown, "own": position == 0, "local": local,
                    "position": position, "pinyin": "".join(lazy_pinyin(folded))[:200],
                    "initials": "".join(lazy_pinyin(folded, style=Style.FIRST_LETTER))[:40],
                }
            )  # fmt: skip
            pairs += [{"bigram": pair, "folded": folded} for pair in words.bigrams(folded)]
    if found:
        session.execute(insert(Name), found)
        session.execute(insert(Bigram), pairs)


def titles(keys: Collection[str]) -> dict[str, tuple[str, str]]:
    """{key: (name, legal class name)} of items in use."""
    wanted = select(Item.key, Item.name, Item.waste_class).where(Item.key.in_(keys), Item.active.is_(True))
    return {row.key: (row.name, CLASS_NAMES[row.waste_class]) for row in db.session().execute(wanted)}
