"""The events of a span of days, for calendars of other features."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.events.models import Event, EventState
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

MOST = 300


def between(branches: Sequence[str], start: datetime, end: datetime) -> list[Any]:
    """(id, title, starts_at) of the published and finished events of the branches that begin in [start, end)."""
    query = (
        select(Event.id, Event.title, Event.starts_at)
        .join(Node, Node.id == Event.node_id)
        .where(
            Event.state.in_((EventState.PUBLISHED, EventState.FINISHED)),
            Event.starts_at >= start,
            Event.starts_at < end,
            within(Node.path, branches),
        )
        .order_by(Event.starts_at, Event.id)
        .limit(MOST)
    )
    return list(db.session().execute(query))
