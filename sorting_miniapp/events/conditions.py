"""What a sign-up must meet that can be read without a lock; the places themselves are settled in places.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Row, Table, bindparam, select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import absences, minors, requirements
from sorting_miniapp.events.models import Event, EventState, Shift, ShiftState
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node

MOST_PLACES = 60  # a class with its teachers


@dataclass(frozen=True)
class Wish:
    """What a resident asks for. `companions` are ages in years; `age` the account holder's own, None: grown up.

    `risk_version` is the notice that was shown, None where the client does not say.
    """

    shift: str | None = None
    companions: tuple[int, ...] = ()
    age: int | None = None
    risk_accepted: bool = False
    risk_version: int | None = None
    guardian_consent: bool = False
    wait: bool = True

    @property
    def places(self) -> int:
        return 1 + len(self.companions)


# Built once, over the tables themselves: a rush asks this hundreds of times a second.
_shift, _event, _node = (cast(Table, one.__table__) for one in (Shift, Event, Node))
_OF_EVENT = (
    select(
        _shift.c.id,
        _shift.c.starts_at,
        _shift.c.ends_at,
        _shift.c.capacity,
        _shift.c.places_taken,
        _shift.c.waiting,
        _shift.c.state,
        _shift.c.requirements,
        _event.c.risk_version,
        _event.c.opens_at,
        _event.c.early_hours,
        _node.c.path,
    )
    .join_from(_shift, _event, _event.c.id == _shift.c.event_id)
    .join(_node, _node.c.id == _event.c.node_id)
    .where(_event.c.public_id == bindparam("event"), _event.c.state != EventState.DRAFT)
    .order_by(_shift.c.starts_at, _shift.c.id)
)
_ONE_SHIFT = _OF_EVENT.where(_shift.c.public_id == bindparam("shift"))


def choose(event: str, shift: str | None) -> Row[*tuple[Any, ...]]:
    """The one shift meant, with what its event asks. Raises NotFound, Invalid shift_required."""
    if shift is not None:
        rows = db.session().execute(_ONE_SHIFT, {"event": event, "shift": shift}).all()
    else:
        rows = db.session().execute(_OF_EVENT, {"event": event}).all()
        coming = [row for row in rows if row.state is ShiftState.OPEN and row.starts_at > clock.now()]
        if len(coming) > 1:
            raise Invalid("shift_required", "这个活动有多个场次，请选择一个")
        rows = coming or rows
    if not rows:
        raise NotFound("event_not_found", "没有找到这个活动或场次")
    return rows[0]


def no_place(shift: Row[*tuple[Any, ...]], wish: Wish) -> bool:
    """Whether this shift is refused for want of places: only to who does not want to wait."""
    return not wish.wait and bool(shift.waiting or shift.places_taken + wish.places > shift.capacity)


def with_known_ages(shift: Row[*tuple[Any, ...]], wishes: Mapping[int, Wish]) -> dict[int, Wish]:
    """The residents' wishes with the ages that minors registered with, whatever was said now; at most one statement.

    Nothing is looked up where the shift is full anyway: in a rush that answer costs no look into the database.
    """
    asked = [resident for resident, wish in wishes.items() if not no_place(shift, wish)]
    known = requirements.ages_of_minors(asked) if asked else {}
    return {one: replace(wish, age=known[one]) if one in known else wish for one, wish in wishes.items()}


def check(resident_id: int, shift: Row[*tuple[Any, ...]], wish: Wish) -> None:
    """Raises Invalid, and Conflict: shift_cancelled, signup_closed, signup_not_open, risk_changed,
    requirement_not_met, event_full (only with wait=False)."""
    if not wish.risk_accepted:
        raise Invalid("risk_not_accepted", "请先阅读并同意风险告知")
    if wish.risk_version is not None and wish.risk_version != shift.risk_version:
        raise Conflict("risk_changed", "风险告知已更新，请重新阅读", {"risk_version": shift.risk_version})
    if shift.state is ShiftState.CANCELLED:
        raise Conflict("shift_cancelled", "这个场次已取消")
    if shift.state is not ShiftState.OPEN or shift.starts_at <= clock.now():
        raise Conflict("signup_closed", "报名已截止")
    most = min(shift.capacity, MOST_PLACES)
    if wish.places > most:
        raise Invalid("too_many_people", f"一次最多为 {most} 人报名")
    check_ages(wish, shift.path)
    check_open(resident_id, shift)
    if shift.requirements:
        requirements.check(resident_id, requirements.of(shift.requirements), wish.age, wish.companions)
    if no_place(shift, wish):
        raise Conflict("event_full", "名额已满")


def check_ages(wish: Wish, path: str) -> None:
    """The party's ages by the rules for minors of the unit at `path`. Raises Invalid."""
    if wish.age is not None or wish.companions:
        names = ("minor_age", "guardian_account_age", "accompanied_age")
        ages = minors.Ages(*(settings.read(name, path) for name in names))
        minors.check(wish.age, wish.companions, wish.guardian_consent, ages)


def check_open(resident_id: int, shift: Row[*tuple[Any, ...]]) -> None:
    """Sign-up has begun, for this person: early for those without a record of absences. Raises Conflict."""
    now = clock.now()
    if shift.opens_at is None or shift.opens_at <= now:
        return
    early = shift.opens_at - timedelta(hours=shift.early_hours)
    details = {"opens_at": clock.local(shift.opens_at).isoformat(timespec="seconds")}
    if now < early or not shift.early_hours:
        raise Conflict("signup_not_open", "报名还没有开始", details)
    if not absences.standing(resident_id, shift.path).early:
        raise Conflict("no_early_signup", "因近期多次报名未到场，暂不能提前报名，请在报名开始后再来", details)
