"""What is typed and not saved yet, kept every few seconds, so that a closed tab or a crash loses nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff
from sorting_miniapp.articles import desk
from sorting_miniapp.articles.models_writing import NEW, Autosave
from sorting_miniapp.articles.writing import MARKDOWN
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Invalid, TooLarge

FIELDS = (
    "title", "markdown", "author", "digest", "source", "cover", "column_id", "node_id", "origin", "source_name",
    "source_url", "source_on", "video_url",
)  # fmt: skip
MOST = MARKDOWN * 2  # unsaved text may be too long still
KEPT = timedelta(days=30)
NOW_WRITING = timedelta(minutes=5)


def keep(actor: StaffActor, article_id: int, revision: int, typed: Mapping[str, str]) -> tuple[datetime, bool]:
    """Keep the form's values (`article_id` NEW before there is an article).

    Returns when, and whether somebody has saved the article since the typing began. Raises NotFound outside the
    editor's branches, Invalid, TooLarge.
    """
    values = {key: typed[key] for key in FIELDS if key in typed}
    if any(ord(c) < 32 and c not in "\n\r\t" for value in values.values() for c in value):
        raise Invalid("markdown", "文字里有不能使用的字符")
    if sum(len(value) for value in values.values()) > MOST:
        raise TooLarge("too_long", "文字太长，没有自动保存")
    stale = article_id != NEW and desk.article(actor.branches(Role.EDITOR), article_id).article.revision != revision
    now = clock.now()
    for last in (False, True):
        try:
            with transaction() as session:
                session.merge(
                    Autosave(staff_id=actor.id, article_id=article_id, revision=revision, values=values, at=now)
                )
            break
        except IntegrityError:  # the same person in two tabs: the other one made the row
            if last:
                raise
    return now, stale


def of(actor: StaffActor, article_id: int) -> Autosave | None:
    """What the person typed and did not save."""
    return db.session().get(Autosave, (actor.id, article_id))


def drop(actor: StaffActor, article_id: int) -> None:
    """Throw the unsaved text away."""
    with transaction() as session:
        session.execute(delete(Autosave).where(Autosave.staff_id == actor.id, Autosave.article_id == article_id))


def others(actor: StaffActor, article_id: int) -> list[str]:
    """Names of those who have been typing on this article just now."""
    query = select(Staff.name).join(Autosave, Autosave.staff_id == Staff.id)
    mine = (Autosave.article_id == article_id, Autosave.staff_id != actor.id)
    return list(db.session().scalars(query.where(*mine, Autosave.at > clock.now() - NOW_WRITING).order_by(Staff.name)))


def purge() -> int:
    """Delete unsaved texts that nobody came back to. Returns how many."""
    with transaction() as session:
        gone = delete(Autosave).where(Autosave.at < clock.now() - KEPT)
        return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]
