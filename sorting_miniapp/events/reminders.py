"""Reminders of a shift: the day before and two hours before, each once per sign-up (rules.md, Events)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, select, update

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.events.models import Event, Shift, ShiftState, SignUp, SignUpState
from sorting_miniapp.events.places import lock_resident, tell

DAY, HOURS = timedelta(hours=24), timedelta(hours=2)
BATCH = 200


def send_reminders() -> int:
    """Ask for the reminders that are due; who signed up after a reminder's time has no need of it. Returns how many."""
    now = clock.now()
    soon = (Shift.starts_at > now) & (Shift.starts_at <= now + HOURS)
    tomorrow = (Shift.starts_at > now + HOURS) & (Shift.starts_at <= now + DAY)
    return _send(2, soon, HOURS, "活动两小时内开始，请准时到场") + _send(
        1, tomorrow, DAY, "活动明天开始，不能参加请及时退出"
    )


def _send(stage: int, due: ColumnElement[bool], ahead: timedelta, remark: str) -> int:
    rows = (
        db.session()
        .execute(
            select(SignUp.id, SignUp.resident_id, SignUp.created_at, Event, Shift)
            .join(Shift, Shift.id == SignUp.shift_id)
            .join(Event, Event.id == Shift.event_id)
            .where(due, SignUp.state == SignUpState.CONFIRMED, SignUp.reminded < stage, Shift.state == ShiftState.OPEN)
            .order_by(SignUp.id)
            .limit(BATCH)
        )
        .all()
    )
    sent = 0
    for row in rows:
        with transaction() as session:
            lock_resident(session, row.resident_id)
            done = session.execute(
                update(SignUp).where(SignUp.id == row.id, SignUp.reminded < stage).values(reminded=stage)
            )
            if done.rowcount and row.created_at <= row.Shift.starts_at - ahead:  # type: ignore[attr-defined]
                tell("event_reminder", row.resident_id, row.Event, row.Shift, remark=remark)
                sent += 1
    return sent
