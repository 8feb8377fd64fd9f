"""The figures of the day for the console's first page, put together from each feature's own counts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sorting_miniapp import clock
from sorting_miniapp.articles import figures as articles
from sorting_miniapp.events import figures as events
from sorting_miniapp.hours import figures as hours
from sorting_miniapp.quiz import figures as quiz

Counts = Callable[[datetime, datetime, Sequence[str]], dict[str, int]]
SOURCES: tuple[Counts, ...] = (events.between, hours.between, quiz.between, articles.between)


@dataclass(frozen=True)
class Figure:
    """One number with its unit: 场 人 人次 小时 份 篇 are different things (rules.md, Numbers in reports)."""

    key: str
    label: str
    value: str
    unit: str


LABELS = (
    ("events", "开展活动", "场"),
    ("participants", "参加居民", "人"),
    ("person_times", "参加人次", "人次"),
    ("minutes", "志愿服务时长", "小时"),
    ("attempts", "完成答题", "份"),
    ("articles", "发布文章", "篇"),
)


def between(start: datetime, end: datetime, branches: Sequence[str]) -> list[Figure]:
    """Every feature's figures for [start, end) in the branches."""
    counts: dict[str, int] = {}
    for source in SOURCES:
        counts.update(source(start, end, branches))
    return [Figure(key, label, _shown(key, counts[key]), unit) for key, label, unit in LABELS if key in counts]


def day(branches: Sequence[str]) -> list[Figure]:
    """Today's figures, from local midnight to local midnight."""
    today = clock.today()
    start = clock.local_midnight(today)
    return between(start, clock.local_midnight(today + timedelta(days=1)), branches)


def _shown(key: str, value: int) -> str:
    """Minutes are shown as hours with one decimal, cut, never rounded up; everything else as it is."""
    if key == "minutes":
        return f"{value * 10 // 60 / 10:g}"
    return str(value)
