"""The events' part of the front page's figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import distinct, func, or_, select

from sorting_miniapp.db import db
from sorting_miniapp.events.models import CheckIn, Event, EventState, Shift, ShiftState
from sorting_miniapp.events.models_counts import HeadCount
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within


def between(start: datetime, end: datetime, branches: Sequence[str]) -> dict[str, int]:
    """Counts for shifts that began in [start, end) in the branches: 场 events, 人 participants, 人次 person_times.

    An event counts as held when somebody checked in or a head count was entered.
    """
    session = db.session()
    checked = (
        select(func.count(distinct(CheckIn.resident_id)), func.count(CheckIn.id))
        .join(Event, Event.id == CheckIn.event_id)
        .join(Node, Node.id == Event.node_id)
        .where(CheckIn.in_at >= start, CheckIn.in_at < end, within(Node.path, branches))
    )
    people, times = session.execute(checked).one()
    held = or_(
        select(CheckIn.id).where(CheckIn.event_id == Event.id, CheckIn.in_at >= start, CheckIn.in_at < end).exists(),
        select(HeadCount.id).where(HeadCount.event_id == Event.id, HeadCount.value > 0).exists(),
    )
    events = session.scalar(
        select(func.count(distinct(Event.id)))
        .join(Node, Node.id == Event.node_id)
        .join(Shift, Shift.event_id == Event.id)
        .where(
            Shift.starts_at >= start,
            Shift.starts_at < end,
            Shift.state != ShiftState.CANCELLED,
            Event.state.in_((EventState.PUBLISHED, EventState.FINISHED)),
            within(Node.path, branches),
            held,
        )
    )
    return {"events": int(events or 0), "participants": int(people), "person_times": int(times)}
