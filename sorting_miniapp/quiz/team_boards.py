"""A class's or team's own board, and what its teacher sees: who did how much, topic by topic, also as a sheet."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.imports import workbook
from sorting_miniapp.quiz import leaderboards, teams
from sorting_miniapp.quiz.leaderboards import Span
from sorting_miniapp.quiz.models import QuizTotal
from sorting_miniapp.quiz.models_teams import Team, TeamProgress
from sorting_miniapp.quiz.order import ranks

COLUMNS = ("号数", "名称", "答题次数", "答题数", "答对", "正确率%", "最近一次")


def board(row: Team, resident_id: int, slug: str, span: Span) -> dict[str, Any]:
    """The members' standings in a quiz, in the order of every leaderboard. Raises NotFound, Conflict no_leaderboard."""
    found = leaderboards.board(slug, span)
    people = teams.members(row)
    named = teams.names(row, people)
    here = (QuizTotal.quiz_id == found.rules.id, QuizTotal.period == found.period)
    rows = (
        db.session()
        .scalars(
            select(QuizTotal)
            .where(*here, QuizTotal.resident_id.in_(named))
            .order_by(QuizTotal.order_key, QuizTotal.finished_at, QuizTotal.resident_id)
        )
        .all()
    )
    places = ranks([(one.order_key, one.finished_at) for one in rows])
    items = [
        {
            "rank": place,
            "name": named[one.resident_id],
            "score": one.score,
            "duration_ms": one.duration_ms,
            "mine": one.resident_id == resident_id,
        }
        for place, one in zip(places, rows, strict=True)
    ]
    missing = len(people) - len(rows)
    return {"items": items, "next": None, "period": found.period, "frozen": found.frozen, "missing": missing}


def progress(row: Team) -> dict[str, Any]:
    """Each member's answers since joining, and the whole team's by topic, the weakest first; three statements."""
    people = teams.members(row)
    named = teams.names(row, people)
    by_member: dict[int, list[TeamProgress]] = {one.id: [] for one in people}
    wanted = select(TeamProgress).where(TeamProgress.member_id.in_(by_member)).order_by(TeamProgress.topic)
    for one in db.session().scalars(wanted):
        by_member[one.member_id].append(one)
    items = [
        {
            "number": one.number,
            "name": named[one.resident_id],
            "attempts": one.attempts,
            "last_at": one.last_at,
            **_sums(by_member[one.id]),
            "topics": [{"name": each.topic, **_sums([each])} for each in by_member[one.id]],
        }
        for one in people
    ]
    return {"items": items, "next": None, "topics": _by_topic([one for own in by_member.values() for one in own])}


def _sums(rows: list[TeamProgress]) -> dict[str, int]:
    asked, right = sum(one.asked for one in rows), sum(one.right for one in rows)
    return {"asked": asked, "right": right, "share": right * 100 // asked if asked else 0}


def _by_topic(rows: list[TeamProgress]) -> list[dict[str, Any]]:
    topics = sorted({one.topic for one in rows})
    found = [{"name": topic, **_sums([one for one in rows if one.topic == topic])} for topic in topics]
    return sorted(found, key=lambda one: (one["share"], one["name"]))


def sheet(row: Team) -> tuple[str, bytes]:
    """(file name, bytes) of the progress as a workbook: a line for each member, a column for each topic."""
    found = progress(row)
    topics = sorted(one["name"] for one in found["topics"])
    lines = []
    for one in found["items"]:
        shares = {each["name"]: each["share"] for each in one["topics"]}
        last = clock.local(one["last_at"]).strftime("%Y-%m-%d %H:%M") if one["last_at"] else ""
        figures = (one["number"], one["name"], one["attempts"], one["asked"], one["right"], one["share"], last)
        lines.append((*figures, *(shares.get(topic) for topic in topics)))
    columns = (*COLUMNS, *(f"{topic} 正确率%" for topic in topics))
    return f"{row.name} 学习情况.xlsx", workbook.write("学习情况", columns, lines)
