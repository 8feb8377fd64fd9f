"""Writing: a draft, a version for each saving, handing it in for review and taking it back."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import addresses, render
from sorting_miniapp.articles.models import (
    Article,
    ArticleState,
    ArticleVersion,
    ArticleWriter,
    Column,
    Push,
    PushState,
)
from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.articles.models_writing import NEW, Autosave
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.media import service as media
from sorting_miniapp.orgs.models import Node

# WeChat's limits for a draft (wechat.md §2.4); the text leaves room for slogans and longer picture addresses.
TITLE, AUTHOR, DIGEST, SOURCE, MARKDOWN, HTML = 32, 16, 120, 200, 50_000, 18_000
LABELS = {"title": "标题", "author": "作者", "digest": "摘要", "source": "来源", "source_name": "转载来源"}
LENGTHS = {"title": TITLE, "author": AUTHOR, "digest": DIGEST, "source": SOURCE, "source_name": 60}


@dataclass(frozen=True)
class Text:
    """What an editor types. `cover` is a picture's public id or ''; `source_name`, `_url` and `_on` are a reprint's."""

    title: str
    markdown: str
    author: str = ""
    digest: str = ""
    source: str = ""
    cover: str = ""
    origin: Origin = Origin.OWN
    source_name: str = ""
    source_url: str = ""
    source_on: date | None = None
    video_url: str = ""


def text_of(version: ArticleVersion) -> Text:
    """What was typed for this version."""
    return Text(**{field: getattr(version, field) for field in Text.__dataclass_fields__})


def _checked(text: Text) -> dict[str, Any]:
    """The version's columns. Raises Invalid with the field's name as its code."""
    values: dict[str, Any] = {
        key: value.strip() if type(value) is str else value for key, value in asdict(text).items()
    }
    if not values["title"]:
        raise Invalid("title", "请填写标题")
    for key, most in LENGTHS.items():
        if len(values[key]) > most:
            raise Invalid(key, f"{LABELS[key]}不能超过 {most} 个字")
    if any(ord(c) < 32 and c not in "\n\r\t" for value in values.values() if type(value) is str for c in value):
        raise Invalid("markdown", "文字里有不能使用的字符")
    if len(values["markdown"]) > MARKDOWN:
        raise Invalid("markdown", f"正文不能超过 {MARKDOWN} 个字")
    _check_origin(values)
    values["html"] = render.to_html(values["markdown"])
    if len(values["html"]) > HTML:
        raise Invalid("markdown", "正文太长，公众号一篇文章放不下，请分成几篇")
    missing = [one for one in render.pictures(values["html"]) if not media.exists(one)]
    if missing:
        raise Invalid("markdown", "正文里有一张图片没有找到，请重新插入")
    if values["cover"] and not media.exists(values["cover"]):
        raise Invalid("cover", "封面图片没有找到，请重新上传")
    return values


def _check_origin(values: dict[str, Any]) -> None:
    """Own texts name no other place; addresses can be opened. Raises Invalid."""
    if values["origin"] is Origin.OWN:
        values |= {"source_name": "", "source_url": "", "source_on": None}
    for key, label in (("source_url", "原文网址"), ("video_url", "视频链接")):
        if values[key] and not addresses.is_web(values[key]):
            raise Invalid(key, f"{label}须以 http:// 或 https:// 开头，不超过 {addresses.LONGEST} 个字")
    day = values["source_on"]
    if day and not date(2000, 1, 1) <= day <= clock.today():
        raise Invalid("source_on", "原文日期不能晚于今天")


def create(actor: StaffActor, node_id: int, column_id: int, text: Text) -> int:
    """A new draft of a unit; returns its key. Raises NotFound, Forbidden, Invalid."""
    values = _checked(text)
    with transaction() as session:
        node = session.get(Node, node_id)
        if node is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        actor.require(Role.EDITOR, node.path)
        _require_column(session, column_id)
        now = clock.now()
        article = Article(
            public_id=new_public_id(), node_id=node_id, column_id=column_id, state=ArticleState.DRAFT,
            created_at=now, changed_at=now,
        )  # fmt: skip
        session.add(article)
        session.flush()
        session.add(ArticleVersion(article_id=article.id, number=1, created_at=now, created_by=actor.id, **values))
        session.add(ArticleWriter(article_id=article.id, staff_id=actor.id))
        session.execute(delete(Autosave).where(Autosave.staff_id == actor.id, Autosave.article_id == NEW))
        audit.record(
            actor.username, "article.create", "article", article.id, node_path=node.path,
            after={"title": values["title"]},
        )  # fmt: skip
    return article.id


def _require_column(session: Session, column_id: int) -> None:
    if session.get(Column, column_id) is None:
        raise Invalid("column", "请选择栏目")


def locked(session: Session, actor: StaffActor, article_id: int, role: Role | None) -> tuple[Article, Node]:
    """The article, locked, for this person. Raises NotFound outside the branches, Forbidden without the role."""
    article = session.scalar(select(Article).where(Article.id == article_id).with_for_update())
    if article is None:
        raise NotFound("article_not_found", "没有找到这篇文章")
    node = session.get_one(Node, article.node_id)
    if role is not None:
        actor.require(role, node.path)
    elif not any(node.path.startswith(branch) for branch in actor.branches()):
        raise NotFound("article_not_found", "没有找到这篇文章")
    return article, node


def newest(session: Session, article: Article) -> ArticleVersion:
    """The version being worked on."""
    return session.scalars(
        select(ArticleVersion).where(ArticleVersion.article_id == article.id, ArticleVersion.number == article.number)
    ).one()


def save(
    actor: StaffActor, article_id: int, column_id: int, text: Text, seen: int, restored_from: int | None = None
) -> None:
    """Change the text: a new version, which needs its reviews. `seen` is the revision the editor's page began with.

    Raises Conflict while in review and when somebody else saved in between; Invalid, NotFound, Forbidden.
    """
    values = _checked(text)
    with transaction() as session:
        article, node = locked(session, actor, article_id, Role.EDITOR)
        _require_column(session, column_id)
        if article.state is ArticleState.IN_REVIEW:
            raise Conflict("in_review", "文章正在审核，请先撤回再修改")
        if article.revision != seen:
            raise Conflict("changed_meanwhile", "这篇文章刚刚被别人修改过，请比对后再保存")
        session.execute(delete(Autosave).where(Autosave.staff_id == actor.id, Autosave.article_id == article_id))
        version = newest(session, article)
        same = all(getattr(version, key) == value for key, value in values.items())
        if same and article.column_id == column_id:
            return
        article.column_id = column_id
        if same:
            article.revision, article.changed_at = article.revision + 1, clock.now()
        else:
            add_version(session, article, values | {"created_by": actor.id, "restored_from": restored_from})
            session.merge(ArticleWriter(article_id=article.id, staff_id=actor.id))
        audit.record(
            actor.username, "article.change", "article", article.id, node_path=node.path,
            before={"title": version.title, "digest": version.digest},
            after={"title": values["title"], "digest": values["digest"], "version": article.number},
        )  # fmt: skip


def add_version(session: Session, article: Article, values: dict[str, Any]) -> None:
    """The next version, a draft; pushes that wait for their time wait for its reviews. In the caller's transaction."""
    now = clock.now()
    article.number, article.revision, article.changed_at = article.number + 1, article.revision + 1, now
    article.state, article.level = ArticleState.DRAFT, 0
    session.add(ArticleVersion(article_id=article.id, number=article.number, created_at=now, **values))
    send_back_pushes(session, article.id)
    session.flush()


