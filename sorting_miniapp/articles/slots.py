"""When a column's slots fall, and the week a series is laid around. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from sorting_miniapp import clock

WEEKDAYS = "一二三四五六日"


def following(weekdays: str, minute: int, after: datetime) -> datetime:
    """The first slot later than `after`. Raises ValueError without a weekday."""
    if not weekdays:
        raise ValueError("no weekday")
    day = clock.local(after).date()
    for ahead in range(8):
        one = day + timedelta(days=ahead)
        moment = clock.local_midnight(one) + timedelta(minutes=minute)
        if str(one.weekday()) in weekdays and moment > after:
            return moment
    raise AssertionError("a week holds every weekday")


def until(weekdays: str, minute: int, first: datetime, end: datetime) -> Iterator[datetime]:
    """The slots from `first`, which is one, to before `end`."""
    moment = first
    while moment < end:
        yield moment
        moment = following(weekdays, minute, moment)


def rule_text(weekdays: str, minute: int) -> str:
    """每周一、三 09:00"""
    days = "每天" if len(weekdays) == len(WEEKDAYS) else "每周" + "、".join(WEEKDAYS[int(one)] for one in weekdays)
    return f"{days} {minute // 60:02d}:{minute % 60:02d}"


def monday_of(year: int, month: int, week: int) -> date:
    """The Monday of the month's `week`-th week; the first is the one with the month's first day in it.

    The national publicity week is the fourth week of May (rules.md): 2025-05-19, 2024-05-20, 2023-05-22.
    """
    first = date(year, month, 1)
    return first - timedelta(days=first.weekday()) + timedelta(weeks=week - 1)
