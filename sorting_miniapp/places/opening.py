"""Opening times as people write them, and whether a place is open at a moment. Pure: no database.

`全天` · `06:00-22:00` · `周一至周五 07:00-09:00、18:00-20:00；周末 08:00-20:00`. Days are Asia/Shanghai's; 22:00-06:00
goes past midnight. Public holidays are not known here: an office writes them into the remarks.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sorting_miniapp import clock

WEEK = 7 * 24 * 60
DAY = 24 * 60
EXAMPLE = "周一至周五 07:00-09:00、18:00-20:00；周末 08:00-20:00"
PROBLEM = f"开放时间看不懂，请写成“全天”“06:00-22:00”或“{EXAMPLE}”"
_LETTERS = "一二三四五六日"
_SAME = str.maketrans("：，；～~—–－　天", ":,;----- 日")
_SPAN = re.compile(r"([01]?\d|2[0-4]):([0-5]\d)-([01]?\d|2[0-4]):([0-5]\d)")
_DAYS = re.compile(r"每日|工作日|周末|周[一二三四五六日](?:[至到\-、,和](?:周)?[一二三四五六日])*")
_NAMED = {"每日": range(7), "工作日": range(5), "周末": range(5, 7)}

Spans = tuple[tuple[int, int], ...]  # minutes of the week, from Monday 00:00; the end may lie in the next week


@dataclass(frozen=True)
class Standing:
    """Whether a place is open, and when that changes; None when it never does."""

    open: bool
    changes_at: datetime | None


@functools.lru_cache(1024)
def parse(text: str) -> Spans | None:
    """The times of a week; None where nothing is written. Raises ValueError for what cannot be read."""
    tidied = text.strip().replace("星期", "周").replace("24小时", "全天").translate(_SAME).replace("全日", "全天")
    if not tidied:
        return None
    spans: set[tuple[int, int]] = set()
    for part in filter(None, (one.strip() for one in re.split(r"[;\n。]", tidied))):
        named = _DAYS.match(part)
        days = _days(named[0]) if named else set(range(7))
        for start, end in _times(part[named.end() :] if named else part):
            spans |= {(day * DAY + start, day * DAY + end) for day in days}
    if not spans:
        raise ValueError(text)
    return tuple(sorted(spans))


def _days(text: str) -> set[int]:
    if text in _NAMED:
        return set(_NAMED[text])
    letters = text.replace("周", "")
    last = _LETTERS.index(letters[0])
    days = {last}
    for joint, letter in zip(letters[1::2], letters[2::2], strict=True):
        day = _LETTERS.index(letter)
        if joint in "至到-":
            days |= {one % 7 for one in range(last, day if day > last else day + 7)}
        days.add(day)
        last = day
    return days


def _times(text: str) -> list[tuple[int, int]]:
    found = []
    for part in filter(None, (one.strip() for one in re.split(r"[、,\s和]+", text.strip()))):
        if part == "全天":
            found.append((0, DAY))
            continue
        span = _SPAN.fullmatch(part)
        start, end = (int(span[1]) * 60 + int(span[2]), int(span[3]) * 60 + int(span[4])) if span else (0, 0)
        if start in (end, DAY) or max(start, end) > DAY:
            raise ValueError(text)
        found.append((start, end if end > start else end + DAY))
    if not found:
        raise ValueError(text)
    return found


def standing(text: str, moment: datetime) -> Standing | None:
    """Whether a place with these times is open at the moment; None where its times are not known."""
    spans = parse(text)
    if spans is None:
        return None
    local = clock.local(moment)
    now = local.weekday() * DAY + local.hour * 60 + local.minute
    monday = (local - timedelta(days=local.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    for start, end in _merged(spans):
        if start <= now < end:
            return Standing(True, None if end - start >= WEEK else monday + timedelta(minutes=end))
        if start > now:
            return Standing(False, monday + timedelta(minutes=start))
    raise AssertionError("a week repeats: something always follows")


def _merged(spans: Spans) -> list[tuple[int, int]]:
    """The spans of last week, this one and the next, with those that touch made one."""
    merged: list[tuple[int, int]] = []
    for start, end in sorted((start + week, end + week) for start, end in spans for week in (-WEEK, 0, WEEK)):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
