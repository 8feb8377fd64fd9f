"""A column's slot and a day's quota as they would be without their guards."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from sorting_miniapp import clock
from sorting_miniapp.articles import pushes, slots
from sorting_miniapp.articles.models import Article
from sorting_miniapp.articles.models_planning import ColumnEntry, ColumnPlan
from sorting_miniapp.db import db, transaction

PAUSE = 0.3  # longer than threads that start together lie apart on a busy machine
PATIENCE = 3.0  # seconds


def take(column_id: int) -> bool:
    """In place of column_slots._take: what is due is looked at before the transaction, and no slot is named."""
    session = db.session()
    plan = session.execute(select(ColumnPlan.__table__).where(ColumnPlan.column_id == column_id)).one()
    if plan.next_at > clock.now():
        return False
    article_id = session.scalars(select(ColumnEntry.article_id).where(ColumnEntry.column_id == column_id)).first()
    session.rollback()
    time.sleep(PAUSE)
    with transaction() as writing:
        article = writing.get_one(Article, article_id)
        addressed: dict[str, Any] = {"branch": plan.branch, "audience": plan.audience}
        writing.add(pushes.make(article, plan.channel, plan.next_at, timedelta(), addressed, plan.changed_by))
        following = slots.following(plan.weekdays, plan.minute, clock.now())
        writing.execute(update(ColumnPlan).where(ColumnPlan.column_id == column_id).values(next_at=following))
    return True


def no_lock(_session: object, _account_id: int | None) -> None:
    """In place of quotas.lock."""


def problem_together(problem: Any, planners: int) -> Any:
    """quotas.problem, after which each of the planners waits until all have looked, or for `PATIENCE`."""
    looked = threading.Barrier(planners)

    def call(account_id: int | None, due_at: datetime, tag_id: int | None, but: int = 0, but_column: int = 0) -> str:
        found = str(problem(account_id, due_at, tag_id, but, but_column))
        with suppress(threading.BrokenBarrierError):
            looked.wait(PATIENCE)
        return found

    return call
