"""What a resident does with articles: reading counted once a day, favourites, and the columns they follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, delete, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.articles import listing
from sorting_miniapp.articles.models import Article, ArticleRead, Column
from sorting_miniapp.articles.models_readers import ColumnFollow, Favourite
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Invalid, NotFound


def _published(public_id: str) -> int:
    """The article's key. Raises NotFound."""
    found = select(Article.id).where(Article.public_id == public_id, Article.published_version_id.is_not(None))
    article_id = db.session().scalar(found)
    if article_id is None:
        raise NotFound("article_not_found", "没有找到这篇文章")
    return article_id


def read(public_id: str, resident_id: int) -> None:
    """Count a reading: once for a resident, an article and a day. Raises NotFound."""
    article_id = _published(public_id)
    values = {"article_id": article_id, "resident_id": resident_id, "day": clock.today()}
    if db.session().get(ArticleRead, tuple(values.values())):
        return
    try:
        with transaction() as session:
            session.execute(insert(ArticleRead).values(**values))
            session.execute(update(Article).where(Article.id == article_id).values(reads=Article.reads + 1))
    except IntegrityError:
        pass  # the same person on two devices: counted by the other one


def keep(public_id: str, resident_id: int) -> None:
    """Put an article among the favourites; a second time changes nothing. Raises NotFound."""
    article_id = _published(public_id)
    if db.session().get(Favourite, (resident_id, article_id)):
        return
    try:
        with transaction() as session:
            session.execute(insert(Favourite).values(resident_id=resident_id, article_id=article_id, at=clock.now()))
    except IntegrityError:
        pass  # the same person on two devices: kept by the other one


def let_go(public_id: str, resident_id: int) -> None:
    """Take an article out of the favourites, also one that is no longer shown. Raises NotFound for an unknown one."""
    article_id = db.session().scalar(select(Article.id).where(Article.public_id == public_id))
    if article_id is None:
        raise NotFound("article_not_found", "没有找到这篇文章")
    with transaction() as session:
        mine = (Favourite.resident_id == resident_id, Favourite.article_id == article_id)
        session.execute(delete(Favourite).where(*mine))


def favourites(resident_id: int, cursor: str = "") -> dict[str, Any]:
    """A page of favourites that are still shown, the last kept first. Raises BadRequest for a wrong cursor."""
    query = listing.shown().join(Favourite, Favourite.article_id == Article.id).add_columns(Favourite.at)
    query = query.where(Favourite.resident_id == resident_id)
    if cursor:
        moment, last = listing.read_cursor(cursor)
        query = query.where(or_(Favourite.at < moment, and_(Favourite.at == moment, Favourite.article_id < last)))
    order = (Favourite.at.desc(), Favourite.article_id.desc())
    rows = db.session().execute(query.order_by(*order).limit(listing.PAGE + 1)).all()
    shown = rows[: listing.PAGE]
    following = listing.cursor_at(shown[-1].at, shown[-1][0].id) if len(rows) > listing.PAGE else None
    return {"items": listing.items(row[:3] for row in shown), "next": following}


def followed(resident_id: int) -> dict[str, Any]:
    """The columns a resident follows."""
    query = select(Column).join(ColumnFollow, ColumnFollow.column_id == Column.id)
    rows = db.session().scalars(query.where(ColumnFollow.resident_id == resident_id).order_by(Column.position))
    return {"items": [listing.column_item(one) for one in rows], "next": None}


def follow(resident_id: int, slugs: Sequence[str]) -> dict[str, Any]:
    """Follow these columns and no others. Raises Invalid for an unknown one."""
    with transaction() as session:
        session.scalar(select(Resident.id).where(Resident.id == resident_id).with_for_update())
        known = {row.slug: row.id for row in session.execute(select(Column.slug, Column.id))}
        if strangers := sorted(set(slugs) - set(known)):
            raise Invalid("column_unknown", "没有这个栏目", {"fields": {"columns": strangers}})
        session.execute(delete(ColumnFollow).where(ColumnFollow.resident_id == resident_id))
        rows = [{"resident_id": resident_id, "column_id": known[slug]} for slug in dict.fromkeys(slugs)]
        if rows:
            session.execute(insert(ColumnFollow), rows)
    return followed(resident_id)
