"""Articles and their versions, reviews, columns, slogans, reads, and pushes."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, Date, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.db import Base, BigKey, CaseString, EncryptedText, LongText, UTCDateTime, enum_column


class ArticleState(StrEnum):
    """Where the article's newest version stands."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    RETURNED = "returned"
    APPROVED = "approved"


ARTICLE_STATE_NAMES = {
    ArticleState.DRAFT: "草稿",
    ArticleState.IN_REVIEW: "审核中",
    ArticleState.RETURNED: "已退回",
    ArticleState.APPROVED: "审核通过",
}


class Verdict(StrEnum):
    PASSED = "passed"
    RETURNED = "returned"


class SloganPlace(StrEnum):
    HEAD = "head"
    FOOT = "foot"


class Channel(StrEnum):
    """How a push goes out (rules.md, Articles and pushes)."""

    MASS = "mass"  # the official account's mass send: reaches every follower, uses the quota
    PUBLISH = "publish"  # published on the official account: no message, no quota
    SUBSCRIBE = "subscribe"  # subscribe messages to residents of the mini-program
    IN_APP = "in_app"  # shown in the mini-program's list at a time, nothing sent
    HANDOVER = "handover"  # handed to another office's account, published there by hand


CHANNEL_NAMES = {
    Channel.MASS: "公众号群发",
    Channel.PUBLISH: "公众号发布（不通知）",
    Channel.SUBSCRIBE: "小程序订阅消息",
    Channel.IN_APP: "小程序文章列表",
    Channel.HANDOVER: "交其他单位公众号发布",
}


class Audience(StrEnum):
    """Whom a subscribe push reaches, of the branch it names and of those who accepted the message."""

    RESIDENTS = "residents"
    COLUMN = "column"  # those who follow a column
    VOLUNTEERS = "volunteers"


AUDIENCE_NAMES = {
    Audience.RESIDENTS: "所有订阅的居民",
    Audience.COLUMN: "关注某个栏目的居民",
    Audience.VOLUNTEERS: "注册志愿者",
}


class AccountKind(StrEnum):
    """How WeChat counts an account's mass sends (rules.md, Articles and pushes)."""

    SUBSCRIPTION = "subscription"  # so many a day
    SERVICE = "service"  # so many a month for each follower


ACCOUNT_KIND_NAMES = {AccountKind.SUBSCRIPTION: "订阅号", AccountKind.SERVICE: "服务号"}


class PushState(StrEnum):
    PENDING_REVIEW = "pending_review"
    READY = "ready"
    SENDING = "sending"
    AWAITING_ADMIN = "awaiting_admin"  # WeChat waits for the account's administrator
    SENT = "sent"
    PARTLY_FAILED = "partly_failed"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    HELD = "held"  # only a person decides
    MANUAL = "manual"  # handed over, waits for the address
    MISSED = "missed"


PUSH_STATE_NAMES = {
    PushState.PENDING_REVIEW: "待审",
    PushState.READY: "待发",
    PushState.SENDING: "发送中",
    PushState.AWAITING_ADMIN: "待管理员确认",
    PushState.SENT: "已发",
    PushState.PARTLY_FAILED: "部分失败",
    PushState.PAUSED: "已暂停",
    PushState.CANCELLED: "已取消",
    PushState.HELD: "待人工",
    PushState.MANUAL: "待手工发布",
    PushState.MISSED: "已错过",
}


class Column(Base):
    """A column (栏目) articles stand in."""

    __tablename__ = "article_column"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    slug: Mapped[str] = mapped_column(CaseString(40), unique=True)
    name: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(120), default="")
    position: Mapped[int] = mapped_column(default=0)


class HandoverAccount(Base):
    """An official account that another office runs: articles are handed to it, and it publishes them by hand."""

    __tablename__ = "handover_account"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(30), unique=True)
    office: Mapped[str] = mapped_column(String(60), default="")
    contact: Mapped[str] = mapped_column(EncryptedText)
    kind: Mapped[AccountKind] = mapped_column(enum_column(AccountKind, "kind"))
    active: Mapped[bool] = mapped_column(default=True)


