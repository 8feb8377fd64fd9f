"""What 67号令 keeps of a volunteer besides personal data and service: trainings, awards, evaluations."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, UTCDateTime, enum_column


class EntryKind(StrEnum):
    TRAINING = "training"
    AWARD = "award"
    EVALUATION = "evaluation"


ENTRY_NAMES = {EntryKind.TRAINING: "培训", EntryKind.AWARD: "表彰奖励", EntryKind.EVALUATION: "评价"}


class VolunteerEntry(Base):
    """A training, an award or an evaluation: what 67号令 keeps besides personal data and service; it has no hours.

    Rows are not changed: a wrong one is withdrawn with a reason. `sign_up_id` names the sign-up to the training.
    """

    __tablename__ = "volunteer_entry"
    __table_args__ = (
        CheckConstraint("(withdrawn_at IS NULL) = (withdraw_reason = '')", name="withdrawn"),
        Index("ix_volunteer_entry_resident_day", "resident_id", "day"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    kind: Mapped[EntryKind] = mapped_column(enum_column(EntryKind, "kind"))
    title: Mapped[str] = mapped_column(String(80))
    giver: Mapped[str] = mapped_column(String(80))
    note: Mapped[str] = mapped_column(String(200), default="")
    day: Mapped[date]
    sign_up_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    withdrawn_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    withdraw_reason: Mapped[str] = mapped_column(String(200), default="")
