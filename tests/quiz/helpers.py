"""What tests of quizzes share: the API as a resident calls it, and attempts with results that a test chooses."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import DomainError
from sorting_miniapp.quiz import folding, leaderboards
from sorting_miniapp.quiz.models import Attempt, QuestionVersion, Quiz
from sorting_miniapp.quiz.models_learning import Pending
from tests.events.helpers import Person, World


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


def call(world: World, person: Person, method: str, path: str, body: Any = None, **headers: str) -> Any:
    client: FlaskClient = world.app.test_client()
    return client.open(f"/api/v1{path}", method=method, json=body, headers=person.headers | headers)


def begin(world: World, person: Person, slug: str = "daily") -> dict[str, Any]:
    answer = call(world, person, "POST", f"/quizzes/{slug}/attempts")
    assert answer.status_code == 201, answer.text
    return dict(answer.json)


def key(world: World) -> dict[str, dict[str, Any]]:
    """{text: {option text: right}} from the database."""
    with world.app.app_context():
        rows = db.session.scalars(select(QuestionVersion)).all()
        return {row.text: {one["text"]: one["right"] for one in row.options} for row in rows}


def answers(world: World, paper: dict[str, Any], wrong: int = 0) -> dict[str, Any]:
    """Right answers, but the first `wrong` questions left out."""
    known, given = key(world), []
    for question in paper["questions"][wrong:]:
        right = known[question["text"]]
        if question["kind"] == "sort":
            given.append(
                {"question": question["id"], "sorted": {o["id"]: right[o["text"]] for o in question["options"]}}
            )
        else:
            chosen = [o["id"] for o in question["options"] if right[o["text"]] is True]
            given.append({"question": question["id"], "options": chosen})
    return {"answers": given}


def submit(world: World, person: Person, paper: dict[str, Any], wrong: int = 0) -> Any:
    return call(world, person, "POST", f"/attempts/{paper['id']}/submission", answers(world, paper, wrong))


def get(world: World, person: Person, path: str) -> Any:
    answer = call(world, person, "GET", path)
    assert answer.status_code == 200, answer.text
    return answer.json


def public(world: World, slug: str = "daily", **query: str) -> Any:
    leaderboards.kept.forget()
    return world.app.test_client().get(f"/api/v1/quizzes/{slug}/leaderboard", query_string=query).json


def refused(error: type[DomainError], code: str, call: Any, *given: Any) -> None:
    with pytest.raises(error) as caught:
        call(*given)
    assert caught.value.code == code
