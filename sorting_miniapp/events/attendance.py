"""Check-in and check-out: the pairs, and a staff member's entry. What residents and leaders scan is in scanning.py.

The resident's row is locked first, so that two scans at once are one after the other; unique keys stand behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast

from sqlalchemy import Row, Select, Table, bindparam, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events.models import (
    PAIRS_A_DAY,
    CheckHow,
    CheckIn,
    Event,
    Shift,
    SignUp,
    SignUpState,
)
from sorting_miniapp.events.places import lock_resident
from sorting_miniapp.events.signals import CheckOut, checked_out
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node

OPENS_BEFORE = timedelta(minutes=60)
OUT_GRACE = timedelta(minutes=30)  # time to queue for the check-out after the shift's end
SAME_SCAN = timedelta(minutes=1)
PRESENT = (SignUpState.CONFIRMED, SignUpState.ATTENDED, SignUpState.ABSENT)


@dataclass(frozen=True)
class Mark:
    """How a moment came to be known: by which way and which code's step, by whom of the staff or which leader, why.

    `inside` is a printed code's hint: at the place or not.
    """

    how: CheckHow
    step: int = 0
    staff: int | None = None
    leader: int | None = None
    reason: str = ""
    inside: bool | None = None


# Built once, and over the tables themselves where no object is wanted: people scan at the door all at once.
_PAIRS = (
    select(CheckIn)
    .where(CheckIn.resident_id == bindparam("resident"), CheckIn.event_id == bindparam("event"))
    .order_by(CheckIn.id)
    .execution_options(populate_existing=True)
)
_sign_up, _shift, _event = (cast(Table, one.__table__) for one in (SignUp, Shift, Event))
_ARRIVE = (
    update(_sign_up)
    .where(_sign_up.c.id == bindparam("key"), _sign_up.c.live == 1, _sign_up.c.state.in_(PRESENT))
    .values(state=SignUpState.ATTENDED)
)


def sign_ups() -> Select[*tuple[Any, ...]]:
    """What is known of a sign-up where somebody comes or goes, from the tables themselves."""
    return (
        select(
            _sign_up.c.id,
            _sign_up.c.public_id,
            _sign_up.c.resident_id,
            _sign_up.c.state,
            _sign_up.c.live,
            _shift.c.id.label("shift_id"),
            _shift.c.public_id.label("shift_public_id"),
            _shift.c.secret,
            _shift.c.starts_at,
            _shift.c.ends_at,
            _event.c.id.label("event_id"),
            _event.c.title,
            _event.c.place,
            _event.c.summary,
            _event.c.contact,
            _event.c.counts_hours,
            _event.c.created_by,
            _event.c.node_id,
        )
        .join_from(_sign_up, _shift, _shift.c.id == _sign_up.c.shift_id)
        .join(_event, _event.c.id == _shift.c.event_id)
    )


def mark(sign_up: Row[*tuple[Any, ...]], moment: datetime, by: Mark) -> dict[str, Any]:
    """A coming, or with a pair open a going, at `moment`; twice is once. `sign_up` is a row of `sign_ups`.

    Raises Conflict not_signed_up, shift_over, too_many_pairs.
    """
    with transaction() as session:
        lock_resident(session, sign_up.resident_id)
        known = _pairs(session, sign_up)
        last = known[-1] if known else None
        if last is not None and last.sign_up_id == sign_up.id and _repeats(last, moment, by):
            return _answer(sign_up, last)
        if last is not None and last.sign_up_id == sign_up.id and last.open:
            return _answer(sign_up, check_out(session, sign_up, last, moment, by))
        return _answer(sign_up, check_in(session, sign_up, moment, by, known))


def _repeats(last: CheckIn, moment: datetime, by: Mark) -> bool:
    """A double scan, or a code this person has used: single use per person (reliability.md)."""
    if by.how in (CheckHow.STAFF, CheckHow.LEADER):
        return False
    return moment - (last.out_at or last.in_at) < SAME_SCAN or 0 < by.step <= max(last.in_step, last.out_step)


def _pairs(session: Session, sign_up: Row[*tuple[Any, ...]]) -> list[CheckIn]:
    """The person's pairs at the event, in their order."""
    return list(session.scalars(_PAIRS, {"resident": sign_up.resident_id, "event": sign_up.event_id}))


def check_in(
    session: Session,
    sign_up: Row[*tuple[Any, ...]],
    moment: datetime,
    by: Mark,
    known: Sequence[CheckIn] | None = None,
) -> CheckIn:
    """Open a pair; the resident's row is locked by the caller, `known` are the pairs read since. Raises as `mark`."""
    if moment > sign_up.ends_at:
        raise Conflict("shift_over", "这个场次已结束，请联系现场工作人员")
    day = clock.local(moment).date()
    pairs = [pair for pair in (_pairs(session, sign_up) if known is None else known) if pair.day == day]
    if len(pairs) >= PAIRS_A_DAY:
        raise Conflict("too_many_pairs", f"同一活动每天最多签到 {PAIRS_A_DAY} 次")
    done = session.execute(_ARRIVE, {"key": sign_up.id})
    if done.rowcount == 0:  # type: ignore[attr-defined]
        raise Conflict("not_signed_up", "您没有报名这个场次，请联系现场工作人员")
    made = CheckIn(
        sign_up_id=sign_up.id,
        resident_id=sign_up.resident_id,
        event_id=sign_up.event_id,
        day=day,
        pair=len(pairs) + 1,
        open=1,
        in_at=moment,
        in_how=by.how,
        in_step=by.step,
        in_by=by.staff,
        in_leader=by.leader,
        inside=by.inside,
        out_step=0,
        reason=by.reason,
        closed_by_system=False,
    )
    session.add(made)
    session.flush()
    return made


