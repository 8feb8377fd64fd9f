"""Events, templates and tags, shifts with their places, sign-ups, check-ins and head counts."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, EncryptedText, JsonText, LongText, UTCDateTime, enum_column

PAIRS_A_DAY = 3  # i志愿: at most three in/out pairs per event and day (rules.md, Service records)


class EventState(StrEnum):
    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    FINISHED = "finished"


EVENT_STATE_NAMES = {
    EventState.DRAFT: "草稿",
    EventState.PUBLISHED: "已发布",
    EventState.CANCELLED: "已取消",
    EventState.FINISHED: "已结束",
}


class ShiftState(StrEnum):
    OPEN = "open"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class SignUpState(StrEnum):
    CONFIRMED = "confirmed"
    WAITING = "waiting"
    OFFERED = "offered"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"
    CANCELLED = "cancelled"
    ATTENDED = "attended"
    ABSENT = "absent"


SIGN_UP_STATE_NAMES = {
    SignUpState.CONFIRMED: "已报名",
    SignUpState.WAITING: "候补中",
    SignUpState.OFFERED: "待确认",
    SignUpState.WITHDRAWN: "已退出",
    SignUpState.LAPSED: "已失效",
    SignUpState.CANCELLED: "已取消",
    SignUpState.ATTENDED: "已签到",
    SignUpState.ABSENT: "未到场",
}
# States whose people hold places of the shift.
HOLDING = (SignUpState.CONFIRMED, SignUpState.OFFERED, SignUpState.ATTENDED, SignUpState.ABSENT)


class CheckHow(StrEnum):
    QR = "qr"
    CODE = "code"
    SHOWN = "shown"  # the resident shows a code, staff or a leader takes it
    LEADER = "leader"  # a leader's entry, with a reason
    PRINTED = "printed"
    STAFF = "staff"
    OFFLINE = "offline"
    SYSTEM = "system"


CHECK_HOW_NAMES = {
    CheckHow.QR: "扫码",
    CheckHow.CODE: "输入签到码",
    CheckHow.SHOWN: "出示签到码",
    CheckHow.LEADER: "带队人登记",
    CheckHow.PRINTED: "扫现场海报",
    CheckHow.OFFLINE: "离线名单",
    CheckHow.STAFF: "工作人员登记",
    CheckHow.SYSTEM: "系统补签退",
}


class Tag(Base):
    """A mark of events, from content/tags.yaml. Tags overlap: a set, not a partition."""

    __tablename__ = "tag"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(40), unique=True)
    name: Mapped[str] = mapped_column(String(40))
    set_name: Mapped[str] = mapped_column(CaseString(40))
    position: Mapped[int] = mapped_column(default=0)


class EventTemplate(Base):
    """A pattern for new events, a file of content/events/. `minutes` is the length, travel not counted.

    `posts` is a list of {title, capacity, minutes, tasks, min_age}; `report_fields` are keys of CountKind.
    """

    __tablename__ = "event_template"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(64), unique=True)
    title: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(CaseString(24))
    summary: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(LongText)
    risks: Mapped[str] = mapped_column(LongText)
    risk_version: Mapped[int] = mapped_column(default=1, server_default="1")
    needs: Mapped[str] = mapped_column(LongText)
    minutes: Mapped[int]
    posts: Mapped[Any] = mapped_column(JsonText, nullable=True)
    checklist: Mapped[Any] = mapped_column(JsonText, nullable=True)
    report_fields: Mapped[Any] = mapped_column(JsonText, nullable=True)
    tags: Mapped[Any] = mapped_column(JsonText)
    position: Mapped[int] = mapped_column(default=0)


class Event(Base):
    """What a unit invites to. `starts_at`/`ends_at` span its shifts; `risk_version` counts its risk notice's texts.

    The place's coordinates are whole units of 0.00001 degree (GCJ-02, as WeChat's map gives them). Sign-up opens at
    `opens_at` (None: at once), for people without a record of absences `early_hours` before. `checklist` is a list of
    {text, done}.
    """

    __tablename__ = "event"
    __table_args__ = (Index("ix_event_state_starts", "state", "starts_at"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    template_key: Mapped[str | None] = mapped_column(CaseString(64))
    title: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(CaseString(24))
    summary: Mapped[str] = mapped_column(String(200), default="")
    description: Mapped[str] = mapped_column(LongText, default="")
    risks: Mapped[str] = mapped_column(LongText, default="")
    risk_version: Mapped[int] = mapped_column(default=1)
    needs: Mapped[str] = mapped_column(LongText, default="")
    place: Mapped[str] = mapped_column(String(120), default="")
    lat_e5: Mapped[int | None] = mapped_column(BigInteger)
    lng_e5: Mapped[int | None] = mapped_column(BigInteger)
    contact: Mapped[str] = mapped_column(String(80), default="")
    counts_hours: Mapped[bool] = mapped_column(default=True)
    campaign_id: Mapped[int | None] = mapped_column(ForeignKey("campaign.id"), index=True)
    opens_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    early_hours: Mapped[int] = mapped_column(default=0, server_default="0")
    checklist: Mapped[Any] = mapped_column(JsonText, nullable=True)
    report_fields: Mapped[Any] = mapped_column(JsonText, nullable=True)
    state: Mapped[EventState] = mapped_column(enum_column(EventState, "state"), default=EventState.DRAFT)
    cancel_reason: Mapped[str] = mapped_column(String(200), default="")
    starts_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ends_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    published_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_by: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class EventTag(Base):
    """A tag borne by an event."""

    __tablename__ = "event_tag"
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True, index=True)


class Shift(Base):
    """A post at a time, with a number of places; `served` says whom, `requirements` who may come (requirements.py).

    `places_taken` counts the confirmed, offered and attended; `waiting` the sign-ups in the queue. Both change only in
    the transaction that changes the sign-up, and the CHECK stands behind it (design.md §5, 1).
    """

    __tablename__ = "shift"
    __table_args__ = (
        CheckConstraint("places_taken >= 0 AND places_taken <= capacity", name="places"),
        CheckConstraint("waiting >= 0", name="waiting"),
        CheckConstraint("ends_at > starts_at", name="times"),
        Index("ix_shift_closed_ends", "closed_at", "ends_at"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"), index=True)
    title: Mapped[str] = mapped_column(String(80), default="")
    tasks: Mapped[str] = mapped_column(String(500), default="", server_default="")
    served: Mapped[str] = mapped_column(String(120), default="", server_default="")
    requirements: Mapped[Any] = mapped_column(JsonText, nullable=True)
    starts_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    ends_at: Mapped[datetime] = mapped_column(UTCDateTime)
    capacity: Mapped[int]
    places_taken: Mapped[int] = mapped_column(default=0)
    waiting: Mapped[int] = mapped_column(default=0)
    next_queue_number: Mapped[int] = mapped_column(default=1)
    state: Mapped[ShiftState] = mapped_column(enum_column(ShiftState, "state"), default=ShiftState.OPEN)
    secret: Mapped[str] = mapped_column(EncryptedText)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class SignUp(Base):
    """A resident's place on a shift, with companions. `live` is 1 while it counts, NULL once it ended.

    `signed_by` is the leader who signed a member of the group `group_id` up; both NULL for who did it themselves.
    """

    __tablename__ = "sign_up"
    __table_args__ = (
        UniqueConstraint("shift_id", "resident_id", "live"),
        UniqueConstraint("shift_id", "queue_number"),
        CheckConstraint("places >= 1", name="places"),
        CheckConstraint("live IS NULL OR live = 1", name="live"),
        Index("ix_sign_up_resident_live", "resident_id", "live"),
        Index("ix_sign_up_state_offer", "state", "offer_until"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    shift_id: Mapped[int] = mapped_column(ForeignKey("shift.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    places: Mapped[int] = mapped_column(default=1)
    companions: Mapped[Any] = mapped_column(JsonText)
    age: Mapped[int | None]
    guardian_consent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    state: Mapped[SignUpState] = mapped_column(enum_column(SignUpState, "state"))
    live: Mapped[int | None] = mapped_column(SmallInteger)
    queue_number: Mapped[int | None]
    offer_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    risk_version: Mapped[int]
    risk_accepted_at: Mapped[datetime] = mapped_column(UTCDateTime)
    group_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"), index=True)
    signed_by: Mapped[int | None] = mapped_column(ForeignKey("resident.id"), index=True)
    reminded: Mapped[int] = mapped_column(SmallInteger, default=0)
    reason: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class CheckIn(Base):
    """One pair of coming and going. `open` is 1 until the check-out; `in_step`/`out_step` make a code single use.

    `in_leader`/`out_leader` is the resident who took it as the shift's leader. `inside` is the hint of a printed code:
    at the place or not (never where), NULL where nothing was said.
    """

    __tablename__ = "check_in"
    __table_args__ = (
        UniqueConstraint("sign_up_id", "open"),
        UniqueConstraint("resident_id", "event_id", "day", "pair"),
        CheckConstraint(f"pair >= 1 AND pair <= {PAIRS_A_DAY}", name="pair"),
        CheckConstraint("open IS NULL OR open = 1", name="open"),
        CheckConstraint("out_at IS NULL OR out_at >= in_at", name="times"),
        Index("ix_check_in_event_in", "event_id", "in_at"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    sign_up_id: Mapped[int] = mapped_column(ForeignKey("sign_up.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    day: Mapped[date]
    pair: Mapped[int] = mapped_column(SmallInteger)
    open: Mapped[int | None] = mapped_column(SmallInteger)
    in_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    out_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    in_how: Mapped[CheckHow] = mapped_column(enum_column(CheckHow, "in_how"))
    out_how: Mapped[CheckHow | None] = mapped_column(enum_column(CheckHow, "out_how"))
    in_step: Mapped[int] = mapped_column(default=0)
    out_step: Mapped[int] = mapped_column(default=0)
    in_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    out_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    in_leader: Mapped[int | None] = mapped_column(ForeignKey("resident.id"))
    out_leader: Mapped[int | None] = mapped_column(ForeignKey("resident.id"))
    inside: Mapped[bool | None]
    reason: Mapped[str] = mapped_column(String(200), default="")
    minutes: Mapped[int | None]
    closed_by_system: Mapped[bool] = mapped_column(default=False)
