"""Access tokens, events that WeChat pushed, pictures being checked, and who follows the official account."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, EncryptedText, UTCDateTime, enum_column


class WeChatToken(Base):
    """`lease_until` lets one process fetch, `generation` counts the fetches, `refused_at` is the last refusal that led
    to one. While `blocked_until` lies ahead the breaker is open: nobody calls; `blocked_code` says why.
    """

    __tablename__ = "wechat_token"
    account: Mapped[str] = mapped_column(CaseString(20), primary_key=True)
    token: Mapped[str | None] = mapped_column(EncryptedText)
    generation: Mapped[int] = mapped_column(default=0)
    fetched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    refused_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blocked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blocked_code: Mapped[int] = mapped_column(default=0)
    blocked_reason: Mapped[str] = mapped_column(String(200), default="")


class EventState(StrEnum):
    READY = "ready"
    DONE = "done"
    IGNORED = "ignored"  # nobody asked for events of this kind; kept and counted
    FAILED = "failed"


class WeChatEvent(Base):
    """Something WeChat pushed: stored and answered at once, worked on later by one worker, by lease and fence.

    `dedup` is the hash of what it says, so that a repeat adds no row; `signature` meets a replay (null where CloudRun
    pushed without one). `payload` is the event as JSON.
    """

    __tablename__ = "wechat_event"
    __table_args__ = (
        UniqueConstraint("account", "dedup"),
        UniqueConstraint("account", "signature"),
        Index("ix_wechat_event_work", "state", "id"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    account: Mapped[str] = mapped_column(CaseString(20))
    dedup: Mapped[str] = mapped_column(CaseString(64))
    signature: Mapped[str | None] = mapped_column(CaseString(64))
    kind: Mapped[str] = mapped_column(CaseString(64))
    payload: Mapped[str] = mapped_column(EncryptedText)
    state: Mapped[EventState] = mapped_column(enum_column(EventState, "state"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class MediaState(StrEnum):
    PENDING = "pending"
    PASS = "pass"  # noqa: S105
    REVIEW = "review"  # WeChat is unsure, could not fetch it, or did not answer within 30 minutes
    RISKY = "risky"


class MediaCheck(Base):
    """A picture that WeChat was asked about, and what became of it; `object_…` says whose it is."""

    __tablename__ = "media_check"
    __table_args__ = (
        Index("ix_media_check_state_asked", "state", "asked_at"),
        Index("ix_media_check_object", "object_type", "object_id"),
    )
    trace_id: Mapped[str] = mapped_column(CaseString(64), primary_key=True)
    object_type: Mapped[str] = mapped_column(CaseString(24))
    object_id: Mapped[str] = mapped_column(CaseString(40))
    state: Mapped[MediaState] = mapped_column(enum_column(MediaState, "state"))
    label: Mapped[int] = mapped_column(default=0)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Follower(Base):
    """Who follows, or followed, the official account since its events reach us. Their openid is not the mini-program's;
    only `unionid` links the two.
    """

    __tablename__ = "official_follower"
    openid: Mapped[str] = mapped_column(CaseString(64), primary_key=True)
    unionid: Mapped[str | None] = mapped_column(CaseString(64), index=True)
    follows: Mapped[bool]
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
