"""What staff see of articles and pushes: the list, one article with its versions, the plan of pushes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, select

from sorting_miniapp.accounts.models import Staff
from sorting_miniapp.articles.models import (
    Article,
    ArticleState,
    ArticleVersion,
    Channel,
    Column,
    Push,
    PushState,
    Slogan,
)
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

PAGE = 30
NEWEST = and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == Article.number)


@dataclass(frozen=True)
class Found:
    """An article as its page shows it."""

    article: Article
    version: ArticleVersion
    column: Column
    node: Node


def listed(branches: Sequence[str], chosen: Mapping[str, str], before: int | None) -> tuple[list[Found], int | None]:
    """Articles of the branches, newest first, and the key to go on from."""
    wanted: list[ColumnElement[bool]] = [within(Node.path, branches)]
    if chosen["state"] in set(ArticleState):
        wanted.append(Article.state == ArticleState(chosen["state"]))
    if chosen["column"]:
        wanted.append(Column.slug == chosen["column"])
    if chosen["q"]:
        wanted.append(ArticleVersion.title.contains(chosen["q"], autoescape=True))
    if before is not None:
        wanted.append(Article.id < before)
    rows = db.session().execute(
        select(Article, ArticleVersion, Column, Node)
        .join(ArticleVersion, NEWEST)
        .join(Column, Column.id == Article.column_id)
        .join(Node, Node.id == Article.node_id)
        .where(*wanted)
        .order_by(Article.id.desc())
        .limit(PAGE + 1)
    )
    found = [Found(*row) for row in rows]
    return found[:PAGE], found[PAGE - 1].article.id if len(found) > PAGE else None


def article(branches: Sequence[str], article_id: int) -> Found:
    """One article. Raises NotFound outside the branches."""
    row = (
        db.session()
        .execute(
            select(Article, ArticleVersion, Column, Node)
            .join(ArticleVersion, NEWEST)
            .join(Column, Column.id == Article.column_id)
            .join(Node, Node.id == Article.node_id)
            .where(Article.id == article_id, within(Node.path, branches))
        )
        .first()
    )
    if row is None:
        raise NotFound("article_not_found", "没有找到这篇文章")
    return Found(*row)


def pushes_of(article_id: int) -> list[Push]:
    return list(db.session().scalars(select(Push).where(Push.article_id == article_id).order_by(Push.id.desc())))


def pushes(branches: Sequence[str], chosen: Mapping[str, str], before: int | None) -> tuple[list[Any], int | None]:
    """(rows with Push, title, node_name), newest first, and the key to go on from."""
    wanted: list[ColumnElement[bool]] = [within(Node.path, branches)]
    if chosen["state"] in set(PushState):
        wanted.append(Push.state == PushState(chosen["state"]))
    if chosen["channel"] in set(Channel):
        wanted.append(Push.channel == Channel(chosen["channel"]))
    if before is not None:
        wanted.append(Push.id < before)
    rows = list(db.session().execute(_pushes(wanted).order_by(Push.id.desc()).limit(PAGE + 1)))
    return rows[:PAGE], rows[PAGE - 1].Push.id if len(rows) > PAGE else None


def _pushes(wanted: list[ColumnElement[bool]]) -> Any:
    return (
        select(Push, ArticleVersion.title, Node.name.label("node_name"), Node.path, Staff.name.label("planned_by"))
        .join(Article, Article.id == Push.article_id)
        .join(ArticleVersion, NEWEST)
        .join(Node, Node.id == Push.node_id)
        .join(Staff, Staff.id == Push.created_by)
        .where(*wanted)
    )


def push(branches: Sequence[str], push_id: int) -> Any:
    """A row with Push, title, node_name, path, planned_by. Raises NotFound outside the branches."""
    row = db.session().execute(_pushes([Push.id == push_id, within(Node.path, branches)])).first()
    if row is None:
        raise NotFound("push_not_found", "没有找到这次推送")
    return row


def slogans_of(one: Push) -> list[str]:
    """The slogans that ran with a push, head first."""
    texts = {
        slogan.id: slogan.text
        for slogan in db.session().scalars(
            select(Slogan).where(Slogan.id.in_([key for key in (one.head_id, one.foot_id) if key]))
        )
    }
    return [texts[key] for key in (one.head_id, one.foot_id) if key]
