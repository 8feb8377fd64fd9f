"""The articles' part of the front page's figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select

from sorting_miniapp.articles.models import Article
from sorting_miniapp.db import db
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within


def between(start: datetime, end: datetime, branches: Sequence[str]) -> dict[str, int]:
    """篇 articles first published in [start, end) in the branches."""
    found = db.session().scalar(
        select(func.count())
        .select_from(Article)
        .join(Node, Node.id == Article.node_id)
        .where(Article.published_at >= start, Article.published_at < end, within(Node.path, branches))
    )
    return {"articles": int(found or 0)}
