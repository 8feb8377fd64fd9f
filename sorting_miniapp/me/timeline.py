"""A resident's own timeline, from the account and the first quiz to hours, stars and certificates.

Each source is one statement that reads at most a page; the page is merged from them by time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select

from sorting_miniapp.accounts.models import GroupMember, GroupState, Resident
from sorting_miniapp.certificates.models import KIND_TITLES, Certificate
from sorting_miniapp.db import db
from sorting_miniapp.events.models import Event, Shift, SignUp
from sorting_miniapp.hours import rounding
from sorting_miniapp.hours.models import HoursLedger, RecordState, ServiceRecord, Volunteer
from sorting_miniapp.hours.models_entries import ENTRY_NAMES, VolunteerEntry
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.places.models import Place
from sorting_miniapp.places.models_reports import ISSUE_KIND_NAMES, PlaceIssue, PlaceReport
from sorting_miniapp.quiz.models import Attempt, Quiz
from sorting_miniapp.quiz.models_learning import Badge, BadgeAward, BadgeRule

PAGE = 20
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True)
class Step:
    """Something that happened to a resident: its kind, when, and a Chinese line. `reference` is a public id or ''."""

    kind: str
    at: datetime
    title: str
    detail: str = ""
    reference: str = ""


def of(resident_id: int, cursor: int | None = None) -> dict[str, Any]:
    """A page of steps, the latest first: {"items": [Step], "next": cursor or None}. The cursor is in microseconds."""
    before = EPOCH + cursor * MICROSECOND if cursor is not None else None
    found = sorted(
        (step for source in SOURCES for step in source(resident_id, before)), key=lambda step: step.at, reverse=True
    )
    page = found[:PAGE]
    # What happened in the same microsecond as the page's last step belongs to it: the cursor goes past both.
    page += [step for step in found[PAGE:] if step.at == page[-1].at]
    following = (page[-1].at - EPOCH) // MICROSECOND if len(found) > len(page) else None
    return {"items": page, "next": None if following is None else str(following)}


def _rows(query: Select[*tuple[Any, ...]], at: Any, before: datetime | None) -> list[Any]:
    query = query if before is None else query.where(at < before)
    return list(db.session().execute(query.order_by(at.desc()).limit(PAGE + 1)))


def _joined(resident_id: int, before: datetime | None) -> list[Step]:
    query = select(Resident.created_at).where(Resident.id == resident_id)
    return [Step("joined", row[0], "第一次登录") for row in _rows(query, Resident.created_at, before)]


def _first_quiz(resident_id: int, before: datetime | None) -> list[Step]:
    first = select(func.min(Attempt.submitted_at)).where(Attempt.resident_id == resident_id).scalar_subquery()
    query = (
        select(Attempt.submitted_at, Attempt.right, Attempt.total, Quiz.title)
        .join(Quiz, Quiz.id == Attempt.quiz_id)
        .where(Attempt.resident_id == resident_id, Attempt.submitted_at == first)
    )
    return [
        Step("first_quiz", row.submitted_at, "第一次答题", f"{row.title}，答对 {row.right}/{row.total}")
        for row in _rows(query, Attempt.submitted_at, before)[:1]
    ]


def _registered(resident_id: int, before: datetime | None) -> list[Step]:
    query = select(Volunteer.created_at, Volunteer.number).where(
        Volunteer.resident_id == resident_id, Volunteer.name.is_not(None)
    )
    rows = _rows(query, Volunteer.created_at, before)
    return [Step("registered", row.created_at, "登记为志愿者", f"编号 {row.number}") for row in rows]


def _groups(resident_id: int, before: datetime | None) -> list[Step]:
    query = (
        select(GroupMember.decided_at, Node.name)
        .join(Node, Node.id == GroupMember.node_id)
        .where(GroupMember.resident_id == resident_id, GroupMember.state == GroupState.MEMBER)
    )
    rows = _rows(query, GroupMember.decided_at, before)
    return [Step("group", row.decided_at, "加入志愿服务团体", row.name) for row in rows]


def _sign_ups(resident_id: int, before: datetime | None) -> list[Step]:
    query = (
        select(SignUp.created_at, SignUp.public_id, Event.title)
        .join(Shift, Shift.id == SignUp.shift_id)
        .join(Event, Event.id == Shift.event_id)
        .where(SignUp.resident_id == resident_id)
    )
    rows = _rows(query, SignUp.created_at, before)
    return [Step("sign_up", row.created_at, "报名活动", row.title, row.public_id) for row in rows]


def _services(resident_id: int, before: datetime | None) -> list[Step]:
    query = select(ServiceRecord).where(
        ServiceRecord.resident_id == resident_id, ServiceRecord.state == RecordState.EFFECTIVE
    )
    rows = _rows(query, ServiceRecord.created_at, before)
    return [
        Step("service", one.created_at, "服务时长", f"{one.title}，{rounding.words(one.minutes)}", one.public_id)
        for (one,) in rows
    ]


def _entries(resident_id: int, before: datetime | None) -> list[Step]:
    query = select(VolunteerEntry).where(
        VolunteerEntry.resident_id == resident_id, VolunteerEntry.withdrawn_at.is_(None)
    )
    rows = _rows(query, VolunteerEntry.created_at, before)
    return [Step(one.kind.value, one.created_at, ENTRY_NAMES[one.kind], one.title, one.public_id) for (one,) in rows]


def _stars(resident_id: int, before: datetime | None) -> list[Step]:
    """When the ledger's running sum first reached each star, for the stars that are still held."""
    running = func.sum(HoursLedger.minutes).over(order_by=HoursLedger.id)
    sums = select(HoursLedger.at, running.label("minutes")).where(HoursLedger.resident_id == resident_id).subquery()
    held = db.session().scalar(select(func.sum(HoursLedger.minutes)).where(HoursLedger.resident_id == resident_id))
    steps = []
    for star in range(1, rounding.stars(int(held or 0)) + 1):
        reached = select(func.min(sums.c.at)).where(sums.c.minutes >= rounding.STAR_HOURS[star - 1] * 60)
        at = db.session().scalar(reached)
        if at is not None and (before is None or at < before):
            hours = rounding.STAR_HOURS[star - 1]
            steps.append(Step("star", at, f"达到{'一二三四五'[star - 1]}星志愿者", f"累计服务 {hours} 小时"))
    return steps


