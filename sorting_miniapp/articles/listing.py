"""What residents see: published articles by column, as bytes kept in each process, and how often they are read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock, state
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import writing
from sorting_miniapp.articles.models import Article, ArticleRead, ArticleState, ArticleVersion, Column
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import after_commit, db, transaction
from sorting_miniapp.errors import BadRequest, Conflict, NotFound

VERSION = "articles_version"
PAGE = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
kept = KeptBytes(VERSION, 60.0)


def publish(article_id: int, version: ArticleVersion) -> None:
    """Show this version in the mini-program, in the caller's transaction; the first time gives it its date."""
    with transaction() as session:
        article = session.get_one(Article, article_id)
        article.published_version_id = version.id
        article.published_at = article.published_at or clock.now()
        session.flush()
        state.bump(VERSION)
        after_commit(kept.forget)


def publish_by(actor: StaffActor, article_id: int) -> None:
    """An editor shows the approved version. Raises Conflict when it is not approved."""
    with transaction() as session:
        article, node = writing.locked(session, actor, article_id, Role.EDITOR)
        if article.state is not ArticleState.APPROVED:
            raise Conflict("not_approved", "文章审核通过后才能发布")
        publish(article.id, writing.newest(session, article))
        audit.record(
            actor.username, "article.publish", "article", article.id, node_path=node.path,
            after={"version": article.number},
        )  # fmt: skip


def withdraw(actor: StaffActor, article_id: int) -> None:
    """Take the article out of the mini-program. Raises Conflict when it is not shown."""
    with transaction() as session:
        article, node = writing.locked(session, actor, article_id, Role.EDITOR)
        if article.published_version_id is None:
            raise Conflict("not_published", "这篇文章没有发布")
        article.published_version_id = None
        state.bump(VERSION)
        after_commit(kept.forget)
        audit.record(actor.username, "article.withdraw", "article", article.id, node_path=node.path)


def page(column: str = "", cursor: str = "") -> dict[str, Any]:
    """Published articles, newest first. Raises BadRequest for a wrong cursor."""
    wanted: list[ColumnElement[bool]] = [Article.published_at.is_not(None)]
    if column:
        wanted.append(Column.slug == column)
    if cursor:
        moment, last = _read_cursor(cursor)
        wanted.append(or_(Article.published_at < moment, and_(Article.published_at == moment, Article.id < last)))
    rows = (
        db.session()
        .execute(
            select(Article, ArticleVersion, Column)
            .join(ArticleVersion, ArticleVersion.id == Article.published_version_id)
            .join(Column, Column.id == Article.column_id)
            .where(*wanted)
            .order_by(Article.published_at.desc(), Article.id.desc())
            .limit(PAGE + 1)
        )
        .all()
    )
    shown = rows[:PAGE]
    following = _cursor(shown[-1][0]) if len(rows) > PAGE else None
    return {"items": [_item(article, version, column) for article, version, column in shown], "next": following}


def _item(article: Article, version: ArticleVersion, column: Column) -> dict[str, Any]:
    return {
        "id": article.public_id,
        "title": version.title,
        "digest": version.digest,
        "author": version.author,
        "column": {"slug": column.slug, "name": column.name},
        "cover": f"/media/{version.cover}.jpg" if version.cover else None,
        "published_at": article.published_at,
    }


def detail(public_id: str) -> dict[str, Any]:
    """A published article with its text. Raises NotFound."""
    row = (
        db.session()
        .execute(
            select(Article, ArticleVersion, Column)
            .join(ArticleVersion, ArticleVersion.id == Article.published_version_id)
            .join(Column, Column.id == Article.column_id)
            .where(Article.public_id == public_id)
        )
        .first()
    )
    if row is None:
        raise NotFound("article_not_found", "没有找到这篇文章")
    article, version, column = row
    return _item(article, version, column) | {"html": version.html, "source": version.source}


def columns() -> dict[str, Any]:
    items = [{"slug": one.slug, "name": one.name, "about": one.about} for one in writing.columns()]
    return {"items": items, "next": None}


def read(public_id: str, resident_id: int) -> None:
    """Count a reading: once for a resident, an article and a day. Raises NotFound."""
    session = db.session()
    found = select(Article.id).where(Article.public_id == public_id, Article.published_version_id.is_not(None))
    article_id = session.scalar(found)
    if article_id is None:
        raise NotFound("article_not_found", "没有找到这篇文章")
    values = {"article_id": article_id, "resident_id": resident_id, "day": clock.today()}
    if session.get(ArticleRead, tuple(values.values())):
        return
    try:
        with transaction() as writer:
            writer.execute(insert(ArticleRead).values(**values))
            writer.execute(update(Article).where(Article.id == article_id).values(reads=Article.reads + 1))
    except IntegrityError:
        pass  # the same person on two devices: counted by the other one


def _cursor(article: Article) -> str:
    assert article.published_at is not None
    return f"{(article.published_at - EPOCH) // timedelta(microseconds=1)}-{article.id}"


def _read_cursor(cursor: str) -> tuple[datetime, int]:
    try:
        micros, _, last = cursor.partition("-")
        moment, number = EPOCH + timedelta(microseconds=int(micros)), int(last)
    except (ValueError, OverflowError) as error:
        raise BadRequest("bad_cursor", "翻页位置无效") from error
    if not 0 <= number < 2**31:
        raise BadRequest("bad_cursor", "翻页位置无效")
    return moment, number
