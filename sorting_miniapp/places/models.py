"""Places where residents hand in waste. None is invented: each says where it is known from and when it was checked."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column


class PlaceKind(StrEnum):
    COLLECTION_POINT = "collection_point"
    PAVILION = "pavilion"
    OUTLET = "outlet"
    HAZARDOUS_POINT = "hazardous_point"
    BULKY_POINT = "bulky_point"


PLACE_KIND_NAMES = {
    PlaceKind.COLLECTION_POINT: "投放点",
    PlaceKind.PAVILION: "分类亭",
    PlaceKind.OUTLET: "回收网点",
    PlaceKind.HAZARDOUS_POINT: "有害垃圾收集点",
    PlaceKind.BULKY_POINT: "大件垃圾投放点",
}


class PlaceState(StrEnum):
    ACTIVE = "active"
    PAUSED = "paused"
    CLOSED = "closed"


PLACE_STATE_NAMES = {
    PlaceState.ACTIVE: "使用中",
    PlaceState.PAUSED: "暂停使用",
    PlaceState.CLOSED: "已撤销",
}


class Place(Base):
    """A place by the office's own number `code`, in the unit `node_id` (a town or one of its communities).

    Coordinates are whole units of 0.00001 degree, GCJ-02 as WeChat's map gives them. `hours` is text that opening.py
    reads, '' for not known; `classes` are codes of WasteClass. `state_note` says why it is paused.
    """

    __tablename__ = "place"
    __table_args__ = (
        UniqueConstraint("node_id", "kind", "name"),
        CheckConstraint("lat_e5 BETWEEN -9000000 AND 9000000", name="latitude"),
        CheckConstraint("lng_e5 BETWEEN -18000000 AND 18000000", name="longitude"),
        Index("ix_place_position", "lat_e5", "lng_e5"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    code: Mapped[str] = mapped_column(CaseString(30), unique=True)
    kind: Mapped[PlaceKind] = mapped_column(enum_column(PlaceKind, "kind"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    name: Mapped[str] = mapped_column(String(60))
    address: Mapped[str] = mapped_column(String(120))
    lat_e5: Mapped[int]
    lng_e5: Mapped[int]
    hours: Mapped[str] = mapped_column(String(120))
    classes: Mapped[Any] = mapped_column(JsonText)
    contact: Mapped[str] = mapped_column(String(60))
    remarks: Mapped[str] = mapped_column(String(200))
    state: Mapped[PlaceState] = mapped_column(enum_column(PlaceState, "state"))
    state_note: Mapped[str] = mapped_column(String(120))
    source: Mapped[str] = mapped_column(String(120))
    checked_on: Mapped[date]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
