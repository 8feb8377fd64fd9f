"""The tags of the connected official account and how many follow it: asked for by people, read by the worker."""

from __future__ import annotations

from sqlalchemy import delete, insert, select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.articles.models_planning import AccountTag
from sorting_miniapp.db import db, transaction
from sorting_miniapp.wechat import official
from sorting_miniapp.wechat.reading import Reading

reading = Reading("account_tags")
ALL, ALL_NAME = 0, "全部关注者"


def known() -> list[AccountTag]:
    """The tags as they were read last, all followers first; [] before."""
    return list(db.session().scalars(select(AccountTag).order_by(AccountTag.id)))


def ask(actor: StaffActor) -> None:
    """Have the worker read them again."""
    with transaction():
        reading.ask()
        audit.record(actor.username, "tags.ask", "account", "connected")


def refresh() -> None:
    """Read them from WeChat, or keep why that was refused."""
    found = reading.read(lambda: (official().tags(), official().followers().total))
    if found is None:
        return
    tags, total = found
    now = clock.now()
    rows = [{"id": tag.id, "name": tag.name[:30], "followers": tag.count, "seen_at": now} for tag in tags if tag.id]
    rows.append({"id": ALL, "name": ALL_NAME, "followers": total, "seen_at": now})
    with transaction() as session:
        session.execute(delete(AccountTag))
        session.execute(insert(AccountTag), rows)
        reading.succeeded()
