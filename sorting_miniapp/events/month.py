"""A month of events for a calendar: on which days something takes place, and how many places are left there."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.events import listing, search
from sorting_miniapp.events.models import Event, Shift, ShiftState
from sorting_miniapp.orgs.models import Node


def of(first: date | None = None, **filters: Any) -> dict[str, Any]:
    """The days (Asia/Shanghai) with events of the month that begins with `first`, now's when not said.

    A day counts the events with a shift that begins on it; `filters` are those of search.Wanted.
    """
    first = (first or clock.today()).replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    events = search.matching(search.Wanted(start=first, end=last, **filters))
    shifts = db.session().scalars(
        select(Shift)
        .join(Event, Event.id == Shift.event_id)
        .join(Node, Node.id == Event.node_id)
        .where(*events, Shift.state != ShiftState.CANCELLED)
        .where(Shift.starts_at >= clock.local_midnight(first))
        .where(Shift.starts_at < clock.local_midnight(last) + timedelta(days=1))
        .execution_options(populate_existing=True)
    )
    days: dict[date, list[Shift]] = {}
    for shift in shifts:
        days.setdefault(clock.local(shift.starts_at).date(), []).append(shift)
    items = [_day(day, days[day]) for day in sorted(days)]
    return {"month": f"{first:%Y-%m}", "items": items, "next": None}


def _day(day: date, shifts: list[Shift]) -> dict[str, Any]:
    """Shifts that have begun have no place left to give."""
    now = clock.now()
    left = sum(listing.places_left(shift) for shift in shifts if shift.starts_at > now)
    return {"day": day, "events": len({shift.event_id for shift in shifts}), "places_left": left}
