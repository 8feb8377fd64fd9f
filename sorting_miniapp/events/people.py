"""Everybody signed up for a shift at once: to be told of a change, to be let go with the shift."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.errors import Conflict
from sorting_miniapp.events.models import Event, Shift, ShiftState, SignUp, SignUpState
from sorting_miniapp.events.places import lock_sign_ups, release, tell


def live_of(session: Session, shift_id: int) -> list[SignUp]:
    """The live sign-ups of a shift whose row is locked, theirs locked too.

    The residents' rows come first, as in a check-in: a notice refers to them, and MariaDB locks what is referred to.
    """
    people = session.scalars(select(SignUp.resident_id).where(SignUp.shift_id == shift_id, SignUp.live == 1)).all()
    if people:
        own = select(Resident.id).where(Resident.id.in_(people)).order_by(Resident.id)
        session.execute(own.with_for_update(read=True, key_share=True)).all()
    held = lock_sign_ups(session, select(SignUp.id).where(SignUp.shift_id == shift_id, SignUp.live == 1))
    return [one for one in held if one.live]


def tell_all(session: Session, event: Event, shifts: Sequence[Shift], remark: str) -> None:
    for shift in shifts:
        for one in live_of(session, shift.id):
            tell("event_changed", one.resident_id, event, shift, remark=remark)


def end_shift(session: Session, event: Event, shift: Shift, reason: str) -> int:
    """Everybody live is told before anything of theirs is passed on: nobody is offered a place on a cancelled shift."""
    people = live_of(session, shift.id)
    if any(one.state is SignUpState.ATTENDED for one in people):
        raise Conflict("event_started", "已有人签到，不能取消")
    shift.state = ShiftState.CANCELLED
    session.flush()
    for one in people:
        tell("event_cancelled", one.resident_id, event, shift, remark=reason)
        release(session, shift, one, SignUpState.CANCELLED, reason[:200])
    return len(people)
