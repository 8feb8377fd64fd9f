"""What happens when a shift is over: open pairs are closed and flagged, the shift and its event end.

Forgotten check-outs count until the shift's end and need a verifier (rules.md, Service records).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.events.attendance import OUT_GRACE, Mark, check_out, sign_ups
from sorting_miniapp.events.models import CheckHow, CheckIn, Event, EventState, Shift, ShiftState, SignUp, SignUpState
from sorting_miniapp.events.places import lock_resident, lock_sign_ups

CLOSE_BATCH = 100


def close_forgotten() -> int:
    """Close pairs left open at their shift's end, flagged, and then the shifts that are over. Returns pairs closed."""
    before = clock.now() - OUT_GRACE
    rows = db.session().execute(_open_pairs().where(Shift.ends_at <= before).limit(CLOSE_BATCH)).all()
    closed = sum(_close(row) for row in rows)
    if len(rows) < CLOSE_BATCH:
        _close_shifts(before)
    return closed


def _open_pairs() -> Select[*tuple[Any, ...]]:
    query = sign_ups().add_columns(CheckIn.id.label("pair_id")).join(CheckIn, CheckIn.sign_up_id == SignUp.id)
    return query.where(CheckIn.open == 1).order_by(CheckIn.id)


def close_pairs_of(shift_id: int) -> None:
    """The same for one shift whose time to check out is over, without waiting for the scheduler's turn."""
    for row in db.session().execute(_open_pairs().where(Shift.id == shift_id)).all():
        _close(row)


def _close(row: Row[*tuple[Any, ...]]) -> bool:
    with transaction() as session:
        lock_resident(session, row.resident_id)
        pair = session.get_one(CheckIn, row.pair_id, with_for_update=True, populate_existing=True)
        if not pair.open:
            return False
        check_out(session, row, pair, max(row.ends_at, pair.in_at), Mark(CheckHow.SYSTEM))
        return True


def _close_shifts(before: datetime) -> None:
    """End shifts that are over, mark who never came where others were checked in, and finish their events."""
    over = select(Shift.id).where(Shift.closed_at.is_(None), Shift.ends_at <= before, Shift.state == ShiftState.OPEN)
    for shift_id in db.session().scalars(over.order_by(Shift.id).limit(CLOSE_BATCH)).all():
        with transaction() as session:
            shift = session.get_one(Shift, shift_id, with_for_update=True, populate_existing=True)
            if shift.closed_at is None:
                _close_shift(session, shift)


def mark_absent(session: Session, shift_id: int) -> None:
    """Who never came to a closed shift is absent, where others were checked in, be it from paper afterwards."""
    closed = select(Shift.id).where(Shift.id == shift_id, Shift.state == ShiftState.CLOSED)
    attended = select(SignUp.id).where(SignUp.shift_id == shift_id, SignUp.state == SignUpState.ATTENDED)
    if session.scalar(closed) and session.scalar(attended.limit(1)):
        never = select(SignUp.id).where(SignUp.shift_id == shift_id, SignUp.state == SignUpState.CONFIRMED)
        for one in lock_sign_ups(session, never):
            if one.state is SignUpState.CONFIRMED:
                one.state = SignUpState.ABSENT
        session.flush()


def _close_shift(session: Session, shift: Shift) -> None:
    shift.state, shift.closed_at = ShiftState.CLOSED, clock.now()
    session.flush()
    mark_absent(session, shift.id)
    left = select(Shift.id).where(Shift.event_id == shift.event_id, Shift.state == ShiftState.OPEN).limit(1)
    if session.scalar(left) is None:
        session.execute(
            update(Event)
            .where(Event.id == shift.event_id, Event.state == EventState.PUBLISHED)
            .values(state=EventState.FINISHED)
        )
