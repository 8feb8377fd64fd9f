"""Head counts of an event: what is counted, in which unit, and the rows with who counted and how."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, UTCDateTime, enum_column


class CountKind(StrEnum):
    DIRECT = "direct"
    INFLUENCED = "influenced"
    SERVED = "served"
    LEAFLETS = "leaflets"
    PARTY_MEMBERS = "party_members"


COUNT_NAMES = {
    CountKind.DIRECT: ("直接参与", "人"),
    CountKind.INFLUENCED: ("影响人数", "人"),
    CountKind.SERVED: ("服务群众", "人"),
    CountKind.LEAFLETS: ("发放资料", "份"),
    CountKind.PARTY_MEMBERS: ("动员党员", "人次"),
}


class HeadCount(Base):
    """How many people an event reached off the system, with who counted and how."""

    __tablename__ = "head_count"
    __table_args__ = (UniqueConstraint("event_id", "kind"), CheckConstraint("value >= 0", name="value"))
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("event.id"))
    kind: Mapped[CountKind] = mapped_column(enum_column(CountKind, "kind"))
    value: Mapped[int]
    counted_by: Mapped[str] = mapped_column(String(40))
    how: Mapped[str] = mapped_column(String(200))
    recorded_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))
    recorded_at: Mapped[datetime] = mapped_column(UTCDateTime)
