"""The calendar of pushes: what was planned and done, and the slots of columns to come, by day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from sorting_miniapp import clock
from sorting_miniapp.articles import column_desk, column_slots, quotas, slots
from sorting_miniapp.articles.desk import NEWEST
from sorting_miniapp.articles.models import (
    Article,
    ArticleState,
    ArticleVersion,
    Channel,
    Column,
    HandoverAccount,
    Push,
    PushState,
)
from sorting_miniapp.db import db
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains, within

WEEK = timedelta(days=7)
MOST = 500  # pushes in one view
PICKED = 50


@dataclass(frozen=True)
class Wanted:
    """Which entries to show: a channel, an account of another office, a state; None: all."""

    channel: Channel | None = None
    account_id: int | None = None
    state: PushState | None = None


@dataclass(frozen=True)
class Entry:
    """A push, or (with no push) a slot of a column whose article is not taken yet."""

    at: datetime
    title: str
    channel: Channel
    path: str
    push: Push | None = None
    column: Column | None = None
    account: str = ""


@dataclass(frozen=True)
class Day:
    """One cell: its entries in order, and what is left of the account's mass sends."""

    day: date
    entries: list[Entry]
    left: str
    past: bool


def month_weeks(day: date) -> list[list[date]]:
    """The weeks, from Monday, that hold a day of the month."""
    first = day.replace(day=1)
    start, last = first - timedelta(days=first.weekday()), (first + timedelta(days=32)).replace(day=1)
    return [[one + timedelta(days=n) for n in range(7)] for one in _mondays(start, last)]


def _mondays(start: date, end: date) -> list[date]:
    return [start + n * WEEK for n in range(6) if start + n * WEEK < end]


def week_of(day: date) -> list[date]:
    return [day - timedelta(days=day.weekday()) + timedelta(days=n) for n in range(7)]


def days(branches: Sequence[str], wanted: Wanted, shown: Sequence[date]) -> dict[date, Day]:
    """The cells of the days, each with its entries; seven statements whatever the number of days."""
    start, end = clock.local_midnight(shown[0]), clock.local_midnight(shown[-1] + timedelta(days=1))
    found = sorted(_pushes(branches, wanted, start, end) + _slots(branches, wanted, start, end), key=_order)
    today, lefts = clock.today(), quotas.left(wanted.account_id, [day for day in shown if day >= clock.today()])
    by_day: dict[date, list[Entry]] = {day: [] for day in shown}
    for entry in found:
        by_day[clock.local(entry.at).date()].append(entry)
    return {
        day: Day(day, entries, lefts[day].words if day in lefts else "", day < today) for day, entries in by_day.items()
    }


def _order(entry: Entry) -> tuple[datetime, int]:
    return entry.at, entry.push.id if entry.push else 0


def _pushes(branches: Sequence[str], wanted: Wanted, start: datetime, end: datetime) -> list[Entry]:
    where: list[ColumnElement[bool]] = [within(Node.path, branches), Push.due_at >= start, Push.due_at < end]
    if wanted.channel is not None:
        where.append(Push.channel == wanted.channel)
    if wanted.account_id is not None:
        where.append(Push.account_id == wanted.account_id)
    if wanted.state is not None:
        where.append(Push.state == wanted.state)
    else:
        where.append(Push.state != PushState.CANCELLED)
    rows: Any = db.session().execute(
        select(Push, ArticleVersion.title, Node.path, Column, HandoverAccount.name)
        .join(Article, Article.id == Push.article_id)
        .join(ArticleVersion, NEWEST)
        .join(Node, Node.id == Push.node_id)
        .outerjoin(Column, Column.id == Push.column_id)
        .outerjoin(HandoverAccount, HandoverAccount.id == Push.account_id)
        .where(*where)
        .order_by(Push.due_at, Push.id)
        .limit(MOST)
    )
    return [
        Entry(push.due_at, title, push.channel, path, push, column, name or "")
        for push, title, path, column, name in rows
    ]


def _slots(branches: Sequence[str], wanted: Wanted, start: datetime, end: datetime) -> list[Entry]:
    """The slots to come, each with the article that stands in its place in the queue now."""
    if wanted.state is not None:
        return []
    coming = [
        (column, plan, at)
        for column, plan, at in column_slots.coming(start, end)
        if wanted.channel in (None, plan.channel) and wanted.account_id in (None, plan.account_id)
    ]
    paths = _paths([plan.node_id for _, plan, _ in coming])
    queues = {column.id: _ready(column.id) for column, _, _ in coming}
    turns = {column.id: _turn(plan.next_at, plan, start) for column, plan, _ in coming}
    found = []
    for column, plan, at in coming:
        turn, queue = turns[column.id], queues[column.id]
        turns[column.id] += 1
        title = queue[turn] if turn < len(queue) else "还没有文章"
        if any(contains(branch, paths[plan.node_id]) for branch in branches):
            found.append(Entry(at, title, plan.channel, paths[plan.node_id], None, column))
    return found


def _turn(first: datetime, plan: Any, start: datetime) -> int:
    """How many slots come before the view begins."""
    return sum(1 for _ in slots.until(plan.weekdays, plan.minute, first, start))


def _ready(column_id: int) -> list[str]:
    return [row.title for row in column_desk.queue(column_id) if row.Article.state is ArticleState.APPROVED]


def _paths(nodes: Sequence[int]) -> dict[int, str]:
    rows = db.session().execute(select(Node.id, Node.path).where(Node.id.in_(set(nodes))))
    return {row.id: row.path for row in rows}


def plannable(branches: Sequence[str], words: str) -> list[Any]:
    """(Article, title, column_name) of what may be planned: approved or in review, the newest first."""
    query = (
        select(Article, ArticleVersion.title.label("title"), Column.name.label("column_name"))
        .join(ArticleVersion, NEWEST)
        .join(Column, Column.id == Article.column_id)
        .join(Node, Node.id == Article.node_id)
        .where(
            or_(Article.state == ArticleState.APPROVED, Article.state == ArticleState.IN_REVIEW),
            within(Node.path, branches),
        )
        .order_by(Article.changed_at.desc(), Article.id.desc())
        .limit(PICKED)
    )
    if words:
        query = query.where(ArticleVersion.title.contains(words, autoescape=True))
    return list(db.session().execute(query))
