"""A program that plays against the service over HTTP: it replays, guesses, races and lies about time, for nothing.

Two gunicorn workers over each of the three databases; the same races against a service without its guards must win.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from sqlalchemy import func, select, update

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import attempts, bank
from sorting_miniapp.quiz.models import Attempt, PointsLedger
from tests.conftest import DATABASES, new_database
from tests.events.helpers import at_once
from tests.quiz.contests import make_bank
from tests.races.stage import Runner, Stage

UNGUARDED = "tests.unguarded.wsgi_uncounted:app"
CAP, AT_ONCE = 3, 8


@pytest.fixture(params=DATABASES)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Stage]:
    databases = new_database(request.param, tmp_path, "_bot")
    made = Stage(tmp_path, next(databases))
    with made.app.app_context():
        bank.forget_versions()
        settings.forget()
        make_bank()
        settings.write(made.node, "daily_attempts_cap", CAP, "test")
    yield made
    made.close()
    for _ in databases:
        pass


class Bot:
    """A resident's token in the hands of a program."""

    def __init__(self, stage: Stage, url: str, person: Runner) -> None:
        self.stage, self.url, self.person = stage, f"{url}/api/v1", person

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> requests.Response:
        headers |= {"Authorization": f"Bearer {self.person.token}"}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=60)

    def begin(self, slug: str) -> dict[str, Any]:
        answer = self.ask("POST", f"/quizzes/{slug}/attempts")
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    def right(self, paper: dict[str, Any], most: int = 99) -> dict[str, Any]:
        """What a person who knows everything answers to the first `most` questions."""
        with self.stage.app.app_context():
            _, found = attempts.own(self.person.id, paper["id"])
            given = []
            for one in found.asked[:most]:
                options = one.version.options
                if one.version.kind == "sort":
                    given.append({"question": one.id, "sorted": {name: options[at][1] for name, at in one.options}})
                else:
                    chosen = [name for name, at in one.options if options[at][1]]
                    given.append({"question": one.id, "options": chosen})
            return {"answers": given}


def races(stage: Stage, url: str) -> tuple[int, int]:
    """(attempts begun by one person at once under a cap of CAP, papers taken of one attempt at once)."""
    eager, quick = (Bot(stage, url, person) for person in stage.people(2))
    begun = at_once([lambda: eager.ask("POST", "/quizzes/practice/attempts").status_code] * AT_ONCE)
    assert set(begun) <= {201, 429}, begun
    paper = quick.begin("practice")
    bodies = [quick.right(paper, number % 4) for number in range(AT_ONCE)]
    path = f"/attempts/{paper['id']}/submission"
    taken = at_once([lambda body=body: quick.ask("POST", path, body) for body in bodies])  # type: ignore[misc]
    statuses = Counter(one.status_code for one in taken)
    assert set(statuses) <= {200, 409}, [one.text for one in taken]
    if statuses[200] == 1:
        won = next(one.json() for one in taken if one.status_code == 200)
        assert quick.ask("GET", f"/attempts/{paper['id']}").json() == won
    return begun.count(201), statuses[200]


def test_a_bot_gains_nothing_but_where_the_guards_are_off(stage: Stage) -> None:
    with stage.serving() as url:
        assert races(stage, url) == (CAP, 1)
        _guesses_and_replays(stage, url)
    with stage.serving(UNGUARDED) as url:
        begun, taken = races(stage, url)
    assert begun > CAP
    assert taken > 1


def _guesses_and_replays(stage: Stage, url: str) -> None:
    bot, victim = (Bot(stage, url, person) for person in stage.people(2))
    papers = at_once([lambda: bot.begin("daily")["id"]] * 6)
    assert len(set(papers)) == 1, papers
    mine, other = bot.begin("daily"), victim.begin("daily")
    stolen = victim.right(other)
    path = f"/attempts/{mine['id']}/submission"
    for body in (
        stolen,  # another's ids mean nothing here
        {"answers": [], "score": 100},
        {"answers": [], "started_at": "2020-01-01T00:00:00Z", "duration_ms": 1},
        {"answers": [{"question": mine["questions"][0]["id"], "options": [f"{n:016x}" for n in range(3)]}]},
    ):
        assert bot.ask("POST", path, body).status_code == 422, body
    guessed = [mine["id"][:-1] + letter for letter in "ABCD" if letter != mine["id"][-1]]
    for name in [*guessed, other["id"], "1"]:
        assert bot.ask("GET", f"/attempts/{name}").status_code == 404
        assert bot.ask("POST", f"/attempts/{name}/submission", {"answers": []}).status_code == 404
        assert bot.ask("PUT", f"/attempts/{name}/answers", {"answers": []}).status_code == 404
    assert bot.ask("POST", path, bot.right(mine), **{"X-WX-OPENID": "somebody"}).json()["result"]["points"] == 10
    # Replays, with and without the key, of what was handed in and of better things.
    again = at_once([lambda: bot.ask("POST", path, bot.right(mine)).status_code] * 4)
    assert again == [409] * 4
    assert bot.ask("POST", "/quizzes/daily/attempts").json()["code"] == "already_done"
    one = {"Idempotency-Key": "the same again"}
    replays = at_once([lambda: victim.ask("POST", f"/attempts/{other['id']}/submission", stolen, **one)] * 6)
    assert {answer.status_code for answer in replays} == {200}, [answer.text for answer in replays]
    assert len({answer.content for answer in replays}) == 1
    _a_late_bot(stage, bot)
    with stage.app.app_context():
        query = select(PointsLedger.resident_id, func.sum(PointsLedger.amount)).group_by(PointsLedger.resident_id)
        sums = {row[0]: int(row[1]) for row in db.session.execute(query)}
        assert sums == {bot.person.id: 10, victim.person.id: 10}


def _a_late_bot(stage: Stage, bot: Bot) -> None:
    """Its clock says what it likes; the server's says that it is too late."""
    paper = bot.begin("contest")
    body = bot.right(paper)
    with stage.app.app_context(), transaction() as session:
        over = clock.now() - timedelta(minutes=1)
        session.execute(update(Attempt).where(Attempt.public_id == paper["id"]).values(deadline=over))
    late = bot.ask("POST", f"/attempts/{paper['id']}/submission", body, Date="Thu, 01 Jan 2026 00:00:00 GMT")
    assert late.json()["code"] == "attempt_expired"
    assert bot.ask("PUT", f"/attempts/{paper['id']}/answers", body).json()["code"] == "attempt_expired"
    assert bot.ask("GET", f"/attempts/{paper['id']}").json()["state"] == "expired"
