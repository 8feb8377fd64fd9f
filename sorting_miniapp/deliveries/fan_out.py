"""One text to many residents: made once, run by one worker at a time, paused, resumed, cancelled by people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Select, Update, bindparam, exists, func, insert, literal, or_, select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.database_time import database_in, database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import quota
from sorting_miniapp.deliveries.models import OPEN_STATES, Delivery, DeliveryState, FanOut, FanOutState, Subscription
from sorting_miniapp.deliveries.results import counts
from sorting_miniapp.deliveries.service import PRIORITY
from sorting_miniapp.deliveries.subscriptions import TAKES
from sorting_miniapp.errors import Conflict
from sorting_miniapp.faults import crash_point

__all__ = [
    "Turn", "cancel", "counts", "create", "finished", "keep", "leave", "pause", "resend", "resendable", "resume",
    "running", "settle", "state", "take", "waiting", "waits",
]  # fmt: skip

TABLE: Any = FanOut.__table__


@dataclass(frozen=True)
class Turn:
    """A runner's turn: the fence it runs under, the texts all messages share, the errors in a row before it."""

    fence: int
    texts: dict[str, str]
    errors: int


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
        crash_point("fan_out_made_before_commit")
        return row.id


def state(fan_out_id: int) -> tuple[FanOutState, str]:
    """The fan-out's state, and why it is paused or waits, in Chinese."""
    row = db.session().execute(select(FanOut.state, FanOut.reason).where(FanOut.id == fan_out_id)).one()
    return row.state, row.reason


def finished(fan_out_id: int) -> bool:
    """Whether every delivery has an end state and none will be sent any more."""
    found = db.session().scalar(select(FanOut.state).where(FanOut.id == fan_out_id))
    return found is FanOutState.DONE or (found is FanOutState.CANCELLED and not _open(fan_out_id))


def _open(fan_out_id: int) -> bool:
    waiting = select(Delivery.id).where(Delivery.fan_out_id == fan_out_id, Delivery.state.in_(OPEN_STATES)).limit(1)
    return db.session().scalar(waiting) is not None


