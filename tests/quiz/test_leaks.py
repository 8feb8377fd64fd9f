"""Nothing that leaves before the submission depends on the key: with another key the bytes are the same."""

from __future__ import annotations

import random
import re
from itertools import count
from typing import Any

import pytest
from sqlalchemy import select, update

from sorting_miniapp import state
from sorting_miniapp.db import db, transaction
from sorting_miniapp.quiz import attempts, bank, marking, offers, papers
from sorting_miniapp.quiz.models import Attempt, QuestionVersion, QuizDay
from tests.events.helpers import NINE, Hands, Person, World, make_people
from tests.quiz.contests import make_bank

MOMENT = re.compile(rb"2026-06-1\d" + rb"T\d\d:\d\d:\d\d\+08:00")
OWN = {"X-Request-Id", "Date", "Server"}


def everything(world: World, person: Person) -> list[tuple[int, bytes, dict[str, str]]]:
    """Every answer a resident can get before handing anything in: status, body, headers, with times set aside."""
    client, found = world.app.test_client(), []

    def ask(method: str, path: str, body: Any = None) -> Any:
        answer = client.open(f"/api/v1{path}", method=method, json=body, headers=person.headers)
        headers = {name: value for name, value in answer.headers if name not in OWN}
        found.append((answer.status_code, MOMENT.sub(b"T", answer.data), headers))
        return answer

    ask("GET", "/quizzes")
    for slug in ("daily", "contest", "practice"):
        paper = ask("POST", f"/quizzes/{slug}/attempts").json
        url = f"/attempts/{paper['id']}"
        ask("GET", url)
        ask("GET", f"/quizzes/{slug}")
        for place, question in enumerate(paper["questions"]):
            # Every option of every question, one after another: an answer that is right is kept like any other.
            for option in question["options"]:
                sorting = question["kind"] == "sort"
                given = {"sorted": {option["id"]: "food"}} if sorting else {"options": [option["id"]]}
                ask("PUT", f"{url}/answers", {"answers": [{"question": question["id"]} | given]})
            ask("PUT", f"{url}/answers", {"answers": [{"question": question["id"], "options": ["none"]}]})
            if place == 0:
                ask("GET", url)
    for path in ("/me/attempts", "/me/quizzes", "/me/points", "/me/mistakes"):
        ask("GET", path)
    return found


def again(world: World) -> None:
    """As if nobody had begun."""
    with world.app.app_context(), transaction() as session:
        for model in (Attempt, QuizDay):
            session.query(model).delete()


def turn_keys(world: World) -> None:
    """Another key for every question, with the same texts in the same order."""
    with world.app.app_context(), transaction() as session:
        for row in session.scalars(select(QuestionVersion)):
            rights = [one["right"] for one in row.options]
            options = [
                {"text": one["text"], "right": right}
                for one, right in zip(row.options, rights[1:] + rights[:1], strict=True)
            ]
            session.execute(update(QuestionVersion).where(QuestionVersion.id == row.id).values(options=options))
        bank.changed()
    bank.forget_versions()
    state.forget()


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Chance in the test's hands: the same ids, seeds and draws each time it is called."""

    def call() -> None:
        numbers = count(1)
        monkeypatch.setattr(attempts, "new_public_id", lambda: f"attempt-{next(numbers)}")
        monkeypatch.setattr(attempts.secrets, "token_hex", lambda _bytes: f"{next(numbers):032x}")
        monkeypatch.setattr(papers, "_lot", random.Random(7))
        offers.kept.forget()

    return call


def test_the_bytes_before_the_submission_do_not_know_the_key(
    sqlite_world: World, hands: Hands, fixed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = sqlite_world
    hands.at(NINE)
    with world.app.app_context():
        make_bank()
    (person,) = make_people(world.app, 1)
    marked: list[int] = []
    monkeypatch.setattr(marking, "credit", lambda *_args: marked.append(1))
    fixed()
    first = everything(world, person)
    again(world)
    turn_keys(world)
    with world.app.app_context():
        assert db.session.scalars(select(QuestionVersion.options).limit(1)).one()[0]["right"] is False, "another key"
    fixed()
    second = everything(world, person)
    assert len(first) > 60
    assert {status for status, _, _ in first} == {200, 201, 422}
    assert first == second
    assert marked == [], "nothing is marked before the submission, so nothing takes longer for being right"


def test_control_an_order_that_follows_the_key_is_found(
    sqlite_world: World, hands: Hands, fixed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same comparison with papers that show right options first."""
    world = sqlite_world
    hands.at(NINE)
    with world.app.app_context():
        make_bank()
    (person,) = make_people(world.app, 1)

    def right_first(version: marking.Version, named: list[tuple[str, int]]) -> list[tuple[str, int]]:
        return sorted(named, key=lambda one: (not version.options[one[1]][1], one))

    monkeypatch.setattr(marking, "_in_order", right_first)
    fixed()
    first = everything(world, person)
    again(world)
    turn_keys(world)
    fixed()
    assert everything(world, person) != first
