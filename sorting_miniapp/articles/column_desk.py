"""What people see of columns: the list, the queues, and what somebody must look at before a slot comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, select

from sorting_miniapp import clock
from sorting_miniapp.articles import slots
from sorting_miniapp.articles.desk import NEWEST
from sorting_miniapp.articles.models import Article, ArticleState, ArticleVersion, Column
from sorting_miniapp.articles.models_planning import ColumnEntry, ColumnPlan
from sorting_miniapp.db import db
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains, within

MOST = 100


@dataclass(frozen=True)
class Line:
    """A column as the list shows it."""

    column: Column
    plan: ColumnPlan | None
    queued: int
    ready: int
    warning: str


def articles_of(path: str) -> Any:
    """A query of (Article, title) over a branch."""
    return (
        select(Article, ArticleVersion.title.label("title"))
        .join(ArticleVersion, NEWEST)
        .join(Node, Node.id == Article.node_id)
        .where(within(Node.path, [path]))
    )


def queue(column_id: int) -> list[Any]:
    """(Article, title) in the order in which they go out."""
    found = select(Article, ArticleVersion.title.label("title")).join(ArticleVersion, NEWEST)
    found = found.join(ColumnEntry, ColumnEntry.article_id == Article.id).where(ColumnEntry.column_id == column_id)
    return list(db.session().execute(found.order_by(ColumnEntry.position, Article.id)))


def candidates(plan: ColumnPlan) -> list[Any]:
    """(Article, title): approved articles of the column that are not queued, oldest first."""
    path = db.session().get_one(Node, plan.node_id).path
    queued = select(ColumnEntry.article_id)
    query = articles_of(path).where(
        Article.column_id == plan.column_id, Article.state == ArticleState.APPROVED, Article.id.not_in(queued)
    )
    return list(db.session().execute(query.order_by(Article.id).limit(MOST)))


def listed(branches: Sequence[str]) -> list[Line]:
    """Every column, with its rule where it lies in the branches, and what is queued; two statements and a setting."""
    session = db.session()
    rows = session.execute(
        select(Column, ColumnPlan, Node.path)
        .outerjoin(ColumnPlan, ColumnPlan.column_id == Column.id)
        .outerjoin(Node, Node.id == ColumnPlan.node_id)
        .order_by(Column.position, Column.id)
    ).all()
    counted = {row.column_id: row for row in session.execute(_counts())}
    days, found = int(settings.read("column_warn_days")), []
    for column, plan, path in rows:
        seen = plan if path and any(contains(branch, path) for branch in branches) else None
        count = counted.get(column.id)
        queued, ready = (count.queued, int(count.ready or 0)) if count else (0, 0)
        found.append(Line(column, seen, queued, ready, warning(seen, ready, days) if seen else ""))
    return found


def _counts() -> Any:
    ready = func.sum(case((Article.state == ArticleState.APPROVED, 1), else_=0))
    joined = select(ColumnEntry.column_id, func.count().label("queued"), ready.label("ready"))
    return joined.join(Article, Article.id == ColumnEntry.article_id).group_by(ColumnEntry.column_id)


def warning(plan: ColumnPlan, ready: int, days: int) -> str:
    """What a person should do about the slots of the next `days`: '' when every one has an article."""
    if plan.paused:
        return ""
    coming = list(slots.until(plan.weekdays, plan.minute, plan.next_at, clock.now() + timedelta(days=days)))
    if len(coming) <= ready:
        return ""
    return f"{clock.local(coming[ready]):%m月%d日 %H:%M} 那一期还没有文章，请排进审核通过的文章"


def warned(branches: Sequence[str]) -> list[tuple[Column, ColumnPlan, str]]:
    """(column, rule, reason) of the columns somebody must look at."""
    lines = [line for line in listed(branches) if line.plan]
    return [
        (line.column, line.plan, "；".join(filter(None, (line.plan.note, line.warning))))
        for line in lines
        if line.plan and (line.plan.note or line.warning)
    ]
