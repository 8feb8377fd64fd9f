"""Claiming deliveries in micro-batches: the database decides who may send.

`sending` is committed just before the call, with a lease and a fence. How calls ended is written by ends.py. Core
statements: this is what every message of a fan-out passes through.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ARRAY, BigInteger, ColumnElement, and_, any_, literal, or_, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock, epoch, metrics
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.database_time import database_in
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import quota
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, Subscription
from sorting_miniapp.deliveries.service import quiet_now
from sorting_miniapp.faults import crash_point

NO_CREDIT = 43101
TABLE: Any = Delivery.__table__
CREDITS: Any = Subscription.__table__
PEOPLE: Any = Resident.__table__


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
        taken, refused = _sort_out(_ready(session, fan_out_id, most))
        if (taken or refused) and not epoch.raise_unless_behind():
            return []
        if refused:
            _refuse(session, refused)
        if taken:
            _reserve(session, taken)
            _mark(session, taken, lease_seconds)
    return taken


def _among(session: Session, column: ColumnElement[int], keys: list[int]) -> ColumnElement[bool]:
    """The column is one of these. PostgreSQL gets one array: the same statement, planned once, for every batch."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(keys, ARRAY(BigInteger)))
    return column.in_(keys)


def _mark(session: Session, taken: Sequence[Claimed], lease_seconds: float) -> None:
    """`sending`, before anything is called."""
    session.connection().execute(
        update(TABLE)
        .where(_among(session, TABLE.c.id, [one.id for one in taken]))
        .values(
            state=DeliveryState.SENDING,
            fence=TABLE.c.fence + 1,
            attempts=TABLE.c.attempts + 1,
            lease_until=database_in(lease_seconds),
        )
    )
    crash_point("sending_before_commit")


def _may_go(fan_out_id: int | None) -> list[ColumnElement[bool]]:
    """What must be so of a delivery that is sent now."""
    lane = TABLE.c.fan_out_id.is_(None) if fan_out_id is None else TABLE.c.fan_out_id == fan_out_id
    wanted = [lane, TABLE.c.state == DeliveryState.READY]
    wanted.append(or_(TABLE.c.not_before.is_(None), TABLE.c.not_before <= clock.wall_now()))
    if quiet_now():
        wanted.append(TABLE.c.urgent.is_(True))
    return wanted


def _ready(session: Session, fan_out_id: int | None, most: int) -> Sequence[Any]:
    credit = and_(CREDITS.c.resident_id == TABLE.c.resident_id, CREDITS.c.notice_key == TABLE.c.notice_key)
    return (
        session.connection()
        .execute(
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
            .where(*_may_go(fan_out_id))
            .order_by(*([TABLE.c.priority] if fan_out_id is None else []), TABLE.c.id)
            .limit(most)
            .with_for_update(skip_locked=True, of=TABLE)
        )
        .all()
    )


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
    """Take the one-time credits that the messages use."""
    reserve: dict[str, list[int]] = defaultdict(list)
    for one in taken:
        if one.one_time:
            reserve[one.notice_key].append(one.resident_id)
    for key, residents in reserve.items():
        session.connection().execute(
            update(CREDITS)
            .where(
                CREDITS.c.notice_key == key, _among(session, CREDITS.c.resident_id, residents), CREDITS.c.credits > 0
            )
            .values(credits=CREDITS.c.credits - 1)
        )


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
    return db.session().scalar(select(TABLE.c.id).where(*_may_go(None)).limit(1)) is not None