def send_back_pushes(session: Session, article_id: int) -> None:
    """Pushes that wait for their time wait for the new version's reviews as well."""
    for push in session.scalars(select(Push).where(Push.article_id == article_id, Push.state == PushState.READY)):
        push.state = PushState.PENDING_REVIEW


def submit(actor: StaffActor, article_id: int) -> None:
    """Hand the newest version in; it is frozen from now on. Raises Conflict, Invalid when something is missing."""
    with transaction() as session:
        article, node = locked(session, actor, article_id, Role.EDITOR)
        version = newest(session, article)
        if article.state is ArticleState.RETURNED:
            raise Conflict("returned", "文章被退回，请先按意见修改再提交")
        if article.state is not ArticleState.DRAFT:
            raise Conflict("article_state", "这篇文章已经提交过了")
        for key, label in _needed(version):
            if not getattr(version, key):
                raise Invalid(key, f"提交前请填写{label}")
        article.state, article.level, version.submitted_at = ArticleState.IN_REVIEW, 1, clock.now()
        audit.record(
            actor.username, "article.submit", "article", article.id, node_path=node.path,
            after={"version": version.number},
        )  # fmt: skip


def _needed(version: ArticleVersion) -> list[tuple[str, str]]:
    """(field, label) of what must not be missing when it is handed in."""
    needed = [("digest", "摘要"), ("author", "作者"), ("markdown", "正文")]
    if version.origin is Origin.OWN:
        return [*needed, ("source", "来源")]
    return [*needed, ("source_name", "转载来源"), ("source_url", "原文网址"), ("source_on", "原文日期")]


def recall(actor: StaffActor, article_id: int) -> None:
    """Take it back while it is in review, to change it. The version stays frozen. Raises Conflict."""
    with transaction() as session:
        article, node = locked(session, actor, article_id, Role.EDITOR)
        if article.state is not ArticleState.IN_REVIEW:
            raise Conflict("article_state", "这篇文章不在审核中")
        article.state, article.level = ArticleState.RETURNED, 0
        audit.record(actor.username, "article.recall", "article", article.id, node_path=node.path)


def columns() -> list[Column]:
    return list(db.session().scalars(select(Column).order_by(Column.position, Column.id)))
