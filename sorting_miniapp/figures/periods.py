"""Periods of figures: a year, a quarter, a month, or any span of days. Pure: no database.

Codes: 2026, 2026-Q3, 2026-05, and 20260518-20260524 for a span (a publicity week), which only reports use.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sorting_miniapp import clock
from sorting_miniapp.errors import Invalid

QUARTER_NAMES = "一二三四"
FIRST_YEAR, LAST_YEAR = 2000, 2100


class PeriodKind(StrEnum):
    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"
    SPAN = "span"


PERIOD_KIND_NAMES = {PeriodKind.YEAR: "按年", PeriodKind.QUARTER: "按季度", PeriodKind.MONTH: "按月"}
MONTHS = {PeriodKind.YEAR: 12, PeriodKind.QUARTER: 3, PeriodKind.MONTH: 1}


@dataclass(frozen=True)
class Period:
    """From `first` up to, not including, `end`; days begin at midnight in Asia/Shanghai."""

    code: str
    kind: PeriodKind
    first: date
    end: date

    @property
    def starts_at(self) -> datetime:
        return clock.local_midnight(self.first)

    @property
    def ends_at(self) -> datetime:
        return clock.local_midnight(self.end)

    @property
    def label(self) -> str:
        """As people write it: 2026年, 2026年第三季度, 2026年5月, 2026年5月18日至24日."""
        first, last = self.first, self.end - timedelta(days=1)
        if self.kind is PeriodKind.YEAR:
            return f"{first.year}年"
        if self.kind is PeriodKind.QUARTER:
            return f"{first.year}年第{QUARTER_NAMES[first.month // 3]}季度"
        if self.kind is PeriodKind.MONTH:
            return f"{first.year}年{first.month}月"
        if first == last:
            return clock.day_text(first)
        year = f"{last.year}年" if last.year != first.year else ""
        month = f"{last.month}月" if year or last.month != first.month else ""
        return f"{clock.day_text(first)}至{year}{month}{last.day}日"


def _months_on(day: date, months: int) -> date:
    index = day.year * 12 + day.month - 1 + months
    return date(index // 12, index % 12 + 1, 1)


def of(kind: PeriodKind, day: date) -> Period:
    """The year, quarter or month in which the day lies."""
    first = date(day.year, (day.month - 1) // MONTHS[kind] * MONTHS[kind] + 1, 1)
    code = {
        PeriodKind.YEAR: f"{first.year}",
        PeriodKind.QUARTER: f"{first.year}-Q{first.month // 3 + 1}",
        PeriodKind.MONTH: f"{first.year}-{first.month:02d}",
    }[kind]
    return Period(code, kind, first, _months_on(first, MONTHS[kind]))


def span(first: date, last: date) -> Period:
    """The days from `first` to `last`, both included. Raises Invalid."""
    if last < first or (last - first).days > 366 or not FIRST_YEAR <= first.year <= LAST_YEAR:
        raise Invalid("period", "结束日期须不早于开始日期，且不超过一年")
    return Period(f"{first:%Y%m%d}-{last:%Y%m%d}", PeriodKind.SPAN, first, last + timedelta(days=1))


def parse(code: str) -> Period:
    """The period of a code. Raises Invalid."""
    wrong = Invalid("period", "期间须写作 2026、2026-Q3 或 2026-05")
    found = re.fullmatch(r"([0-9]{4})(?:-(?:Q([1-4])|([0-9]{2})))?", code)
    days = re.fullmatch(r"([0-9]{8})-([0-9]{8})", code)
    try:
        if days:
            return span(date.fromisoformat(days[1]), date.fromisoformat(days[2]))
        if not found or not FIRST_YEAR <= int(found[1]) <= LAST_YEAR:
            raise wrong
        year, quarter, month = int(found[1]), found[2], found[3]
        if quarter:
            return of(PeriodKind.QUARTER, date(year, int(quarter) * 3, 1))
        if month:
            return of(PeriodKind.MONTH, date(year, int(month), 1))
    except ValueError as error:
        raise wrong from error
    return of(PeriodKind.YEAR, date(year, 1, 1))


def parts(period: Period, kind: PeriodKind) -> list[Period]:
    """The periods of this kind that make up `period`, in order; none where they do not fit into it."""
    if period.kind is PeriodKind.SPAN or MONTHS[kind] > MONTHS[period.kind]:
        return []
    found, first = [], period.first
    while first < period.end:
        found.append(of(kind, first))
        first = found[-1].end
    return found


def last_ended(kind: PeriodKind, today: date) -> Period:
    """The newest period of this kind that is over."""
    return of(kind, of(kind, today).first - timedelta(days=1))


def year_before(period: Period) -> Period:
    """The same period of the year before, to compare with."""
    if period.kind is PeriodKind.SPAN:
        first, last = period.first, period.end - timedelta(days=1)
        return span(_same_day(first), _same_day(last))
    return of(period.kind, date(period.first.year - 1, period.first.month, 1))


def _same_day(day: date) -> date:
    return date(day.year - 1, day.month, 28 if (day.month, day.day) == (2, 29) else day.day)


def recent(today: date) -> list[Period]:
    """What a form offers: this year and the last two, and the quarters and months of this year and the last."""
    years = [of(PeriodKind.YEAR, date(today.year - back, 1, 1)) for back in range(3)]
    inner = [
        part
        for year in years[:2]
        for kind in (PeriodKind.QUARTER, PeriodKind.MONTH)
        for part in reversed(parts(year, kind))
        if part.first <= today
    ]
    return years + inner
