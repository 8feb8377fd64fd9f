"""A job: what was asked, by whom, how far it is, and its file in chunks."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, Bytes, CaseString, JsonText, UTCDateTime, enum_column


class JobState(StrEnum):
    READY = "ready"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


JOB_STATE_NAMES = {
    JobState.READY: "排队中",
    JobState.RUNNING: "进行中",
    JobState.DONE: "已完成",
    JobState.FAILED: "没有完成",
}
OPEN_STATES = (JobState.READY, JobState.RUNNING)


class Job(Base):
    """One piece of work. One worker at a time does it, by lease and fence; the file's chunks bear the fence of DONE."""

    __tablename__ = "job"
    __table_args__ = (
        CheckConstraint("done >= 0 AND total >= 0", name="progress"),
        Index("ix_job_state_lease", "state", "lease_until"),
        Index("ix_job_asked_by_id", "asked_by", "id"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    kind: Mapped[str] = mapped_column(CaseString(40), index=True)
    title: Mapped[str] = mapped_column(String(120))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    asked_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    parameters: Mapped[Any] = mapped_column(JsonText)
    state: Mapped[JobState] = mapped_column(enum_column(JobState, "state"))
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(String(200), default="")
    attempts: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    fence: Mapped[int] = mapped_column(default=0)
    file_name: Mapped[str] = mapped_column(String(120), default="")
    file_type: Mapped[str] = mapped_column(CaseString(100), default="")
    file_size: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)


class JobChunk(Base):
    """A piece of a job's file, written under one fence."""

    __tablename__ = "job_chunk"
    job_id: Mapped[int] = mapped_column(ForeignKey("job.id"), primary_key=True)
    fence: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    data: Mapped[bytes] = mapped_column(Bytes)
