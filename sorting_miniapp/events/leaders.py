"""Leaders at a shift: residents who take comings and goings in the mini-program, for that shift and no other.

The organiser appoints them for a shift; a group's leader has the same right over the sign-ups of the own group, and
over a whole shift that only the group's members may take (design.md §6, Tree).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, or_, select, true

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import GroupMember
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import board, persons, registers, requirements, scanning
from sorting_miniapp.events.attendance import OPENS_BEFORE, OUT_GRACE, Mark, enter_as, mark, sign_ups
from sorting_miniapp.events.models import CheckHow, Event, EventState, Shift, ShiftState, SignUp
from sorting_miniapp.events.models_day import ShiftLeader

MOST = 20
AHEAD = timedelta(hours=24)


def of(shift_id: int) -> list[persons.Person]:
    """The appointed leaders, masked, in the order of their appointment."""
    query = select(ShiftLeader.resident_id).where(ShiftLeader.shift_id == shift_id)
    keys = list(db.session().scalars(query.order_by(ShiftLeader.appointed_at, ShiftLeader.resident_id)))
    known = persons.of(keys)
    return [known.get(key) or persons.Person(key, "微信用户") for key in keys]


def appoint(actor: StaffActor, shift_id: int, resident_id: int) -> None:
    """Let a resident take this shift's comings and goings; twice is once; audited.

    Raises NotFound, Forbidden, Conflict too_many_leaders.
    """
    _, _, node = registers.shift(actor, shift_id, change=True)
    with transaction() as session:
        known = list(session.scalars(select(ShiftLeader.resident_id).where(ShiftLeader.shift_id == shift_id)))
        if resident_id in known:
            return
        if len(known) >= MOST:
            raise Conflict("too_many_leaders", f"一个场次最多 {MOST} 名带队人")
        row = ShiftLeader(shift_id=shift_id, resident_id=resident_id, appointed_by=actor.id, appointed_at=clock.now())
        session.add(row)
        session.flush()
        after = {"resident": resident_id}
        audit.record(actor.username, "event.appoint_leader", "shift", shift_id, node_path=node.path, after=after)


def dismiss(actor: StaffActor, shift_id: int, resident_id: int) -> None:
    """Take the right back; audited. Raises NotFound, Forbidden."""
    _, _, node = registers.shift(actor, shift_id, change=True)
    with transaction() as session:
        own = (ShiftLeader.shift_id == shift_id, ShiftLeader.resident_id == resident_id)
        if session.execute(delete(ShiftLeader).where(*own)).rowcount:  # type: ignore[attr-defined]
            before = {"resident": resident_id}
            audit.record(actor.username, "event.dismiss_leader", "shift", shift_id, node_path=node.path, before=before)


def _led_groups(resident_id: int) -> list[int]:
    query = select(GroupMember.node_id).where(GroupMember.resident_id == resident_id, GroupMember.leader)
    return list(db.session().scalars(query.order_by(GroupMember.node_id)))


def duties(resident_id: int) -> list[dict[str, Any]]:
    """The shifts a resident may take attendance at now or soon (until tomorrow), the next first."""
    now, groups = clock.now(), _led_groups(resident_id)
    session = db.session()
    led = set(session.scalars(select(ShiftLeader.shift_id).where(ShiftLeader.resident_id == resident_id)))
    grouped = set(session.scalars(select(SignUp.shift_id).where(SignUp.group_id.in_(groups), SignUp.live == 1)))
    rows = session.execute(
        select(Shift, Event)
        .join(Event, Event.id == Shift.event_id)
        .where(
            or_(Shift.id.in_(led | grouped), Shift.requirements.is_not(None)),
            Shift.state == ShiftState.OPEN,
            Event.state == EventState.PUBLISHED,
            Shift.ends_at >= now - OUT_GRACE,
            Shift.starts_at <= now + AHEAD,
        )
        .order_by(Shift.starts_at, Shift.id)
    )
    found = [(row, row.Shift.id in led or requirements.of(row.Shift.requirements).group in groups) for row in rows]
    return [_duty(row, whole) for row, whole in found if whole or row.Shift.id in grouped]


def _duty(row: Row[*tuple[Any, ...]], whole: bool) -> dict[str, Any]:
    return {
        "shift_id": row.Shift.public_id,
        "event": {"id": row.Event.public_id, "title": row.Event.title},
        "title": row.Shift.title,
        "place": row.Event.place,
        "starts_at": row.Shift.starts_at,
        "ends_at": row.Shift.ends_at,
        "whole_shift": whole,
    }


_WHOLE: ColumnElement[bool] = true()


def _scope_of(resident_id: int, shift: Shift, groups: list[int]) -> ColumnElement[bool] | None:
    """Which sign-ups of the shift the resident may see and take; None: no right here."""
    session = db.session()
    if session.get(ShiftLeader, (shift.id, resident_id)) or requirements.of(shift.requirements).group in groups:
        return _WHOLE
    own = SignUp.group_id.in_(groups)
    if groups and session.scalar(select(SignUp.id).where(SignUp.shift_id == shift.id, SignUp.live == 1, own).limit(1)):
        return own
    return None


def _enter(resident_id: int, shift: str) -> tuple[Shift, ColumnElement[bool]]:
    """The shift and the resident's scope. Raises NotFound for who has no right there, Conflict outside its time."""
    found = db.session().scalar(select(Shift).where(Shift.public_id == shift))
    scope = _scope_of(resident_id, found, _led_groups(resident_id)) if found else None
    if found is None or scope is None:
        raise NotFound("not_a_leader", "您不是这个场次的带队人")
    if not found.starts_at - OPENS_BEFORE <= clock.now() <= found.ends_at + OUT_GRACE:
        raise Conflict("not_the_time", "场次开始前一小时至结束后半小时可以登记")
    return found, scope


def attendance(resident_id: int, shift: str, words: str = "") -> dict[str, Any]:
    """Counts and people of the leader's scope; names masked. Raises NotFound, Conflict."""
    found, scope = _enter(resident_id, shift)
    shown = board.of(found.id, words, None, scope)
    people = [
        {"id": line.public_id, "name": line.name, "places": line.places, "standing": line.standing, "since": line.since}
        for line in shown.lines
    ]
    return {"expected": shown.expected, "more": shown.more, "items": people} | {
        standing.value: number for standing, number in shown.people.items()
    }


def take(resident_id: int, shift: str, code: str) -> dict[str, Any]:
    """A code somebody shows to the leader, scanned or typed. Raises NotFound, Invalid, Conflict."""
    found, scope = _enter(resident_id, shift)
    row, step = scanning.shown_by(found.id, code, scope)
    return mark(row, clock.now(), Mark(CheckHow.SHOWN, step, leader=resident_id))


def enter(resident_id: int, shift: str, sign_up: str, going: bool, reason: str) -> dict[str, Any]:
    """The leader's entry for somebody without a phone, with the reason. Not for oneself. Raises as `take`."""
    found, scope = _enter(resident_id, shift)
    query = sign_ups().where(SignUp.public_id == sign_up, SignUp.shift_id == found.id, SignUp.live == 1, scope)
    row = db.session().execute(query).first()
    if row is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    if row.resident_id == resident_id:
        raise Invalid("own_entry", "不能为自己登记，请扫码或请其他人登记")
    return enter_as(row, going, clock.now(), Mark(CheckHow.LEADER, leader=resident_id, reason=reason))
