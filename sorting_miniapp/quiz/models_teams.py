"""Classes and teams that learn together: who belongs to them, what each has done since joining, contests by team."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, UTCDateTime, enum_column


class TeamKind(StrEnum):
    CLASS = "class"
    TEAM = "team"


TEAM_KIND_NAMES = {TeamKind.CLASS: "班级", TeamKind.TEAM: "小队"}
PSEUDONYMS = {TeamKind.CLASS: "{}号同学", TeamKind.TEAM: "{}号队员"}


class Team(Base):
    """A class or team, of a resident (`teacher_id`) or of staff (`staff_id`), at a unit of the tree.

    `code` is what members type to join; NULL while nobody can join. A closed team keeps its figures.
    """

    __tablename__ = "team"
    __table_args__ = (
        CheckConstraint("(teacher_id IS NULL) <> (staff_id IS NULL)", name="owner"),
        CheckConstraint("closed_at IS NULL OR code IS NULL", name="closed"),
        CheckConstraint("numbered >= 0", name="numbered"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    kind: Mapped[TeamKind] = mapped_column(enum_column(TeamKind, "kind"))
    name: Mapped[str] = mapped_column(String(40))
    code: Mapped[str | None] = mapped_column(CaseString(8), unique=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    teacher_id: Mapped[int | None] = mapped_column(ForeignKey("resident.id"), index=True)
    staff_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    numbered: Mapped[int] = mapped_column(default=0)  # the last number given to a member
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class TeamMember(Base):
    """A stay in a team, under a number that is never given twice; `live` is 1 until the person leaves."""

    __tablename__ = "team_member"
    __table_args__ = (
        UniqueConstraint("team_id", "resident_id", "live"),
        UniqueConstraint("team_id", "number"),
        CheckConstraint("(live IS NULL AND left_at IS NOT NULL) OR (live = 1 AND left_at IS NULL)", name="live"),
        Index("ix_team_member_resident_live", "resident_id", "live"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    number: Mapped[int]
    live: Mapped[int | None] = mapped_column(SmallInteger)
    joined_at: Mapped[datetime] = mapped_column(UTCDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    attempts: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class TeamProgress(Base):
    """How many questions of a topic a member answered since joining, and how many of them right."""

    __tablename__ = "team_progress"
    __table_args__ = (CheckConstraint("right_count >= 0 AND right_count <= asked", name="right_asked"),)
    member_id: Mapped[int] = mapped_column(ForeignKey("team_member.id"), primary_key=True)
    topic: Mapped[str] = mapped_column(CaseString(20), primary_key=True)
    asked: Mapped[int]
    right: Mapped[int] = mapped_column("right_count")


class TeamEntry(Base):
    """For which team a resident takes part in a contest; fixed by their first attempt."""

    __tablename__ = "team_entry"
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"), primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)
    entered_at: Mapped[datetime] = mapped_column(UTCDateTime)


class TeamTotal(Base):
    """What those who entered a contest for a team reached together in a period: sums of standings."""

    __tablename__ = "team_total"
    quiz_id: Mapped[int] = mapped_column(ForeignKey("quiz.id"), primary_key=True)
    period: Mapped[str] = mapped_column(CaseString(10), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
    people: Mapped[int] = mapped_column(BigInteger)
    score: Mapped[int] = mapped_column(BigInteger)
    duration_ms: Mapped[int] = mapped_column(BigInteger)
