"""The worker's half of the callbacks: each stored event is handled once, in one transaction with its effect.

What an event means to a feature is that feature's own: it registers a function for a kind of event at create_app.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import structlog
from flask import current_app
from sqlalchemy import and_, delete, or_, select, update

from sorting_miniapp import clock
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.metrics import EVENTS
from sorting_miniapp.wechat.models import EventState, WeChatEvent

log = structlog.get_logger(__name__)
TRIES = 8
BATCH = 50
SLICE_SECONDS = 20.0


class Later(Exception):
    """What the event speaks of is not there yet: try again in a while."""


@dataclass(frozen=True)
class Event:
    """A pushed event. `user` is the openid it comes from on that account, `body` as payloads.event shapes it."""

    account: str
    kind: str
    user: str
    at: datetime
    body: dict[str, Any]
    attempts: int
    last: bool  # no further try after this one


@dataclass(frozen=True)
class Handler:
    """`apply` runs inside a transaction; `ask` before it, where WeChat may be called, and adds to the body."""

    apply: Callable[[Event], None]
    ask: Callable[[Event], dict[str, Any]] | None = None


_handlers: dict[str, Handler] = {}


def on(kind: str, apply: Callable[[Event], None], ask: Callable[[Event], dict[str, Any]] | None = None) -> None:
    """Handle events of this kind (small letters). Registering twice handles once."""
    _handlers[kind] = Handler(apply, ask)


def label(kind: str) -> str:
    """The kind for a metric: only those somebody handles have a name there."""
    return kind if kind in _handlers else "other"


def _workable() -> Any:
    now = clock.wall_now()
    return and_(
        WeChatEvent.state == EventState.READY,
        or_(WeChatEvent.not_before.is_(None), WeChatEvent.not_before <= now),
        or_(WeChatEvent.lease_until.is_(None), WeChatEvent.lease_until < database_now()),
    )


def waiting() -> bool:
    """Whether any event could be handled now."""
    return db.session().scalar(select(WeChatEvent.id).where(_workable()).limit(1)) is not None


def run_ready() -> bool:
    """Handle what is ready, for one slice of time; True when more is left."""
    begun = clock.monotonic()
    while clock.monotonic() - begun < SLICE_SECONDS:
        claimed = _claim()
        for event_id, fence in claimed:
            _run(event_id, fence)
        if len(claimed) < BATCH:
            return False
    return True


def _claim() -> list[tuple[int, int]]:
    """(id, fence) of up to a batch of events that are ours until the lease ends."""
    lease = timedelta(seconds=current_app.extensions["settings"].lease_seconds)
    with transaction() as session:
        wanted = select(WeChatEvent.id, WeChatEvent.fence).where(_workable()).order_by(WeChatEvent.id).limit(BATCH)
        found = session.execute(wanted.with_for_update(skip_locked=True)).all()
        if found:
            session.execute(
                update(WeChatEvent)
                .where(WeChatEvent.id.in_([row.id for row in found]))
                .values(
                    fence=WeChatEvent.fence + 1, attempts=WeChatEvent.attempts + 1, lease_until=database_now() + lease
                )
            )
        return [(row.id, row.fence + 1) for row in found]


def _run(event_id: int, fence: int) -> None:
    row = db.session().get(WeChatEvent, event_id, populate_existing=True)
    db.session().commit()
    if row is None or row.fence != fence or row.state is not EventState.READY:
        return
    handler = _handlers.get(row.kind)
    event = _event(row)
    try:
        if handler is not None and handler.ask is not None:
            event = replace(event, body=event.body | handler.ask(event))
        with transaction():
            # First the mark, then the effect: whoever lost the lease has no effect.
            _mark(event_id, fence, EventState.DONE if handler else EventState.IGNORED)
            if handler is not None:
                handler.apply(event)
    except _Lost:
        return
    except Later:
        _again(event, event_id, fence, "尚未找到对应的记录")
    except Exception as error:
        log.exception("event_failed", kind=event.kind, number=event_id)
        _again(event, event_id, fence, type(error).__name__)
    else:
        EVENTS.labels(event.account, label(event.kind), "done" if handler else "ignored").inc()


class _Lost(Exception):
    """Another worker has this event now."""


def _mark(event_id: int, fence: int, state: EventState, **more: Any) -> None:
    """In the caller's transaction. Raises _Lost."""
    mine = (WeChatEvent.id == event_id, WeChatEvent.fence == fence, WeChatEvent.state == EventState.READY)
    ended = {"done_at": clock.wall_now()} if state is not EventState.READY else {}
    with transaction() as session:
        done = session.execute(update(WeChatEvent).where(*mine).values(state=state, lease_until=None, **ended, **more))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise _Lost


def _again(event: Event, event_id: int, fence: int, reason: str) -> None:
    try:
        if event.last:
            _mark(event_id, fence, EventState.FAILED, reason=reason[:200])
            EVENTS.labels(event.account, label(event.kind), "failed").inc()
            return
        pause = clock.wall_now() + timedelta(seconds=2 ** min(event.attempts, 7))
        _mark(event_id, fence, EventState.READY, reason=reason[:200], not_before=pause)
    except _Lost:
        return


def _event(row: WeChatEvent) -> Event:
    body = orjson.loads(row.payload)
    said = str(body.get("CreateTime", ""))
    at = datetime.fromtimestamp(int(said), UTC) if said.isascii() and said.isdigit() and len(said) < 12 else None
    user = str(body.get("FromUserName", ""))
    return Event(row.account, row.kind, user, at or row.received_at, body, row.attempts, row.attempts >= TRIES)


def purge(days: int) -> int:
    """Delete handled events older than `days`. Returns how many."""
    old = (WeChatEvent.received_at < clock.wall_now() - timedelta(days=days), WeChatEvent.state != EventState.READY)
    with transaction() as session:
        return int(session.execute(delete(WeChatEvent).where(*old)).rowcount)  # type: ignore[attr-defined]
