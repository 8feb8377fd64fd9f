"""Three reviews (三审三校): each level by another person, and none by somebody who wrote on it (rules.md)."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff
from sorting_miniapp.articles import writing
from sorting_miniapp.articles.models import (
    Article,
    ArticleState,
    ArticleVersion,
    ArticleWriter,
    Push,
    PushState,
    Review,
    Verdict,
)
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

LEVEL_NAMES = {1: "初审", 2: "复审", 3: "终审"}
MOST_REMARK = 500
AGREED = "同意"  # what a signature without words says


def decide(actor: StaffActor, article_id: int, version: int, passed: bool, remark: str) -> None:
    """One person's verdict at the level the article waits for. `version` is the number that was read.

    Raises Forbidden for a writer, for somebody without this level or with a verdict on this version already; Conflict
    when the article is not in review or has moved on; Invalid when it is returned without a remark.
    """
    remark = remark.strip() or (AGREED if passed else "")
    if len(remark) > MOST_REMARK:
        raise Invalid("remark", f"意见不能超过 {MOST_REMARK} 个字")
    if not passed and not remark:
        raise Invalid("remark", "退回时请写明修改意见")
    with transaction() as session:
        article, node = writing.locked(session, actor, article_id, None)
        if article.state is not ArticleState.IN_REVIEW or article.number != version:
            raise Conflict("review_moved_on", "文章的审核状态已经变了，请刷新后再看")
        text = writing.newest(session, article)
        problem = _may_not(session, actor, article, node, text)
        if problem:
            raise Forbidden("may_not_review", problem)
        level, verdict = article.level, Verdict.PASSED if passed else Verdict.RETURNED
        session.add(
            Review(version_id=text.id, level=level, staff_id=actor.id, verdict=verdict, remark=remark, at=clock.now())
        )
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("review_moved_on", "文章的审核状态已经变了，请刷新后再看") from error
        _move_on(session, article, node, passed)
        audit.record(
            actor.username, "article.review", "article", article.id, node_path=node.path,
            after={"version": version, "level": level, "verdict": verdict.value},
        )  # fmt: skip


def _may_not(session: Session, actor: StaffActor, article: Article, node: Node, version: ArticleVersion) -> str:
    """Why this person may not decide now; '' when they may."""
    if article.level not in actor.levels(node.path):
        return f"您没有这篇文章的{LEVEL_NAMES[article.level]}权限"
    if session.get(ArticleWriter, (article.id, actor.id)):
        return "不能审核自己写过或改过的文章"
    own = select(Review.id).where(Review.version_id == version.id, Review.staff_id == actor.id)
    if session.scalar(own):
        return "您已经审过这一稿，下一级须由另一人审核"
    return ""


def _move_on(session: Session, article: Article, node: Node, passed: bool) -> None:
    article.changed_at = clock.now()
    if not passed:
        article.state, article.level = ArticleState.RETURNED, 0
        return
    if article.level < int(settings.read("review_levels", node.path)):
        article.level += 1
        return
    article.state, article.level = ArticleState.APPROVED, 0
    waiting = select(Push).where(Push.article_id == article.id, Push.state == PushState.PENDING_REVIEW)
    for push in session.scalars(waiting):
        push.state = PushState.READY


def may_decide(actor: StaffActor, article: Article, node: Node) -> bool:
    """Whether this person may pass or return the article as it stands."""
    session = db.session()
    return article.state is ArticleState.IN_REVIEW and not _may_not(
        session, actor, article, node, writing.newest(session, article)
    )


@dataclass(frozen=True)
class Waiting:
    """An article that waits for this person's verdict."""

    article: Article
    title: str


def waiting_for(actor: StaffActor, most: int) -> list[Waiting]:
    """Articles in review at a level the person holds over them, not written and not reviewed by them."""
    held: list[ColumnElement[bool]] = [
        and_(Article.level == grant.level, within(Node.path, [grant.path]))
        for grant in actor.grants
        if grant.role is Role.REVIEWER
    ]
    if not held:
        return []
    wrote = select(ArticleWriter.article_id).where(ArticleWriter.staff_id == actor.id)
    reviewed = select(Review.version_id).where(Review.staff_id == actor.id)
    rows = db.session().execute(
        select(Article, ArticleVersion.title)
        .join(Node, Node.id == Article.node_id)
        .join(
            ArticleVersion,
            and_(ArticleVersion.article_id == Article.id, ArticleVersion.number == Article.number),
        )
        .where(
            Article.state == ArticleState.IN_REVIEW,
            or_(*held),
            Article.id.not_in(wrote),
            ArticleVersion.id.not_in(reviewed),
        )
        .order_by(Article.changed_at)
        .limit(most)
    )
    return [Waiting(article, title) for article, title in rows]


def history(article_id: int) -> list[tuple[Review, int, str]]:
    """(review, number of the version, name of the person), newest first."""
    rows = db.session().execute(
        select(Review, ArticleVersion.number, Staff.name)
        .join(ArticleVersion, ArticleVersion.id == Review.version_id)
        .join(Staff, Staff.id == Review.staff_id)
        .where(ArticleVersion.article_id == article_id)
        .order_by(Review.id.desc())
    )
    return [(review, number, name) for review, number, name in rows]
