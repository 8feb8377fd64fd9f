"""What the search and the guide's pages stand on beside items: synonyms, seasons, services, counts of look-ups."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import CheckConstraint, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, enum_column
from sorting_miniapp.guide.models import WasteClass


class Synonym(Base):
    """A word of content/guide/synonyms.yaml: it means a class, or the same as the other words of its group, or it is
    the head of names nobody has listed, which are put out as the item `item_key` is: 瓶 of 脉动瓶.
    """

    __tablename__ = "guide_synonym"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN waste_class IS NULL THEN 0 ELSE 1 END) + (CASE WHEN group_number IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN item_key IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_meaning",
        ),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    word: Mapped[str] = mapped_column(CaseString(40))
    waste_class: Mapped[WasteClass | None] = mapped_column(enum_column(WasteClass, "waste_class"))
    group_number: Mapped[int | None]
    item_key: Mapped[str | None] = mapped_column(CaseString(60))


class Season(Base):
    """The days on which the items of a season are shown; the items in `later` only from `turn` on."""

    __tablename__ = "guide_season"
    __table_args__ = (CheckConstraint("first_day <= turn AND turn <= last_day", name="in_order"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    name: Mapped[str] = mapped_column(String(20))
    first_day: Mapped[date] = mapped_column(index=True)
    turn: Mapped[date]
    last_day: Mapped[date]
    later: Mapped[Any] = mapped_column(JsonText)


class Handling(Base):
    """How bulky or renovation waste is given away, as residents read it: content/guide/services.yaml."""

    __tablename__ = "guide_handling"
    waste_class: Mapped[WasteClass] = mapped_column(enum_column(WasteClass, "waste_class"), primary_key=True)
    text: Mapped[Any] = mapped_column(JsonText)


class LookUp(Base):
    """How often an item was the answer on a day (Asia/Shanghai)."""

    __tablename__ = "guide_look_up"
    __table_args__ = (CheckConstraint("times >= 1", name="times"),)
    day: Mapped[date] = mapped_column(primary_key=True)
    item_key: Mapped[str] = mapped_column(CaseString(60), primary_key=True)
    times: Mapped[int]


class Missed(Base):
    """How often a word found nothing on a day; nobody's name stands beside it."""

    __tablename__ = "guide_missed"
    __table_args__ = (CheckConstraint("times >= 1", name="times"),)
    day: Mapped[date] = mapped_column(primary_key=True)
    folded: Mapped[str] = mapped_column(CaseString(60), primary_key=True)
    times: Mapped[int]
