"""Who follows the official account, as its events tell; unionid, where both accounts are bound to one platform."""

from __future__ import annotations

from typing import Any

import structlog
from sqlalchemy import func, insert, select, update

from sorting_miniapp.db import db, transaction
from sorting_miniapp.wechat import official
from sorting_miniapp.wechat.errors import WeChatError
from sorting_miniapp.wechat.events import Event
from sorting_miniapp.wechat.models import Follower

log = structlog.get_logger(__name__)


def look_up(event: Event) -> dict[str, Any]:
    """The follower's unionid. Not having it stops nothing."""
    try:
        found = official().user_info([event.user])
    except WeChatError as error:
        log.warning("unionid_not_found", errcode=error.errcode, rid=error.rid)
        return {}
    return {"unionid": found[0].unionid or ""} if found else {}


def on_follow(event: Event) -> None:
    """subscribe"""
    _set(event, True)


def on_unfollow(event: Event) -> None:
    """unsubscribe"""
    _set(event, False)


def _set(event: Event, follows: bool) -> None:
    """Events may come late and in any order: the newest one counts."""
    values: dict[str, Any] = {"follows": follows, "changed_at": event.at}
    if event.body.get("unionid"):
        values["unionid"] = event.body["unionid"]
    with transaction() as session:
        known = session.scalar(select(Follower.changed_at).where(Follower.openid == event.user).with_for_update())
        if known is None:
            session.execute(insert(Follower).values(openid=event.user, **values))
        elif known <= event.at:
            session.execute(update(Follower).where(Follower.openid == event.user).values(**values))


def count() -> int:
    """How many of those whose events reached us follow now."""
    return int(db.session().scalar(select(func.count()).select_from(Follower).where(Follower.follows)) or 0)
