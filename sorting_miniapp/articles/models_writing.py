"""What surrounds the writing: unsaved texts, preview links, previews on a phone, and which slogan ran when."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.articles.models import SloganPlace
from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column

NEW = 0  # the place of a text whose article has not been saved yet


class Autosave(Base):
    """What somebody typed and has not saved: one for a person and an article (`NEW` before there is one).

    `values` are the form's; `revision` is the article's that the typing began with.
    """

    __tablename__ = "article_autosave"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True)
    article_id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False, index=True)
    revision: Mapped[int] = mapped_column(default=0)
    values: Mapped[Any] = mapped_column(JsonText)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class PreviewLink(Base):
    """An address that shows one version without login until it expires, is revoked, or a newer version is there."""

    __tablename__ = "article_preview"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("article_version.id"), index=True)
    created_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class PhoneState(StrEnum):
    READY = "ready"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"


PHONE_STATE_NAMES = {
    PhoneState.READY: "等待发送",
    PhoneState.SENDING: "正在发送",
    PhoneState.SENT: "已发到微信",
    PhoneState.FAILED: "没有发成",
}


class PhonePreview(Base):
    """A version shown to one member of staff in their WeChat, through the official account's preview.

    `draft_id` is the draft made for it, '' once it was deleted again.
    """

    __tablename__ = "article_phone_preview"
    __table_args__ = (Index("ix_article_phone_preview_state_lease", "state", "lease_until"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("article_version.id"), index=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    state: Mapped[PhoneState] = mapped_column(enum_column(PhoneState, "state"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    draft_id: Mapped[str] = mapped_column(CaseString(128), default="", index=True)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fence: Mapped[int] = mapped_column(default=0)


class SloganUse(Base):
    """A slogan ran with a push. `account` is the way out by which slogans take turns."""

    __tablename__ = "slogan_use"
    __table_args__ = (Index("ix_slogan_use_account_slogan_at", "account", "slogan_id", "at"),)
    push_id: Mapped[int] = mapped_column(ForeignKey("push.id"), primary_key=True)
    place: Mapped[SloganPlace] = mapped_column(enum_column(SloganPlace, "place"), primary_key=True)
    slogan_id: Mapped[int] = mapped_column(ForeignKey("slogan.id"), index=True)
    account: Mapped[str] = mapped_column(CaseString(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
