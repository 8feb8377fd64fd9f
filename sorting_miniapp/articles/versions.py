"""The versions of an article: listed, looked at, compared, and taken up again."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Staff
from sorting_miniapp.articles import differences, writing
from sorting_miniapp.articles.differences import Row
from sorting_miniapp.articles.models import Article, ArticleVersion, Review
from sorting_miniapp.articles.models_media import ORIGIN_NAMES
from sorting_miniapp.articles.models_writing import Autosave, PhonePreview, PreviewLink
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound

LABELS = {
    "title": "标题", "digest": "摘要", "author": "作者", "source": "来源", "origin": "自采自编/转载",
    "source_name": "转载来源", "source_url": "原文网址", "source_on": "原文日期", "video_url": "视频链接",
}  # fmt: skip


@dataclass(frozen=True)
class Listed:
    """A version in the list: who saved it, and how many reviews it had."""

    version: ArticleVersion
    by: str
    reviews: int


def listed(article_id: int) -> list[Listed]:
    """All versions without their texts, the newest first."""
    count = select(Review.version_id, func.count().label("n")).group_by(Review.version_id).subquery()
    rows = db.session().execute(
        select(ArticleVersion, Staff.name, count.c.n)
        .outerjoin(Staff, Staff.id == ArticleVersion.created_by)
        .outerjoin(count, count.c.version_id == ArticleVersion.id)
        .where(ArticleVersion.article_id == article_id)
        .order_by(ArticleVersion.number.desc())
    )
    return [Listed(version, name or "随内容导入", n or 0) for version, name, n in rows]


def get(article_id: int, number: int) -> ArticleVersion:
    """Raises NotFound."""
    found = select(ArticleVersion).where(ArticleVersion.article_id == article_id, ArticleVersion.number == number)
    version = db.session().scalar(found)
    if version is None:
        raise NotFound("version_not_found", "没有找到这一稿")
    return version


def by(version: ArticleVersion) -> str:
    """Who saved it."""
    name = db.session().scalar(select(Staff.name).where(Staff.id == version.created_by))
    return name or "随内容导入"


def reviewed_before(article_id: int, number: int) -> ArticleVersion | None:
    """The last version before this one that somebody gave a verdict on."""
    return db.session().scalar(
        select(ArticleVersion)
        .where(
            ArticleVersion.article_id == article_id,
            ArticleVersion.number < number,
            ArticleVersion.id.in_(select(Review.version_id)),
        )
        .order_by(ArticleVersion.number.desc())
        .limit(1)
    )


@dataclass(frozen=True)
class Difference:
    """What differs between two states: short fields by name, the covers where they differ, the body's paragraphs."""

    fields: dict[str, Row]
    covers: tuple[str, str] | None
    body: list[Row]

    @property
    def body_changed(self) -> bool:
        return any(not row.same for row in self.body)

    @property
    def changed(self) -> bool:
        return bool(self.fields) or self.covers is not None or self.body_changed


def compare(old: writing.Text, new: writing.Text) -> Difference:
    covers = (old.cover, new.cover) if old.cover != new.cover else None
    short = differences.fields(_short(old), _short(new))
    return Difference(short, covers, differences.texts(old.markdown, new.markdown))


def _short(text: writing.Text) -> dict[str, str]:
    values = {key: str(getattr(text, key) or "") for key in LABELS}
    return values | {"origin": ORIGIN_NAMES[text.origin]}


def restore(actor: StaffActor, article_id: int, number: int, seen: int) -> None:
    """Take an old version up again as the newest draft. Raises NotFound, Conflict, Forbidden, Invalid."""
    text = writing.text_of(get(article_id, number))
    column_id = db.session().scalar(select(Article.column_id).where(Article.id == article_id))
    writing.save(actor, article_id, column_id or 0, text, seen, restored_from=number)


def remove(session: Session, article_ids: Collection[int]) -> None:
    """Delete articles that nobody reviewed or sent, with all that hangs on them, in the caller's transaction."""
    mine = select(ArticleVersion.id).where(ArticleVersion.article_id.in_(article_ids))
    for one in (PreviewLink, PhonePreview):
        session.execute(delete(one).where(one.version_id.in_(mine)))
    session.execute(delete(Autosave).where(Autosave.article_id.in_(article_ids)))
    session.execute(delete(ArticleVersion).where(ArticleVersion.article_id.in_(article_ids)))
    session.execute(delete(Article).where(Article.id.in_(article_ids)))
