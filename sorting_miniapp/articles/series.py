"""A series of pushes laid out around a week in one action: the publicity week, from a pattern of series_pattern.py.

What the pattern proposes can be changed line by line (time, channel, article) before it is planned. A look at the lines
plans them and takes it all back: what it says of quotas and people is what would be. All of it is planned or nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.articles import accounts, calendar, push_rules, pushes, quotas, slots
from sorting_miniapp.articles.audience import Target
from sorting_miniapp.articles.models import Channel, Column
from sorting_miniapp.articles.models_planning import PushSeries
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import DomainError, Invalid, NotFound


@dataclass(frozen=True)
class Line:
    """One push to be: `at` None: the time is not known yet; `article_id` None: it is left out."""

    at: datetime | None
    channel: Channel
    account_id: int | None
    article_id: int | None
    note: str


@dataclass(frozen=True)
class Seen:
    """What planning a line would bring: what is in the way, whom it reaches (`count` None: nobody knows), what a person
    should know, and what is left of the account's mass sends once every line is planned."""

    line: Line
    problem: str = ""
    audience: str = ""
    count: int | None = None
    warnings: Sequence[str] = ()
    left: str = ""


class _TakenBackError(Exception):
    """Ends a transaction that was only a look."""


def known() -> list[PushSeries]:
    return list(db.session().scalars(select(PushSeries).order_by(PushSeries.key)))


def get(key: str) -> PushSeries:
    """Raises NotFound."""
    found = db.session().get(PushSeries, key)
    if found is None:
        raise NotFound("series_not_found", "没有找到这套安排")
    return found


def usual_start(series: PushSeries) -> date:
    """The Monday of the pattern's next week: this year's, or next year's when that is over."""
    this_year = slots.monday_of(clock.today().year, series.month, series.week)
    over = this_year + timedelta(days=6) < clock.today()
    return slots.monday_of(clock.today().year + 1, series.month, series.week) if over else this_year


def propose(series: PushSeries, monday: date, branches: Sequence[str]) -> list[Line]:
    """What the pattern means for the week of `monday`, with articles of the branches that may be planned."""
    rows = calendar.plannable(branches, "")
    names = {row.slug: row.name for row in db.session().execute(select(Column.slug, Column.name))}
    offices = {one.name: one.id for one in accounts.active()}
    used: set[tuple[int, Channel, int | None]] = set()
    found = []
    for pattern in series.lines:
        channel, account = Channel(pattern["channel"]), offices.get(pattern.get("account", ""))
        fitting = (row.Article.id for row in _fitting(rows, pattern, names))
        chosen = next((key for key in fitting if (key, channel, account) not in used), None)
        if chosen is not None:
            used.add((chosen, channel, account))
        column = names.get(pattern["column"], "")
        office = f"交给{pattern['account']}" if channel is Channel.HANDOVER else ""
        about = "，".join(filter(None, (pattern["note"], office, f"栏目：{column}" if column else "")))
        found.append(Line(_at(pattern, monday), channel, account, chosen, about))
    return found


def _at(line: Mapping[str, Any], monday: date) -> datetime:
    day = monday + timedelta(days=int(line["day"]))
    return datetime.combine(day, time.fromisoformat(line["time"]), clock.LOCAL)


def _fitting(rows: Sequence[Any], line: Mapping[str, Any], names: Mapping[str, str]) -> list[Any]:
    """The article the pattern names first, then those of its column, then the others."""
    column = names.get(line["column"], "")

    def rank(row: Any) -> tuple[bool, bool]:
        return row.Article.key != (line["article"] or None), row.column_name != column

    return sorted(rows, key=rank)


def look(actor: StaffActor, lines: Sequence[Line], node_id: int | None) -> list[Seen]:
    """What planning these lines would bring, line by line; nothing is planned. `node_id`: as for lay_out."""
    seen: list[Seen] = []
    try:
        with transaction():
            seen = [_try(actor, line, node_id) for line in lines]
            seen = _with_left(seen)
            raise _TakenBackError
    except _TakenBackError:
        return seen


def _try(actor: StaffActor, line: Line, node_id: int | None) -> Seen:
    try:
        if line.article_id is None:
            push_rules.check_time(line.channel, _at_all(line))
            return Seen(line)
        wish = _wish(line, line.article_id, node_id)
        found = pushes.look(actor, *wish)
        pushes.plan(actor, *wish)
    except DomainError as error:
        return Seen(line, error.message)
    return Seen(line, "", found.audience, found.count, found.warnings)


def _with_left(seen: Sequence[Seen]) -> list[Seen]:
    """The lines with what is left of their accounts' mass sends on their days; one look for each account."""
    days = [_counted_day(one.line) for one in seen]
    wanted: dict[int | None, set[date]] = {}
    for one, day in zip(seen, days, strict=True):
        if day is not None:
            wanted.setdefault(one.line.account_id, set()).add(day)
    left = {account: quotas.left(account, its_days) for account, its_days in wanted.items()}
    return [
        replace(one, left=left[one.line.account_id][day].words) if day is not None else one
        for one, day in zip(seen, days, strict=True)
    ]


def _counted_day(line: Line) -> date | None:
    """The day on which the line uses up a mass send of a known account, None where it uses none."""
    known_account = line.channel is Channel.MASS or (line.channel is Channel.HANDOVER and line.account_id)
    day = clock.local(line.at).date() if line.at else None
    return day if known_account and day is not None and day >= clock.today() else None


def _at_all(line: Line) -> datetime:
    """Raises Invalid where the time is not known yet."""
    if line.at is None:
        raise Invalid("due_at", "请填写推送时间")
    return line.at


def _wish(line: Line, article_id: int, node_id: int | None) -> tuple[int, Channel, datetime, Target]:
    """What pushes.look and pushes.plan take of a line. Raises Invalid."""
    target = Target(node_id) if line.channel is Channel.SUBSCRIBE else Target(account_id=line.account_id)
    return article_id, line.channel, _at_all(line), target


def lay_out(actor: StaffActor, key: str, monday: date, node_id: int | None, lines: Sequence[Line]) -> list[int]:
    """Plan the lines that have an article, all or none; returns the pushes' keys.

    `node_id`: whose residents the subscribe messages reach. Raises Invalid without a line, and what pushes.plan raises,
    naming the line.
    """
    series, made = get(key), []
    chosen = [(number, line, line.article_id) for number, line in enumerate(lines, 1) if line.article_id is not None]
    if not chosen:
        raise Invalid("lines", "请至少为一条选择文章")
    with transaction():
        for number, line, article_id in chosen:
            try:
                made.append(pushes.plan(actor, *_wish(line, article_id, node_id)))
            except DomainError as error:
                error.message = f"第 {number} 条（{line.note}）：{error.message}"
                raise
        audit.record(
            actor.username, "push.lay_out", "push", made[0],
            after={"title": series.name, "day": monday.isoformat(), "count": len(made)},
        )  # fmt: skip
    return made
