"""Calendars to subscribe to or keep: a unit's events as a feed, a resident's own sign-up as a file (RFC 5545)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.events import ics
from sorting_miniapp.events.models import Event, EventState, Shift, ShiftState, SignUp
from sorting_miniapp.events.models_planning import EventCohost
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import end_of

BACK = timedelta(days=30)
MOST = 500


def entry(event: Event, shift: Shift, signed_at: datetime | None = None, ended_at: datetime | None = None) -> ics.Entry:
    """A shift as a calendar shows it, or a resident's own sign-up for it; `ended_at` is None while that counts."""
    return ics.Entry(
        uid=shift.public_id,
        title=f"{event.title} {shift.title}".strip(),
        place=event.place,
        description=event.summary,
        starts_at=shift.starts_at,
        ends_at=shift.ends_at,
        created_at=event.created_at,
        changed_at=max(one for one in (event.changed_at, signed_at, ended_at) if one),
        cancelled=ended_at is not None or shift.state is ShiftState.CANCELLED or event.state is EventState.CANCELLED,
    )


def of_sign_up(resident_id: int, sign_up: str) -> bytes:
    """The shift a resident signed up for; cancelled once the sign-up ended. Raises NotFound for another's."""
    row = (
        db.session()
        .execute(
            select(Event, Shift, SignUp.live, SignUp.created_at, SignUp.ended_at)
            .join(Shift, Shift.event_id == Event.id)
            .join(SignUp, SignUp.shift_id == Shift.id)
            .where(SignUp.public_id == sign_up, SignUp.resident_id == resident_id)
        )
        .first()
    )
    if row is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    return ics.calendar([entry(row.Event, row.Shift, row.created_at, None if row.live else row.ended_at)])


def of_unit(node_id: int) -> str:
    """The shifts of a unit, those below it and those it holds with others, from 30 days back; one statement.

    Cancelled ones stay in it as cancelled, so that a subscribed calendar takes them away. Raises NotFound.
    """
    node = db.session().get(Node, node_id)
    if node is None or not node.active:
        raise NotFound("node_not_found", "没有找到这个单位")
    branch = and_(Node.path >= node.path, Node.path < end_of(node.path))
    held_with = select(EventCohost.event_id).join(Node, Node.id == EventCohost.node_id).where(branch)
    rows = db.session().execute(
        select(Event, Shift)
        .join(Shift, Shift.event_id == Event.id)
        .join(Node, Node.id == Event.node_id)
        .where(
            Event.published_at.is_not(None),
            Event.state != EventState.DRAFT,
            Shift.ends_at >= clock.now() - BACK,
            or_(branch, Event.id.in_(held_with)),
        )
        .order_by(Shift.starts_at, Shift.id)
        .limit(MOST)
    )
    return ics.calendar([entry(row.Event, row.Shift) for row in rows], name=f"{node.name} 垃圾分类活动").decode()
