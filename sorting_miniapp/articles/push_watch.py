"""What the scheduler looks after: pushes that are over, overdue, or fell into a jump of the clock; restored backups."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import ColumnElement, select

from sorting_miniapp import clock, epoch
from sorting_miniapp.articles import column_slots
from sorting_miniapp.articles.models import Push, PushState
from sorting_miniapp.articles.push_claim import RUNNING, hold
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import fan_out
from sorting_miniapp.deliveries.models import FanOutState
from sorting_miniapp.faults import crash_point


def settle() -> int:
    """Give pushes whose messages are over their end state, and show a fan-out that stopped itself. Returns how many."""
    running = select(Push.id).where(Push.state == PushState.SENDING, Push.fan_out_id.is_not(None))
    return sum(_settle(push_id) for push_id in list(db.session().scalars(running)))


def _settle(push_id: int) -> bool:
    with transaction() as session:
        push = session.scalar(select(Push).where(Push.id == push_id).with_for_update())
        if push is None or push.state is not PushState.SENDING or push.fan_out_id is None:
            return False
        state, reason = fan_out.state(push.fan_out_id)
        if state is FanOutState.PAUSED:
            push.state, push.reason = PushState.PAUSED, reason
            return True
        if not fan_out.finished(push.fan_out_id):
            push.reason = reason  # why it makes no headway just now
            return False
        counts = fan_out.counts(push.fan_out_id)
        whole = counts["failed"] + counts["unknown"] == 0
        push.state = PushState.SENT if whole else PushState.PARTLY_FAILED
        push.reason, push.finished_at = "", clock.now()
        crash_point("push_settled_before_commit")
        return True


def hold_overdue() -> int:
    """Pushes that nobody sent within the grace are left to a person (rules.md). Returns how many."""
    late = (Push.state.in_((PushState.READY, PushState.PENDING_REVIEW)), Push.late_at <= clock.now())
    return _hold(late, "已超过宽限时间，没有自动发出")


def hold_jumped(seconds: float) -> int:
    """Pushes that fell due inside a jump of the clock are left to a person (design.md §1). Returns how many."""
    now = clock.now()
    since = now - timedelta(seconds=max(seconds, 0))
    return _hold(
        (Push.state == PushState.READY, Push.due_at <= now, Push.due_at > since),
        "服务器时间发生跳变，没有自动发出",
    )


def _hold(wanted: tuple[ColumnElement[bool], ...], reason: str) -> int:
    if db.session().scalar(select(Push.id).where(*wanted).limit(1)) is None:
        return 0
    with transaction() as session:
        found = list(session.scalars(select(Push).where(*wanted).with_for_update(skip_locked=True)))
        for push in found:
            hold(push, reason)
    return len(found)


def restored() -> int:
    """Say that the database is a restored backup: whatever may have gone out since it was made waits for a person.

    Pushes that are due or running are held, running fan-outs are paused. Returns how many pushes are held.
    """
    with transaction() as session:
        column_slots.take_due()  # what a slot sent before the restoring is made anew, and held with the rest
        column_slots.pause_all("数据库由备份恢复，请核对队列里的文章有没有推送过，再恢复栏目")
        due = Push.state.in_((PushState.READY, PushState.PENDING_REVIEW)) & (Push.due_at <= clock.now())
        running = Push.state.in_((*RUNNING, PushState.PAUSED))
        found = list(session.scalars(select(Push).where(due | running).with_for_update()))
        for push in found:
            hold(push, "数据库由备份恢复，可能已经发出，请核对")
        for fan_out_id in fan_out.running():
            fan_out.pause(fan_out_id, "数据库由备份恢复")
        epoch.raise_it()
    return len(found)
