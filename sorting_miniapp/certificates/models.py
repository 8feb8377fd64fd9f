"""Certificates with what they said when they were made, and the counters of their numbers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, EncryptedText, UTCDateTime, enum_column


class CertificateKind(StrEnum):
    SERVICE = "service"
    LEARNING = "learning"


KIND_TITLES = {
    CertificateKind.SERVICE: "志愿服务记录证明",
    CertificateKind.LEARNING: "垃圾分类学习证明",
}
KIND_WORDS = {CertificateKind.SERVICE: "连志证", CertificateKind.LEARNING: "连学证"}


class CertificateCounter(Base):
    """The last number given by a unit in a year; changed only under the lock of the unit's row."""

    __tablename__ = "certificate_counter"
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), primary_key=True)
    kind: Mapped[CertificateKind] = mapped_column(enum_column(CertificateKind, "kind"), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    last: Mapped[int]


class Certificate(Base):
    """One certificate. `snapshot` is its text as JSON, sealed: it does not change when records do."""

    __tablename__ = "certificate"
    __table_args__ = (
        UniqueConstraint("node_id", "kind", "year", "serial"),
        CheckConstraint("serial >= 1", name="serial"),
        Index("ix_certificate_resident_issued", "resident_id", "issued_at"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    number: Mapped[str] = mapped_column(CaseString(64), unique=True)
    code: Mapped[str] = mapped_column(CaseString(32))
    kind: Mapped[CertificateKind] = mapped_column(enum_column(CertificateKind, "kind"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    year: Mapped[int]
    serial: Mapped[int]
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    snapshot: Mapped[str] = mapped_column(EncryptedText)
    issued_at: Mapped[datetime] = mapped_column(UTCDateTime)
    replaces_id: Mapped[int | None] = mapped_column(ForeignKey("certificate.id"), unique=True)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    revoked_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    revoke_reason: Mapped[str] = mapped_column(String(200), default="")
