"""Pushes as people plan and steer them: when, by which channel, to whom; pause, resume, cancel, decide on held ones.

Every change of state is a conditional one on the locked row, so that a person and a worker never both have their way.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import writing
from sorting_miniapp.articles.models import Article, ArticleState, ArticleVersion, Channel, Push, PushState
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import fan_out, subscriptions
from sorting_miniapp.deliveries.models import FanOutState
from sorting_miniapp.deliveries.quiet import is_quiet
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

NOTICE = "new_article"
FURTHEST = timedelta(days=366)
# WeChat remembers a clientmsgid for 24 hours; after this a repeated mass send might go out twice.
SURE_FOR = timedelta(hours=22)
OPEN = (
    PushState.PENDING_REVIEW,
    PushState.READY,
    PushState.SENDING,
    PushState.AWAITING_ADMIN,
    PushState.PAUSED,
    PushState.HELD,
    PushState.MANUAL,
)


def plan(actor: StaffActor, article_id: int, channel: Channel, due_at: datetime, node_id: int | None = None) -> int:
    """Plan a push of an article that is approved or in review; returns its key.

    `node_id`: subscribe messages go to the residents of this branch (None: everybody). Raises Conflict for an article
    nobody handed in, a time used up by the mass send's quota or another push of it by the same channel; Invalid for an
    impossible time; NotFound, Forbidden.
    """
    with transaction() as session:
        article, node = writing.locked(session, actor, article_id, Role.EDITOR)
        if article.state not in (ArticleState.APPROVED, ArticleState.IN_REVIEW):
            raise Conflict("not_approved", "文章提交审核后才能安排推送")
        branch = _branch(session, actor, node_id) if channel is Channel.SUBSCRIBE else ""
        _check_time(channel, due_at)
        _check_room(session, channel, due_at, article_id, node.path)
        push = Push(
            article_id=article.id,
            node_id=article.node_id,
            channel=channel,
            branch=branch,
            due_at=due_at,
            state=PushState.READY if article.state is ArticleState.APPROVED else PushState.PENDING_REVIEW,
            clientmsgid=secrets.token_hex(16),
            created_by=actor.id,
            created_at=clock.now(),
        )
        session.add(push)
        session.flush()
        audit.record(
            actor.username, "push.plan", "push", push.id, node_path=node.path,
            after={"article": article.id, "channel": channel.value, "due_at": clock.local(due_at).isoformat()},
        )  # fmt: skip
    return push.id


def _branch(session: Session, actor: StaffActor, node_id: int | None) -> str:
    """The path of the audience's branch; everybody is the city's to write to."""
    node = session.get(Node, node_id) if node_id else session.scalar(select(Node).where(Node.parent_id.is_(None)))
    if node is None:
        raise NotFound("node_not_found", "没有找到这个单位")
    actor.require(Role.EDITOR, node.path)
    return node.path


def _check_time(channel: Channel, due_at: datetime) -> None:
    now = clock.now()
    if due_at < now - timedelta(minutes=1):
        raise Invalid("due_at", "推送时间已经过去，请选择以后的时间")
    if due_at > now + FURTHEST:
        raise Invalid("due_at", "推送时间不能超过一年")
    start, end = int(settings.read("quiet_from")), int(settings.read("quiet_to"))
    if channel is Channel.SUBSCRIBE and is_quiet(due_at, start, end):
        raise Invalid("due_at", f"{start} 时至次日 {end} 时为安静时段，不能给居民发消息，请换一个时间")


def _check_room(session: Session, channel: Channel, due_at: datetime, article_id: int, path: str, but: int = 0) -> None:
    twin = select(Push.id).where(
        Push.article_id == article_id, Push.channel == channel, Push.state.in_(OPEN), Push.id != but
    )
    if session.scalar(twin.limit(1)):
        raise Conflict("push_planned", "这篇文章在这个渠道已经安排了推送")
    if channel is not Channel.MASS:
        return
    quota = int(settings.read("mass_quota_daily", path))
    day = clock.local_midnight(clock.local(due_at).date())
    gone = (PushState.CANCELLED, PushState.MISSED)
    used = session.scalar(
        select(func.count())
        .select_from(Push)
        .where(
            Push.channel == Channel.MASS,
            Push.due_at >= day,
            Push.due_at < day + timedelta(days=1),
            Push.state.not_in(gone),
            Push.id != but,
        )
    )
    if int(used or 0) >= quota:
        raise Conflict("quota_used", f"公众号每天只能群发 {quota} 次，这一天已经排满，请换一天")


def _locked(session: Session, actor: StaffActor, push_id: int) -> tuple[Push, Node]:
    push = session.scalar(select(Push).where(Push.id == push_id).with_for_update())
    if push is None:
        raise NotFound("push_not_found", "没有找到这次推送")
    node = session.get_one(Node, push.node_id)
    actor.require(Role.EDITOR, node.path)
    return push, node


def _expect(push: Push, states: Iterable[PushState]) -> None:
    if push.state not in states:
        raise Conflict("push_state", "推送的状态已经变了，请刷新后再看")


def _said(actor: StaffActor, verb: str, push: Push, node: Node, before: PushState) -> None:
    audit.record(
        actor.username, f"push.{verb}", "push", push.id, node_path=node.path,
        before={"state": before.value}, after={"state": push.state.value},
    )  # fmt: skip


def cancel(actor: StaffActor, push_id: int) -> None:
    """Nothing more goes out; what has gone out stays. Raises Conflict once the official account has it."""
    with transaction() as session:
        push, node = _locked(session, actor, push_id)
        _expect(push, OPEN)
        if push.called_at and push.state in (PushState.SENDING, PushState.AWAITING_ADMIN):
            raise Conflict("already_sending", "已经交给公众号，不能再取消")
        before, now = push.state, clock.now()
        if push.fan_out_id and not fan_out.finished(push.fan_out_id):
            fan_out.cancel(push.fan_out_id)
        push.state, push.finished_at, push.lease_until = PushState.CANCELLED, now, None
        push.fence += 1
        _said(actor, "cancel", push, node, before)


def pause(actor: StaffActor, push_id: int) -> None:
    """Stop the messages of a running push for now. Raises Conflict."""
    with transaction() as session:
        push, node = _locked(session, actor, push_id)
        _expect(push, (PushState.SENDING,))
        if push.fan_out_id is None:
            raise Conflict("push_state", "公众号的推送不能暂停")
        before = push.state
        if fan_out.state(push.fan_out_id)[0] is not FanOutState.PAUSED:
            fan_out.pause(push.fan_out_id)
        push.state, push.reason = PushState.PAUSED, f"{actor.name}暂停"
        _said(actor, "pause", push, node, before)


def resume(actor: StaffActor, push_id: int) -> None:
    """Go on where it stopped. Raises Conflict."""
    with transaction() as session:
        push, node = _locked(session, actor, push_id)
        _expect(push, (PushState.PAUSED, PushState.HELD))
        if push.fan_out_id is None:
            raise Conflict("push_state", "推送还没有开始发送，请重新安排时间")
        before = push.state
        if fan_out.state(push.fan_out_id)[0] is FanOutState.PAUSED:
            fan_out.resume(push.fan_out_id)
        push.state, push.reason = PushState.SENDING, ""
        _said(actor, "resume", push, node, before)


def replan(actor: StaffActor, push_id: int, due_at: datetime) -> None:
    """Another time for one that waits or is held. Raises Conflict, Invalid."""
    with transaction() as session:
        push, node = _locked(session, actor, push_id)
        _expect(push, (PushState.PENDING_REVIEW, PushState.READY, PushState.HELD))
        _check_time(push.channel, due_at)
        _check_room(session, push.channel, due_at, push.article_id, node.path, but=push.id)
        _release(session, actor, push, node, due_at, "replan")


def send_now(actor: StaffActor, push_id: int) -> None:
    """Send one that waits or is held as soon as possible. Raises Conflict, Invalid in quiet hours."""
    replan(actor, push_id, clock.now())


def _release(session: Session, actor: StaffActor, push: Push, node: Node, due_at: datetime, verb: str) -> None:
    """Back into the queue. One whose call may have gone out keeps its clientmsgid while WeChat remembers it."""
    before = push.state
    push.version_id = push.version_id if push.called_at else None
    push.draft_id = push.draft_id if push.called_at else ""
    article = session.get_one(Article, push.article_id)
    if push.state is PushState.HELD and push.fan_out_id is not None:
        raise Conflict("fan_out_begun", "消息已经开始发送，请用“继续发送”")
    sure = push.called_at is None or (
        push.channel is not Channel.PUBLISH and clock.wall_now() - push.called_at <= SURE_FOR
    )
    if not sure:
        raise Conflict("maybe_sent", "这次推送可能已经发出，请先到公众号后台核对，再关闭或新建推送")
    push.state = PushState.READY if article.state is ArticleState.APPROVED else PushState.PENDING_REVIEW
    push.due_at, push.reason, push.not_before, push.attempts = due_at, "", None, 0
    push.fence += 1
    push.lease_until = None
    _said(actor, verb, push, node, before)


def close(actor: StaffActor, push_id: int) -> None:
    """A person closes a held push as missed. Raises Conflict."""
    with transaction() as session:
        push, node = _locked(session, actor, push_id)
        _expect(push, (PushState.HELD,))
        before = push.state
        push.state, push.finished_at = PushState.MISSED, clock.now()
        _said(actor, "close", push, node, before)


def confirm_sent(actor: StaffActor, push_id: int, url: str) -> None:
    """The address under which a handed-over or held push has come out. Raises Conflict, Invalid."""
    url = url.strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > 500 or not url.isascii():
        raise Invalid("url", "请填写文章的完整网址，以 https:// 开头")
    with transaction() as session:
        push, node = _locked(session, actor, push_id)
        _expect(push, (PushState.MANUAL, PushState.HELD))
        before = push.state
        push.state, push.url, push.finished_at = PushState.SENT, url, clock.now()
        _said(actor, "confirm_sent", push, node, before)


def audience_count(push: Push) -> int:
    """How many residents a subscribe push would reach now."""
    return subscriptions.audience_count(NOTICE, push.branch) if push.channel is Channel.SUBSCRIBE else 0


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
