"""Check-in and check-out: a resident's scan or typed code, and a staff member's entry.

The resident's row is locked first, so that two scans at once are one after the other; unique keys stand behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, Select, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import tokens
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
from sorting_miniapp.orgs.models import Node

OPENS_BEFORE = timedelta(minutes=60)
OUT_GRACE = timedelta(minutes=30)  # time to queue for the check-out after the shift's end
SAME_SCAN = timedelta(minutes=1)
PRESENT = (SignUpState.CONFIRMED, SignUpState.ATTENDED, SignUpState.ABSENT)


@dataclass(frozen=True)
class Mark:
    """How a moment came to be known: by which way, by which code's step, by whom of the staff and why."""

    how: CheckHow
    step: int = 0
    staff: int | None = None
    reason: str = ""


def scan(resident_id: int, token: str) -> dict[str, Any]:
    """A resident's QR text or six typed digits: the first checks in, the next out; within a minute, or with a code
    that was used already, the same answer again. Up to three pairs per event and day.

    Raises Invalid token_invalid; Conflict not_signed_up, too_early, too_many_pairs.
    """
    now = clock.now()
    sign_up, step = _by_qr(resident_id, token, now) if "." in token else _by_digits(resident_id, token, now)
    if now < sign_up.starts_at - OPENS_BEFORE:
        raise Conflict("too_early", "签到还没有开始")
    how = CheckHow.QR if "." in token else CheckHow.CODE
    return _mark(sign_up, now, Mark(how, step))


def sign_ups() -> Select[*tuple[Any, ...]]:
    return (
        select(
            SignUp.id,
            SignUp.public_id,
            SignUp.resident_id,
            SignUp.state,
            SignUp.live,
            Shift.id.label("shift_id"),
            Shift.public_id.label("shift_public_id"),
            Shift.secret,
            Shift.starts_at,
            Shift.ends_at,
            Event.id.label("event_id"),
            Event.title,
            Event.place,
            Event.summary,
            Event.contact,
            Event.counts_hours,
            Event.created_by,
            Event.node_id,
        )
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Event, Event.id == Shift.event_id)
    )


def _by_qr(resident_id: int, token: str, now: datetime) -> tuple[Row[*tuple[Any, ...]], int]:
    name = tokens.shift_of(token)
    shift = db.session().execute(select(Shift.id, Shift.secret).where(Shift.public_id == name)).first()
    step = tokens.read(token, name, shift.secret, now) if shift else 0
    if shift is None or not step:
        raise Invalid("token_invalid", "签到码不对或已过期，请扫描最新的签到码")
    row = (
        db.session()
        .execute(
            sign_ups().where(
                SignUp.shift_id == shift.id,
                SignUp.resident_id == resident_id,
                SignUp.live == 1,
                SignUp.state.in_(PRESENT),
            )
        )
        .first()
    )
    if row is None:
        raise Conflict("not_signed_up", "您没有报名这个场次，请联系现场工作人员")
    return row, step


def _by_digits(resident_id: int, token: str, now: datetime) -> tuple[Row[*tuple[Any, ...]], int]:
    """Six digits name no shift: they are tried on the resident's own shifts of the hour."""
    rows = db.session().execute(
        sign_ups()
        .where(
            SignUp.resident_id == resident_id,
            SignUp.live == 1,
            SignUp.state.in_(PRESENT),
            Shift.starts_at <= now + OPENS_BEFORE,
            Shift.ends_at >= now - OUT_GRACE,
        )
        .order_by(Shift.starts_at, Shift.id)
    )
    for row in rows:
        step = tokens.read(token, row.shift_public_id, row.secret, now)
        if step:
            return row, step
    raise Invalid("token_invalid", "签到码不对或已过期，请输入最新的签到码")


def _mark(sign_up: Row[*tuple[Any, ...]], moment: datetime, mark: Mark) -> dict[str, Any]:
    with transaction() as session:
        lock_resident(session, sign_up.resident_id)
        last = session.scalars(
            select(CheckIn)
            .where(CheckIn.resident_id == sign_up.resident_id, CheckIn.event_id == sign_up.event_id)
            .order_by(CheckIn.id.desc())
            .limit(1)
            .execution_options(populate_existing=True)
        ).first()
        if last is not None and last.sign_up_id == sign_up.id and _repeats(last, moment, mark):
            return _answer(sign_up, last)
        if last is not None and last.sign_up_id == sign_up.id and last.open:
            return _answer(sign_up, check_out(session, sign_up, last, moment, mark))
        return _answer(sign_up, _check_in(session, sign_up, last, moment, mark))


