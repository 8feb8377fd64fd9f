"""People who come to the site without having signed up: staff sign them up there and check them in.

A place is taken like any other, so the invariant stands: never more people than places. Where none is free, staff may
add one for this person, which raises the shift's places by one (they decide how many the site can hold) and is audited
with the reason. Until the shift begins nobody passes those who wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import after_commit, db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import conditions, listing, persons, places, registers, requirements, service
from sorting_miniapp.events.attendance import OPENS_BEFORE, Mark, mark, sign_ups
from sorting_miniapp.events.conditions import Wish
from sorting_miniapp.events.models import CheckHow, Event, EventState, Shift, ShiftState, SignUp, SignUpState
from sorting_miniapp.events.models_day import WalkIn

REASON = "现场登记"


@dataclass(frozen=True)
class Newcomer:
    """Who came. `age` in years for a minor; `risk_told`: the risks were told and accepted on the spot."""

    resident_id: int
    risk_told: bool
    age: int | None = None
    guardian_consent: bool = False
    add_place: bool = False
    reason: str = ""


def look_up(actor: StaffActor, shift_id: int, words: str) -> persons.Person:
    """Whom a whole phone or volunteer number belongs to, masked. Raises NotFound, Forbidden, Invalid."""
    registers.shift(actor, shift_id, change=True)
    if len(words) < 5:
        raise Invalid("walk_in", "请输入完整的手机号码或志愿者编号")
    found = persons.find(words)
    if found is None:
        raise NotFound("volunteer_not_found", "没有找到。请对方先在小程序登记为志愿者；不登记的计入人数登记")
    return found


def register(actor: StaffActor, shift_id: int, who: Newcomer) -> int:
    """Sign up and check in, in one transaction; returns the sign-up's key.

    Raises NotFound, Forbidden, Invalid, and Conflict: event_full, others_waiting, already_signed_up, shifts_overlap,
    shift_over, too_early, requirement_not_met.
    """
    shift, event, node = registers.shift(actor, shift_id, change=True)
    row = conditions.choose(event.public_id, shift.public_id)
    said = Wish(age=who.age, guardian_consent=who.guardian_consent)
    wish = conditions.with_known_ages(row, {who.resident_id: said})[who.resident_id]
    _check(shift, event, who, wish, node.path)
    values = service.row_of(who.resident_id, row, wish)
    with transaction() as session:
        places.lock_resident(session, who.resident_id)
        _refuse_overlap(session, values)
        added = _take_place(session, shift_id, who)
        places.add(session, values, SignUpState.CONFIRMED, None)
        made = _made(values["public_id"])
        session.add(WalkIn(sign_up_id=made.id, staff_id=actor.id, added_place=added, at=values["now"]))
        mark(made, values["now"], Mark(CheckHow.STAFF, staff=actor.id, reason=REASON))
        after_commit(listing.kept.forget)
        after = {"shift": shift_id, "added_place": added, "reason": who.reason or REASON}
        audit.record(actor.username, "event.walk_in", "sign_up", made.id, node_path=node.path, after=after)
    return int(made.id)


def _check(shift: Shift, event: Event, who: Newcomer, wish: Wish, path: str) -> None:
    now = clock.now()
    if not who.risk_told:
        raise Invalid("risk_not_accepted", "请当面告知风险，对方同意后再登记")
    if event.state is not EventState.PUBLISHED or shift.state is not ShiftState.OPEN or shift.ends_at < now:
        raise Conflict("shift_over", "场次已结束或取消，不能现场登记")
    if now < shift.starts_at - OPENS_BEFORE:
        raise Conflict("too_early", "场次开始前一小时起才能现场登记")
    conditions.check_ages(wish, path)
    if shift.requirements:
        requirements.check(who.resident_id, requirements.of(shift.requirements), wish.age, ())


def _refuse_overlap(session: Session, values: dict[str, Any]) -> None:
    if not places.overlapping(session, values):
        return
    same = (SignUp.shift_id == values["shift"], SignUp.resident_id == values["resident"], SignUp.live == 1)
    if session.query(SignUp.id).filter(*same).first():
        raise Conflict("already_signed_up", "对方已报名或在候补这个场次，请在名单里签到")
    raise Conflict("shifts_overlap", "对方报名的其他场次与这个场次时间冲突")


def _take_place(session: Session, shift_id: int, who: Newcomer) -> bool:
    """Take a place under the shift's lock; True when it had to be added."""
    shift = places.lock_shift(session, shift_id)
    if shift.waiting and clock.now() < shift.starts_at:
        raise Conflict("others_waiting", "还有人候补，场次开始前名额先给候补的人")
    full = shift.places_taken >= shift.capacity
    if full and not who.add_place:
        raise Conflict("event_full", "名额已满。现场容得下的，可勾选“增加一个名额”并写明原因")
    if full and not who.reason:
        raise Invalid("reason_required", "增加名额请写明原因")
    shift.capacity += full
    shift.places_taken += 1
    session.flush()
    return full


def _made(public_id: str) -> Row[*tuple[Any, ...]]:
    return db.session().execute(sign_ups().where(SignUp.public_id == public_id)).one()
