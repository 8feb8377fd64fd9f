"""The audit trail: who changed what and when, with field names and masked values.

A row is written in the same transaction as the change. Rows are only ever added (reliability.md, Security).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp import clock
from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, transaction

MASKED = frozenset(
    {"name_real", "real_name", "document", "document_number", "phone", "password", "openid", "birth_date"}
)


class AuditEntry(Base):
    """One change by one member of staff."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index("ix_audit_entry_object", "object_type", "object_id"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    actor: Mapped[str] = mapped_column(CaseString(80))
    action: Mapped[str] = mapped_column(String(60))
    object_type: Mapped[str] = mapped_column(String(40))
    object_id: Mapped[str] = mapped_column(CaseString(64))
    node_path: Mapped[str] = mapped_column(CaseString(255))
    before: Mapped[Any] = mapped_column(JsonText, nullable=True)
    after: Mapped[Any] = mapped_column(JsonText, nullable=True)


def record(
    actor: str,
    action: str,
    object_type: str,
    object_id: object,
    *,
    node_path: str = "",
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
) -> None:
    """Write one row in the caller's transaction. `actor` is a staff username, or `system`."""
    with transaction() as session:
        session.add(
            AuditEntry(
                at=clock.now(),
                actor=actor,
                action=action,
                object_type=object_type,
                object_id=str(object_id),
                node_path=node_path,
                before=_mask(before),
                after=_mask(after),
            )
        )
        session.flush()


def _mask(values: dict[str, Any] | None) -> dict[str, Any] | None:
    if values is None:
        return None
    return {k: ("***" if k in MASKED and v else _plain(v)) for k, v in values.items()}


def _plain(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool | list | dict | type(None)) else str(value)