def _repeats(last: CheckIn, moment: datetime, mark: Mark) -> bool:
    """A double scan, or a code this person has used: single use per person (reliability.md)."""
    if mark.how is CheckHow.STAFF:
        return False
    return moment - (last.out_at or last.in_at) < SAME_SCAN or 0 < mark.step <= max(last.in_step, last.out_step)


def _check_in(
    session: Session, sign_up: Row[*tuple[Any, ...]], last: CheckIn | None, moment: datetime, mark: Mark
) -> CheckIn:
    if moment > sign_up.ends_at:
        raise Conflict("shift_over", "这个场次已结束，请联系现场工作人员")
    day = clock.local(moment).date()
    pairs = session.scalars(
        select(CheckIn.pair).where(
            CheckIn.resident_id == sign_up.resident_id, CheckIn.event_id == sign_up.event_id, CheckIn.day == day
        )
    ).all()
    if len(pairs) >= PAIRS_A_DAY:
        raise Conflict("too_many_pairs", f"同一活动每天最多签到 {PAIRS_A_DAY} 次")
    done = session.execute(
        update(SignUp)
        .where(SignUp.id == sign_up.id, SignUp.live == 1, SignUp.state.in_(PRESENT))
        .values(state=SignUpState.ATTENDED)
    )
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
        in_how=mark.how,
        in_step=mark.step,
        in_by=mark.staff,
        out_step=0,
        reason=mark.reason,
        closed_by_system=False,
    )
    session.add(made)
    session.flush()
    return made


def check_out(session: Session, sign_up: Row[*tuple[Any, ...]], pair: CheckIn, moment: datetime, mark: Mark) -> CheckIn:
    """Close the pair and tell who listens.

    Minutes lie inside the shift (travel is no service) and go from the clock's minute to the clock's minute, as they
    are shown: 09:00 to 11:00 are 120, whatever the seconds.
    """
    begin = max(pair.in_at, sign_up.starts_at).replace(second=0, microsecond=0)
    end = min(moment, sign_up.ends_at).replace(second=0, microsecond=0)
    pair.out_at, pair.out_how, pair.out_step, pair.out_by = moment, mark.how, mark.step, mark.staff
    pair.open, pair.closed_by_system = None, mark.how is CheckHow.SYSTEM
    pair.minutes = max(0, int((end - begin).total_seconds() // 60))
    pair.reason = mark.reason or pair.reason
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
    row, path = _in_branch(sign_up_id)
    actor.require(Role.ORGANISER, path)
    if not reason:
        raise Invalid("reason_required", "请填写人工登记的原因")
    at = moment or clock.now()
    if at > clock.now() or not row.starts_at - OPENS_BEFORE <= at <= row.ends_at + OUT_GRACE:
        raise Invalid("moment", "时间须在场次开始前一小时与结束后半小时之间，且不晚于现在")
    with transaction() as session:
        lock_resident(session, row.resident_id)
        open_pair = session.scalar(select(CheckIn).where(CheckIn.sign_up_id == sign_up_id, CheckIn.open == 1))
        if going and open_pair is None:
            raise Conflict("not_checked_in", "还没有签到，不能签退")
        if not going and open_pair is not None:
            raise Conflict("checked_in", "已签到，尚未签退")
        if open_pair is not None and at < open_pair.in_at:
            raise Invalid("moment", "签退时间不能早于签到时间")
        answer = _mark(row, at, Mark(CheckHow.STAFF, staff=actor.id, reason=reason))
        after = {"at": str(clock.local(at)), "reason": reason, "pair": answer["pair"]}
        audit.record(
            actor.username, f"event.check_{answer['action']}", "sign_up", sign_up_id, node_path=path, after=after
        )


def _in_branch(sign_up_id: int) -> tuple[Row[*tuple[Any, ...]], str]:
    row = db.session().execute(sign_ups().where(SignUp.id == sign_up_id)).first()
    path = db.session().scalar(select(Node.path).where(Node.id == row.node_id)) if row else None
    if row is None or path is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    return row, path
