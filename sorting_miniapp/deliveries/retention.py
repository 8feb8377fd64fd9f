"""Old deliveries are counted into totals, which stay for ever, and their rows are deleted, a batch at a time."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from sqlalchemy import delete, insert, or_, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import OPEN_STATES, Delivery, DeliveryTotal, FanOut, FanOutState
from sorting_miniapp.deliveries.results import month_of

BATCH = 2_000
BATCHES = 50  # a turn
PAUSE = 0.05  # seconds between two batches: other writers have their turn


def purge(days: int) -> int:
    """Fold deliveries that ended over `days` days ago into the totals. Returns how many rows went.

    Those of a fan-out that still runs or is paused stay: their rows keep anybody from getting a second message.
    """
    gone = 0
    for _ in range(BATCHES):
        found = _batch(days)
        gone += found
        if found < BATCH:
            break
        db.session.remove()
        clock.sleep(PAUSE)
    return gone


def _batch(days: int) -> int:
    over = (FanOutState.DONE, FanOutState.CANCELLED)
    old = (
        select(
            Delivery.id, Delivery.fan_out_id, Delivery.notice_key, Delivery.state, Delivery.errcode, Delivery.reason,
            Delivery.done_at,
        )
        .outerjoin(FanOut, FanOut.id == Delivery.fan_out_id)
        .where(
            Delivery.done_at < clock.wall_now() - timedelta(days=days),
            Delivery.state.not_in(OPEN_STATES),
            or_(FanOut.id.is_(None), FanOut.state.in_(over)),
        )
        .order_by(Delivery.done_at)
        .limit(BATCH)
    )  # fmt: skip
    if db.session().execute(old.limit(1)).first() is None:
        return 0
    with transaction() as session:
        rows = session.execute(old.with_for_update(skip_locked=True, of=Delivery)).all()
        totals = Counter((one.fan_out_id or 0, month_of(one.done_at), *one[2:6]) for one in rows)
        for key, number in sorted(totals.items()):
            _add(session, key, number)
        session.execute(delete(Delivery).where(Delivery.id.in_([row.id for row in rows])))
    return len(rows)


def _add(session: Session, key: tuple[object, ...], number: int) -> None:
    """Two schedulers that begin the same total at once: the second one's batch rolls back and comes again."""
    names = ("fan_out_id", "month", "notice_key", "state", "errcode", "reason")
    same = [getattr(DeliveryTotal, name) == value for name, value in zip(names, key, strict=True)]
    done = session.execute(update(DeliveryTotal).where(*same).values(number=DeliveryTotal.number + number))
    if done.rowcount == 0:  # type: ignore[attr-defined]
        session.execute(insert(DeliveryTotal).values(**dict(zip(names, key, strict=True)), number=number))
