"""The kinds of events by key, as the office has named them (content/event_kinds.yaml)."""

from __future__ import annotations

from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.events.models_planning import EventKind


def names() -> dict[str, str]:
    """Key to name, in the file's order."""
    rows = db.session().execute(select(EventKind.key, EventKind.name).order_by(EventKind.position, EventKind.id))
    return {row.key: row.name for row in rows}
