"""The tags of the connected official account and how many follow it: asked for by people, read by the worker."""

from __future__ import annotations

from datetime import timedelta

import structlog
from sqlalchemy import delete, insert, select

from sorting_miniapp import audit, clock, state
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.articles.models_planning import AccountTag
from sorting_miniapp.db import db, transaction
from sorting_miniapp.wechat import official
from sorting_miniapp.wechat.errors import WeChatError

log = structlog.get_logger(__name__)
ALL, ALL_NAME = 0, "全部关注者"
ASKED, READ, FAILED = "account_tags_asked", "account_tags_read", "account_tags_failed"  # FAILED: WeChat's errcode
FRESH = timedelta(hours=12)


def known() -> list[AccountTag]:
    """The tags as they were read last, all followers first; [] before."""
    return list(db.session().scalars(select(AccountTag).order_by(AccountTag.id)))


def failed() -> int:
    """The errcode of the last reading when it did not succeed, else 0."""
    return state.get(FAILED)


def ask(actor: StaffActor) -> None:
    """Have the worker read them again."""
    with transaction():
        state.put(ASKED, _seconds())
        audit.record(actor.username, "tags.ask", "account", "connected")


def _seconds() -> int:
    return int(clock.wall_now().timestamp())


def waiting() -> bool:
    """Whether the worker should read them: somebody asked since, or it was long ago."""
    read = state.get(READ)
    return state.get(ASKED) > read or _seconds() - read > FRESH.total_seconds()


def refresh() -> None:
    """Read them from WeChat. A refusal is kept for people to see, and asked again only when somebody does.

    That it was tried is written first, so that whatever goes wrong is not tried again at once.
    """
    state.put(READ, _seconds())
    try:
        found, total = official().tags(), official().followers().total
    except WeChatError as error:
        log.warning("tags_not_read", errcode=error.errcode, rid=error.rid)
        state.put(FAILED, error.errcode or -1)
        return
    now = clock.now()
    rows = [{"id": tag.id, "name": tag.name[:30], "followers": tag.count, "seen_at": now} for tag in found if tag.id]
    rows.append({"id": ALL, "name": ALL_NAME, "followers": total, "seen_at": now})
    with transaction() as session:
        session.execute(delete(AccountTag))
        session.execute(insert(AccountTag), rows)
        state.put(FAILED, 0)
