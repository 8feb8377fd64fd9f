"""Claiming deliveries and recording how they ended, in micro-batches: the database decides who may send and finish.

`sending` is committed just before the call, with a lease and a fence; a worker whose lease ran out changes no row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, or_, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock, epoch, metrics
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import database_now, db, transaction
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, FanOut, Subscription
from sorting_miniapp.deliveries.service import quiet_now
from sorting_miniapp.wechat.errors import TOKEN_CODES, Outcome

NO_CREDIT = 43101
TRIES = 5
TABLE: Any = Delivery.__table__


@dataclass(frozen=True, slots=True)
class Claimed:
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


@dataclass(frozen=True, slots=True)
class Result:
    """How one call ended. `outcome` is None when WeChat took the message."""

    claimed: Claimed
    outcome: Outcome | None
    errcode: int = 0
    reason: str = ""
    rid: str = ""
    msgid: str = ""


@dataclass
class Ends:
    """Values to write, gathered by the state they lead to."""

    sent: list[dict[str, Any]] = field(default_factory=list)
    other: list[tuple[Result, dict[str, Any]]] = field(default_factory=list)


def claim(fan_out_id: int | None, most: int, lease_seconds: float) -> list[Claimed]:
    """Claim up to `most` ready deliveries of a fan-out (None: of the notices), at most one for each resident.

    Those whose resident does not take the message end here as `refused`. A one-time credit is reserved with the claim.
    """
    if most <= 0:
        return []
    with transaction() as session:
        if epoch.behind():
            return []
        rows = _ready(session, fan_out_id, most)
        taken, refused = _sort_out(session, rows)
        if refused:
            _refuse(session, refused)
        if taken:
            epoch.raise_it()
            ids = [c.id for c in taken]
            session.execute(
                update(Delivery)
                .where(Delivery.id.in_(ids))
                .values(
                    state=DeliveryState.SENDING,
                    fence=Delivery.fence + 1,
                    attempts=Delivery.attempts + 1,
                    lease_until=database_now() + timedelta(seconds=lease_seconds),
                )
            )
    return taken


def _ready(session: Session, fan_out_id: int | None, most: int) -> Sequence[Any]:
    lane = Delivery.fan_out_id.is_(None) if fan_out_id is None else Delivery.fan_out_id == fan_out_id
    wanted: list[ColumnElement[bool]] = [lane, Delivery.state == DeliveryState.READY]
    wanted.append(or_(Delivery.not_before.is_(None), Delivery.not_before <= clock.wall_now()))
    if quiet_now():
        wanted.append(Delivery.urgent.is_(True))
    credit = and_(Subscription.resident_id == Delivery.resident_id, Subscription.notice_key == Delivery.notice_key)
    return session.execute(
        select(
            Delivery.id,
            Delivery.fence,
            Delivery.attempts,
            Delivery.resident_id,
            Delivery.notice_key,
            Delivery.texts,
            Delivery.page_id,
            Resident.openid,
            Subscription.credits,
            Subscription.long_term,
        )
        .join(Resident, Resident.id == Delivery.resident_id)
        .outerjoin(Subscription, credit)
        .where(*wanted)
        .order_by(*([Delivery.priority] if fan_out_id is None else []), Delivery.id)
        .limit(most)
        .with_for_update(skip_locked=True, of=Delivery)
    ).all()


def _sort_out(session: Session, rows: Sequence[Any]) -> tuple[list[Claimed], list[int]]:
    taken: list[Claimed] = []
    refused: list[int] = []
    seen: set[int] = set()
    reserve: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.resident_id in seen:
            continue  # one message at a time for each person: WeChat answers 43108 otherwise
        if row.openid is None or not (row.credits or row.long_term):
            refused.append(row.id)
            continue
        seen.add(row.resident_id)
        one_time = not row.long_term
        if one_time:
            reserve[row.notice_key].append(row.resident_id)
        taken.append(
            Claimed(
                row.id,
                row.fence + 1,
                row.attempts + 1,
                row.openid,
                row.resident_id,
                row.notice_key,
                row.texts,
                row.page_id,
                one_time,
            )
        )
    for key, residents in reserve.items():
        session.execute(
            update(Subscription)
            .where(Subscription.notice_key == key, Subscription.resident_id.in_(residents), Subscription.credits > 0)
            .values(credits=Subscription.credits - 1)
        )
    return taken, refused


def _refuse(session: Session, ids: list[int]) -> None:
    session.execute(
        update(Delivery)
        .where(Delivery.id.in_(ids))
        .values(state=DeliveryState.REFUSED, errcode=NO_CREDIT, reason="没有订阅", done_at=clock.now())
    )
    metrics.DELIVERIES.labels("subscribe", DeliveryState.REFUSED.value).inc(len(ids))


def record(results: Sequence[Result]) -> None:
    """Write the ends of calls. A delivery that is no longer ours by its fence is left alone."""
    if not results:
        return
    now, ends = clock.now(), Ends()
    for result in results:
        if result.outcome is None:
            ends.sent.append({"b_id": result.claimed.id, "b_fence": result.claimed.fence, "b_msgid": result.msgid})
        else:
            ends.other.append((result, _end(result, now)))
    with transaction() as session:
        if ends.sent:
            mine = (TABLE.c.id == bindparam("b_id"), TABLE.c.fence == bindparam("b_fence"))
            statement = (
                update(TABLE)
                .where(*mine, TABLE.c.state == DeliveryState.SENDING)
                .values(state=DeliveryState.SENT, msgid=bindparam("b_msgid"), done_at=now, lease_until=None)
            )
            session.connection().execute(statement, ends.sent)
            metrics.DELIVERIES.labels("subscribe", DeliveryState.SENT.value).inc(len(ends.sent))
        for result, values in ends.other:
            _record_other(session, result, values)


def _end(result: Result, now: datetime) -> dict[str, Any]:
    """The columns a call that did not succeed leads to."""
    values: dict[str, Any] = {
        "errcode": result.errcode,
        "reason": result.reason[:120],
        "rid": result.rid[:64],
        "lease_until": None,
    }
    ended = {"done_at": now}
    if result.outcome is Outcome.UNKNOWN:
        return values | ended | {"state": DeliveryState.UNKNOWN}
    if result.outcome is Outcome.REFUSED:
        soft = result.errcode in (NO_CREDIT, 40003)
        return values | ended | {"state": DeliveryState.REFUSED if soft else DeliveryState.FAILED}
    if result.outcome is Outcome.QUOTA:
        tomorrow = clock.local_midnight(clock.local(clock.wall_now()).date() + timedelta(days=1))
        return values | {"state": DeliveryState.READY, "not_before": tomorrow}
    if result.outcome is Outcome.RETRY and result.claimed.attempts >= TRIES and result.errcode not in TOKEN_CODES:
        return values | ended | {"state": DeliveryState.FAILED}
    wait = timedelta(seconds=2 ** min(result.claimed.attempts, 8))
    return values | {"state": DeliveryState.READY, "not_before": clock.wall_now() + wait}


def _record_other(session: Session, result: Result, values: dict[str, Any]) -> None:
    claimed = result.claimed
    done = session.execute(
        update(Delivery)
        .where(Delivery.id == claimed.id, Delivery.fence == claimed.fence, Delivery.state == DeliveryState.SENDING)
        .values(**values)
    )
    if done.rowcount == 0:  # type: ignore[attr-defined]
        return
    if values["state"] is not DeliveryState.READY:
        metrics.DELIVERIES.labels("subscribe", values["state"].value).inc()
    mine = (Subscription.notice_key == claimed.notice_key, Subscription.resident_id == claimed.resident_id)
    if result.errcode == NO_CREDIT:
        # WeChat says there is none left, or the person turned it off.
        session.execute(update(Subscription).where(*mine).values(credits=0, long_term=False))
    elif claimed.one_time and result.outcome is not Outcome.UNKNOWN:
        session.execute(update(Subscription).where(*mine).values(credits=Subscription.credits + 1))


def sweep() -> int:
    """Deliveries whose sender vanished in mid-call become `unknown`: they may have arrived. Returns how many."""
    lost = (Delivery.state == DeliveryState.SENDING, Delivery.lease_until < database_now())
    if db.session().scalar(select(Delivery.id).where(*lost).limit(1)) is None:
        return 0
    with transaction() as session:
        done = session.execute(
            update(Delivery)
            .where(*lost)
            .values(state=DeliveryState.UNKNOWN, reason="发送中断", lease_until=None, done_at=clock.now())
        )
        number = int(done.rowcount)  # type: ignore[attr-defined]
    metrics.DELIVERIES.labels("subscribe", DeliveryState.UNKNOWN.value).inc(number)
    return number


def notices_waiting() -> bool:
    """Whether any notice could be sent now."""
    wanted: list[ColumnElement[bool]] = [Delivery.fan_out_id.is_(None), Delivery.state == DeliveryState.READY]
    wanted.append(or_(Delivery.not_before.is_(None), Delivery.not_before <= clock.wall_now()))
    if quiet_now():
        wanted.append(Delivery.urgent.is_(True))
    return db.session().scalar(select(Delivery.id).where(*wanted).limit(1)) is not None


def fan_out_texts(fan_out_id: int) -> dict[str, str]:
    """The values shared by a fan-out's deliveries."""
    found = db.session().scalar(select(FanOut.texts).where(FanOut.id == fan_out_id))
    return dict(found or {})
