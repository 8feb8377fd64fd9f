"""Volunteers, their service records, the ledger of minutes, late entries, disputes and what verifiers decided."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import (
    Base,
    BigKey,
    Bytes,
    CaseString,
    EncryptedText,
    JsonText,
    LongText,
    UTCDateTime,
    enum_column,
)


class DocumentKind(StrEnum):
    ID_CARD = "id_card"
    HK_MACAU = "hk_macau"
    TAIWAN = "taiwan"
    PASSPORT = "passport"
    OTHER = "other"


DOCUMENT_NAMES = {
    DocumentKind.ID_CARD: "居民身份证",
    DocumentKind.HK_MACAU: "港澳居民证件",
    DocumentKind.TAIWAN: "台湾居民证件",
    DocumentKind.PASSPORT: "护照",
    DocumentKind.OTHER: "其他证件",
}


class Skill(StrEnum):
    PUBLICITY = "publicity"
    TEACHING = "teaching"
    PHOTO = "photo"
    WRITING = "writing"
    DESIGN = "design"
    HOSTING = "hosting"
    DIALECT = "dialect"
    SIGN_LANGUAGE = "sign_language"
    FIRST_AID = "first_aid"
    DRIVING = "driving"
    REPAIR = "repair"


SKILL_NAMES = {
    Skill.PUBLICITY: "宣传讲解",
    Skill.TEACHING: "教学辅导",
    Skill.PHOTO: "摄影摄像",
    Skill.WRITING: "文字写作",
    Skill.DESIGN: "美术设计",
    Skill.HOSTING: "主持演出",
    Skill.DIALECT: "方言或少数民族语言",
    Skill.SIGN_LANGUAGE: "手语",
    Skill.FIRST_AID: "急救",
    Skill.DRIVING: "驾驶",
    Skill.REPAIR: "维修",
}


class Source(StrEnum):
    CHECK_IN = "check_in"
    CLAIM = "claim"


SOURCE_NAMES = {Source.CHECK_IN: "签到签退", Source.CLAIM: "补录申请"}


class RecordState(StrEnum):
    PENDING = "pending"
    EFFECTIVE = "effective"
    DISPUTED = "disputed"
    VOID = "void"


RECORD_STATE_NAMES = {
    RecordState.PENDING: "待核验",
    RecordState.EFFECTIVE: "已生效",
    RecordState.DISPUTED: "有异议",
    RecordState.VOID: "已作废",
}


class Flag(StrEnum):
    FORGOTTEN_CHECK_OUT = "forgotten_check_out"
    LATE_ENTRY = "late_entry"
    OVER_LIMIT = "over_limit"


FLAG_NAMES = {Flag.FORGOTTEN_CHECK_OUT: "忘记签退", Flag.LATE_ENTRY: "补录", Flag.OVER_LIMIT: "当日超时长"}


class Tier(StrEnum):
    OWN = "own"
    PARENT = "parent"
    HIGHEST = "highest"


TIER_NAMES = {Tier.OWN: "本单位", Tier.PARENT: "上级单位", Tier.HIGHEST: "市级"}


class Decision(StrEnum):
    CONFIRM = "confirm"
    VOID = "void"


class Volunteer(Base):
    """A resident who serves: who they are, sealed. `document_index` finds a second account of the same person."""

    __tablename__ = "volunteer"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), unique=True)
    number: Mapped[str] = mapped_column(CaseString(32), unique=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    name: Mapped[str | None] = mapped_column(EncryptedText)
    document_kind: Mapped[DocumentKind] = mapped_column(enum_column(DocumentKind, "document_kind"))
    document: Mapped[str | None] = mapped_column(EncryptedText)
    document_index: Mapped[str | None] = mapped_column(CaseString(64), unique=True)
    phone: Mapped[str | None] = mapped_column(EncryptedText)
    phone_index: Mapped[str | None] = mapped_column(CaseString(64), index=True)
    birth_date: Mapped[str | None] = mapped_column(EncryptedText)
    skills: Mapped[Any] = mapped_column(JsonText, nullable=True)
    ivolunteer_number: Mapped[str | None] = mapped_column(EncryptedText)
    ivolunteer_index: Mapped[str | None] = mapped_column(CaseString(64), unique=True)
    guardian_name: Mapped[str | None] = mapped_column(EncryptedText)
    guardian_phone: Mapped[str | None] = mapped_column(EncryptedText)
    guardian_consent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    consent_version: Mapped[str] = mapped_column(CaseString(20))
    consented_at: Mapped[datetime] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ServiceClaim(Base):
    """A late entry by the volunteer with its evidence; the record made of it waits for two members of staff."""

    __tablename__ = "service_claim"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    shift_id: Mapped[int | None] = mapped_column(ForeignKey("shift.id"), index=True)
    evidence: Mapped[str] = mapped_column(LongText)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ClaimPicture(Base):
    """Evidence of a late entry: a JPEG as we made it, seen by its owner and by staff of the branch only."""

    __tablename__ = "claim_picture"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    claim_id: Mapped[int | None] = mapped_column(ForeignKey("service_claim.id"), index=True)
    data: Mapped[bytes] = mapped_column(Bytes, deferred=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class ServiceRecord(Base):
    """One service with what 67号令 asks of a record. `minutes` are those asked for until it takes effect, then the
    ledger's sum. `longest` caps them; `round` starts anew with each dispute, for the two-person rule.

    `ivolunteer_minutes` are those a clerk entered on i志愿, NULL before; a later correction shows by the difference.
    """

    __tablename__ = "service_record"
    __table_args__ = (
        UniqueConstraint("source", "source_id"),
        CheckConstraint("minutes >= 0 AND minutes <= longest", name="minutes"),
        Index("ix_service_record_resident_day", "resident_id", "served_on"),
        Index("ix_service_record_node_state", "node_id", "state"),
        # The year's figures are read from it alone: a million records in a second instead of eight.
        Index("ix_service_record_figures", "served_on", "state", "node_id", "event_id", "minutes"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    event_id: Mapped[int | None] = mapped_column(ForeignKey("event.id"), index=True)
    shift_id: Mapped[int | None] = mapped_column(ForeignKey("shift.id"), index=True)
    source: Mapped[Source] = mapped_column(enum_column(Source, "source"))
    source_id: Mapped[int] = mapped_column(BigInteger)
    served_on: Mapped[date]
    title: Mapped[str] = mapped_column(String(80))
    place: Mapped[str] = mapped_column(String(120))
    content: Mapped[str] = mapped_column(String(200))
    served: Mapped[str] = mapped_column(String(120), default="")
    person_in_charge: Mapped[str] = mapped_column(String(80))
    minutes: Mapped[int]
    longest: Mapped[int]
    state: Mapped[RecordState] = mapped_column(enum_column(RecordState, "state"))
    flag: Mapped[Flag | None] = mapped_column(enum_column(Flag, "flag"))
    tier: Mapped[Tier] = mapped_column(enum_column(Tier, "tier"))
    round: Mapped[int] = mapped_column(SmallInteger, default=1)
    organiser_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    settled_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    settled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ivolunteer_minutes: Mapped[int | None]
    ivolunteer_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ivolunteer_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class HoursLedger(Base):
    """Append-only: signed minutes of a record. A correction is a new row that points to the one it corrects."""

    __tablename__ = "hours_ledger"
    __table_args__ = (
        CheckConstraint("minutes <> 0", name="minutes"),
        Index("ix_hours_ledger_resident_day", "resident_id", "served_on"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("service_record.id"), index=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    served_on: Mapped[date]
    minutes: Mapped[int]
    corrects_id: Mapped[int | None] = mapped_column(ForeignKey("hours_ledger.id"), unique=True)
    reason: Mapped[str] = mapped_column(String(200))
    by: Mapped[str] = mapped_column(CaseString(80))
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class HoursTotal(Base):
    """The ledger's sum of a resident in a year of service, and with year 0 of all years; moved with the ledger."""

    __tablename__ = "hours_total"
    __table_args__ = (Index("ix_hours_total_year_minutes", "year", "minutes"),)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    minutes: Mapped[int]


class RecordReview(Base):
    """What one verifier decided about a record in one round; nobody decides twice in a round."""

    __tablename__ = "record_review"
    __table_args__ = (UniqueConstraint("record_id", "round", "staff_id"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("service_record.id"))
    round: Mapped[int] = mapped_column(SmallInteger)
    staff_id: Mapped[int] = mapped_column(ForeignKey("staff.id"), index=True)
    decision: Mapped[Decision] = mapped_column(enum_column(Decision, "decision"))
    minutes: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    at: Mapped[datetime] = mapped_column(UTCDateTime)


class RecordDispute(Base):
    """A volunteer's objection to a record and its answer; one at a time (`open` is 1 until it is answered)."""

    __tablename__ = "record_dispute"
    __table_args__ = (
        UniqueConstraint("record_id", "open"),
        CheckConstraint("open IS NULL OR open = 1", name="open"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    record_id: Mapped[int] = mapped_column(ForeignKey("service_record.id"))
    open: Mapped[int | None] = mapped_column(SmallInteger)
    reason: Mapped[str] = mapped_column(String(500))
    made_at: Mapped[datetime] = mapped_column(UTCDateTime)
    answer: Mapped[str] = mapped_column(String(200), default="")
    answered_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
