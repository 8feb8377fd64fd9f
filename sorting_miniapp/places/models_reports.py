"""What residents report about places: each report a row, joined in one issue for each place and kind of trouble."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, SmallInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, Bytes, CaseString, UTCDateTime, enum_column
from sorting_miniapp.wechat.models import MediaState


class IssueKind(StrEnum):
    BROKEN = "broken"
    FULL = "full"
    DIRTY = "dirty"
    GONE = "gone"
    MISPLACED = "misplaced"
    UNLISTED = "unlisted"


ISSUE_KIND_NAMES = {
    IssueKind.BROKEN: "设施损坏",
    IssueKind.FULL: "桶满未清",
    IssueKind.DIRTY: "脏乱有异味",
    IssueKind.GONE: "现场没有这个点",
    IssueKind.MISPLACED: "地图位置不对",
    IssueKind.UNLISTED: "地图上缺少的点",
}


class IssueState(StrEnum):
    NEW = "new"
    ACCEPTED = "accepted"
    DONE = "done"
    DECLINED = "declined"


ISSUE_STATE_NAMES = {
    IssueState.NEW: "待受理",
    IssueState.ACCEPTED: "处理中",
    IssueState.DONE: "已处理",
    IssueState.DECLINED: "未采纳",
}
OPEN_STATES = (IssueState.NEW, IssueState.ACCEPTED)


class PlaceIssue(Base):
    """One trouble at one place, however many report it; `live` is 1 until it has ended. `times` counts its reports.

    An unlisted place has no row: `spot` says where it is. `due_at` is fixed at the first report, by the unit's
    setting. `answer` is what the reporters read at the end.
    """

    __tablename__ = "place_issue"
    __table_args__ = (
        UniqueConstraint("place_id", "kind", "live"),
        CheckConstraint("(kind = 'unlisted') = (place_id IS NULL)", name="place"),
        CheckConstraint("(state IN ('new', 'accepted')) = (live IS NOT NULL)", name="live"),
        CheckConstraint("(live IS NULL) = (ended_at IS NOT NULL)", name="ended"),
        CheckConstraint("live IS NOT NULL OR answer <> ''", name="answer"),
        CheckConstraint("times >= 1", name="times"),
        Index("ix_place_issue_node_live", "node_id", "live", "due_at"),
        Index("ix_place_issue_opened", "opened_at"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    place_id: Mapped[int | None] = mapped_column(ForeignKey("place.id"))
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    kind: Mapped[IssueKind] = mapped_column(enum_column(IssueKind, "kind"))
    spot: Mapped[str] = mapped_column(String(120))
    state: Mapped[IssueState] = mapped_column(enum_column(IssueState, "state"))
    live: Mapped[int | None] = mapped_column(SmallInteger)
    times: Mapped[int]
    opened_at: Mapped[datetime] = mapped_column(UTCDateTime)
    due_at: Mapped[datetime] = mapped_column(UTCDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    accepted_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    answer: Mapped[str] = mapped_column(String(200))


class PlaceReport(Base):
    """What one resident wrote about an issue; once each."""

    __tablename__ = "place_report"
    __table_args__ = (
        UniqueConstraint("issue_id", "resident_id"),
        Index("ix_place_report_resident_created", "resident_id", "created_at"),
    )
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    issue_id: Mapped[int] = mapped_column(ForeignKey("place_issue.id"))
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"))
    text: Mapped[str] = mapped_column(String(300))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class PlacePicture(Base):
    """A photo of a report: a JPEG as we made it, seen by staff of the branch, and by its owner once WeChat let it pass.

    `check_key` is the address WeChat fetches it at while `state` is pending; `asked_at` is set before WeChat is asked.
    `decided_by` looked at it where WeChat was unsure.
    """

    __tablename__ = "place_picture"
    __table_args__ = (Index("ix_place_picture_state_asked", "state", "asked_at"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    public_id: Mapped[str] = mapped_column(CaseString(32), unique=True)
    check_key: Mapped[str] = mapped_column(CaseString(32), unique=True)
    resident_id: Mapped[int] = mapped_column(ForeignKey("resident.id"), index=True)
    report_id: Mapped[int | None] = mapped_column(ForeignKey("place_report.id"), index=True)
    data: Mapped[bytes] = mapped_column(Bytes, deferred=True)
    state: Mapped[MediaState] = mapped_column(enum_column(MediaState, "state"))
    asked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("staff.id"))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
