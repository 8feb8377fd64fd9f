"""One text to many residents: made once, run by one worker at a time, paused, resumed, cancelled by people."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, exists, func, insert, literal, or_, select, update

from sorting_miniapp import clock
from sorting_miniapp.db import database_now, db, transaction
from sorting_miniapp.deliveries.models import OPEN_STATES, Delivery, DeliveryState, FanOut, FanOutState
from sorting_miniapp.deliveries.service import PRIORITY
from sorting_miniapp.errors import Conflict


def create(notice_key: str, values: Mapping[str, str], page_id: str, residents: Select[int]) -> int:
    """Fix the audience and write one delivery each, in the caller's transaction. Returns the fan-out's id.

    An empty audience is done at once.
    """
    with transaction() as session:
        now = clock.now()
        row = FanOut(
            notice_key=notice_key, texts=dict(values), page_id=page_id, state=FanOutState.RUNNING, created_at=now
        )
        session.add(row)
        session.flush()
        people = residents.subquery()
        constants: dict[Any, Any] = {
            Delivery.fan_out_id: row.id,
            Delivery.notice_key: notice_key,
            Delivery.page_id: page_id,
            Delivery.object_type: "fan_out",
            Delivery.object_id: str(row.id),
            Delivery.urgent: False,
            Delivery.priority: PRIORITY.get(notice_key, 5),
            Delivery.state: DeliveryState.READY,
            Delivery.fence: 0,
            Delivery.attempts: 0,
            Delivery.errcode: 0,
            Delivery.reason: "",
            Delivery.rid: "",
            Delivery.msgid: "",
            Delivery.created_at: now,
        }
        columns = [Delivery.resident_id, *constants]
        rows = select(people.c[0], *(literal(v, type_=column.type) for column, v in constants.items()))
        session.execute(insert(Delivery).from_select([c.key for c in columns], rows.order_by(people.c[0])))
        row.total = session.scalar(select(func.count()).where(Delivery.fan_out_id == row.id)) or 0
        if row.total == 0:
            row.state, row.finished_at = FanOutState.DONE, now
        session.flush()
        return row.id


def counts(fan_out_id: int) -> dict[str, int]:
    """How many deliveries are in each state; every state is named."""
    found = dict.fromkeys((state.value for state in DeliveryState), 0)
    rows = db.session().execute(
        select(Delivery.state, func.count()).where(Delivery.fan_out_id == fan_out_id).group_by(Delivery.state)
    )
    found.update({state.value: number for state, number in rows})
    return found


def state(fan_out_id: int) -> tuple[FanOutState, str]:
    """The fan-out's state, and why it is paused where it paused itself."""
    row = db.session().execute(select(FanOut.state, FanOut.reason).where(FanOut.id == fan_out_id)).one()
    return row.state, row.reason


def finished(fan_out_id: int) -> bool:
    """Whether every delivery has an end state and none will be sent any more."""
    found = db.session().scalar(select(FanOut.state).where(FanOut.id == fan_out_id))
    return found is FanOutState.DONE or (found is FanOutState.CANCELLED and not _open(fan_out_id))


def _open(fan_out_id: int) -> bool:
    waiting = select(Delivery.id).where(Delivery.fan_out_id == fan_out_id, Delivery.state.in_(OPEN_STATES)).limit(1)
    return db.session().scalar(waiting) is not None


def _move(fan_out_id: int, start: tuple[FanOutState, ...], end: FanOutState, reason: str = "") -> None:
    with transaction() as session:
        done = session.execute(
            update(FanOut)
            .where(FanOut.id == fan_out_id, FanOut.state.in_(start))
            .values(state=end, reason=reason[:120])
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("fan_out_state", "推送的状态已经变了，请刷新后再看")


def pause(fan_out_id: int, reason: str = "") -> None:
    """Nothing more is claimed; calls in flight end and are recorded. Raises Conflict when it does not run."""
    _move(fan_out_id, (FanOutState.RUNNING,), FanOutState.PAUSED, reason)


def resume(fan_out_id: int) -> None:
    """Raises Conflict when it is not paused."""
    _move(fan_out_id, (FanOutState.PAUSED,), FanOutState.RUNNING)


def cancel(fan_out_id: int) -> None:
    """Those not yet sent will not be. Raises Conflict when it is over."""
    with transaction() as session:
        _move(fan_out_id, (FanOutState.RUNNING, FanOutState.PAUSED), FanOutState.CANCELLED)
        session.execute(
            update(Delivery)
            .where(Delivery.fan_out_id == fan_out_id, Delivery.state == DeliveryState.READY)
            .values(state=DeliveryState.CANCELLED, done_at=clock.now())
        )


def waiting() -> list[int]:
    """Fan-outs that run and have no runner: for the scheduler's tick."""
    now = database_now()
    return list(
        db.session().scalars(
            select(FanOut.id)
            .where(FanOut.state == FanOutState.RUNNING, or_(FanOut.runner_until.is_(None), FanOut.runner_until < now))
            .order_by(FanOut.id)
        )
    )


def running() -> list[int]:
    """Fan-outs that run, with or without a runner."""
    return list(db.session().scalars(select(FanOut.id).where(FanOut.state == FanOutState.RUNNING)))


def take(fan_out_id: int, lease_seconds: float) -> int | None:
    """Become the runner: the fence to run under, or None when another runs it or it does not run."""
    with transaction() as session:
        now = database_now()
        free = or_(FanOut.runner_until.is_(None), FanOut.runner_until < now)
        done = session.execute(
            update(FanOut)
            .where(FanOut.id == fan_out_id, FanOut.state == FanOutState.RUNNING, free)
            .values(runner_until=now + timedelta(seconds=lease_seconds), runner_fence=FanOut.runner_fence + 1)
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            return None
        return session.scalar(select(FanOut.runner_fence).where(FanOut.id == fan_out_id))


def keep(fan_out_id: int, fence: int, lease_seconds: float) -> bool:
    """Extend the runner's lease in the caller's transaction; False when it was taken over, paused or cancelled."""
    with transaction() as session:
        done = session.execute(
            update(FanOut)
            .where(FanOut.id == fan_out_id, FanOut.runner_fence == fence, FanOut.state == FanOutState.RUNNING)
            .values(runner_until=database_now() + timedelta(seconds=lease_seconds))
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]


def leave(fan_out_id: int, fence: int) -> None:
    """Stop being the runner, and close the fan-out when nothing is left of it."""
    with transaction() as session:
        session.execute(
            update(FanOut).where(FanOut.id == fan_out_id, FanOut.runner_fence == fence).values(runner_until=None)
        )
    settle()


def settle() -> int:
    """Close the running fan-outs of which every delivery has its end state. Returns how many."""
    left = exists().where(Delivery.fan_out_id == FanOut.id, Delivery.state.in_(OPEN_STATES))
    over = select(FanOut.id).where(FanOut.state == FanOutState.RUNNING, ~left)
    ids = list(db.session().scalars(over))
    if not ids:
        return 0
    with transaction() as session:
        session.execute(
            update(FanOut)
            .where(FanOut.id.in_(ids), FanOut.state == FanOutState.RUNNING)
            .values(state=FanOutState.DONE, finished_at=clock.now())
        )
    return len(ids)
