"""Leaders at a shift: residents who take comings and goings in the mini-program, for that shift and no other.

The organiser appoints them for a shift; a group's leader has the same right over the sign-ups of the own group, and
over a whole shift that only the group's members may take (design.md §6, Tree). An organiser who bound the own WeChat
(accounts/binding.py) leads every shift of the own branch, and what they take is audited as theirs.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, Row, delete, or_, select, true

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts import binding
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import GroupMember, Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import board, persons, registers, requirements, scanning
from sorting_miniapp.events.attendance import OPENS_BEFORE, OUT_GRACE, Mark, enter_as, mark, sign_ups
from sorting_miniapp.events.models import CheckHow, Event, EventState, Shift, ShiftState, SignUp
from sorting_miniapp.events.models_day import ShiftLeader
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains, within

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
    session, branches = db.session(), _organised(resident_id)
    led = set(session.scalars(select(ShiftLeader.shift_id).where(ShiftLeader.resident_id == resident_id)))
    grouped = set(session.scalars(select(SignUp.shift_id).where(SignUp.group_id.in_(groups), SignUp.live == 1)))
    rows = session.execute(
        select(Shift, Event, Node.path)
        .join(Event, Event.id == Shift.event_id)
        .join(Node, Node.id == Event.node_id)
        .where(
            or_(Shift.id.in_(led | grouped), Shift.requirements.is_not(None), within(Node.path, branches)),
            Shift.state == ShiftState.OPEN,
            Event.state == EventState.PUBLISHED,
            Shift.ends_at >= now - OUT_GRACE,
            Shift.starts_at <= now + AHEAD,
        )
        .order_by(Shift.starts_at, Shift.id)
    )
    found = [
        (row, row.Shift.id in led or any(contains(branch, row.path) for branch in branches) or _of_group(row, groups))
        for row in rows
    ]
    return [_duty(row, whole) for row, whole in found if whole or row.Shift.id in grouped]


def _organised(resident_id: int) -> list[str]:
    """The branches whose organiser the resident is, by the WeChat they bound."""
    staff = binding.staff_of(resident_id)
    return staff.branches(Role.ORGANISER) if staff else []


def _of_group(row: Row[*tuple[Any, ...]], groups: list[int]) -> bool:
    return requirements.of(row.Shift.requirements).group in groups


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


@dataclass(frozen=True)
class _Duty:
    """A shift, which of its sign-ups the resident may take, and as which member of staff, if as one."""

    shift: Shift
    scope: ColumnElement[bool]
    staff: StaffActor | None = None
    path: str = ""

    def by(self, resident_id: int, **how: Any) -> Mark:
        """A member of staff takes it in their own name, not for the person they are in the mini-program."""
        staff = self.staff
        return Mark(staff=staff.id, **how) if staff else Mark(leader=resident_id, **how)

    def audited(self, row: Row[*tuple[Any, ...]], answer: dict[str, Any], reason: str = "") -> None:
        """In the caller's transaction: what staff take is in the audit trail."""
        if self.staff:
            after = {"at": str(clock.local(answer["at"])), "pair": answer["pair"]} | (
                {"reason": reason} if reason else {}
            )
            action = f"event.check_{answer['action']}"
            audit.record(self.staff.username, action, "sign_up", row.id, node_path=self.path, after=after)


def _duty_at(resident_id: int, shift: Shift) -> _Duty | None:
    """What the resident may do at the shift; None: nothing."""
    session, groups = db.session(), _led_groups(resident_id)
    staff = binding.staff_of(resident_id)
    if staff:
        path = session.scalars(
            select(Node.path).join(Event, Event.node_id == Node.id).where(Event.id == shift.event_id)
        ).one()
        if staff.may(Role.ORGANISER, path):
            return _Duty(shift, _WHOLE, staff, path)
    if session.get(ShiftLeader, (shift.id, resident_id)) or requirements.of(shift.requirements).group in groups:
        return _Duty(shift, _WHOLE)
    own = SignUp.group_id.in_(groups)
    if groups and session.scalar(select(SignUp.id).where(SignUp.shift_id == shift.id, SignUp.live == 1, own).limit(1)):
        return _Duty(shift, own)
    return None


def _enter(resident_id: int, shift: str) -> _Duty:
    """The resident's duty at the shift. Raises NotFound for who has no right there, Conflict outside its time."""
    found = db.session().scalar(select(Shift).where(Shift.public_id == shift))
    duty = _duty_at(resident_id, found) if found else None
    if found is None or duty is None:
        raise NotFound("not_a_leader", "您不是这个场次的带队人")
    if not found.starts_at - OPENS_BEFORE <= clock.now() <= found.ends_at + OUT_GRACE:
        raise Conflict("not_the_time", "场次开始前一小时至结束后半小时可以登记")
    return duty


def attendance(resident_id: int, shift: str, words: str = "") -> dict[str, Any]:
    """Counts and people of the leader's scope; names masked. Raises NotFound, Conflict."""
    duty = _enter(resident_id, shift)
    shown = board.of(duty.shift.id, words, None, duty.scope)
    people = [
        {"id": line.public_id, "name": line.name, "places": line.places, "standing": line.standing, "since": line.since}
        for line in shown.lines
    ]
    return {"expected": shown.expected, "more": shown.more, "items": people} | {
        standing.value: number for standing, number in shown.people.items()
    }


def take(resident_id: int, shift: str, code: str) -> dict[str, Any]:
    """A code somebody shows to the leader, scanned or typed. Not the own one. Raises NotFound, Invalid, Conflict."""
    duty = _enter(resident_id, shift)
    row, step = scanning.shown_by(duty.shift.id, code, duty.scope)
    _refuse_own(resident_id, row)
    with transaction():
        answer = mark(row, clock.now(), duty.by(resident_id, how=CheckHow.SHOWN, step=step))
        duty.audited(row, answer)
    return answer


def _refuse_own(resident_id: int, row: Row[*tuple[Any, ...]]) -> None:
    if row.resident_id == resident_id:
        raise Invalid("own_entry", "不能为自己登记，请扫现场的签到码或请其他人登记")


def enter(resident_id: int, shift: str, sign_up: str, going: bool, reason: str) -> dict[str, Any]:
    """The leader's entry for somebody without a phone, with the reason. Not for oneself. Raises as `take`."""
    duty = _enter(resident_id, shift)
    own = (SignUp.public_id == sign_up, SignUp.shift_id == duty.shift.id, SignUp.live == 1, duty.scope)
    query = sign_ups().where(*own)
    row = db.session().execute(query).first()
    if row is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    _refuse_own(resident_id, row)
    with transaction():
        how = CheckHow.STAFF if duty.staff else CheckHow.LEADER
        answer = enter_as(row, going, clock.now(), duty.by(resident_id, how=how, reason=reason))
        duty.audited(row, answer, reason)
    return answer
