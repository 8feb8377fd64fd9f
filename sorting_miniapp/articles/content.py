"""The articles' part of content/: columns, slogans, and articles as drafts that still need their reviews; both ways."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from sorting_miniapp import clock, state
from sorting_miniapp.articles import check, render, versions, writing
from sorting_miniapp.articles.listing import VERSION
from sorting_miniapp.articles.models import (
    Article,
    ArticleState,
    ArticleVersion,
    Column,
    Push,
    Slogan,
    SloganPlace,
)
from sorting_miniapp.db import new_public_id
from sorting_miniapp.errors import Conflict
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.files import Entry, Files, sources
from sorting_miniapp.teaching.sources import SOURCES
from sorting_miniapp.teaching.sync import Part, Values

CITED = "_source"  # how the sources are cited; no key of the file


def _changed() -> None:
    state.bump(VERSION)


def _column(row: Mapping[str, Any]) -> Values:
    return {"slug": row["slug"], "name": row["name"], "about": row.get("about") or ""}


def _stored_columns(session: Session) -> dict[str, Values]:
    found = session.scalars(select(Column).order_by(Column.position, Column.id))
    return {row.slug: {"slug": row.slug, "name": row.name, "about": row.about} for row in found}


def _put_columns(session: Session, rows: dict[str, Values]) -> None:
    known = {row.slug: row for row in session.scalars(select(Column))}
    for slug, values in rows.items():
        row = known.setdefault(slug, Column(slug=slug, position=len(known)))
        row.name, row.about = values["name"], values["about"]
        session.add(row)
    session.flush()


def _remove_columns(session: Session, slugs: Collection[str]) -> None:
    used = select(Column.name).join(Article, Article.column_id == Column.id).where(Column.slug.in_(slugs)).distinct()
    if names := list(session.scalars(used)):
        raise Conflict("column_used", f"栏目下还有文章，不能删除：{'、'.join(names)}")
    session.execute(delete(Column).where(Column.slug.in_(slugs)))


def _slogan(row: Mapping[str, Any]) -> Values:
    dates = {key: str(row[key]) if row.get(key) else None for key in ("from", "to")}
    return {"key": row["key"], "text": row["text"], "place": row["place"]} | dates


def _dated(row: Values) -> Values:
    return row | {key: date.fromisoformat(row[key]) if row[key] else None for key in ("from", "to")}


def _stored_slogans(session: Session) -> dict[str, Values]:
    return {
        row.key: _slogan(
            {"key": row.key, "text": row.text, "place": row.place.value, "from": row.starts_on, "to": row.ends_on}
        )
        for row in session.scalars(select(Slogan).order_by(Slogan.id))
    }


def _put_slogans(session: Session, rows: dict[str, Values]) -> None:
    known = {row.key: row for row in session.scalars(select(Slogan))}
    for key, values in rows.items():
        row, dated = known.setdefault(key, Slogan(key=key)), _dated(values)
        row.text, row.place = values["text"], SloganPlace(values["place"])
        row.starts_on, row.ends_on = dated["from"], dated["to"]
        session.add(row)
    session.flush()


def _remove_slogans(session: Session, keys: Collection[str]) -> None:
    ran = (Push.head_id == Slogan.id) | (Push.foot_id == Slogan.id)
    used = list(session.scalars(select(Slogan.text).join(Push, ran).where(Slogan.key.in_(keys)).distinct()))
    if used:
        raise Conflict("slogan_used", f"用语已经推送过，不能删除，请写上结束日期：{'、'.join(used)}")
    session.execute(delete(Slogan).where(Slogan.key.in_(keys)))


def cited(titles: Mapping[str, str], keys: Collection[str]) -> str:
    """How sources stand below an article: 《title》（number）；…"""
    named = [titles[key] for key in keys]
    return "；".join("《" + one.replace("（", "》（", 1) if "（" in one else f"《{one}》" for one in named)


def _articles(files: Files) -> list[Entry]:
    titles = {key: str(row["title"]) for key, row in sources(files).items()}
    found = [files.markdown(name) for name in files.names(f"{check.FOLDER}/*.md")]
    return [replace(one, values=one.values | {CITED: cited(titles, one.values["sources"])}) for one in found if one]


def _article(row: Mapping[str, Any]) -> Values:
    return {key: str(row[key]) for key in ("key", "title", "author", "digest", "column", CITED, "body")}


def _stored_articles(session: Session) -> dict[str, Values]:
    newest = (ArticleVersion.article_id == Article.id) & (ArticleVersion.number == Article.number)
    found = (
        select(Article.key, Column.slug, ArticleVersion)
        .join(ArticleVersion, newest)
        .join(Column, Column.id == Article.column_id)
        .where(Article.key.is_not(None))
        .order_by(Article.id)
    )
    return {
        str(key): {
            "key": key, "title": one.title, "author": one.author, "digest": one.digest, "column": slug,
            CITED: one.source, "body": one.markdown,
        }
        for key, slug, one in session.execute(found)
    }  # fmt: skip


def _locked(session: Session) -> dict[str, str]:
    """What was handed in has its reviews; a file changes nothing of it."""
    found = select(Article.key).where(Article.key.is_not(None), Article.state != ArticleState.DRAFT)
    return {str(key): "已经交审或发布" for key in session.scalars(found)}


def _put_articles(session: Session, rows: dict[str, Values]) -> None:
    columns = {row.slug: row.id for row in session.scalars(select(Column))}
    city = session.scalars(select(Node.id).where(Node.kind == NodeKind.CITY)).one()
    known = {row.key: row for row in session.scalars(select(Article).where(Article.key.in_(rows)))}
    for key, row in rows.items():
        values = {name: row[name] for name in ("title", "author", "digest")} | {"source": row[CITED]}
        values |= {"markdown": row["body"], "html": render.to_html(row["body"])}
        article, now = known.get(key), clock.now()
        if article is None:
            article = Article(
                public_id=new_public_id(), key=key, node_id=city, column_id=columns[row["column"]],
                state=ArticleState.DRAFT, created_at=now, changed_at=now,
            )  # fmt: skip
            session.add(article)
            session.flush()
            session.add(ArticleVersion(article_id=article.id, number=1, created_at=now, **values))
            continue
        article.column_id = columns[row["column"]]
        writing.add_version(session, article, values)
    session.flush()


def _remove_articles(session: Session, keys: Collection[str]) -> None:
    ids = list(session.scalars(select(Article.id).where(Article.key.in_(keys))))
    if session.scalar(select(func.count()).select_from(Push).where(Push.article_id.in_(ids))):
        raise Conflict("article_planned", "文件里删去的文章已经排了推送，请先在后台取消推送")
    versions.remove(session, ids)


COLUMNS = Part(
    name="column", label="栏目", key="slug", entries=lambda files: files.yaml(check.COLUMNS), normal=_column,
    stored=_stored_columns, put=_put_columns, remove=_remove_columns, title=lambda row: str(row["name"]), outward=dict,
    place=lambda row: check.COLUMNS, changed=_changed,
)  # fmt: skip
SLOGANS = Part(
    name="slogan", label="公益用语", key="key", entries=lambda files: files.yaml(check.SLOGANS), normal=_slogan,
    stored=_stored_slogans, put=_put_slogans, remove=_remove_slogans, title=lambda row: str(row["text"]),
    outward=_dated, place=lambda row: check.SLOGANS, changed=_changed,
)  # fmt: skip
ARTICLES = Part(
    name="article", label="文章", key="key", entries=_articles, normal=_article, stored=_stored_articles,
    put=_put_articles, remove=_remove_articles, title=lambda row: str(row["title"]), outward=dict,
    place=lambda row: f"{check.FOLDER}/{row['key']}.md", changed=_changed, locked=_locked,
)  # fmt: skip
PARTS = (SOURCES, COLUMNS, SLOGANS, ARTICLES)


def load(folder: Path) -> dict[str, int]:
    """Load sources, columns, slogans and articles; returns how many were added, changed, the same."""
    outcomes = [one.counts() for one in sync.load(PARTS, folder)]
    return {key: sum(one[key] for one in outcomes) for key in ("added", "changed", "same")}
