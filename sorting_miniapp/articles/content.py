"""The teaching material of articles: columns, slogans, and articles as drafts that still need their three reviews."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from sorting_miniapp import clock, state
from sorting_miniapp.articles import render, writing
from sorting_miniapp.articles.listing import VERSION
from sorting_miniapp.articles.models import (
    Article,
    ArticleState,
    ArticleVersion,
    ArticleWriter,
    Column,
    Slogan,
    SloganPlace,
)
from sorting_miniapp.db import new_public_id, transaction
from sorting_miniapp.orgs.models import Node, NodeKind

COLUMNS, SLOGANS, FOLDER = "columns.yaml", "slogans.yaml", "articles"
HEAD = ("key", "title", "author", "digest", "column", "cover", "sources")
LENGTHS = {"title": writing.TITLE, "author": writing.AUTHOR, "digest": writing.DIGEST}


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((folder / name).read_text(encoding="utf-8")) or [])


def _sources(folder: Path) -> dict[str, str]:
    """How each source is cited, by id: 《title》（number）."""
    titles = {row["id"]: str(row["title"]) for row in _rows(folder, "sources.yaml")}
    return {
        key: "《" + title.replace("（", "》（", 1) if "（" in title else f"《{title}》" for key, title in titles.items()
    }


def _articles(folder: Path) -> Iterator[tuple[str, dict[str, Any], str]]:
    """(file name, head, Markdown) of each article."""
    for path in sorted((folder / FOLDER).glob("*.md")):
        _, head, body = path.read_text(encoding="utf-8").split("---\n", 2)
        yield path.name, yaml.safe_load(head), body.strip()


def load(folder: Path) -> dict[str, int]:
    """Load everything in one transaction. Returns counts added, changed, same.

    An article that staff have worked on, or handed in, is theirs: the file no longer changes it.
    """
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction():
        for position, row in enumerate(_rows(folder, COLUMNS)):
            counts[
                _put(
                    Column,
                    "slug",
                    row["slug"],
                    {"name": row["name"], "about": row.get("about", ""), "position": position},
                )
            ] += 1
        for row in _rows(folder, SLOGANS):
            values = {
                "text": row["text"],
                "place": SloganPlace(row["place"]),
                "starts_on": row["from"],
                "ends_on": row["to"],
            }
            counts[_put(Slogan, "key", row["key"], values)] += 1
        sources = _sources(folder)
        for _, head, body in _articles(folder):
            counts[_put_article(head, body, "；".join(sources[one] for one in head["sources"]))] += 1
        if counts["added"] + counts["changed"]:
            state.bump(VERSION)
    return counts


def _put(table: Any, key_column: str, key: str, values: dict[str, Any]) -> str:
    with transaction() as session:
        row = session.scalars(select(table).where(getattr(table, key_column) == key)).one_or_none()
        if row is None:
            session.add(table(**{key_column: key}, **values))
            session.flush()
            return "added"
        if all(getattr(row, field) == value for field, value in values.items()):
            return "same"
        for field, value in values.items():
            setattr(row, field, value)
        session.flush()
        return "changed"


def _put_article(head: dict[str, Any], body: str, source: str) -> str:
    values = {key: str(head[key]) for key in LENGTHS} | {"source": source}
    values |= {"markdown": body, "html": render.to_html(body)}
    with transaction() as session:
        article = session.scalars(select(Article).where(Article.key == head["key"])).one_or_none()
        if article is None:
            _add_article(head, values)
            return "added"
        version = writing.newest(session, article)
        untouched = article.state is ArticleState.DRAFT and article.number == 1 and not _written_by_staff(article.id)
        if not untouched or all(getattr(version, key) == value for key, value in values.items()):
            return "same"
        for key, value in values.items():
            setattr(version, key, value)
        session.flush()
        return "changed"


def _written_by_staff(article_id: int) -> bool:
    with transaction() as session:
        return session.scalar(select(ArticleWriter.staff_id).where(ArticleWriter.article_id == article_id)) is not None


def _add_article(head: dict[str, Any], values: dict[str, Any]) -> None:
    with transaction() as session:
        now = clock.now()
        city = session.scalars(select(Node.id).where(Node.kind == NodeKind.CITY)).one()
        column = session.scalars(select(Column.id).where(Column.slug == head["column"])).one()
        article = Article(
            public_id=new_public_id(), key=head["key"], node_id=city, column_id=column, state=ArticleState.DRAFT,
            created_at=now, changed_at=now,
        )  # fmt: skip
        session.add(article)
        session.flush()
        session.add(ArticleVersion(article_id=article.id, number=1, created_at=now, **values))
        session.flush()