def _badges(resident_id: int, before: datetime | None) -> list[Step]:
    """The badges of quizzes; the volunteers' stars have steps of their own."""
    query = (
        select(BadgeAward.awarded_at, Badge.name, Badge.about)
        .join(Badge, Badge.id == BadgeAward.badge_id)
        .where(BadgeAward.resident_id == resident_id, Badge.rule != BadgeRule.SERVICE_HOURS)
    )
    rows = _rows(query, BadgeAward.awarded_at, before)
    return [Step("badge", row.awarded_at, f"获得徽章“{row.name}”", row.about) for row in rows]


def _certificates(resident_id: int, before: datetime | None) -> list[Step]:
    query = select(Certificate.issued_at, Certificate.kind, Certificate.number, Certificate.revoked_at).where(
        Certificate.resident_id == resident_id
    )
    return [
        Step(
            "certificate",
            row.issued_at,
            KIND_TITLES[row.kind],
            f"{row.number}{'（已撤销）' if row.revoked_at else ''}",
            row.number,
        )
        for row in _rows(query, Certificate.issued_at, before)
    ]


def _place_reports(resident_id: int, before: datetime | None) -> list[Step]:
    query = (
        select(PlaceReport.created_at, PlaceReport.public_id, PlaceIssue.kind, PlaceIssue.spot, Place.name)
        .join(PlaceIssue, PlaceIssue.id == PlaceReport.issue_id)
        .outerjoin(Place, Place.id == PlaceIssue.place_id)
        .where(PlaceReport.resident_id == resident_id)
    )
    return [
        Step(
            "place_report", row.created_at, "上报点位问题", f"{ISSUE_KIND_NAMES[row.kind]}：{row.name or row.spot}",
            row.public_id,
        )
        for row in _rows(query, PlaceReport.created_at, before)
    ]  # fmt: skip


SOURCES: tuple[Callable[[int, datetime | None], list[Step]], ...] = (
    _joined,
    _first_quiz,
    _registered,
    _groups,
    _sign_ups,
    _services,
    _entries,
    _stars,
    _badges,
    _certificates,
    _place_reports,
)
