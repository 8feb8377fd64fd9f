"""Keeping the database and the files of content/ together without losing what staff wrote.

Three states are compared for each entry: the file, the database, and the file as it was last loaded. What differs
from the last loading only in the file is loaded; what staff changed is kept and told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import NotFound
from sorting_miniapp.teaching.files import Entry, Files
from sorting_miniapp.teaching.models import Change, ChangeKind, LoadedRow

Values = dict[str, Any]
ACTOR = "content"


def _nothing(session: Session) -> dict[str, str]:
    return {}


@dataclass(frozen=True)
class Part:
    """One kind of entry. `stored` and `normal` give the same shape, so that equal means the same content.

    `put` writes entries {key: values}, new or changed; `remove` takes away those that are in no file any more;
    `locked` names entries that loading must leave alone, with the reason in Chinese; `outward` gives the values a
    file shows; `place` names the file of an entry that has none yet.
    """

    name: str
    label: str
    key: str
    entries: Callable[[Files], list[Entry]]
    normal: Callable[[Mapping[str, Any]], Values]
    stored: Callable[[Session], dict[str, Values]]
    put: Callable[[Session, dict[str, Values]], None]
    remove: Callable[[Session, Collection[str]], None]
    title: Callable[[Values], str]
    outward: Callable[[Values], Values]
    place: Callable[[Values], str]
    changed: Callable[[], None]
    locked: Callable[[Session], dict[str, str]] = _nothing


@dataclass
class Outcome:
    """What loading did with one part: names of entries, and what staff have that the file has otherwise."""

    label: str
    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    kept: list[Difference] = field(default_factory=list)
    same: int = 0

    def counts(self) -> dict[str, int]:
        changed = len(self.changed) + len(self.removed)
        return {"added": len(self.added), "changed": changed, "same": self.same + len(self.kept)}


@dataclass(frozen=True)
class Difference:
    """An entry that staff changed: field by field what the file says and what the database has."""

    part: str
    key: str
    title: str
    reason: str
    fields: tuple[tuple[str, str, str], ...]


def load(parts: Iterable[Part], folder: Path, take: Collection[str] = ()) -> list[Outcome]:
    """Load the parts in one transaction. `take`: keys, or part:key, whose file's version wins over staff's.

    Raises DomainError where a name in a file belongs to something staff made; nothing is loaded then.
    """
    with transaction() as session:
        return [_load(session, part, Files(folder), take) for part in parts]


def _load(session: Session, part: Part, files: Files, take: Collection[str]) -> Outcome:
    entries = {str(entry.values[part.key]): entry for entry in part.entries(files)}
    wanted = {key: part.normal(entry.values) for key, entry in entries.items()}
    stored, locked = part.stored(session), part.locked(session)
    before = {row.key: row for row in session.scalars(select(LoadedRow).where(LoadedRow.part == part.name))}
    outcome, put, gone = Outcome(part.label), {}, []
    for key in [*wanted, *(key for key in {**stored, **before} if key not in wanted)]:
        new, old, row = wanted.get(key), stored.get(key), before.get(key)
        was = part.normal(row.values) if row else None
        if new == old:
            outcome.same += 1
        elif (old != was and key not in take and f"{part.name}:{key}" not in take) or key in locked:
            outcome.kept.append(_difference(part, key, new, old, locked.get(key, "")))
        elif new is None:
            gone.append(key)
            outcome.removed.append(part.title(old or {}))
        else:
            put[key] = new
            (outcome.changed if old else outcome.added).append(part.title(new))
    if gone:
        part.remove(session, gone)
    if put:
        part.put(session, put)
    if put or gone:
        part.changed()
    _remember(session, part, {key: stored.get(key) for key in [*put, *gone]}, put)
    _base(session, part, entries, before, {one.key for one in outcome.kept})
    return outcome


def _remember(session: Session, part: Part, before: Mapping[str, Values | None], put: Mapping[str, Values]) -> None:
    rows = [
        {"part": part.name, "key": key, "before": old, "after": put.get(key)}
        | {"at": clock.now(), "actor": ACTOR, "kind": ChangeKind.LOADED}
        for key, old in before.items()
    ]
    if rows:
        session.execute(insert(Change), rows)


def _base(
    session: Session, part: Part, entries: Mapping[str, Entry], before: Mapping[str, LoadedRow], kept: Collection[str]
) -> None:
    """Keep what the files say now; of what staff changed only what they changed from."""
    stale = [key for key in before if key not in entries and key not in kept]
    fresh = []
    for key, entry in entries.items():
        row = before.get(key)
        values = part.outward(part.normal(entry.values)) | entry.values
        plain = _plain(values)
        if row is not None and (key in kept or (row.values == plain and row.file == entry.file)):
            continue
        if row is not None:
            row.values, row.file = plain, entry.file
        elif key not in kept:
            fresh.append({"part": part.name, "key": key, "file": entry.file, "values": plain})
    if stale:
        session.execute(delete(LoadedRow).where(LoadedRow.part == part.name, LoadedRow.key.in_(stale)))
    if fresh:
        session.execute(insert(LoadedRow), fresh)
    session.flush()


def _plain(values: Any) -> Any:
    if isinstance(values, dict):
        return {str(key): _plain(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_plain(value) for value in values]
    return values if isinstance(values, str | int | float | bool | None) else str(values)


def shown(value: Any) -> str:
    """A value as staff read it in a difference."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, dict):
        return "，".join(f"{key}：{shown(one)}" for key, one in value.items())
    if isinstance(value, list):
        return "\n".join(shown(one) for one in value)
    return "" if value is None else str(value)


def differing(one: Values | None, two: Values | None) -> tuple[tuple[str, str, str], ...]:
    """(field, in one, in two) of the fields that differ."""
    one, two = one or {}, two or {}
    return tuple(
        (key, shown(one.get(key)), shown(two.get(key))) for key in {**one, **two} if one.get(key) != two.get(key)
    )


def _difference(part: Part, key: str, new: Values | None, old: Values | None, reason: str) -> Difference:
    if new is None:
        why = "文件里没有，后台有"
    elif old is None:
        why = "文件里有，后台已停用"
    else:
        why = "后台改过"
    return Difference(part.name, key, part.title(old or new or {}), reason or why, differing(new, old))


def record(
    session: Session, part: str, key: str, actor: str, kind: ChangeKind, before: Values | None, after: Values | None
) -> None:
    """Write one row of an entry's history, in the caller's transaction."""
    session.add(Change(part=part, key=key, at=clock.now(), actor=actor, kind=kind, before=before, after=after))
    session.flush()


def change(part: str, key: str, change_id: int) -> Change:
    """One change of an entry. Raises NotFound."""
    found = db.session().get(Change, change_id)
    if found is None or (found.part, found.key) != (part, key):
        raise NotFound("change_not_found", "没有找到这一版")
    return found


def history(part: str, key: str, most: int = 50) -> list[Change]:
    """An entry's changes, the newest first."""
    mine = select(Change).where(Change.part == part, Change.key == key)
    return list(db.session().scalars(mine.order_by(Change.id.desc()).limit(most)))
