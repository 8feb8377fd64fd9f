"""Deliveries (one per target), fan-outs (many with one text), notice texts, and who may be written to."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column


class DeliveryState(StrEnum):
    READY = "ready"
    SENDING = "sending"  # committed just before the call: a kill leaves it here until the lease runs out
    SENT = "sent"
    REFUSED = "refused"  # the person does not take this message: no credit, turned off
    FAILED = "failed"  # known not to have been sent, will not be tried again
    UNKNOWN = "unknown"  # it may have arrived; never tried again by itself
    CANCELLED = "cancelled"


OPEN_STATES = (DeliveryState.READY, DeliveryState.SENDING)


class FanOutState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    CANCELLED = "cancelled"
    DONE = "done"


class TemplateKind(StrEnum):
    ONE_TIME = "one_time"  # one accept, one message
    LONG_TERM = "long_term"


TEMPLATE_KIND_NAMES = {TemplateKind.ONE_TIME: "一次性订阅", TemplateKind.LONG_TERM: "长期订阅"}


class NoticeTemplate(Base):
    """A message's text: WeChat's template id, and for each of its fields a label and a value with {names}."""

    __tablename__ = "notice_template"
    key: Mapped[str] = mapped_column(CaseString(40), primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    kind: Mapped[TemplateKind] = mapped_column(enum_column(TemplateKind, "kind"))
    template_id: Mapped[str] = mapped_column(CaseString(64), index=True)
    page: Mapped[str] = mapped_column(CaseString(200))
    fields: Mapped[Any] = mapped_column(JsonText)


class AccountTemplate(Base):
    """A subscribe message's template of the mini-program, as WeChat told it last. `fields`: [[key, label], …]."""

    __tablename__ = "account_template"
    id: Mapped[str] = mapped_column(CaseString(64), primary_key=True)
    title: Mapped[str] = mapped_column(String(40))
    fields: Mapped[Any] = mapped_column(JsonText)
    long_term: Mapped[bool]


class Subscription(Base):
    """What a resident has accepted of one template: `credits` single messages, or all while `long_term`."""

    __tablename__ = "subscription"
    __table_args__ = (CheckConstraint("credits >= 0", name="credits"),)
    notice_key: Mapped[str] = mapped_column(ForeignKey("notice_template.key"), primary_key=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), primary_key=True, index=True)
    credits: Mapped[int] = mapped_column(default=0)
    long_term: Mapped[bool] = mapped_column(default=False)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)


class AcceptSource(StrEnum):
    CLIENT = "client"  # what the mini-program reported after the popup
    WECHAT = "wechat"  # what WeChat pushed about the same popup


class SubscriptionAccept(Base):
    """One accept of a one-time template, as the client or WeChat told it. Two tellings of one tap meet in `matched`,
    so that the tap is worth one credit.
    """

    __tablename__ = "subscription_accept"
    __table_args__ = (Index("ix_subscription_accept_resident", "resident_id", "notice_key", "at"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    notice_key: Mapped[str] = mapped_column(ForeignKey("notice_template.key"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    source: Mapped[AcceptSource] = mapped_column(enum_column(AcceptSource, "source"))
    matched: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


class FanOut(Base):
    """One text to many. One worker at a time runs it, by lease and fence.

    `reason` says in Chinese why it is paused or waits; `errors` is how many calls in a row have gone wrong so far.
    """

    __tablename__ = "fan_out"
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    notice_key: Mapped[str] = mapped_column(ForeignKey("notice_template.key"))
    texts: Mapped[Any] = mapped_column(JsonText)
    page_id: Mapped[str] = mapped_column(CaseString(64))
    state: Mapped[FanOutState] = mapped_column(enum_column(FanOutState, "state"), index=True)
    reason: Mapped[str] = mapped_column(String(120), default="")
    total: Mapped[int] = mapped_column(default=0)
    errors: Mapped[int] = mapped_column(default=0)
    runner_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    runner_fence: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class Delivery(Base):
    """One message to one resident: at most one effect (design.md §5.4). `texts` is null where the fan-out has them."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("fan_out_id", "resident_id"),
        Index("ix_delivery_work", "state", "priority", "id"),
        Index("ix_delivery_fan_out", "fan_out_id", "state", "id"),
        Index("ix_delivery_object", "object_type", "object_id"),
        Index("ix_delivery_resident_created", "resident_id", "created_at"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    fan_out_id: Mapped[int | None] = mapped_column(ForeignKey("fan_out.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    notice_key: Mapped[str] = mapped_column(ForeignKey("notice_template.key"))
    texts: Mapped[Any] = mapped_column(JsonText, nullable=True)
    page_id: Mapped[str] = mapped_column(CaseString(64), default="")
    object_type: Mapped[str] = mapped_column(CaseString(24), default="")
    object_id: Mapped[str] = mapped_column(CaseString(40), default="")
    urgent: Mapped[bool] = mapped_column(default=False)
    priority: Mapped[int] = mapped_column(default=5)
    state: Mapped[DeliveryState] = mapped_column(enum_column(DeliveryState, "state"))
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    not_before: Mapped[datetime | None] = mapped_column(UTCDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    errcode: Mapped[int] = mapped_column(default=0)
    reason: Mapped[str] = mapped_column(String(120), default="")
    rid: Mapped[str] = mapped_column(CaseString(64), default="")
    msgid: Mapped[str] = mapped_column(CaseString(40), default="")
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)


class DeliveryTotal(Base):
    """How many deliveries ended in one way in one month (local, YYYY-MM), of those whose rows are gone. Kept for ever.

    `fan_out_id` is 0 for notices. Rows and totals together are the whole: see results.py.
    """

    __tablename__ = "delivery_total"
    __table_args__ = (
        UniqueConstraint(
            "fan_out_id", "month", "notice_key", "state", "errcode", "reason", name="uq_delivery_total_key"
        ),
        CheckConstraint("number > 0", name="number"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    fan_out_id: Mapped[int] = mapped_column(BigInteger)
    month: Mapped[str] = mapped_column(CaseString(7), index=True)
    notice_key: Mapped[str] = mapped_column(CaseString(40))
    state: Mapped[DeliveryState] = mapped_column(enum_column(DeliveryState, "state"))
    errcode: Mapped[int]
    reason: Mapped[str] = mapped_column(String(120))
    number: Mapped[int]
