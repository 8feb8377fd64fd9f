"""The access token of each account: one row, read by every process, refreshed by one at a time."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, CaseString, EncryptedText, UTCDateTime


class WeChatToken(Base):
    """`lease_until` lets one process fetch; `blocked_until` is the breaker after a token WeChat keeps refusing."""

    __tablename__ = "wechat_token"
    account: Mapped[str] = mapped_column(CaseString(20), primary_key=True)
    token: Mapped[str | None] = mapped_column(EncryptedText)
    fetched_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    blocked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
