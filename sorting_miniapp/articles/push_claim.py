"""Claiming a push for a worker: what must hold before it goes out, and what is fixed when it begins.

One worker at a time runs a push, by lease and fence; whoever lost the lease changes no row (design.md §5, 4).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from sorting_miniapp import clock, epoch
from sorting_miniapp.articles import audience, composing, listing, slogans
from sorting_miniapp.articles.audience import NOTICE
from sorting_miniapp.articles.models import (
    Article,
    ArticleState,
    ArticleVersion,
    Channel,
    Push,
    PushState,
    Slogan,
)
from sorting_miniapp.articles.push_steps import maybe_sent
from sorting_miniapp.articles.writing import newest
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import fan_out
from sorting_miniapp.faults import crash_point

log = structlog.get_logger(__name__)
RUNNING = (PushState.SENDING, PushState.AWAITING_ADMIN)
STORE_PAUSES = (0.1, 0.3, 0.5, 0.5)  # seconds


class Lost(Exception):
    """Another worker or a person has this push now."""


@dataclass(frozen=True)
class Claimed:
    """A push this worker runs, with what it needs, as plain values."""

    id: int
    fence: int
    channel: Channel
    clientmsgid: str
    called: bool
    draft_id: str
    remote_id: str
    attempts: int
    patient_until: datetime
    sheet: composing.Sheet
    head: str
    foot: str
    tag_id: int | None


def waiting() -> list[int]:
    """Pushes that are due, or whose runner vanished: for the scheduler's tick."""
    now = clock.now()
    free = or_(Push.lease_until.is_(None), Push.lease_until < database_now())
    rested = or_(Push.not_before.is_(None), Push.not_before <= clock.wall_now())
    due = (Push.state == PushState.READY) & (Push.due_at <= now)
    running = Push.state.in_(RUNNING) & Push.fan_out_id.is_(None)
    return list(
        db.session().scalars(select(Push.id).where(or_(due, running), free, rested).order_by(Push.due_at).limit(200))
    )


def claim(push_id: int) -> Claimed | None:
    """Take the push for the length of a lease. An overdue, unapproved or unsure one is held instead."""
    lease = timedelta(seconds=current_app.extensions["settings"].lease_seconds)
    with transaction() as session:
        push = session.scalar(select(Push).where(Push.id == push_id).with_for_update())
        if push is None or not _is_due(push) or epoch.behind():
            return None
        problem = _problem(session, push)
        if problem:
            hold(push, problem)
            return None
        epoch.raise_it()
        if push.state is PushState.READY:
            begin(session, push)
        if push.channel not in (Channel.MASS, Channel.PUBLISH):
            return None
        push.fence, push.lease_until = push.fence + 1, database_now() + lease
        session.flush()
        crash_point("push_claim_before_commit")
        return _values(session, push)


def _is_due(push: Push) -> bool:
    if push.lease_until is not None and push.lease_until >= database_now():
        return False
    if push.not_before is not None and push.not_before > clock.wall_now():
        return False
    if push.state is PushState.READY:
        return push.due_at <= clock.now()
    return push.state in RUNNING and push.fan_out_id is None


def _problem(session: Session, push: Push) -> str:
    """Why the push must wait for a person; '' when it may go on."""
    if push.remote_id:
        return ""
    if push.called_at is not None:
        unsure = maybe_sent(push, database_now())
        return "发送中断，是否已发出不明，请到公众号后台核对" if unsure else ""
    if clock.now() > push.late_at:
        return "已超过宽限时间，没有自动发出"
    if session.get_one(Article, push.article_id).state is not ArticleState.APPROVED and push.version_id is None:
        return "文章没有通过审核"
    return ""


def hold(push: Push, reason: str) -> None:
    """Leave it to a person, in the caller's transaction."""
    push.state, push.reason, push.lease_until = PushState.HELD, reason[:200], None
    push.fence += 1
    log.warning("push_held", push=push.id, reason=reason)


def begin(session: Session, push: Push) -> None:
    """Fix the version, the slogans and the audience; the article is shown in the mini-program from now on."""
    now = clock.now()
    if push.version_id is None:
        article = session.get_one(Article, push.article_id)
        version = newest(session, article)
        push.version_id, push.started_at = version.id, now
        slogans.take(session, push)
        listing.publish(article.id, version)
    push.state = PushState.MANUAL if push.channel is Channel.HANDOVER else PushState.SENDING
    push.reason = ""
    if push.channel is Channel.SUBSCRIBE:
        _fan_out(session, push)
    elif push.channel is Channel.IN_APP:
        push.state, push.finished_at = PushState.SENT, now
    session.flush()


def _fan_out(session: Session, push: Push) -> None:
    version = session.get_one(ArticleVersion, push.version_id)
    page = session.get_one(Article, push.article_id).public_id
    moment = clock.local(clock.now()).strftime("%Y-%m-%d %H:%M")
    texts = {"title": version.title, "time": moment, "remark": "点击阅读全文"}
    push.fan_out_id = fan_out.create(NOTICE, texts, page, audience.residents(push))
    if fan_out.finished(push.fan_out_id):
        push.state, push.reason, push.finished_at = PushState.SENT, "没有订阅的居民", clock.now()


def _values(session: Session, push: Push) -> Claimed:
    version = session.get_one(ArticleVersion, push.version_id)
    texts = [session.get_one(Slogan, key).text if key else "" for key in (push.head_id, push.foot_id)]
    return Claimed(
        push.id, push.fence, push.channel, push.clientmsgid, push.called_at is not None, push.draft_id, push.remote_id,
        push.attempts, push.late_at, composing.sheet(version), texts[0], texts[1], push.tag_id,
    )  # fmt: skip


def store(claimed: Claimed, **values: Any) -> None:
    """Write what is known now, if the push is still ours. Raises Lost.

    What WeChat answered must not be lost with a connection to the database: it is written again for as long as the
    lease may last.
    """
    for pause in STORE_PAUSES:
        try:
            _store(claimed, values)
            return
        except OperationalError as error:
            log.warning("push_not_recorded", push=claimed.id, error=type(error).__name__)
            clock.sleep(pause)
    _store(claimed, values)


def _store(claimed: Claimed, values: dict[str, Any]) -> None:
    with transaction() as session:
        mine = (Push.id == claimed.id, Push.fence == claimed.fence, Push.state.in_(RUNNING))
        done = session.execute(update(Push).where(*mine).values(**values))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Lost