def _move(fan_out_id: int, start: tuple[FanOutState, ...], end: FanOutState, reason: str = "", **more: object) -> None:
    with transaction() as session:
        done = session.execute(
            update(FanOut)
            .where(FanOut.id == fan_out_id, FanOut.state.in_(start))
            .values(state=end, reason=reason[:120], **more)
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("fan_out_state", "推送的状态已经变了，请刷新后再看")


def pause(fan_out_id: int, reason: str = "") -> None:
    """Nothing more is claimed; calls in flight end and are recorded. Raises Conflict when it does not run."""
    _move(fan_out_id, (FanOutState.RUNNING,), FanOutState.PAUSED, reason)


def resume(fan_out_id: int) -> None:
    """Go on, with errors counted anew and the day's quota tried again. Raises Conflict when it is not paused."""
    with transaction():
        _move(fan_out_id, (FanOutState.PAUSED,), FanOutState.RUNNING, errors=0)
        quota.try_again()


def cancel(fan_out_id: int) -> None:
    """Those not yet sent will not be. Raises Conflict when it is over."""
    with transaction() as session:
        _move(fan_out_id, (FanOutState.RUNNING, FanOutState.PAUSED), FanOutState.CANCELLED)
        session.execute(
            update(Delivery)
            .where(Delivery.fan_out_id == fan_out_id, Delivery.state == DeliveryState.READY)
            .values(state=DeliveryState.CANCELLED, done_at=clock.now())
        )


# The columns of a delivery that is sent once more. Its msgid stays: WeChat may still tell of the first message.
AFRESH: dict[str, Any] = {
    "state": DeliveryState.READY, "attempts": 0, "errcode": 0, "reason": "", "rid": "", "not_before": None,
    "done_at": None,
}  # fmt: skip


def _to_resend(fan_out_id: int) -> Select[int]:
    return (
        select(Delivery.id)
        .join(Resident, Resident.id == Delivery.resident_id)
        .join(
            Subscription,
            (Subscription.resident_id == Delivery.resident_id) & (Subscription.notice_key == Delivery.notice_key),
        )
        .where(
            Delivery.fan_out_id == fan_out_id,
            Delivery.state == DeliveryState.FAILED,
            TAKES,
            Resident.openid.is_not(None),
            Resident.erased_at.is_(None),
        )
    )


def resendable(fan_out_id: int) -> int:
    """How many a resend would write to: those who are known not to have received the message and still take it."""
    return int(db.session().scalar(select(func.count()).select_from(_to_resend(fan_out_id).subquery())) or 0)


def resend(fan_out_id: int) -> int:
    """Send once more to those known not to have received it (`failed`), as far as they still have a credit.

    Never to those who may have it (`unknown`) or do not take it (`refused`). The fan-out runs again; the caller moves
    its push back to sending in the same transaction. Returns how many. Raises Conflict when it is not over, or when
    there is nobody.
    """
    with transaction() as session:
        _move(fan_out_id, (FanOutState.DONE,), FanOutState.RUNNING, errors=0, finished_at=None)
        ids = list(session.scalars(_to_resend(fan_out_id)))
        if not ids:
            raise Conflict("nothing_to_resend", "没有可以补发的居民：只有确知没有收到、并且仍在订阅的人才能补发")
        for start in range(0, len(ids), 1_000):
            session.execute(
                update(Delivery)
                .where(Delivery.id.in_(ids[start : start + 1_000]), Delivery.state == DeliveryState.FAILED)
                .values(AFRESH)
            )
    return len(ids)


def waits(fan_out_id: int, reason: str) -> None:
    """Say, in the caller's transaction, why a running fan-out makes no headway just now."""
    with transaction() as session:
        session.execute(
            update(FanOut)
            .where(FanOut.id == fan_out_id, FanOut.state == FanOutState.RUNNING)
            .values(reason=reason[:120])
        )


def waiting() -> list[int]:
    """Fan-outs that run and have no runner: for the scheduler's tick. None while the day's quota is used up."""
    if quota.used_up():
        return []
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


def take(fan_out_id: int, lease_seconds: float) -> Turn | None:
    """Become the runner: the turn, or None when another runs it or it does not run."""
    with transaction() as session:
        now = database_now()
        free = or_(FanOut.runner_until.is_(None), FanOut.runner_until < now)
        done = session.execute(
            update(FanOut)
            .where(FanOut.id == fan_out_id, FanOut.state == FanOutState.RUNNING, free)
            .values(runner_until=database_in(lease_seconds), runner_fence=FanOut.runner_fence + 1, reason="")
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            return None
        mine = select(FanOut.runner_fence, FanOut.texts, FanOut.errors).where(FanOut.id == fan_out_id)
        row = session.execute(mine).one()
    crash_point("runner_taken")
    return Turn(row.runner_fence, dict(row.texts or {}), row.errors)


def keep(fan_out_id: int, fence: int, lease_seconds: float, errors: int = 0) -> bool:
    """Extend the runner's lease in the caller's transaction, and note the errors in a row; False when it was taken
    over, paused or cancelled.
    """
    with transaction() as session:
        mine = {"this": fan_out_id, "fence": fence, "in_a_row": errors}
        return bool(session.connection().execute(_keeping(lease_seconds), mine).rowcount)


@cache
def _keeping(lease_seconds: float) -> Update:
    mine = (TABLE.c.id == bindparam("this"), TABLE.c.runner_fence == bindparam("fence"))
    return (
        update(TABLE)
        .where(*mine, TABLE.c.state == FanOutState.RUNNING)
        .values(runner_until=database_in(lease_seconds), errors=bindparam("in_a_row"))
    )


def leave(fan_out_id: int, fence: int) -> None:
    """Stop being the runner, and close the fan-out when nothing is left of it."""
    crash_point("runner_before_leaving")
    with transaction() as session:
        session.execute(
            update(FanOut).where(FanOut.id == fan_out_id, FanOut.runner_fence == fence).values(runner_until=None)
        )
    settle()


def settle() -> int:
    """Close the running fan-outs of which every delivery has its end state, and cancel what a call that came back
    late left of cancelled ones. Returns how many were closed.
    """
    of_it = Delivery.fan_out_id == FanOut.id
    left = exists().where(of_it, Delivery.state.in_(OPEN_STATES))
    ids = list(db.session().scalars(select(FanOut.id).where(FanOut.state == FanOutState.RUNNING, ~left)))
    _cancel_rest()
    if not ids:
        return 0
    with transaction() as session:
        done = session.execute(
            update(FanOut)
            .where(FanOut.id.in_(ids), FanOut.state == FanOutState.RUNNING, ~left)
            .values(state=FanOutState.DONE, reason="", finished_at=clock.now())
        )
        crash_point("fan_out_done_before_commit")
    return int(done.rowcount)  # type: ignore[attr-defined]


def _cancel_rest() -> None:
    rest = exists().where(Delivery.fan_out_id == FanOut.id, Delivery.state == DeliveryState.READY)
    ids = list(db.session().scalars(select(FanOut.id).where(FanOut.state == FanOutState.CANCELLED, rest)))
    if not ids:
        return
    with transaction() as session:
        session.execute(
            update(Delivery)
            .where(Delivery.fan_out_id.in_(ids), Delivery.state == DeliveryState.READY)
            .values(state=DeliveryState.CANCELLED, done_at=clock.now())
        )
