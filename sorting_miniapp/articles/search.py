"""Finding published articles by words in title, digest and text: one small table of bigrams, no search server.

The index holds what is published, so it is written when an article is shown and emptied when it is taken back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import ColumnElement, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from sorting_miniapp.articles import render
from sorting_miniapp.articles.models import Article, ArticleVersion
from sorting_miniapp.articles.models_readers import ArticleBigram
from sorting_miniapp.bigrams import TOP, bigrams, fold
from sorting_miniapp.db import db, transaction

MOST = 50
BATCH = 300  # rows a statement: three parameters each, below SQLite's bound
IN_TITLE, IN_DIGEST, IN_BODY = 3, 2, 1
_BREAK = re.compile(r"[\s，。；：！？、…,;:!?|]+")


def _runs(text: str) -> Iterator[str]:
    """Folded stretches between marks: no pair reaches over the end of a sentence."""
    for run in _BREAK.split(text):
        if folded := fold(run):
            yield folded


def write(session: Session, article_id: int, version: ArticleVersion) -> None:
    """Index what is shown from now on, in the caller's transaction."""
    forget(session, article_id)
    weights: dict[str, int] = {}
    parts = ((IN_TITLE, version.title), (IN_DIGEST, version.digest), (IN_BODY, render.plain(version.html)))
    for weight, text in parts:
        for run in _runs(text):
            for pair in bigrams(run):
                weights.setdefault(pair, weight)
    rows = [{"bigram": pair, "article_id": article_id, "weight": weight} for pair, weight in weights.items()]
    for start in range(0, len(rows), BATCH):
        session.execute(insert(ArticleBigram), rows[start : start + BATCH])


def forget(session: Session, article_id: int) -> None:
    """Take an article out of the index, in the caller's transaction."""
    session.execute(delete(ArticleBigram).where(ArticleBigram.article_id == article_id))


def catch_up() -> int:
    """Index published articles that are not in the index (they were published before there was one). How many."""
    indexed = select(ArticleBigram.article_id)
    missing = select(Article.id).where(Article.published_version_id.is_not(None), Article.id.not_in(indexed))
    with transaction() as session:
        found = list(session.scalars(missing.limit(50)))
        for article_id in found:
            article = session.get_one(Article, article_id)
            write(session, article_id, session.get_one(ArticleVersion, article.published_version_id))
    return len(found)


def ranked(q: str) -> list[int]:
    """Articles with at least two thirds of the words' pairs: the most pairs first, then those in title and digest."""
    runs = list(_runs(q))
    pairs = {pair for run in runs for pair in bigrams(run) if len(pair) > 1}
    singles = {run for run in runs if len(run) == 1}
    if not pairs and not singles:
        return []
    wanted: list[ColumnElement[bool]] = [ArticleBigram.bigram.in_(pairs)] if pairs else []
    # A single character is looked for at the beginning of the pairs: few stand only at the end of a run.
    wanted += [(ArticleBigram.bigram >= one) & (ArticleBigram.bigram < one + TOP) for one in singles]
    shared, weight = func.count(), func.sum(ArticleBigram.weight)
    statement = (
        select(ArticleBigram.article_id)
        .where(or_(*wanted))
        .group_by(ArticleBigram.article_id)
        .having(shared * 3 >= 2 * len(pairs))
        .order_by(shared.desc(), weight.desc(), ArticleBigram.article_id.desc())
        .limit(MOST)
    )
    return list(db.session().scalars(statement))


def in_title(q: str, titles: Mapping[int, str]) -> set[int]:
    """Which of the titles hold the words as they were typed."""
    folded = fold(q)
    return {key for key, title in titles.items() if folded in fold(title)}
