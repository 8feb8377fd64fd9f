"""The sources that items and questions name by key: loaded from content/sources.yaml, shown with their title."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sorting_miniapp.db import db
from sorting_miniapp.teaching.models import Source
from sorting_miniapp.teaching.sync import Part, Values

FILE = "sources.yaml"
_FIELDS = {
    "title": "title",
    "article": "article",
    "issuer": "issuer",
    "date": "day",
    "checked": "checked",
    "note": "note",
}


def titles() -> dict[str, str]:
    """Titles by key, in the order of the file; one statement."""
    rows = db.session().execute(select(Source.key, Source.title).order_by(Source.position, Source.key))
    return {row.key: row.title for row in rows}


def cited(key: str) -> dict[str, Any]:
    """A source as residents read it; only a title where the key is a text somebody typed."""
    found = db.session().get(Source, key)
    if found is None:
        return {"title": key, "article": "", "issuer": "", "date": "", "checked": ""}
    return {name: getattr(found, column) for name, column in _FIELDS.items() if name != "note"}


def _normal(row: Mapping[str, Any]) -> Values:
    return {"id": row["id"]} | {name: str(row.get(name) or "") for name in _FIELDS}


def _stored(session: Session) -> dict[str, Values]:
    return {
        row.key: {"id": row.key} | {name: getattr(row, column) for name, column in _FIELDS.items()}
        for row in session.scalars(select(Source))
    }


def _put(session: Session, rows: dict[str, Values]) -> None:
    known = {row.key: row for row in session.scalars(select(Source))}
    for key, values in rows.items():
        row = known.get(key) or Source(key=key, position=len(known))
        for name, column in _FIELDS.items():
            setattr(row, column, values[name])
        known[key] = row
        session.add(row)
    session.flush()


def _remove(session: Session, keys: Collection[str]) -> None:
    session.execute(delete(Source).where(Source.key.in_(keys)))


SOURCES = Part(
    name="source", label="依据", key="id",
    entries=lambda files: files.yaml(FILE), normal=_normal, stored=_stored, put=_put, remove=_remove,
    title=lambda values: str(values["title"]), outward=dict, place=lambda values: FILE, changed=lambda: None,
)  # fmt: skip
