"""How calls ended, written in micro-batches. Whoever lost the lease changes no row: its fence is not the row's now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

import orjson
from sqlalchemy import bindparam, select, text, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock, metrics
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import quota
from sorting_miniapp.deliveries.claims import CREDITS, NO_CREDIT, TABLE, Claimed
from sorting_miniapp.deliveries.models import DeliveryState
from sorting_miniapp.faults import crash_point
from sorting_miniapp.wechat.errors import TOKEN_CODES, Outcome

TRIES = 5
NO_SUCH_USER = 40003
MINE = (TABLE.c.id == bindparam("b_id"), TABLE.c.fence == bindparam("b_fence"))
SENT = update(TABLE).where(*MINE, TABLE.c.state == DeliveryState.SENDING)
# PostgreSQL takes a batch as one statement; the other drivers are as quick with a statement for each row. The arrays
# come as text, which the driver need not build element by element, and tell the planner that the rows are few.
SENT_AT_ONCE = text(
    "UPDATE delivery AS d SET state = 'sent', msgid = v.msgid, done_at = :now, lease_until = NULL, errcode = 0, "
    "reason = '' FROM unnest(CAST(:ids AS bigint[]), CAST(:fences AS integer[]), "
    "ARRAY(SELECT json_array_elements_text(CAST(:msgids AS json)))) AS v(id, fence, msgid) "
    "WHERE d.id = v.id AND d.fence = v.fence AND d.state = 'sending'"
)


class Result(NamedTuple):
    """How one call ended. `outcome` is None when WeChat took the message."""

    claimed: Claimed
    outcome: Outcome | None
    errcode: int = 0
    reason: str = ""
    rid: str = ""
    msgid: str = ""


def record(results: Sequence[Result]) -> None:
    """Write the ends of calls. A delivery that is no longer ours by its fence is left alone."""
    if not results:
        return
    sent = [one for one in results if one.outcome is None]
    with transaction() as session:
        if sent:
            _record_sent(session, sent)
        for one in results:
            if one.outcome is not None:
                _record_other(session, one, _end(one, clock.now()))
        if any(one.outcome is Outcome.QUOTA for one in results):
            quota.use_up()
        crash_point("ends_before_commit")
    if sent:
        metrics.DELIVERIES.labels("subscribe", DeliveryState.SENT.value).inc(len(sent))


def _record_sent(session: Session, sent: Sequence[Result]) -> None:
    connection, now = session.connection(), clock.now()
    if connection.dialect.name == "postgresql":
        given = {
            "ids": _array(one.claimed.id for one in sent),
            "fences": _array(one.claimed.fence for one in sent),
            "msgids": orjson.dumps([one.msgid for one in sent]).decode(),
        }
        connection.execute(SENT_AT_ONCE, given | {"now": now})
        return
    values = {"state": DeliveryState.SENT, "done_at": now, "lease_until": None, "errcode": 0, "reason": ""}
    connection.execute(
        SENT.values(msgid=bindparam("b_msgid"), **values),
        [{"b_id": one.claimed.id, "b_fence": one.claimed.fence, "b_msgid": one.msgid} for one in sent],
    )


def _array(numbers: Iterable[int]) -> str:
    return "{" + ",".join(map(str, numbers)) + "}"


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
        soft = result.errcode in (NO_CREDIT, NO_SUCH_USER)
        return values | ended | {"state": DeliveryState.REFUSED if soft else DeliveryState.FAILED}
    if result.outcome is Outcome.QUOTA:
        return values | {"state": DeliveryState.READY}  # quota.py keeps everybody waiting until midnight
    if result.outcome is Outcome.RETRY and result.claimed.attempts >= TRIES and result.errcode not in TOKEN_CODES:
        return values | ended | {"state": DeliveryState.FAILED}
    wait = timedelta(seconds=2 ** min(result.claimed.attempts, 8))
    return values | {"state": DeliveryState.READY, "not_before": database_now() + wait}


def _record_other(session: Session, result: Result, values: dict[str, Any]) -> None:
    claimed, write = result.claimed, session.connection().execute
    own = (TABLE.c.id == claimed.id, TABLE.c.fence == claimed.fence, TABLE.c.state == DeliveryState.SENDING)
    if write(update(TABLE).where(*own).values(**values)).rowcount == 0:
        return
    if values["state"] is not DeliveryState.READY:
        metrics.DELIVERIES.labels("subscribe", values["state"].value).inc()
    mine = (CREDITS.c.notice_key == claimed.notice_key, CREDITS.c.resident_id == claimed.resident_id)
    if result.errcode == NO_CREDIT:
        # WeChat says there is none left, or the person turned it off.
        write(update(CREDITS).where(*mine).values(credits=0, long_term=False))
    elif claimed.one_time and result.outcome is not Outcome.UNKNOWN:
        write(update(CREDITS).where(*mine).values(credits=CREDITS.c.credits + 1))


def sweep() -> int:
    """Deliveries whose sender vanished in mid-call become `unknown`: they may have arrived. Returns how many."""
    lost = (TABLE.c.state == DeliveryState.SENDING, TABLE.c.lease_until < database_now())
    if db.session().scalar(select(TABLE.c.id).where(*lost).limit(1)) is None:
        return 0
    with transaction() as session:
        done = session.connection().execute(
            update(TABLE)
            .where(*lost)
            .values(state=DeliveryState.UNKNOWN, reason="发送中断", lease_until=None, done_at=clock.now())
        )
        crash_point("swept_before_commit")
    metrics.DELIVERIES.labels("subscribe", DeliveryState.UNKNOWN.value).inc(done.rowcount)
    return int(done.rowcount)
