"""Claiming deliveries in micro-batches: the database decides who may send.

`sending` is committed just before the call, with a lease and a fence. How calls ended is written by ends.py. Core
statements: this is what every message of a fan-out passes through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, Update, and_, any_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock, epoch, metrics
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.database_time import database_in
from sorting_miniapp.db import UTCDateTime, db, transaction
from sorting_miniapp.deliveries import quota
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, FanOut, Subscription
from sorting_miniapp.deliveries.service import quiet_now
from sorting_miniapp.faults import crash_point

NO_CREDIT = 43101
TABLE: Any = Delivery.__table__
CREDITS: Any = Subscription.__table__
PEOPLE: Any = Resident.__table__
FAN_OUTS: Any = FanOut.__table__


class Claimed(NamedTuple):
    """A delivery this worker may send, until its lease ends."""

    id: int
    fence: int
    attempts: int
    openid: str
    resident_id: int
    notice_key: str
    texts: dict[str, str] | None
    page_id: str
    one_time: bool


def claim(fan_out_id: int | None, most: int, lease_seconds: float) -> list[Claimed]:
    """Claim up to `most` ready deliveries of a fan-out (None: of the notices), at most one for each resident.

    Those whose resident does not take the message end here as `refused`. A one-time credit is reserved with the claim.
    """
    if most <= 0 or quota.used_up():
        return []
    with transaction() as session:
        if not epoch.raise_unless_behind():
            return []
        at_once = fan_out_id is not None and _goes_at_once(session)
        if at_once:
            given = {"fan_out": fan_out_id, "now": clock.wall_now(), "most": most}
            rows = session.connection().execute(_look_and_mark(quiet_now(), lease_seconds), given).all()
        else:
            rows = _ready(session, fan_out_id, most)
        taken, refused = _sort_out(rows)
        if refused:
            _refuse(session, refused)
        if taken and not at_once:
            _reserve(session, taken)
            _mark(session, taken, lease_seconds)
        if taken:
            crash_point("sending_before_commit")
    return taken


def _goes_at_once(session: Session) -> bool:
    """Whether the database looks, reserves and marks in one statement."""
    return session.get_bind().dialect.name == "postgresql"


@cache
def _look(notices: bool, quiet: bool) -> Select[Any]:
    """What could be sent :now, at :most so many, of the notices or of :fan_out, and what is known of its receivers."""
    credit = and_(CREDITS.c.resident_id == TABLE.c.resident_id, CREDITS.c.notice_key == TABLE.c.notice_key)
    return (
        select(
            TABLE.c.id,
            TABLE.c.fence,
            TABLE.c.attempts,
            TABLE.c.resident_id,
            TABLE.c.notice_key,
            TABLE.c.texts,
            TABLE.c.page_id,
            PEOPLE.c.openid,
            CREDITS.c.credits,
            CREDITS.c.long_term,
        )
        .select_from(TABLE.join(PEOPLE, PEOPLE.c.id == TABLE.c.resident_id).outerjoin(CREDITS, credit))
        .where(*_may_go(notices, quiet))
        .order_by(*([TABLE.c.priority] if notices else []), TABLE.c.id)
        .limit(bindparam("most"))
        .with_for_update(skip_locked=True, of=TABLE)
    )


def _may_go(notices: bool, quiet: bool) -> list[ColumnElement[bool]]:
    """What must be so of a delivery that is sent :now."""
    lane = TABLE.c.fan_out_id.is_(None) if notices else TABLE.c.fan_out_id == bindparam("fan_out")
    now = bindparam("now", type_=UTCDateTime())
    wanted = [lane, TABLE.c.state == DeliveryState.READY, or_(TABLE.c.not_before.is_(None), TABLE.c.not_before <= now)]
    return [*wanted, TABLE.c.urgent.is_(True)] if quiet else wanted


@cache
def _look_and_mark(quiet: bool, lease_seconds: float) -> Select[Any]:
    """PostgreSQL's way through a fan-out. Gives what `_look` saw.

    The rows to change are named by arrays: they are found by their keys whatever the planner expects of `ready`.
    """
    ready = _look(False, quiet).cte("ready")
    takes = and_(ready.c.openid.is_not(None), or_(ready.c.credits > 0, ready.c.long_term))
    ids = func.array(select(ready.c.id).where(takes).scalar_subquery())
    people = func.array(select(ready.c.resident_id).where(takes, ready.c.long_term.is_(False)).scalar_subquery())
    key = select(FAN_OUTS.c.notice_key).where(FAN_OUTS.c.id == bindparam("fan_out")).scalar_subquery()
    return (
        select(ready)
        .order_by(ready.c.id)
        .add_cte(
            _reserving(key, CREDITS.c.resident_id == any_(people)).cte("reserved"),
            _marking(TABLE.c.id == any_(ids), lease_seconds).cte("marked"),
        )
    )


def _reserving(key: Any, whose: ColumnElement[bool]) -> Update:
    """Take the one-time credits that the messages use."""
    mine = (CREDITS.c.notice_key == key, whose, CREDITS.c.credits > 0)
    return update(CREDITS).where(*mine).values(credits=CREDITS.c.credits - 1)


def _marking(which: ColumnElement[bool], lease_seconds: float) -> Update:
    """`sending`, before anything is called."""
    return (
        update(TABLE)
        .where(which)
        .values(
            state=DeliveryState.SENDING,
            fence=TABLE.c.fence + 1,
            attempts=TABLE.c.attempts + 1,
            lease_until=database_in(lease_seconds),
        )
    )


def _ready(session: Session, fan_out_id: int | None, most: int) -> Sequence[Any]:
    given = {"now": clock.wall_now(), "most": most} | ({} if fan_out_id is None else {"fan_out": fan_out_id})
    return session.connection().execute(_look(fan_out_id is None, quiet_now()), given).all()


def _sort_out(rows: Iterable[Any]) -> tuple[list[Claimed], list[int]]:
    """Those to send to, and the ids of those who do not take it."""
    taken: list[Claimed] = []
    refused: list[int] = []
    seen: set[int] = set()
    for id_, fence, attempts, resident, key, texts, page, openid, credits, long_term in rows:
        if resident in seen:
            continue  # one message at a time for each person: WeChat answers 43108 otherwise
        if openid is None or not (credits or long_term):
            refused.append(id_)
            continue
        seen.add(resident)
        taken.append(Claimed(id_, fence + 1, attempts + 1, openid, resident, key, texts, page, not long_term))
    return taken, refused


def _reserve(session: Session, taken: Iterable[Claimed]) -> None:
    reserve: dict[str, list[int]] = defaultdict(list)
    for one in taken:
        if one.one_time:
            reserve[one.notice_key].append(one.resident_id)
    for key, residents in reserve.items():
        session.connection().execute(_reserving(key, CREDITS.c.resident_id.in_(residents)))


def _mark(session: Session, taken: Sequence[Claimed], lease_seconds: float) -> None:
    session.connection().execute(_marking(TABLE.c.id.in_([one.id for one in taken]), lease_seconds))


def _refuse(session: Session, ids: list[int]) -> None:
    session.connection().execute(
        update(TABLE)
        .where(TABLE.c.id.in_(ids))
        .values(state=DeliveryState.REFUSED, errcode=NO_CREDIT, reason="没有订阅", done_at=clock.now())
    )
    metrics.DELIVERIES.labels("subscribe", DeliveryState.REFUSED.value).inc(len(ids))


def notices_waiting() -> bool:
    """Whether any notice could be sent now."""
    if quota.used_up():
        return False
    waiting = select(TABLE.c.id).where(*_may_go(True, quiet_now())).limit(1)
    return db.session().scalar(waiting, {"now": clock.wall_now()}) is not None
