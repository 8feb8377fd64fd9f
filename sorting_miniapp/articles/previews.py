"""Links that show one version without an account: signed, for a time, taken back by hand or by a newer version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy import select, update

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff
from sorting_miniapp.articles import desk
from sorting_miniapp.articles.models import Article, ArticleVersion
from sorting_miniapp.articles.models_writing import PreviewLink
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import DomainError, NotFound
from sorting_miniapp.orgs import settings

SHARERS = (Role.EDITOR, Role.REVIEWER)


class Gone(DomainError):
    """The link was good once."""

    status = 410


@dataclass(frozen=True)
class Link:
    """A link that still opens: where, until when, and who made it."""

    link: PreviewLink
    url: str
    by: str


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(str(current_app.secret_key), salt="article-preview")


def _url(public_id: str) -> str:
    return f"{current_app.extensions['settings'].base_url}/preview/{_signer().dumps(public_id)}"


def make(actor: StaffActor, article_id: int) -> str:
    """A link to the newest version; returns its address. Raises NotFound outside the branches."""
    found = desk.article(actor.branches(*SHARERS), article_id)
    now, public_id = clock.now(), new_public_id()
    hours = int(settings.read("preview_hours", found.node.path))
    with transaction() as session:
        session.add(
            PreviewLink(
                public_id=public_id, version_id=found.version.id, created_by=actor.id, created_at=now,
                expires_at=now + timedelta(hours=hours),
            )
        )  # fmt: skip
        audit.record(
            actor.username, "article.preview_link", "article", article_id, node_path=found.node.path,
            after={"version": found.version.number, "hours": hours},
        )  # fmt: skip
    return _url(public_id)


def revoke(actor: StaffActor, article_id: int, link_id: int) -> None:
    """Take a link back. Raises NotFound outside the branches, and for a link of another article."""
    found = desk.article(actor.branches(*SHARERS), article_id)
    mine = select(ArticleVersion.id).where(ArticleVersion.article_id == article_id)
    live = (PreviewLink.id == link_id, PreviewLink.version_id.in_(mine), PreviewLink.revoked_at.is_(None))
    with transaction() as session:
        done = session.execute(update(PreviewLink).where(*live).values(revoked_at=clock.now()))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise NotFound("link_not_found", "没有找到这个链接")
        audit.record(actor.username, "article.revoke_link", "article", article_id, node_path=found.node.path)


def live(version_id: int) -> list[Link]:
    """The links of a version that still open, the newest first."""
    query = (
        select(PreviewLink, Staff.name)
        .join(Staff, Staff.id == PreviewLink.created_by)
        .where(
            PreviewLink.version_id == version_id,
            PreviewLink.revoked_at.is_(None),
            PreviewLink.expires_at > clock.now(),
        )
        .order_by(PreviewLink.id.desc())
    )
    return [Link(link, _url(link.public_id), name) for link, name in db.session().execute(query)]


def open_link(token: str) -> tuple[ArticleVersion, PreviewLink]:
    """The version behind a link. Raises NotFound for what we never signed, Gone for what is over."""
    try:
        public_id = _signer().loads(token)
    except BadSignature as error:
        raise NotFound("link_not_found", "没有这个预览链接，请核对后再打开") from error
    row = (
        db.session()
        .execute(
            select(PreviewLink, ArticleVersion, Article.number)
            .join(ArticleVersion, ArticleVersion.id == PreviewLink.version_id)
            .join(Article, Article.id == ArticleVersion.article_id)
            .where(PreviewLink.public_id == str(public_id))
        )
        .first()
    )
    if row is None or row[0].revoked_at is not None:
        raise Gone("link_revoked", "这个预览链接已经停用，请向发给您的人要新的链接")
    link, version, newest = row
    if version.number != newest:
        raise Gone("link_superseded", "文章已有新稿，这个预览链接不再有效，请向发给您的人要新的链接")
    if link.expires_at <= clock.now():
        raise Gone("link_expired", "这个预览链接已过期，请向发给您的人要新的链接")
    return version, link
