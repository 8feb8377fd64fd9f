"""What pushes came to: messages sent, people reached, readings in the mini-program; by month, column, article.

Readings are of residents and days (人次): one resident counts once a day for an article.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, func, select, true

from sorting_miniapp import clock
from sorting_miniapp.articles.desk import NEWEST
from sorting_miniapp.articles.models import Article, ArticleRead, ArticleVersion, Column, Push
from sorting_miniapp.articles.push_rules import WENT_OUT
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import results
from sorting_miniapp.deliveries.models import DeliveryState
from sorting_miniapp.errors import Invalid
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

SHOWN = (DeliveryState.SENT, DeliveryState.FAILED, DeliveryState.REFUSED, DeliveryState.UNKNOWN)
LONGEST = 366 * 3
TOP = 30
AFTER_DAYS = 7  # readings of these days are shown beside a push


@dataclass
class Sums:
    """The figures of a month, a column or an article."""

    pushes: int = 0
    messages: Counter[DeliveryState] = field(default_factory=Counter)
    reached: int = 0
    reads: int = 0


@dataclass(frozen=True)
class Overview:
    """A period: the whole, and by month ('2026-05'), column name, article (key, title); months in order."""

    whole: Sums
    months: dict[str, Sums]
    columns: dict[str, Sums]
    articles: list[tuple[int, str, Sums]]


def check_period(first: date, last: date) -> None:
    """Raises Invalid."""
    if first > last or (last - first).days > LONGEST:
        raise Invalid("period", "请填写起止日期，最长三年")


def overview(branches: Sequence[str], first: date, last: date, column_id: int | None = None) -> Overview:
    """The period's figures over the branches, of one column or all; five statements. Raises Invalid."""
    check_period(first, last)
    months: dict[str, Sums] = {month: Sums() for month in _months(first, last)}
    columns: dict[int, Sums] = defaultdict(Sums)
    articles: dict[int, Sums] = defaultdict(Sums)
    whole = Sums()
    for row, states in _pushes(branches, first, last, column_id):
        for one in (whole, months[results.month_of(row.due_at)], columns[row.column_id], articles[row.article_id]):
            one.pushes += 1
            one.reached += row.reached or 0
            one.messages.update(states)
    for row in _reads(branches, first, last, column_id):
        for one in (whole, months[row.day.strftime("%Y-%m")], columns[row.column_id], articles[row.article_id]):
            one.reads += int(row.number)
    names = _names(columns, articles)
    listed = sorted(articles.items(), key=lambda one: (-one[1].reads, -one[1].messages[DeliveryState.SENT], one[0]))
    return Overview(
        whole,
        months,
        {names[0][key]: sums for key, sums in sorted(columns.items())},
        [(key, names[1][key], sums) for key, sums in listed[:TOP]],
    )


def _months(first: date, last: date) -> Iterator[str]:
    day = first.replace(day=1)
    while day <= last:
        yield day.strftime("%Y-%m")
        day = (day + timedelta(days=32)).replace(day=1)


def _of(column_id: int | None) -> ColumnElement[bool]:
    return true() if column_id is None else Article.column_id == column_id


def _pushes(
    branches: Sequence[str], first: date, last: date, column_id: int | None
) -> list[tuple[Any, dict[DeliveryState, int]]]:
    """The pushes that went out, by their day, each with its messages by state."""
    rows = list(
        db.session().execute(
            select(Push.id, Push.due_at, Push.article_id, Push.fan_out_id, Push.reached, Article.column_id)
            .join(Article, Article.id == Push.article_id)
            .join(Node, Node.id == Push.node_id)
            .where(
                Push.state.in_(WENT_OUT),
                Push.due_at >= clock.local_midnight(first),
                Push.due_at < clock.local_midnight(last + timedelta(days=1)),
                within(Node.path, branches),
                _of(column_id),
            )
        )
    )
    counted = results.by_fan_out([row.fan_out_id for row in rows if row.fan_out_id])
    return [(row, {state: counted.get(row.fan_out_id, {}).get(state, 0) for state in SHOWN}) for row in rows]


def _reads(branches: Sequence[str], first: date, last: date, column_id: int | None) -> Any:
    return db.session().execute(
        select(ArticleRead.article_id, ArticleRead.day, Article.column_id, func.count().label("number"))
        .join(Article, Article.id == ArticleRead.article_id)
        .join(Node, Node.id == Article.node_id)
        .where(ArticleRead.day >= first, ArticleRead.day <= last, within(Node.path, branches), _of(column_id))
        .group_by(ArticleRead.article_id, ArticleRead.day, Article.column_id)
    )


def _names(columns: Iterable[int], articles: Iterable[int]) -> tuple[dict[int, str], dict[int, str]]:
    session = db.session()
    titles = select(Article.id, ArticleVersion.title).join(ArticleVersion, NEWEST).where(Article.id.in_(list(articles)))
    named = session.execute(select(Column.id, Column.name).where(Column.id.in_(list(columns))))
    return {row.id: row.name for row in named}, {row.id: row.title for row in session.execute(titles)}


def reads_by_day(article_id: int, first: date, last: date) -> dict[date, int]:
    """How often an article was read on each day of the span, nothing left out."""
    found = dict.fromkeys((first + timedelta(days=n) for n in range((last - first).days + 1)), 0)
    rows = db.session().execute(
        select(ArticleRead.day, func.count().label("number"))
        .where(ArticleRead.article_id == article_id, ArticleRead.day >= first, ArticleRead.day <= last)
        .group_by(ArticleRead.day)
    )
    return found | {row.day: int(row.number) for row in rows}


def reads_after(push: Push) -> int | None:
    """How often the article was read in the mini-program in the week from the push's day on; None before it began."""
    if push.started_at is None:
        return None
    first = clock.local(push.started_at).date()
    return sum(reads_by_day(push.article_id, first, first + timedelta(days=AFTER_DAYS - 1)).values())
