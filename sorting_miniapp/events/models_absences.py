"""Appeals against recorded absences."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, UTCDateTime, enum_column


class AppealState(StrEnum):
    PENDING = "pending"
    GRANTED = "granted"
    REFUSED = "refused"


APPEAL_STATE_NAMES = {
    AppealState.PENDING: "待处理",
    AppealState.GRANTED: "已撤销记录",
    AppealState.REFUSED: "维持记录",
}


class AbsenceAppeal(Base):
    """A resident's word against a recorded absence, and what a member of staff decided."""

    __tablename__ = "absence_appeal"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sign_up_id: Mapped[int] = mapped_column(ForeignKey("sign_up.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(500))
    state: Mapped[AppealState] = mapped_column(enum_column(AppealState, "state"), index=True)
    answer: Mapped[str] = mapped_column(String(200), default="")
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
