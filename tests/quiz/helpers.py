"""Submissions without papers: attempts with results that a test chooses, counted as the worker would."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.quiz import folding
from sorting_miniapp.quiz.models import Attempt, Quiz
from sorting_miniapp.quiz.models_learning import Pending
from tests.events.helpers import World


def quiz_id(slug: str) -> int:
    return int(db.session().scalars(select(Quiz.id).where(Quiz.slug == slug)).one())


def add_result(
    quiz: int, resident: int, score: int, duration_ms: int, at: datetime, slot: str | None = None, **more: Any
) -> int:
    """A submitted attempt with this result, waiting to be counted; its key."""
    values = {
        "slot": slot or clock.local(at).date().isoformat(), "seed": "0" * 32, "versions": [], "answers": {"x": ["y"]},
        "started_at": at - timedelta(milliseconds=duration_ms), "deadline": at, "total": 10, "right": score // 10,
    }  # fmt: skip
    with transaction() as session:
        row = Attempt(
            public_id=new_public_id(), quiz_id=quiz, resident_id=resident, submitted_at=at, score=score,
            duration_ms=duration_ms, **{**values, **more},
        )  # fmt: skip
        session.add(row)
        session.flush()
        session.add(Pending(resident_id=resident, quiz_id=quiz, attempt_id=row.id))
        session.flush()
        return row.id


def count(world: World) -> None:
    """What the worker does within a second."""
    with world.app.app_context():
        assert folding.run() is False


def study_on(world: World, resident: int, days: Iterable[date]) -> None:
    """Results of the daily quiz on these days."""
    with world.app.app_context():
        daily = quiz_id("daily")
        for day in days:
            add_result(daily, resident, 60, 60_000, clock.local_midnight(day) + timedelta(hours=10))
    count(world)
