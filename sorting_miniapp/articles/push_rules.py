"""What a push's time and place must keep (raised), and what a person should know before planning it (warned)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.articles import quotas
from sorting_miniapp.articles.audience import FIELDS
from sorting_miniapp.articles.models import CHANNEL_NAMES, Channel, Push, PushState
from sorting_miniapp.db import db
from sorting_miniapp.deliveries.quiet import is_quiet
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.orgs import settings

FURTHEST = timedelta(days=366)
MOST_GRACE = 1440
OPEN = (
    PushState.PENDING_REVIEW,
    PushState.READY,
    PushState.SENDING,
    PushState.AWAITING_ADMIN,
    PushState.PAUSED,
    PushState.HELD,
    PushState.MANUAL,
)
WENT_OUT = (PushState.SENDING, PushState.AWAITING_ADMIN, PushState.SENT, PushState.PARTLY_FAILED, PushState.MANUAL)


def check_time(channel: Channel, due_at: datetime) -> None:
    """Raises Invalid for a time that is past, too far away, or in the quiet hours of messages to residents."""
    now = clock.now()
    if due_at < now - timedelta(minutes=1):
        raise Invalid("due_at", "推送时间已经过去，请选择以后的时间")
    if due_at > now + FURTHEST:
        raise Invalid("due_at", "推送时间不能超过一年")
    check_quiet(channel, due_at)


def check_quiet(channel: Channel, moment: datetime) -> None:
    """Raises Invalid for a subscribe message in the quiet hours."""
    start, end = int(settings.read("quiet_from")), int(settings.read("quiet_to"))
    if channel is Channel.SUBSCRIBE and is_quiet(moment, start, end):
        raise Invalid("due_at", f"{start} 时至次日 {end} 时为安静时段，不能给居民发消息，请换一个时间")


def grace(minutes: int | None) -> timedelta:
    """How long after its time a push may still go out by itself. Raises Invalid."""
    chosen = int(settings.read("push_grace_minutes")) if minutes is None else minutes
    if not 0 <= chosen <= MOST_GRACE:
        raise Invalid("grace_minutes", f"宽限须为 0 到 {MOST_GRACE} 分钟")
    return timedelta(minutes=chosen)


def _twins(article_id: int, channel: Channel, account_id: int | None) -> tuple[ColumnElement[bool], ...]:
    account = Push.account_id.is_(None) if account_id is None else Push.account_id == account_id
    return (Push.article_id == article_id, Push.channel == channel, account)


def check_room(session: Session, push: Push) -> None:
    """The article has no other open push by the same channel, and the account's quota is not used up.

    Raises Conflict. The account stays locked until the transaction ends, so that the last one is taken once.
    """
    but = push.id or 0
    mine = _twins(push.article_id, push.channel, push.account_id)
    if session.scalar(select(Push.id).where(*mine, Push.state.in_(OPEN), Push.id != but).limit(1)):
        raise Conflict("push_planned", "这篇文章在这个渠道已经安排了推送")
    if push.channel in quotas.COUNTED:
        quotas.lock(session, push.account_id)
        problem = quotas.problem(push.account_id, push.due_at, push.tag_id, but)
        if problem:
            raise Conflict("quota_used", problem)


def warnings(article_id: int, channel: Channel, addressed: dict[str, Any], due_at: datetime) -> list[str]:
    """What may be planned and yet be a mistake: the article went out this way before, or the same people hear from us
    again within the days the settings name."""
    session, found = db.session(), []
    mine = _twins(article_id, channel, addressed["account_id"])
    before = session.scalar(
        select(Push.due_at).where(*mine, Push.state.in_(WENT_OUT)).order_by(Push.due_at.desc()).limit(1)
    )
    if before is not None:
        found.append(
            f"这篇文章已在 {clock.local(before):%Y-%m-%d} 用“{CHANNEL_NAMES[channel]}”推送过，请确认要再推一次"
        )
    days = int(settings.read("repeat_days"))
    if channel not in (Channel.MASS, Channel.SUBSCRIBE) or not days:
        return found
    span = timedelta(days=days)
    same = [getattr(Push, name) == addressed[name] for name in FIELDS if addressed[name] is not None]
    same += [getattr(Push, name).is_(None) for name in FIELDS if addressed[name] is None]
    other = session.scalar(
        select(Push.due_at)
        .where(
            Push.channel == channel, *same, Push.state.in_((*OPEN, *WENT_OUT)),
            Push.due_at > due_at - span, Push.due_at < due_at + span,
        )
        .order_by(Push.due_at.desc())
        .limit(1)
    )  # fmt: skip
    if other is not None:
        found.append(f"同样的人在 {clock.local(other):%Y-%m-%d %H:%M} 也会收到推送，前后不到 {days} 天")
    return found
