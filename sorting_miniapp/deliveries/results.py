"""How deliveries ended, by fan-out and by month: from the rows, and from the totals kept of rows that are gone.

One statement reads both, so that a row which moves into the totals meanwhile is counted once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select, union_all

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, DeliveryTotal

STATE_NAMES = {
    DeliveryState.READY: "待发",
    DeliveryState.SENDING: "发送中",
    DeliveryState.SENT: "已发",
    DeliveryState.REFUSED: "未接收",
    DeliveryState.FAILED: "发送失败",
    DeliveryState.UNKNOWN: "是否送达不明",
    DeliveryState.CANCELLED: "已取消",
}
# Where a row says nothing of its own.
USUAL_REASONS = {
    DeliveryState.REFUSED: "没有订阅，或已退订",
    DeliveryState.FAILED: "微信拒绝了这次请求",
    DeliveryState.UNKNOWN: "没有收到微信的回答",
    DeliveryState.CANCELLED: "推送已取消",
}
EXPLAINED = tuple(USUAL_REASONS)


@dataclass(frozen=True)
class Reason:
    """Why `number` deliveries are in `state`; `words` are Chinese, `errcode` WeChat's (0: none)."""

    state: DeliveryState
    words: str
    errcode: int
    number: int


@dataclass(frozen=True)
class Results:
    """What became of a fan-out. `by_state` names every state; `reasons` are of those not sent, most frequent first."""

    total: int
    by_state: dict[DeliveryState, int]
    reasons: list[Reason]


@dataclass(frozen=True)
class MonthRow:
    """How many deliveries of one notice ended in one state in a month."""

    month: str
    notice_key: str
    state: DeliveryState
    number: int


def counts(fan_out_id: int) -> dict[str, int]:
    """How many of a fan-out's deliveries are in each state; every state is named."""
    found = dict.fromkeys((state.value for state in DeliveryState), 0)
    for row in _both(("state",), Delivery.fan_out_id == fan_out_id, DeliveryTotal.fan_out_id == fan_out_id):
        found[row.state.value] = int(row.number)
    return found


def by_fan_out(fan_outs: Collection[int]) -> dict[int, dict[DeliveryState, int]]:
    """The counts of many fan-outs by state; one statement. A state without deliveries is not named."""
    found: dict[int, dict[DeliveryState, int]] = {}
    if not fan_outs:
        return found
    wanted = sorted(fan_outs)
    rows = _both(("fan_out_id", "state"), Delivery.fan_out_id.in_(wanted), DeliveryTotal.fan_out_id.in_(wanted))
    for row in rows:
        found.setdefault(row.fan_out_id, {})[row.state] = int(row.number)
    return found


def results(fan_out_id: int) -> Results:
    """The totals of a fan-out by state, and by reason in Chinese. They stay the same when its rows are cleaned away."""
    rows = _both(
        ("state", "errcode", "reason"), Delivery.fan_out_id == fan_out_id, DeliveryTotal.fan_out_id == fan_out_id
    )
    by_state = dict.fromkeys(DeliveryState, 0)
    reasons: dict[tuple[DeliveryState, int, str], int] = {}
    for row in rows:
        by_state[row.state] += int(row.number)
        if row.state in EXPLAINED:
            key = (row.state, int(row.errcode), row.reason or USUAL_REASONS[row.state])
            reasons[key] = reasons.get(key, 0) + int(row.number)
    listed = [Reason(state, words, errcode, number) for (state, errcode, words), number in reasons.items()]
    listed.sort(key=lambda one: (-one.number, one.state.value, one.errcode, one.words))
    return Results(sum(by_state.values()), by_state, listed)


def by_month(first: date, last: date) -> list[MonthRow]:
    """The deliveries that ended in the months from `first`'s to `last`'s, by month, notice and state; in that order."""
    found = []
    for month, start, end in _months(first, last):
        rows = _both(
            ("notice_key", "state"),
            (Delivery.done_at >= start) & (Delivery.done_at < end),
            DeliveryTotal.month == month,
        )
        found += [MonthRow(month, row.notice_key, row.state, int(row.number)) for row in rows]
    return sorted(found, key=lambda one: (one.month, one.notice_key, one.state.value))


def month_of(moment: Any) -> str:
    """The local month a delivery is counted in."""
    return clock.local(moment).strftime("%Y-%m")


def _months(first: date, last: date) -> Iterable[tuple[str, Any, Any]]:
    day = first.replace(day=1)
    while day <= last:
        following = (day + timedelta(days=32)).replace(day=1)
        yield day.strftime("%Y-%m"), clock.local_midnight(day), clock.local_midnight(following)
        day = following


def _both(names: tuple[str, ...], rows: ColumnElement[bool], kept: ColumnElement[bool]) -> Iterable[Any]:
    """Rows of `names` and `number`, over the deliveries and the totals."""
    own = [getattr(Delivery, name) for name in names]
    parts: list[Select[Any]] = [
        select(*own, func.count().label("number")).where(rows).group_by(*own),
        select(*(getattr(DeliveryTotal, name) for name in names), DeliveryTotal.number).where(kept),
    ]
    whole = union_all(*parts).subquery()
    columns = [whole.c[name] for name in names]
    return db.session().execute(select(*columns, func.sum(whole.c.number).label("number")).group_by(*columns))
