"""What planning keeps: columns' rules and queues, the account's tags, patterns of a series."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.articles.models import Audience, Channel
from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column


class ColumnPlan(Base):
    """A column's rule: on which days of the week, at which minute of the day, by which channel, to whom.

    `weekdays` are digits, 0 for Monday. `next_at` is the next slot; whoever moves it on under the row's lock makes the
    slot's push. `note` tells of a slot that passed without one, until somebody has read it.
    """

    __tablename__ = "column_plan"
    __table_args__ = (CheckConstraint("minute >= 0 AND minute < 1440", name="minute"),)
    column_id: Mapped[int] = mapped_column(ForeignKey("article_column.id"), primary_key=True, autoincrement=False)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"), index=True)
    weekdays: Mapped[str] = mapped_column(CaseString(7))
    minute: Mapped[int]
    grace_minutes: Mapped[int]
    channel: Mapped[Channel] = mapped_column(enum_column(Channel, "channel"))
    branch: Mapped[str] = mapped_column(CaseString(255), default="")
    audience: Mapped[Audience] = mapped_column(enum_column(Audience, "audience"))
    followed_id: Mapped[int | None] = mapped_column(ForeignKey("article_column.id"))
    tag_id: Mapped[int | None]
    tag_name: Mapped[str] = mapped_column(String(30), default="")
    account_id: Mapped[int | None] = mapped_column(ForeignKey("handover_account.id"))
    next_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    paused: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(String(200), default="")
    changed_by: Mapped[int] = mapped_column(ForeignKey("staff.id"))


class ColumnEntry(Base):
    """An article that waits in a column's queue; it leaves it when its push is made."""

    __tablename__ = "column_entry"
    article_id: Mapped[int] = mapped_column(ForeignKey("article.id"), primary_key=True, autoincrement=False)
    column_id: Mapped[int] = mapped_column(ForeignKey("article_column.id"), index=True)
    position: Mapped[int]


class AccountTag(Base):
    """A tag of the connected official account, as WeChat told it last. 0 stands for all followers."""

    __tablename__ = "account_tag"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(30))
    followers: Mapped[int]
    seen_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PushSeries(Base):
    """A pattern of pushes around a week, such as the publicity week's. `lines`: [{day, time, channel, column, note}],
    `day` counted from the week's Monday; the week is the `week`-th of `month`.
    """

    __tablename__ = "push_series"
    key: Mapped[str] = mapped_column(CaseString(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(30))
    about: Mapped[str] = mapped_column(String(200), default="")
    month: Mapped[int]
    week: Mapped[int]
    lines: Mapped[Any] = mapped_column(JsonText)
