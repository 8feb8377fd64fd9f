"""Changes of the question bank that wait for a second person."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column


class ProposalState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


PROPOSAL_STATE_NAMES = {
    ProposalState.OPEN: "待复核",
    ProposalState.ACCEPTED: "已采用",
    ProposalState.RETURNED: "已退回",
    ProposalState.WITHDRAWN: "已撤回",
}


class QuestionProposal(Base):
    """A new question or a change of one, until somebody else has read it (rules.md, Quizzes: read again).

    `values` is the question as in the files, `base` the number of the version it was written from (0: a new one),
    `live` is 1 while it waits: a question has one waiting change at most. `batch` keeps the rows of one sheet together.
    """

    __tablename__ = "question_proposal"
    __table_args__ = (
        UniqueConstraint("question_id", "live"),
        CheckConstraint("(live IS NULL) = (state <> 'open')", name="live"),
        CheckConstraint("decided_by IS NULL OR decided_by <> made_by OR state = 'withdrawn'", name="two_people"),
        Index("ix_question_proposal_state", "state", "id"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    question_id: Mapped[int | None] = mapped_column(ForeignKey("question.id"))
    base: Mapped[int] = mapped_column(default=0)
    values: Mapped[Any] = mapped_column("row_values", JsonText)
    active: Mapped[bool] = mapped_column(default=True)
    batch: Mapped[str] = mapped_column(CaseString(32), default="")
    state: Mapped[ProposalState] = mapped_column(enum_column(ProposalState, "state"))
    live: Mapped[int | None] = mapped_column(SmallInteger)
    made_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    remark: Mapped[str] = mapped_column(String(300), default="")
