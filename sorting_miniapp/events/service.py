"""Sign-ups: a place, or a place in the waiting list; withdrawal, offers and their confirmation (design.md §6).

The rules that can be read without a lock are in conditions.py; the places themselves in places.py.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.accounts import groups
from sorting_miniapp.db import after_commit, db, new_public_id, transaction, violated
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import conditions, listing, mine, places, sold_out
from sorting_miniapp.events.conditions import Wish
from sorting_miniapp.events.models import Event, Shift, ShiftState, SignUp, SignUpState
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node

LAPSE_BATCH = 200


def sign_up(resident_id: int, event: str, wish: Wish) -> dict[str, Any]:
    """Take places on a shift of the event, or a place in its waiting list. Returns the sign-up as mine.py shows it.

    Raises NotFound, Invalid, and Conflict: what conditions.check raises, already_signed_up, shifts_overlap.
    """
    shift = (conditions if wish.wait else sold_out).choose(event, wish.shift)
    wish = conditions.with_known_ages(shift, {resident_id: wish})[resident_id]
    conditions.check(resident_id, shift, wish)
    values = row_of(resident_id, shift, wish)
    position = None if places.take_alone(values) else _take_or_wait(values, wish.wait)
    listing.kept.forget()
    return {
        "id": values["public_id"],
        "state": (SignUpState.CONFIRMED if position is None else SignUpState.WAITING).value,
        "queue_position": position,
        "places": wish.places,
        "offer_until": None,
    }


def _take_or_wait(values: dict[str, Any], wait: bool) -> int | None:
    """None with a place, the position from 1 in the waiting list."""
    try:
        with transaction() as session:
            places.lock_resident(session, values["resident"])
            return None if places.take(session, values) else queue(values, wait)
    except IntegrityError as error:
        if violated(error) != places.LIVE_KEY:
            raise
        raise places.already_signed_up() from error


def row_of(resident_id: int, shift: Row[*tuple[Any, ...]], wish: Wish) -> dict[str, Any]:
    """The sign-up's row and its shift's times, as places.py takes them."""
    now = clock.now()
    return {
        "public_id": new_public_id(),
        "shift": shift.id,
        "resident": resident_id,
        "places": wish.places,
        "companions": [{"age": age} for age in wish.companions],
        "age": wish.age,
        "guardian_consent_at": now if wish.guardian_consent else None,
        "risk_version": shift.risk_version,
        "group": None,
        "signed_by": None,
        "now": now,
        "starts_at": shift.starts_at,
        "ends_at": shift.ends_at,
    }


def queue(values: dict[str, Any], wait: bool) -> int | None:
    """Under the shift's lock: a place after all (None), or the position in the waiting list from 1."""
    with transaction() as session:
        places.refuse_overlap(session, values)
        shift = places.lock_shift(session, values["shift"])
        if shift.state is not ShiftState.OPEN:
            raise Conflict("shift_cancelled", "这个场次已取消")
        if not shift.waiting and shift.places_taken + values["places"] <= shift.capacity:
            shift.places_taken += values["places"]
            session.flush()
            places.add(session, values, SignUpState.CONFIRMED, None)
            return None
        if not wait:
            raise Conflict("event_full", "名额已满")
        number = shift.next_queue_number
        shift.next_queue_number += 1
        shift.waiting += 1
        session.flush()
        places.add(session, values, SignUpState.WAITING, number)
        return shift.waiting


