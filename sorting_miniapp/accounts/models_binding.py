"""Which WeChat accounts a member of staff uses: a resident of the mini-program, a follower of the official account."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, SmallInteger, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, UTCDateTime, enum_column


class BindingKind(StrEnum):
    MINI = "mini"
    OFFICIAL = "official"


BINDING_NAMES = {BindingKind.MINI: "小程序", BindingKind.OFFICIAL: "公众号"}


class StaffBinding(Base):
    """A WeChat account bound to a member of staff, kept after it ended; `live` is 1 until then.

    `resident_id` for the mini-program, `openid` for the official account, whose openids are others.
    """

    __tablename__ = "staff_binding"
    __table_args__ = (
        UniqueConstraint("staff_id", "kind", "live"),
        UniqueConstraint("resident_id", "live"),
        UniqueConstraint("openid", "live"),
        CheckConstraint("(resident_id IS NULL) <> (openid IS NULL)", name="account"),
        CheckConstraint("(live IS NULL AND ended_at IS NOT NULL) OR (live = 1 AND ended_at IS NULL)", name="live"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    kind: Mapped[BindingKind] = mapped_column(enum_column(BindingKind, "kind"))
    resident_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"))
    openid: Mapped[str | None] = mapped_column(CaseString(64))
    live: Mapped[int | None] = mapped_column(SmallInteger)
    bound_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class StaffBindCode(Base):
    """The one code a member of staff may bind with now, as a keyed fingerprint; gone once used."""

    __tablename__ = "staff_bind_code"
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), primary_key=True, autoincrement=False)
    fingerprint: Mapped[str] = mapped_column(CaseString(64), unique=True)
    expires_at: Mapped[datetime] = mapped_column(UTCDateTime)