class Slogan(Base):
    """A public-service slogan for the head or the foot, from one day to another (None: without an end)."""

    __tablename__ = "slogan"
    __table_args__ = (CheckConstraint("ends_on IS NULL OR ends_on >= starts_on", name="dates"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(40), unique=True)
    text: Mapped[str] = mapped_column(String(60))
    place: Mapped[SloganPlace] = mapped_column(enum_column(SloganPlace, "place"))
    starts_on: Mapped[date] = mapped_column(Date)
    ends_on: Mapped[date | None] = mapped_column(Date)


class Article(Base):
    """An article: the newest version is worked on, the published one is shown. `level` is the review it waits for.

    `revision` counts every saving, of the text or of the column: an editor's page names the one it began with.
    """

    __tablename__ = "article"
    __table_args__ = (
        Index("ix_article_published_at_id", "published_at", "id"),
        CheckConstraint("level >= 0 AND level <= 3", name="level"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    key: Mapped[str | None] = mapped_column(CaseString(60), unique=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    column_id: Mapped[int] = mapped_column(ForeignKey("article_column.id"), index=True)
    state: Mapped[ArticleState] = mapped_column(enum_column(ArticleState, "state"), index=True)
    level: Mapped[int] = mapped_column(default=0)
    number: Mapped[int] = mapped_column(default=1)
    revision: Mapped[int] = mapped_column(default=1)
    published_version_id: Mapped[int | None] = mapped_column(BigKey)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    reads: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class ArticleVersion(Base):
    """One state of the text, as somebody saved it; none is changed afterwards. `restored_from` is a version's number.

    `source` is what the text rests on; a reprint also names where it first stood.
    """

    __tablename__ = "article_version"
    __table_args__ = (
        UniqueConstraint("article_id", "number"),
        CheckConstraint(
            "submitted_at IS NULL OR origin = 'own' OR"
            " (source_name <> '' AND source_url <> '' AND source_on IS NOT NULL)",
            name="reprint",
        ),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"))
    number: Mapped[int]
    title: Mapped[str] = mapped_column(String(32))
    author: Mapped[str] = mapped_column(String(16), default="")
    digest: Mapped[str] = mapped_column(String(120), default="")
    source: Mapped[str] = mapped_column(String(200), default="")
    markdown: Mapped[str] = mapped_column(LongText)
    html: Mapped[str] = mapped_column(LongText)
    cover: Mapped[str] = mapped_column(CaseString(32), default="")
    origin: Mapped[Origin] = mapped_column(enum_column(Origin, "origin"), default=Origin.OWN)
    source_name: Mapped[str] = mapped_column(String(60), default="")
    source_url: Mapped[str] = mapped_column(CaseString(500), default="")
    source_on: Mapped[date | None] = mapped_column(Date)
    video_url: Mapped[str] = mapped_column(CaseString(500), default="")
    created_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    restored_from: Mapped[int | None]
    submitted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ArticleWriter(Base):
    """Who wrote on an article: none of them may review it."""

    __tablename__ = "article_writer"
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)


class Review(Base):
    """One person's verdict on one version: one at each level, and nobody at two levels."""

    __tablename__ = "review"
    __table_args__ = (UniqueConstraint("version_id", "level"), UniqueConstraint("version_id", "staff_id"))
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("article_version.id"))
    level: Mapped[int]
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    verdict: Mapped[Verdict] = mapped_column(enum_column(Verdict, "verdict"))
    remark: Mapped[str] = mapped_column(String(500), default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class ArticleRead(Base):
    """A resident read an article on a day; once a day counts."""

    __tablename__ = "article_read"
    __table_args__ = (Index("ix_article_read_day_article_id", "day", "article_id"),)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True, index=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)


class Push(Base):
    """One way out for an article at one time. What the remote side answered is stored before the next call.

    `clientmsgid` makes a mass send happen once; `version_id` and the slogans are fixed when it starts. A push made for
    a column's slot names both, and there is one for each slot. After `late_at` it is not sent by itself any more.
    """

    __tablename__ = "push"
    __table_args__ = (Index("ix_push_state_due_at", "state", "due_at"), UniqueConstraint("column_id", "slot_at"))
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), index=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    channel: Mapped[Channel] = mapped_column(enum_column(Channel, "channel"))
    branch: Mapped[str] = mapped_column(CaseString(255), default="")
    audience: Mapped[Audience] = mapped_column(enum_column(Audience, "audience"), default=Audience.RESIDENTS)
    followed_id: Mapped[int | None] = mapped_column(ForeignKey("article_column.id"))
    tag_id: Mapped[int | None]  # a mass send to one of the account's tags
    tag_name: Mapped[str] = mapped_column(String(30), default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("handover_account.id"), index=True)
    column_id: Mapped[int | None] = mapped_column(ForeignKey("article_column.id"))
    slot_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    late_at: Mapped[datetime] = mapped_column(UTCDateTime)
    handed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    state: Mapped[PushState] = mapped_column(enum_column(PushState, "state"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    version_id: Mapped[int | None] = mapped_column(ForeignKey("article_version.id"))
    head_id: Mapped[int | None] = mapped_column(ForeignKey("slogan.id"))
    foot_id: Mapped[int | None] = mapped_column(ForeignKey("slogan.id"))
    clientmsgid: Mapped[str] = mapped_column(CaseString(32), unique=True)
    called_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    draft_id: Mapped[str] = mapped_column(CaseString(128), default="")
    remote_id: Mapped[str] = mapped_column(CaseString(64), default="")
    url: Mapped[str] = mapped_column(CaseString(500), default="")
    followers: Mapped[int | None]  # whom a mass send was meant for, and whom it reached, as WeChat reports them
    reached: Mapped[int | None]
    fan_out_id: Mapped[int | None] = mapped_column(ForeignKey("fan_out.id"), unique=True)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fence: Mapped[int] = mapped_column(default=0)
    created_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
