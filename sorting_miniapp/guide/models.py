"""Classes, items with their other names, search keys, and requests for items that are missing."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column
from sorting_miniapp.waste import CLASS_NAMES as CLASS_NAMES
from sorting_miniapp.waste import WasteClass as WasteClass

# GB/T 19095-2019, the eleven sub-classes; an item need not have one.
SUBCLASSES: dict[WasteClass, tuple[str, ...]] = {
    WasteClass.RECYCLABLE: ("纸类", "塑料", "金属", "玻璃", "织物"),
    WasteClass.FOOD: ("家庭厨余垃圾", "餐厨垃圾", "其他厨余垃圾"),
    WasteClass.HAZARDOUS: ("灯管", "家用化学品", "电池"),
    WasteClass.RESIDUAL: (),
    WasteClass.BULKY: (),
    WasteClass.RENOVATION: (),
}


class RequestState(StrEnum):
    OPEN = "open"
    ADDED = "added"
    DECLINED = "declined"


REQUEST_STATE_NAMES = {
    RequestState.OPEN: "待处理",
    RequestState.ADDED: "已收录",
    RequestState.DECLINED: "不收录",
}


class Category(Base):
    """A class as residents see it: colour, symbol, what belongs to it, how to put it out.

    `sign` is the drawing of its sign; `examples` and `not_here` are keys of items that belong, and of items that
    people wrongly put here; `mistakes` says in sentences what goes wrong most.
    """

    __tablename__ = "guide_category"
    waste_class: Mapped[WasteClass] = mapped_column(enum_column(WasteClass, "waste_class"), primary_key=True)
    colour: Mapped[str] = mapped_column(CaseString(7))
    symbol: Mapped[str] = mapped_column(String(20))
    summary: Mapped[str] = mapped_column(String(200))
    rules: Mapped[Any] = mapped_column(JsonText)
    basis: Mapped[str] = mapped_column(String(200))
    sign: Mapped[str] = mapped_column(CaseString(60), default="")
    examples: Mapped[Any] = mapped_column(JsonText, nullable=True)
    not_here: Mapped[Any] = mapped_column(JsonText, nullable=True)
    mistakes: Mapped[Any] = mapped_column(JsonText, nullable=True)
    position: Mapped[int] = mapped_column(default=0)


class Item(Base):
    """A thing people throw away. `basis` is a source's key; `parts` is a list of {name, category}.

    `conditions` says when the class changes (clean or soiled), `note` where places differ; `reviewer` is the name of
    the pass in which it was read again, '' when it was not; items of one `family` may share their `why`. `photo` is
    the public id of a stored picture, or ''.
    """

    __tablename__ = "guide_item"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(60), unique=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    waste_class: Mapped[WasteClass] = mapped_column(enum_column(WasteClass, "waste_class"), index=True)
    subclass: Mapped[str] = mapped_column(String(20), default="")
    why: Mapped[str] = mapped_column(String(300))
    how: Mapped[str] = mapped_column(String(300))
    basis: Mapped[str] = mapped_column(String(200))
    note: Mapped[str] = mapped_column(String(300), default="")
    conditions: Mapped[str] = mapped_column(String(300), default="")
    parts: Mapped[Any] = mapped_column(JsonText, nullable=True)
    low_value: Mapped[bool] = mapped_column(default=False)
    season: Mapped[str] = mapped_column(String(20), default="")
    confidence: Mapped[str] = mapped_column(CaseString(8), default="high")
    reviewer: Mapped[str] = mapped_column(String(40), default="")
    family: Mapped[str] = mapped_column(CaseString(60), default="")
    photo: Mapped[str] = mapped_column(CaseString(32), default="")
    active: Mapped[bool] = mapped_column(default=True)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Name(Base):
    """A name an item is found by: its own (`own`), another one, or a local one (`local`, not checked by anybody).

    A `derived` one is the item's own without its bracket, 酱油瓶 of 酱油瓶（玻璃）, and no row of a file.
    Pinyin in full and by initials; `sound` is how it is heard (sounds.py), `pairs` how many pairs of characters it
    has; `position` is its place among the item's names.
    """

    __tablename__ = "guide_name"
    __table_args__ = (
        Index("ix_guide_name_pinyin", "pinyin"),
        Index("ix_guide_name_initials", "initials"),
        Index("ix_guide_name_sound", "sound"),
    )
    folded: Mapped[str] = mapped_column(CaseString(60), primary_key=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("guide_item.id"), index=True)
    shown: Mapped[str] = mapped_column(String(40))
    own: Mapped[bool] = mapped_column(default=False)
    local: Mapped[bool] = mapped_column(default=False)
    derived: Mapped[bool] = mapped_column(default=False)
    position: Mapped[int] = mapped_column(default=0)
    pinyin: Mapped[str] = mapped_column(CaseString(200))
    initials: Mapped[str] = mapped_column(CaseString(40))
    sound: Mapped[str] = mapped_column(CaseString(200), default="")
    pairs: Mapped[int] = mapped_column(default=0)


class Bigram(Base):
    """Two characters of a name, next to each other or with one between: the index for what is only partly a name."""

    __tablename__ = "guide_bigram"
    bigram: Mapped[str] = mapped_column(CaseString(8), primary_key=True)
    folded: Mapped[str] = mapped_column(ForeignKey("guide_name.folded"), primary_key=True, index=True)


class Request(Base):
    """A word that was looked up in vain and asked for; how many people asked.

    `item_key` is the item that answers it, `answer` what staff say to those who asked.
    """

    __tablename__ = "guide_request"
    __table_args__ = (
        CheckConstraint("times >= 1", name="times"),
        Index("ix_guide_request_state_times", "state", "times"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    folded: Mapped[str] = mapped_column(CaseString(60), unique=True)
    term: Mapped[str] = mapped_column(String(40))
    times: Mapped[int] = mapped_column(default=1)
    state: Mapped[RequestState] = mapped_column(enum_column(RequestState, "state"))
    first_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_at: Mapped[datetime] = mapped_column(UTCDateTime)
    item_key: Mapped[str] = mapped_column(CaseString(60), default="")
    answer: Mapped[str] = mapped_column(String(100), default="")
    answered_by: Mapped[str] = mapped_column(CaseString(80), default="")
    answered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class RequestVote(Base):
    """A resident asked for a word; once counts. `remark` is what the resident wrote about it, or ''."""

    __tablename__ = "guide_request_vote"
    __table_args__ = (UniqueConstraint("request_id", "resident_id"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    request_id: Mapped[int] = mapped_column(ForeignKey("guide_request.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    remark: Mapped[str] = mapped_column(String(100), default="")
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
