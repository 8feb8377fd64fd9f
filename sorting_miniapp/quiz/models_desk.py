"""What staff do about contests and wrong questions: corrections, disqualifications, appeals, prizes, certificates."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, EncryptedText, JsonText, UTCDateTime, enum_column


class CorrectionAction(StrEnum):
    NEW_KEY = "new_key"  # marked anew by `options`
    EVERYONE_RIGHT = "everyone_right"
    VOID = "void"  # as if it had not been asked


CORRECTION_NAMES = {
    CorrectionAction.NEW_KEY: "改正答案，按新答案重新计分",
    CorrectionAction.EVERYONE_RIGHT: "这道题所有人都算答对",
    CorrectionAction.VOID: "这道题作废，不计入总分",
}


class CorrectionStage(StrEnum):
    TRIAL = "trial"  # what it would change is being counted
    WAITING = "waiting"  # for a second person
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"
    MARKING = "marking"  # it binds, and attempts are marked anew
    DONE = "done"


CORRECTION_STAGE_NAMES = {
    CorrectionStage.TRIAL: "正在试算",
    CorrectionStage.WAITING: "等另一人确认",
    CorrectionStage.RETURNED: "已退回",
    CorrectionStage.WITHDRAWN: "已撤回",
    CorrectionStage.MARKING: "正在重新计分",
    CorrectionStage.DONE: "已完成",
}


class Correction(Base):
    """What is done about a version of a question that proved wrong: one person's word, and another's that lets it bind.

    It binds from the moment it has a `number`: numbers rise without a gap, and an attempt remembers the newest it was
    marked with. `preview` is what a look beforehand found, `outcome` what was changed in the end. One that is not to
    be was `dropped`: by its maker, or by the second person with a remark.
    """

    __tablename__ = "question_correction"
    __table_args__ = (
        CheckConstraint("(number IS NULL) = (confirmed_at IS NULL)", name="confirmed"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("confirmed_by IS NULL OR confirmed_by <> made_by", name="two_people"),
        CheckConstraint("dropped_at IS NULL OR number IS NULL", name="dropped"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("question_version.id"), index=True)
    action: Mapped[CorrectionAction] = mapped_column(enum_column(CorrectionAction, "action"))
    options: Mapped[Any] = mapped_column(JsonText, nullable=True)
    reason: Mapped[str] = mapped_column(String(200))
    made_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    number: Mapped[int | None] = mapped_column(unique=True)
    confirmed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    confirmed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    dropped_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    dropped_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    remark: Mapped[str] = mapped_column(String(200), default="")
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    preview: Mapped[Any] = mapped_column(JsonText, nullable=True)
    outcome: Mapped[Any] = mapped_column(JsonText, nullable=True)

    @property
    def stage(self) -> CorrectionStage:
        if self.dropped_at is not None:
            return CorrectionStage.WITHDRAWN if self.dropped_by == self.made_by else CorrectionStage.RETURNED
        if self.number is not None:
            return CorrectionStage.DONE if self.done_at is not None else CorrectionStage.MARKING
        return CorrectionStage.TRIAL if self.preview is None else CorrectionStage.WAITING


class AppealStage(StrEnum):
    NONE = "none"
    PENDING = "pending"
    UPHELD = "upheld"  # the disqualification stands
    LIFTED = "lifted"  # the result is back


APPEAL_STAGE_NAMES = {
    AppealStage.NONE: "未申诉",
    AppealStage.PENDING: "申诉待复核",
    AppealStage.UPHELD: "维持取消",
    AppealStage.LIFTED: "已恢复成绩",
}


class Disqualification(Base):
    """An attempt's result taken away by a person, with the reason; `live` is 1 until the result is given back."""

    __tablename__ = "disqualification"
    __table_args__ = (
        UniqueConstraint("attempt_id", "live"),
        CheckConstraint("reason <> ''", name="reason"),
        CheckConstraint("(live IS NULL) = (stage = 'lifted')", name="live"),
        Index("ix_disqualification_stage", "stage", "id"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"))
    live: Mapped[int | None] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(String(200))
    by: Mapped[int] = mapped_column("made_by", ForeignKey("staff.id"))
    at: Mapped[datetime] = mapped_column("made_at", UTCDateTime)
    stage: Mapped[AppealStage] = mapped_column(enum_column(AppealStage, "stage"))
    appeal: Mapped[str] = mapped_column(String(300), default="")
    appealed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    answer: Mapped[str] = mapped_column(String(200), default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ContestPrize(Base):
    """A prize a resident won; `winner` is the name of who took it, sealed, from the day it was handed over."""

    __tablename__ = "contest_prize"
    __table_args__ = (
        UniqueConstraint("quiz_id", "resident_id", "prize"),
        CheckConstraint(
            "(handed_at IS NULL) = (winner IS NULL) AND (handed_at IS NULL) = (handed_by IS NULL)", name="handed"
        ),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    place: Mapped[int]
    prize: Mapped[str] = mapped_column(String(60))
    recorded_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
    winner: Mapped[str | None] = mapped_column(EncryptedText)
    handed_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    handed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    note: Mapped[str] = mapped_column(String(100), default="")


class LearningCertificate(Base):
    """Which passed attempt at an exam a certificate of learning stands on."""

    __tablename__ = "learning_certificate"
    __table_args__ = (Index("ix_learning_certificate_resident_quiz", "resident_id", "quiz_id"),)
    certificate_id: Mapped[int] = mapped_column(ForeignKey("certificate.id"), primary_key=True, autoincrement=False)
    attempt_id: Mapped[int] = mapped_column(ForeignKey("attempt.id"), index=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"))