def withdraw(resident_id: int, sign_up: str, reason: str = "") -> None:
    """Give the places back; the waiting list's head is offered them in the same transaction.

    Raises NotFound; Conflict signup_ended, signup_attended, signup_closed once the shift began; Invalid
    reason_required within `withdraw_hours` of the start.
    """
    row = _own(resident_id, sign_up)
    with transaction() as session:
        shift = places.lock_shift(session, row.shift_id)
        found = session.get_one(SignUp, row.id, with_for_update=True, populate_existing=True)
        if not found.live:
            raise Conflict("signup_ended", "这个报名已结束")
        if found.state in (SignUpState.ATTENDED, SignUpState.ABSENT):
            raise Conflict("signup_attended", "已签到的报名不能退出")
        if shift.starts_at <= clock.now():
            raise Conflict("signup_closed", "活动已开始，不能退出")
        hours_left = (shift.starts_at - clock.now()).total_seconds() / 3600
        late = hours_left < settings.read("withdraw_hours", row.path)
        if late and not reason and found.state is not SignUpState.WAITING:
            raise Invalid("reason_required", "活动即将开始，退出请说明原因")
        places.release(session, shift, found, SignUpState.WITHDRAWN, reason)
        after_commit(listing.kept.forget)


def _own(actor: int, sign_up: str) -> Row[*tuple[Any, ...]]:
    """A resident's own sign-up, or a member's that they brought as the group's leader; no other exists. NotFound."""
    row = (
        db.session()
        .execute(
            select(SignUp.id, SignUp.shift_id, SignUp.resident_id, SignUp.group_id, Node.path)
            .join(Shift, Shift.id == SignUp.shift_id)
            .join(Event, Event.id == Shift.event_id)
            .join(Node, Node.id == Event.node_id)
            .where(SignUp.public_id == sign_up)
        )
        .first()
    )
    led = row is not None and row.group_id is not None and groups.is_leader(actor, row.group_id)
    if row is None or (row.resident_id != actor and not led):
        raise NotFound("signup_not_found", "没有找到这个报名")
    return row


def confirm(resident_id: int, sign_up: str) -> dict[str, Any]:
    """Accept an offer in time; twice is the same as once. Raises NotFound, Conflict offer_lapsed or not_offered."""
    row = _own(resident_id, sign_up)
    with transaction() as session:
        session.execute(
            update(SignUp)
            .where(SignUp.id == row.id, SignUp.state == SignUpState.OFFERED, SignUp.offer_until > clock.now())
            .values(state=SignUpState.CONFIRMED, offer_until=None)
        )
        state = session.scalar(select(SignUp.state).where(SignUp.id == row.id))
        if state in (SignUpState.LAPSED, SignUpState.OFFERED):
            raise Conflict("offer_lapsed", "确认时间已过，名额已顺延")
        if state not in (SignUpState.CONFIRMED, SignUpState.ATTENDED):
            raise Conflict("not_offered", "目前没有为您保留的名额")
    return mine.one(row.resident_id, sign_up)


def lapse_offers() -> int:
    """Pass on places whose offer ran out, and end the waiting lists of shifts that began. Returns sign-ups ended."""
    now, ended = clock.now(), 0
    lapsed = select(SignUp.shift_id).where(SignUp.state == SignUpState.OFFERED, SignUp.offer_until <= now)
    begun = select(Shift.id).where(Shift.waiting > 0, Shift.starts_at <= now)
    session = db.session()
    shifts = set(session.scalars(lapsed.distinct().limit(LAPSE_BATCH))) | set(session.scalars(begun.limit(LAPSE_BATCH)))
    for shift_id in sorted(shifts):
        ended += _lapse(shift_id, now)
    return ended


def _lapse(shift_id: int, now: datetime) -> int:
    """One shift in one transaction: other schedulers wait at its row and then find nothing left."""
    with transaction() as session:
        shift = places.lock_shift(session, shift_id)
        late = (SignUp.state == SignUpState.OFFERED) & (SignUp.offer_until <= now)
        if shift.starts_at <= now:
            late = late | (SignUp.state == SignUpState.WAITING)
        held = places.lock_sign_ups(session, select(SignUp.id).where(SignUp.shift_id == shift_id, late))
        found = [one for one in held if one.state in (SignUpState.OFFERED, SignUpState.WAITING)]
        for sign_up in found:
            places.release(session, shift, sign_up, SignUpState.LAPSED)
        if found:
            after_commit(listing.kept.forget)
        return len(found)
