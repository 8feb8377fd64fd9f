"""Handing an approved article to an account that another office runs, and recording where a push came out.

The document is what the office pastes: the text with its slogans, as HTML with its pictures inside or as .docx.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.articles import composing, desk, media_register, push_claim, pushes, render
from sorting_miniapp.articles.models import (
    Article,
    ArticleState,
    ArticleVersion,
    Channel,
    HandoverAccount,
    Push,
    PushState,
    Slogan,
)
from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.media import service as media


@dataclass(frozen=True)
class Document:
    """The frozen version of a push with the slogans that run with it."""

    sheet: composing.Sheet
    head: str
    foot: str


def document(branches: Sequence[str], push_id: int) -> Document:
    """Raises NotFound outside the branches, Conflict before the version is fixed."""
    push = desk.push(branches, push_id).Push
    if push.version_id is None:
        raise Conflict("not_handed_over", "交稿以后才能下载，请先点“交稿”")
    session = db.session()
    head, foot = (session.get_one(Slogan, key).text if key else "" for key in (push.head_id, push.foot_id))
    return Document(composing.sheet(session.get_one(ArticleVersion, push.version_id)), head, foot)


def _inside(public_id: str) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(media.read(public_id)).decode()


def as_html(found: Document) -> bytes:
    """One file that needs nothing else: the pictures are in it."""
    sheet = found.sheet
    body = render.for_official_account(sheet.html, found.head, found.foot, sheet.credit, _inside)
    title, author, digest = (html.escape(text) for text in (sheet.title, sheet.author, sheet.digest))
    return (
        f'<!doctype html>\n<html lang="zh-CN"><head><meta charset="utf-8"><title>{title}</title></head>\n'
        f"<body><h1>{title}</h1><p>{author}</p><p>{digest}</p>{body}</body></html>\n"
    ).encode()


def hand_over(actor: StaffActor, push_id: int) -> None:
    """The office gets the text now, before its day: version and slogans are fixed. Raises Conflict."""
    with transaction() as session:
        push, node = pushes.locked(session, actor, push_id)
        if push.channel is not Channel.HANDOVER:
            raise Conflict("push_state", "这次推送不是交给其他单位的")
        pushes.expect(push, (PushState.READY, PushState.MANUAL))
        before = push.state
        if push.state is PushState.READY:
            if session.get_one(Article, push.article_id).state is not ArticleState.APPROVED:
                raise Conflict("not_approved", "文章审核通过后才能交稿")
            push_claim.begin(session, push)
        push.handed_at = push.handed_at or clock.now()
        push.fence += 1
        pushes.moved(actor, "hand_over", push, node, before)


def confirm_sent(actor: StaffActor, push_id: int, url: str) -> None:
    """The address under which a push that people publish, or a held one, has come out. What another office published
    enters the media register. Raises Conflict, Invalid.
    """
    url = url.strip()
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or len(url) > 500 or not url.isascii():
        raise Invalid("url", "请填写文章的完整网址，以 https:// 开头")
    with transaction() as session:
        push, node = pushes.locked(session, actor, push_id)
        pushes.expect(push, (PushState.MANUAL, PushState.HELD))
        before = push.state
        push.state, push.url, push.finished_at, push.reason = PushState.SENT, url, clock.now(), ""
        if push.channel is Channel.HANDOVER:
            _register(session, actor, push, url)
        pushes.moved(actor, "confirm_sent", push, node, before)


def _register(session: Session, actor: StaffActor, push: Push, url: str) -> None:
    if media_register.knows(url):
        return
    account = session.get(HandoverAccount, push.account_id) if push.account_id else None
    title = session.get_one(ArticleVersion, push.version_id).title
    piece = media_register.Piece(
        account.name if account else "其他单位公众号", title, clock.today(), Origin.OWN, url, article=push.article_id
    )
    media_register.save(actor, push.node_id, piece)
