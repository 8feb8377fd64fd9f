"""A resident's own learning: every look counts first what was submitted, so nobody waits for the worker."""

from __future__ import annotations

from datetime import date
from typing import Any

from sorting_miniapp import clock
from sorting_miniapp.db import transaction
from sorting_miniapp.errors import Invalid
from sorting_miniapp.quiz import (
    attempts,
    badges,
    bank,
    boards,
    folding,
    knowledge,
    leaderboards,
    mistakes,
    standings,
    streaks,
)
from sorting_miniapp.quiz.leaderboards import Span
from sorting_miniapp.quiz.mistakes import Mode


def book(resident_id: int, topic: str, due_only: bool, cursor: int) -> dict[str, Any]:
    folding.catch_up(resident_id)
    return mistakes.listed(resident_id, topic, due_only, cursor)


def review(who: attempts.Who, topic: str, mode: Mode) -> dict[str, Any]:
    """Begin a review; see mistakes.draw and attempts.start."""
    folding.catch_up(who.id)
    slug = standings.review_slug()
    chosen = mistakes.draw(who.id, bank.quiz(slug).count, topic, mode)
    return attempts.start(who, slug, chosen)


def known(resident_id: int) -> dict[str, Any]:
    folding.catch_up(resident_id)
    return knowledge.of_resident(resident_id)


def streak(resident_id: int) -> dict[str, Any]:
    folding.catch_up(resident_id)
    return streaks.of_resident(resident_id)


def repair(resident_id: int) -> dict[str, Any]:
    folding.catch_up(resident_id)
    return streaks.repair(resident_id)


def earned(resident_id: int) -> dict[str, Any]:
    """The badges; also those reached before they existed are awarded at this look."""
    folding.catch_up(resident_id)
    found = badges.of_resident(resident_id)
    if any(one["awarded_at"] is None and one["progress"] >= one["goal"] for one in found["items"]):
        with transaction() as session:
            boards.lock(session, [resident_id])
            badges.settle(session, resident_id, badges.counted())
        found = badges.of_resident(resident_id)
    return found


def rank(resident_id: int, slug: str, span: Span, on: date | None) -> dict[str, Any]:
    found = board(slug, span, on)
    folding.catch_up(resident_id)
    return leaderboards.rank(resident_id, found)


def board(slug: str, span: Span, on: date | None) -> leaderboards.Board:
    """The public board. Raises Invalid for a day to come, NotFound, Conflict."""
    if on is not None and on > clock.today():
        raise Invalid("on", "日期不能晚于今天", {"fields": {"on": ["日期不能晚于今天"]}})
    return leaderboards.board(slug, span, on)
