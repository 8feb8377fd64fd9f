"""What residents see: published articles by column or by words, as bytes kept in each process."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import current_app
from sqlalchemy import ColumnElement, Select, and_, or_, select

from sorting_miniapp import audit, clock, state
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import render, search, writing
from sorting_miniapp.articles.models import Article, ArticleState, ArticleVersion, Column
from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import after_commit, db, transaction
from sorting_miniapp.errors import BadRequest, Conflict, NotFound
from sorting_miniapp.orgs import settings

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
        search.write(session, article.id, version)
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
        search.forget(session, article.id)
        state.bump(VERSION)
        after_commit(kept.forget)
        audit.record(actor.username, "article.withdraw", "article", article.id, node_path=node.path)


def shown() -> Select[Article, ArticleVersion, Column]:
    """Published articles as (Article, ArticleVersion, Column)."""
    return (
        select(Article, ArticleVersion, Column)
        .join(ArticleVersion, ArticleVersion.id == Article.published_version_id)
        .join(Column, Column.id == Article.column_id)
        .where(Article.published_at.is_not(None))
    )


def page(column: str = "", q: str = "", cursor: str = "") -> dict[str, Any]:
    """Published articles, newest first; with `q` those that have its words, best first.

    Raises BadRequest for a wrong cursor.
    """
    wanted: list[ColumnElement[bool]] = [Column.slug == column] if column else []
    if q:
        return {"items": _found(q, wanted), "next": None}
    if cursor:
        moment, last = read_cursor(cursor)
        wanted.append(or_(Article.published_at < moment, and_(Article.published_at == moment, Article.id < last)))
    newest_first = shown().where(*wanted).order_by(Article.published_at.desc(), Article.id.desc())
    rows = db.session().execute(newest_first.limit(PAGE + 1)).all()
    following = None
    if len(rows) > PAGE:
        last_one: Article = rows[PAGE - 1][0]
        assert last_one.published_at is not None
        following = cursor_at(last_one.published_at, last_one.id)
    return {"items": items(rows[:PAGE]), "next": following}


def _found(q: str, wanted: list[ColumnElement[bool]]) -> list[dict[str, Any]]:
    ranked = search.ranked(q)
    rows = db.session().execute(shown().where(Article.id.in_(ranked), *wanted)).all() if ranked else []
    titles = search.in_title(q, {row[0].id: row[1].title for row in rows})
    return items(sorted(rows, key=lambda row: (row[0].id not in titles, ranked.index(row[0].id))))


def items(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Rows of `shown` as a list gives them."""
    return [_item(article, version, column) for article, version, column in rows]


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


def detail(public_id: str, size: str = "normal") -> dict[str, Any]:
    """A published article with its text, set in normal or large type. Raises NotFound."""
    row = db.session().execute(shown().where(Article.public_id == public_id)).first()
    if row is None:
        raise NotFound("article_not_found", "没有找到这篇文章")
    article, version, column = row
    speed = int(settings.read("reading_speed"))
    return _item(article, version, column) | {
        "html": render.for_mini_program(version.html, current_app.extensions["settings"].base_url, size),
        "size": size,
        "minutes": max(1, math.ceil(render.characters(version.html) / speed)),
        "links": render.links(version.html),
        "video_url": version.video_url or None,
        "source": version.source,
        "origin": version.origin.value,
        "reprinted_from": _reprinted_from(version),
    }


def _reprinted_from(version: ArticleVersion) -> dict[str, Any] | None:
    if version.origin is Origin.OWN:
        return None
    return {"name": version.source_name, "url": version.source_url, "date": version.source_on}


def columns() -> dict[str, Any]:
    return {"items": [column_item(one) for one in writing.columns()], "next": None}


def column_item(column: Column) -> dict[str, Any]:
    return {"slug": column.slug, "name": column.name, "about": column.about}


def cursor_at(moment: datetime, number: int) -> str:
    """Where a page goes on after the row with this moment and key."""
    return f"{(moment - EPOCH) // timedelta(microseconds=1)}-{number}"


def read_cursor(cursor: str) -> tuple[datetime, int]:
    """The moment and the key of `cursor_at`. Raises BadRequest."""
    try:
        micros, _, last = cursor.partition("-")
        moment, number = EPOCH + timedelta(microseconds=int(micros)), int(last)
    except (ValueError, OverflowError) as error:
        raise BadRequest("bad_cursor", "翻页位置无效") from error
    if not 0 <= number < 2**31:
        raise BadRequest("bad_cursor", "翻页位置无效")
    return moment, number