def check_out(session: Session, sign_up: Row[*tuple[Any, ...]], pair: CheckIn, moment: datetime, by: Mark) -> CheckIn:
    """Close the pair and tell who listens.

    Minutes lie inside the shift (travel is no service) and go from the clock's minute to the clock's minute, as they
    are shown: 09:00 to 11:00 are 120, whatever the seconds.
    """
    begin = max(pair.in_at, sign_up.starts_at).replace(second=0, microsecond=0)
    end = min(moment, sign_up.ends_at).replace(second=0, microsecond=0)
    pair.out_at, pair.out_how, pair.out_step, pair.out_by = moment, by.how, by.step, by.staff
    pair.out_leader = by.leader
    if by.inside is not None:
        pair.inside = by.inside and pair.inside is not False
    pair.open, pair.closed_by_system = None, by.how is CheckHow.SYSTEM
    pair.minutes = max(0, int((end - begin).total_seconds() // 60))
    pair.reason = by.reason or pair.reason
    session.flush()
    checked_out.send(
        None,
        check_out=CheckOut(
            check_in_id=pair.id,
            sign_up_id=sign_up.id,
            resident_id=sign_up.resident_id,
            node_id=sign_up.node_id,
            event_id=sign_up.event_id,
            event_title=sign_up.title,
            place=sign_up.place,
            content=sign_up.summary or sign_up.title,
            contact=sign_up.contact,
            shift_id=sign_up.shift_id,
            day=pair.day,
            minutes=pair.minutes,
            longest=int((sign_up.ends_at - sign_up.starts_at).total_seconds() // 60),
            flagged=pair.closed_by_system,
            counts_hours=sign_up.counts_hours,
            organiser_id=sign_up.created_by,
            entered_by=pair.out_by or pair.in_by,
        ),
    )
    return pair


def _answer(sign_up: Row[*tuple[Any, ...]], pair: CheckIn) -> dict[str, Any]:
    return {
        "sign_up_id": sign_up.public_id,
        "action": "in" if pair.open else "out",
        "at": pair.in_at if pair.open else pair.out_at,
        "pair": pair.pair,
        "minutes": pair.minutes,
        "event": sign_up.title,
    }


def enter(actor: StaffActor, sign_up_id: int, going: bool, reason: str, moment: datetime | None = None) -> None:
    """A staff member's entry of a coming or a going, now or at a moment of the shift, with the reason; audited.

    Raises NotFound outside the branch, Forbidden, Invalid, Conflict.
    """
    row, path = in_branch(sign_up_id)
    actor.require(Role.ORGANISER, path)
    if not reason:
        raise Invalid("reason_required", "请填写人工登记的原因")
    at = moment or clock.now()
    hours = int(settings.read("offline_upload_hours", path))
    if clock.now() > row.ends_at + timedelta(hours=hours):
        raise Conflict("too_late", f"场次结束已超过 {hours} 小时，请按补录登记（需两人核对）")
    with transaction():
        answer = enter_as(row, going, at, Mark(CheckHow.STAFF, staff=actor.id, reason=reason))
        after = {"at": str(clock.local(at)), "reason": reason, "pair": answer["pair"]}
        audit.record(
            actor.username, f"event.check_{answer['action']}", "sign_up", sign_up_id, node_path=path, after=after
        )


def enter_as(row: Row[*tuple[Any, ...]], going: bool, at: datetime, by: Mark) -> dict[str, Any]:
    """A coming or a going said by a person, not toggled. `row` is one of `sign_ups`. Raises Invalid, Conflict."""
    if at > clock.now() or not row.starts_at - OPENS_BEFORE <= at <= row.ends_at + OUT_GRACE:
        raise Invalid("moment", "时间须在场次开始前一小时与结束后半小时之间，且不晚于现在")
    with transaction() as session:
        lock_resident(session, row.resident_id)
        open_pair = session.scalar(select(CheckIn).where(CheckIn.sign_up_id == row.id, CheckIn.open == 1))
        if going and open_pair is None:
            raise Conflict("not_checked_in", "还没有签到，不能签退")
        if not going and open_pair is not None:
            raise Conflict("checked_in", "已签到，尚未签退")
        if open_pair is not None and at < open_pair.in_at:
            raise Invalid("moment", "签退时间不能早于签到时间")
        if not going and _present_after(row, at):
            raise Invalid("moment", "这个时间已有签到记录，请核对")
        return mark(row, at, by)


def _present_after(row: Row[*tuple[Any, ...]], at: datetime) -> bool:
    """Whether a finished pair of the event reaches beyond the moment: minutes never count twice."""
    later = (CheckIn.resident_id == row.resident_id, CheckIn.event_id == row.event_id, CheckIn.out_at > at)
    return db.session().scalar(select(CheckIn.id).where(*later).limit(1)) is not None


def in_branch(sign_up_id: int) -> tuple[Row[*tuple[Any, ...]], str]:
    """A row of `sign_ups` and its unit's path; the caller checks the actor. Raises NotFound."""
    row = db.session().execute(sign_ups().where(SignUp.id == sign_up_id)).first()
    path = db.session().scalar(select(Node.path).where(Node.id == row.node_id)) if row else None
    if row is None or path is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    return row, path
