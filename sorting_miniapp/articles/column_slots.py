"""A column's slot has come: the next approved article of the queue becomes a push, once for each slot.

Any number of schedulers may try. The rule's row is locked, `next_at` is looked at again under the lock and moved on
with the push in one transaction; a unique (column, slot) stands behind it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.articles import pushes, quotas, slots
from sorting_miniapp.articles.audience import FIELDS
from sorting_miniapp.articles.models import Article, ArticleState, Column, Push, PushState
from sorting_miniapp.articles.models_planning import ColumnEntry, ColumnPlan
from sorting_miniapp.articles.push_rules import OPEN
from sorting_miniapp.db import db, transaction
from sorting_miniapp.orgs.models import Node

log = structlog.get_logger(__name__)
SYSTEM = "system"


def take_due() -> int:
    """Make the pushes of the slots that have come. Returns how many columns had one."""
    due = (ColumnPlan.next_at <= clock.now(), ColumnPlan.paused.is_(False))
    return sum(_take(column_id) for column_id in list(db.session().scalars(select(ColumnPlan.column_id).where(*due))))


def _take(column_id: int) -> bool:
    with transaction() as session:
        plan = session.scalar(select(ColumnPlan).where(ColumnPlan.column_id == column_id).with_for_update())
        now = clock.now()
        if plan is None or plan.paused or plan.next_at > now:
            return False
        slot, grace = plan.next_at, timedelta(minutes=plan.grace_minutes)
        plan.next_at = slots.following(plan.weekdays, plan.minute, max(slot, now - grace))
        if slot + grace < now:
            plan.note = f"{_name(slot)}到点时系统没有运行，已过宽限时间，没有推送，文章仍在队列"
        else:
            _push(session, plan, slot, grace)
        session.flush()
    return True


def _name(slot: datetime) -> str:
    return f"{clock.local(slot):%m月%d日 %H:%M} 那一期"


def _push(session: Session, plan: ColumnPlan, slot: datetime, grace: timedelta) -> None:
    article, left_out = _next(session, plan)
    if article is None:
        plan.note = f"{_name(slot)}没有推送：" + ("队列里的文章现在都不能推送" if left_out else "队列里没有文章")
        log.warning("column_empty", column=plan.column_id)
        return
    addressed = {name: getattr(plan, name) for name in FIELDS}
    push = pushes.make(article, plan.channel, slot, grace, addressed, plan.changed_by)
    push.column_id, push.slot_at = plan.column_id, slot
    if plan.channel in quotas.COUNTED:
        quotas.lock(session, plan.account_id)
        problem = quotas.problem(plan.account_id, slot, plan.tag_id)
        if problem:
            push.state, push.reason = PushState.HELD, problem[:200]
    session.add(push)
    session.delete(session.get_one(ColumnEntry, article.id))
    session.flush()
    pushes.said(SYSTEM, push, session.get_one(Node, article.node_id).path)


def _next(session: Session, plan: ColumnPlan) -> tuple[Article | None, bool]:
    """The first of the queue that may go out, and whether there are others: approved, and not planned for the same
    channel already."""
    query = select(Article).join(ColumnEntry, ColumnEntry.article_id == Article.id)
    queued = query.where(ColumnEntry.column_id == plan.column_id).order_by(ColumnEntry.position, Article.id)
    twin = exists().where(
        Push.article_id == Article.id, Push.channel == plan.channel, Push.state.in_(OPEN),
        Push.account_id == plan.account_id if plan.account_id else Push.account_id.is_(None),
    )  # fmt: skip
    found = session.scalar(queued.where(Article.state == ArticleState.APPROVED, ~twin).limit(1).with_for_update())
    return found, found is not None or session.scalar(queued.limit(1)) is not None


def pause_all(reason: str) -> int:
    """No column goes on by itself until a person has looked, in the caller's transaction. Returns how many."""
    with transaction() as session:
        running = list(session.scalars(select(ColumnPlan).where(ColumnPlan.paused.is_(False)).with_for_update()))
        for plan in running:
            plan.paused, plan.note = True, reason
        return len(running)


def coming(start: datetime, end: datetime) -> list[tuple[Column, ColumnPlan, datetime]]:
    """The slots in [start, end) whose push is not made yet, of all columns that are not paused."""
    rows = db.session().execute(
        select(Column, ColumnPlan)
        .join(ColumnPlan, ColumnPlan.column_id == Column.id)
        .where(ColumnPlan.paused.is_(False), ColumnPlan.next_at < end)
        .order_by(Column.position, Column.id)
    )
    return [
        (column, plan, slot)
        for column, plan in rows
        for slot in slots.until(plan.weekdays, plan.minute, plan.next_at, end)
        if slot >= start
    ]
