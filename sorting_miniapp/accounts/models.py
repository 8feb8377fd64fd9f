"""Residents (an openid each) with consents and groups, staff with roles at nodes, and their opaque sessions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, EncryptedText, LongText, UTCDateTime, enum_column


class Role(StrEnum):
    ADMIN = "admin"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    ORGANISER = "organiser"
    VERIFIER = "verifier"
    ANALYST = "analyst"


ROLE_NAMES = {
    Role.ADMIN: "管理员",
    Role.EDITOR: "编辑",
    Role.REVIEWER: "审核员",
    Role.ORGANISER: "活动组织员",
    Role.VERIFIER: "时长核验员",
    Role.ANALYST: "统计员",
}


class Resident(Base):
    """A person of the mini-program: the account is the openid. An erased one keeps its row and loses its identity."""

    __tablename__ = "resident"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    openid: Mapped[str | None] = mapped_column(CaseString(64), unique=True)
    unionid: Mapped[str | None] = mapped_column(CaseString(64), index=True)
    nickname: Mapped[str] = mapped_column(String(30), default="")
    large_type: Mapped[bool] = mapped_column(default=False)
    no_time_limit: Mapped[bool] = mapped_column(default=False)  # quizzes without a clock, for the elderly
    node_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"), index=True)
    school_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"), index=True)
    phone: Mapped[str | None] = mapped_column(EncryptedText)  # as WeChat vouched for it
    phone_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    erased_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class ResidentSession(Base):
    """A bearer token of a resident, stored hashed (SHA-256, hex)."""

    __tablename__ = "resident_session"
    __table_args__ = (Index("ix_resident_session_resident_created", "resident_id", "created_at"),)
    token_hash: Mapped[str] = mapped_column(CaseString(64), primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class Staff(Base):
    """A member of staff. `failures` and `locked_until` make the lock-out grow."""

    __tablename__ = "staff"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    username: Mapped[str] = mapped_column(CaseString(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    password_hash: Mapped[str] = mapped_column(CaseString(200))
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class StaffRole(Base):
    """A role held at a node, valid in its branch. `level` is 1 to 3 for reviewers, else 0."""

    __tablename__ = "staff_role"
    __table_args__ = (UniqueConstraint("staff_id", "node_id", "role", "level"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    role: Mapped[Role] = mapped_column(enum_column(Role, "role"))
    level: Mapped[int] = mapped_column(default=0)


class StaffSession(Base):
    """A console session, stored hashed; ended by sign-out, password or role change."""

    __tablename__ = "staff_session"
    token_hash: Mapped[str] = mapped_column(CaseString(64), primary_key=True)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class GroupState(StrEnum):
    REQUESTED = "requested"
    MEMBER = "member"
    DECLINED = "declined"
    LEFT = "left"


GROUP_STATE_NAMES = {
    GroupState.REQUESTED: "待批准",
    GroupState.MEMBER: "成员",
    GroupState.DECLINED: "未批准",
    GroupState.LEFT: "已退出",
}


class VolunteerGroup(Base):
    """What a node of the kind group has besides its name: its number on i志愿 and whom the office calls."""

    __tablename__ = "volunteer_group"
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), primary_key=True, autoincrement=False)
    number: Mapped[str | None] = mapped_column(CaseString(40), unique=True)
    contact: Mapped[str] = mapped_column(EncryptedText)
    about: Mapped[str] = mapped_column(String(200), default="")


class GroupMember(Base):
    """A resident's standing in a group, one row for both; only a member can lead."""

    __tablename__ = "group_member"
    __table_args__ = (
        UniqueConstraint("node_id", "resident_id"),
        CheckConstraint("NOT leader OR state = 'member'", name="leader"),
        Index("ix_group_member_node_state", "node_id", "state"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    state: Mapped[GroupState] = mapped_column(enum_column(GroupState, "state"))
    leader: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime] = mapped_column(UTCDateTime)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str] = mapped_column(CaseString(80), default="")


class Purpose(StrEnum):
    """What a resident may agree to, each for itself; refusing costs no other service (个人信息保护法 art. 16)."""

    NAMES_ON_LEADERBOARD = "names_on_leaderboard"
    NAMES_IN_HOURS_RANKING = "names_in_hours_ranking"
    PHOTOS = "photos"
    HAND_TO_IVOLUNTEER = "hand_to_ivolunteer"
    MINORS_UNDER_14 = "minors_under_14"
    CHILD_NAME_IN_CLASS = "child_name_in_class"  # a guardian's, for the class's own board


class ConsentText(Base):
    """A text that people agree to, one row for each version (content/consents.yaml); the latest row is in force."""

    __tablename__ = "consent_text"
    __table_args__ = (UniqueConstraint("key", "version"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(40))
    version: Mapped[str] = mapped_column(CaseString(20))
    title: Mapped[str] = mapped_column(String(80))
    text: Mapped[str] = mapped_column(LongText)


class Consent(Base):
    """A consent with its text's version and time, kept after it is withdrawn; `live` is 1 until then."""

    __tablename__ = "consent"
    __table_args__ = (
        UniqueConstraint("resident_id", "purpose", "live"),
        CheckConstraint(
            "(live IS NULL AND withdrawn_at IS NOT NULL) OR (live = 1 AND withdrawn_at IS NULL)", name="live"
        ),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    purpose: Mapped[Purpose] = mapped_column(enum_column(Purpose, "purpose"))
    version: Mapped[str] = mapped_column(CaseString(20))
    live: Mapped[int | None] = mapped_column(SmallInteger)
    given_at: Mapped[datetime] = mapped_column(UTCDateTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
