"""What a registered piece may be about: the articles and events that a member of staff sees, by key and by title."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.articles.desk import NEWEST
from sorting_miniapp.articles.models import Article, ArticleVersion
from sorting_miniapp.articles.models_media import MediaItem
from sorting_miniapp.db import db
from sorting_miniapp.errors import Invalid
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

OFFERED = 200  # newest ones in a form's list


class Kind(StrEnum):
    ARTICLE = "article"
    EVENT = "event"


NAMES = {Kind.ARTICLE: "篇文章", Kind.EVENT: "个活动"}  # with their measure word


def _all(kind: Kind) -> tuple[Any, Any, Any]:
    """The key's and the title's column, and (key, title, at) with the unit's row joined."""
    if kind is Kind.ARTICLE:
        rows = select(Article.id.label("key"), ArticleVersion.title, Article.published_at.label("at"))
        of_unit = rows.join(ArticleVersion, NEWEST).join(Node, Node.id == Article.node_id)
        return Article.id, ArticleVersion.title, of_unit
    event = MediaItem.metadata.tables["event"]  # a feature beside this one: its table, not its code
    rows = select(event.c.id.label("key"), event.c.title, event.c.starts_at.label("at"))
    return event.c.id, event.c.title, rows.join(Node, Node.id == event.c.node_id)


def check(branches: Sequence[str], kind: Kind, key: int | None) -> None:
    """Raises Invalid for one that is not there or lies outside the branches."""
    column, _, rows = _all(kind)
    if key is not None and db.session().execute(rows.where(column == key, within(Node.path, branches))).first() is None:
        raise Invalid(kind.value, f"没有找到这{NAMES[kind]}")


def offered(branches: Sequence[str], kind: Kind, kept: int | None = None) -> list[tuple[str, str]]:
    """(key, day and title) of the newest, and of `kept` where it is older; for a form's list."""
    column, _, rows = _all(kind)
    wanted = rows.where(within(Node.path, branches)).order_by(column.desc())
    found = {row.key: _label(row) for row in db.session().execute(wanted.limit(OFFERED))}
    if kept is not None and kept not in found:
        found |= {row.key: _label(row) for row in db.session().execute(rows.where(column == kept))}
    return [(str(key), label) for key, label in found.items()]


def _label(row: Any) -> str:
    return f"{clock.local(row.at):%Y-%m-%d} {row.title}" if row.at else str(row.title)


def titles(kind: Kind, keys: Collection[int | None]) -> dict[int, str]:
    """The titles of these; one statement."""
    column, _, rows = _all(kind)
    known = [key for key in keys if key is not None]
    return {row.key: row.title for row in db.session().execute(rows.where(column.in_(known)))} if known else {}


class ByTitle:
    """The articles and events that a sheet names, looked up once."""

    def __init__(self, branches: Sequence[str], wanted: dict[Kind, set[str]]) -> None:
        self._keys: dict[tuple[Kind, str], list[int]] = defaultdict(list)
        for kind, names in wanted.items():
            _, title, rows = _all(kind)
            for row in db.session().execute(rows.where(title.in_(names - {""}), within(Node.path, branches))):
                self._keys[kind, row.title].append(row.key)

    def key(self, kind: Kind, title: str) -> int | None:
        """None for an empty title. Raises Invalid when nothing or more than one thing bears it."""
        if not title:
            return None
        found = self._keys.get((kind, title), [])
        if len(found) != 1:
            several = f"不止一{NAMES[kind]}叫“{title[:20]}”，请空着，登记后在页面上选"
            raise Invalid(kind.value, several if found else f"没有找到叫“{title[:20]}”的{NAMES[kind][1:]}")
        return found[0]
