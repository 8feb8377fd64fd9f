"""A resident's own sign-ups, as they see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.orm import aliased

from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.events.models import Event, Shift, SignUp, SignUpState

PAGE = 20


def _mine(resident_id: int) -> Select[*tuple[Any, ...]]:
    ahead = aliased(SignUp)
    position = (
        select(func.count(ahead.id))
        .where(
            ahead.shift_id == SignUp.shift_id,
            ahead.state == SignUpState.WAITING,
            ahead.queue_number <= SignUp.queue_number,
        )
        .correlate(SignUp)
        .scalar_subquery()
    )
    return (
        select(
            SignUp.id.label("key"),
            SignUp.public_id,
            SignUp.state,
            SignUp.places,
            SignUp.offer_until,
            SignUp.created_at,
            SignUp.group_id,
            position.label("position"),
            Shift.public_id.label("shift_id"),
            Shift.title.label("shift_title"),
            Shift.starts_at,
            Shift.ends_at,
            Event.public_id.label("event_id"),
            Event.title,
            Event.place,
            Event.state.label("event_state"),
        )
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Event, Event.id == Shift.event_id)
        .where(SignUp.resident_id == resident_id)
    )


def _as_answer(row: Row[*tuple[Any, ...]]) -> dict[str, Any]:
    waiting = row.state is SignUpState.WAITING
    return {
        "id": row.public_id,
        "state": row.state.value,
        "queue_position": row.position if waiting else None,
        "places": row.places,
        "offer_until": row.offer_until,
        "created_at": row.created_at,
        "group_id": row.group_id,
        "event": {"id": row.event_id, "title": row.title, "place": row.place, "state": row.event_state.value},
        "shift": {"id": row.shift_id, "title": row.shift_title, "starts_at": row.starts_at, "ends_at": row.ends_at},
    }


def one(resident_id: int, sign_up: str) -> dict[str, Any]:
    """One of the resident's own sign-ups. Raises NotFound."""
    row = db.session().execute(_mine(resident_id).where(SignUp.public_id == sign_up)).first()
    if row is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    return _as_answer(row)


def page(resident_id: int, before: int | None = None) -> dict[str, Any]:
    """The resident's sign-ups, newest first, a page of twenty; one statement."""
    query = _mine(resident_id).order_by(SignUp.id.desc()).limit(PAGE + 1)
    if before is not None:
        query = query.where(SignUp.id < before)
    rows = db.session().execute(query).all()
    following = str(rows[PAGE - 1].key) if len(rows) > PAGE else None
    return {"items": [_as_answer(row) for row in rows[:PAGE]], "next": following}
