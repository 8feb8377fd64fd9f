"""Pushes as people plan and steer them: when, by which channel, to whom; pause, resume, cancel, decide on held ones.

Every change of state is a conditional one on the locked row, so that a person and a worker never both have their way.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import audience, push_rules, push_steps, writing
from sorting_miniapp.articles.audience import EVERYBODY, Target
from sorting_miniapp.articles.models import Article, ArticleState, ArticleVersion, Channel, Push, PushState
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import fan_out
from sorting_miniapp.deliveries.models import FanOutState
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

WAITING = (PushState.PENDING_REVIEW, PushState.READY)


def plan(
    actor: StaffActor,
    article_id: int,
    channel: Channel,
    due_at: datetime,
    target: Target = EVERYBODY,
    grace_minutes: int | None = None,
) -> int:
    """Plan a push of an article that is approved or in review; returns its key.

    `grace_minutes`: how late it may go out by itself (None: as the settings say). Raises Conflict for an article nobody
    handed in, a day or month used up by the account's quota, or another open push of it by the same channel; Invalid
    for an impossible time or target; NotFound, Forbidden.
    """
    with transaction() as session:
        push, node = _checked(session, actor, article_id, channel, due_at, target, grace_minutes)
        session.add(push)
        session.flush()
        said(actor.username, push, node.path)
    return push.id


@dataclass(frozen=True)
class Look:
    """What a person sees before confirming. `count` None: nobody knows; `late_at`: until when it goes by itself."""

    audience: str
    count: int | None
    warnings: list[str]
    late_at: datetime


def look(
    actor: StaffActor,
    article_id: int,
    channel: Channel,
    due_at: datetime,
    target: Target = EVERYBODY,
    grace_minutes: int | None = None,
) -> Look:
    """What `plan` with the same arguments would do; raises what it would raise, and plans nothing."""
    with transaction() as session:
        push, _ = _checked(session, actor, article_id, channel, due_at, target, grace_minutes)
        addressed = {name: getattr(push, name) for name in audience.FIELDS}
        warned = push_rules.warnings(article_id, channel, addressed, due_at)
        return Look(audience.words(push), audience.count(push), warned, push.late_at)


def _checked(
    session: Session,
    actor: StaffActor,
    article_id: int,
    channel: Channel,
    due_at: datetime,
    target: Target,
    grace_minutes: int | None,
) -> tuple[Push, Node]:
    """The push as it may be planned, not in the database yet, and its unit."""
    article, node = writing.locked(session, actor, article_id, Role.EDITOR)
    if article.state not in (ArticleState.APPROVED, ArticleState.IN_REVIEW):
        raise Conflict("not_approved", "文章提交审核后才能安排推送")
    addressed = audience.columns_of(session, actor, channel, target)
    push_rules.check_time(channel, due_at)
    push = make(article, channel, due_at, push_rules.grace(grace_minutes), addressed, actor.id)
    push_rules.check_room(session, push)
    return push, node


def make(
    article: Article, channel: Channel, due_at: datetime, grace: timedelta, addressed: dict[str, Any], staff_id: int
) -> Push:
    """A push that is not in the database yet. `addressed`: as audience.columns_of gives it."""
    return Push(
        article_id=article.id,
        node_id=article.node_id,
        channel=channel,
        due_at=due_at,
        late_at=due_at + grace,
        state=PushState.READY if article.state is ArticleState.APPROVED else PushState.PENDING_REVIEW,
        clientmsgid=secrets.token_hex(16),
        created_by=staff_id,
        created_at=clock.now(),
        **addressed,
    )


def said(username: str, push: Push, path: str) -> None:
    """The audit trail's line of a new push, in the caller's transaction."""
    after = {"article": push.article_id, "channel": push.channel.value, "due_at": clock.local(push.due_at).isoformat()}
    audit.record(username, "push.plan", "push", push.id, node_path=path, after=after)


def locked(session: Session, actor: StaffActor, push_id: int) -> tuple[Push, Node]:
    """The push, locked, for an editor of its unit. Raises NotFound, Forbidden."""
    push = session.scalar(select(Push).where(Push.id == push_id).with_for_update())
    if push is None:
        raise NotFound("push_not_found", "没有找到这次推送")
    node = session.get_one(Node, push.node_id)
    actor.require(Role.EDITOR, node.path)
    return push, node


def expect(push: Push, states: Iterable[PushState]) -> None:
    """Raises Conflict."""
    if push.state not in states:
        raise Conflict("push_state", "推送的状态已经变了，请刷新后再看")


def moved(actor: StaffActor, verb: str, push: Push, node: Node, before: PushState) -> None:
    """The audit trail's line of a change of state, in the caller's transaction."""
    audit.record(
        actor.username, f"push.{verb}", "push", push.id, node_path=node.path,
        before={"state": before.value}, after={"state": push.state.value},
    )  # fmt: skip


def cancel(actor: StaffActor, push_id: int) -> None:
    """Nothing more goes out; what has gone out stays. Raises Conflict once the official account has it."""
    with transaction() as session:
        push, node = locked(session, actor, push_id)
        expect(push, push_rules.OPEN)
        if push.called_at and push.state in (PushState.SENDING, PushState.AWAITING_ADMIN):
            raise Conflict("already_sending", "已经交给公众号，不能再取消")
        before, now = push.state, clock.now()
        if push.fan_out_id and not fan_out.finished(push.fan_out_id):
            fan_out.cancel(push.fan_out_id)
        push.state, push.finished_at, push.lease_until = PushState.CANCELLED, now, None
        push.fence += 1
        moved(actor, "cancel", push, node, before)


def pause(actor: StaffActor, push_id: int) -> None:
    """Keep a waiting push from starting, or stop the messages of a running one. Raises Conflict."""
    with transaction() as session:
        push, node = locked(session, actor, push_id)
        expect(push, (*WAITING, PushState.SENDING))
        if push.state is PushState.SENDING and push.fan_out_id is None:
            raise Conflict("push_state", "公众号的推送开始后不能暂停")
        before = push.state
        if push.fan_out_id is not None and fan_out.state(push.fan_out_id)[0] is not FanOutState.PAUSED:
            fan_out.pause(push.fan_out_id)
        push.state, push.reason = PushState.PAUSED, f"{actor.name}暂停"
        moved(actor, "pause", push, node, before)


def resume(actor: StaffActor, push_id: int) -> None:
    """Go on where it stopped; one that had not begun waits for its time again. Raises Conflict when that is over."""
    with transaction() as session:
        push, node = locked(session, actor, push_id)
        expect(push, (PushState.PAUSED, PushState.HELD))
        before = push.state
        if push.fan_out_id is None:
            _wait_again(session, push)
        else:
            if fan_out.state(push.fan_out_id)[0] is FanOutState.PAUSED:
                fan_out.resume(push.fan_out_id)
            push.state, push.reason = PushState.SENDING, ""
        moved(actor, "resume", push, node, before)


def _wait_again(session: Session, push: Push) -> None:
    if push.state is PushState.HELD or clock.now() > push.late_at:
        raise Conflict("push_late", "推送还没有开始，原定的时间已经过了，请改时间或者马上发送")
    article = session.get_one(Article, push.article_id)
    push.state = PushState.READY if article.state is ArticleState.APPROVED else PushState.PENDING_REVIEW
    push.reason = ""


def replan(actor: StaffActor, push_id: int, due_at: datetime) -> None:
    """Another time for one that waits or is held; its grace stays as long as it was. Raises Conflict, Invalid."""
    with transaction() as session:
        push, node = locked(session, actor, push_id)
        expect(push, (*WAITING, PushState.HELD, PushState.PAUSED))
        push_rules.check_time(push.channel, due_at)
        _release(session, push)
        grace = push.late_at - push.due_at
        push.due_at, push.late_at = due_at, due_at + grace
        push_rules.check_room(session, push)
        before, article = push.state, session.get_one(Article, push.article_id)
        push.state = PushState.READY if article.state is ArticleState.APPROVED else PushState.PENDING_REVIEW
        moved(actor, "replan", push, node, before)


def send_now(actor: StaffActor, push_id: int) -> None:
    """Send one that waits or is held as soon as possible. Raises Conflict, Invalid in quiet hours."""
    replan(actor, push_id, clock.now())


def _release(session: Session, push: Push) -> None:
    """Free it of its last try. One whose call may have gone out keeps its clientmsgid while WeChat remembers it."""
    if push.fan_out_id is not None:
        raise Conflict("fan_out_begun", "消息已经开始发送，请用“继续发送”")
    if push_steps.maybe_sent(push):
        raise Conflict("maybe_sent", "这次推送可能已经发出，请先到公众号后台核对，再关闭或新建推送")
    push.version_id = push.version_id if push.called_at else None
    push.draft_id = push.draft_id if push.called_at else ""
    push.reason, push.not_before, push.attempts, push.lease_until = "", None, 0, None
    push.fence += 1


def resend(actor: StaffActor, push_id: int) -> None:
    """Once more to those known not to have received it, and to nobody else. Raises Conflict."""
    with transaction() as session:
        push, node = locked(session, actor, push_id)
        expect(push, (PushState.PARTLY_FAILED,))
        if push.fan_out_id is None:
            raise Conflict("push_state", "只有订阅消息可以补发")
        before = push.state
        fan_out.resend(push.fan_out_id)
        push.state, push.reason, push.finished_at = PushState.SENDING, "", None
        moved(actor, "resend", push, node, before)


def close(actor: StaffActor, push_id: int) -> None:
    """A person closes a held push as missed. Raises Conflict."""
    with transaction() as session:
        push, node = locked(session, actor, push_id)
        expect(push, (PushState.HELD,))
        before = push.state
        push.state, push.finished_at = PushState.MISSED, clock.now()
        moved(actor, "close", push, node, before)


def counts(push: Push) -> dict[str, int]:
    """A subscribe push's deliveries by state; {} before it starts and for other channels."""
    return fan_out.counts(push.fan_out_id) if push.fan_out_id else {}


def held(branches: list[str], most: int) -> list[tuple[Push, str]]:
    """(push, title) of those that wait for a person, oldest first."""
    rows = db.session().execute(
        select(Push, ArticleVersion.title)
        .join(Article, Article.id == Push.article_id)
        .join(ArticleVersion, (ArticleVersion.article_id == Article.id) & (ArticleVersion.number == Article.number))
        .join(Node, Node.id == Push.node_id)
        .where(Push.state.in_((PushState.HELD, PushState.PAUSED, PushState.MANUAL)), within(Node.path, branches))
        .order_by(Push.due_at)
        .limit(most)
    )
    return [(push, title) for push, title in rows]
