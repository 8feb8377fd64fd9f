"""The one clock: the only file that asks what time it is.

Domain time (`now`, `today`) may be moved by one declared offset in simulator mode, so that a rehearsal can start at
09:00 and let two hours pass. Leases, token expiry, callback freshness and sessions use `wall_now`, which nobody moves.
"""

from __future__ import annotations

import time as _time
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

LOCAL = ZoneInfo("Asia/Shanghai")

_offset: Callable[[], timedelta] = timedelta


def use_offset(source: Callable[[], timedelta]) -> None:
    """Let domain time be shifted by what `source` returns; create_app calls this in simulator mode only."""
    global _offset
    _offset = source


def offset() -> timedelta:
    """How far domain time runs ahead of the wall."""
    return _offset()


def wall_now() -> datetime:
    """The host's time, aware, in UTC."""
    return datetime.now(UTC)


def monotonic() -> float:
    """Seconds that never step back, for measuring how long something took."""
    return _time.monotonic()


def perf() -> float:
    """Seconds of the finest timer, for histograms."""
    return _time.perf_counter()


def sleep(seconds: float) -> None:
    _time.sleep(seconds)


def now() -> datetime:
    """Domain time, aware, in UTC."""
    return wall_now() + _offset()


def today() -> date:
    """The day in Asia/Shanghai; days begin at local midnight (rules.md, Quizzes)."""
    return now().astimezone(LOCAL).date()


def local(moment: datetime) -> datetime:
    """The same moment with the clock reading of Asia/Shanghai."""
    return moment.astimezone(LOCAL)


def day_text(day: date) -> str:
    """`2026年5月24日`."""
    return f"{day.year}年{day.month}月{day.day}日"


def local_text(moment: datetime) -> str:
    """`2026年5月24日 09:00`, as messages show it."""
    found = local(moment)
    return f"{day_text(found)} {found:%H:%M}"


def local_midnight(day: date) -> datetime:
    """The moment, in UTC, at which `day` begins in Asia/Shanghai."""
    return datetime.combine(day, time.min, LOCAL).astimezone(UTC)
