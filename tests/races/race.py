"""One race: at least sixteen clients at once, in two heats, everything drawn from one seed.

First all sign up: alone, with companions, twice with one key, for both of two shifts that overlap. Some withdraw, and
half of the offers that this makes run out of time. Then all at once more withdraw, some are checked in (twice with one
code), some confirm offers in time or too late, newcomers sign up, and two schedulers pass on what has lapsed.
"""

from __future__ import annotations

import http.client
import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta
from threading import Barrier
from typing import Any
from urllib.parse import quote, urlsplit

from sqlalchemy import select, update
from sqlalchemy.exc import SQLAlchemyError

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.events import service, tokens
from sorting_miniapp.events.models import SignUp, SignUpState
from tests.races.stage import Place, Runner, Stage

CLIENTS = 16


@dataclass(frozen=True)
class Answer:
    """What one client was told. `what` is sign_up, withdraw, confirm or check_in; `about` a sign-up's id or a shift."""

    what: str
    runner: Runner
    about: Any
    places: int
    status: int
    body: Any


@dataclass
class Race:
    """A seed, its shifts, and the answers in no particular order. `expired`: offers whose time the race let run out."""

    seed: int
    places: tuple[Place, Place]
    answers: list[Answer] = field(default_factory=list)
    expired: set[str] = field(default_factory=set)
    singles: bool = False


class Crowd:
    """Clients with a connection each, who act when the barrier falls."""

    def __init__(self, base: str, most: int = 40) -> None:
        self._host = urlsplit(base).netloc
        self._pool = ThreadPoolExecutor(most)
        self._connections: list[http.client.HTTPConnection] = [
            http.client.HTTPConnection(self._host, timeout=60) for _ in range(most)
        ]

    def close(self) -> None:
        self._pool.shutdown()
        for connection in self._connections:
            connection.close()

    def renew(self) -> None:
        """New connections at the next use: gunicorn closes what was idle, and its workers share out what is new."""
        for connection in self._connections:
            connection.close()

    def at_once(self, jobs: list[Callable[[http.client.HTTPConnection], Any]]) -> list[Any]:
        barrier = Barrier(len(jobs))

        def run(number: int) -> Any:
            barrier.wait(60)
            return jobs[number](self._connections[number])

        return list(self._pool.map(run, range(len(jobs))))


def _send(
    connection: http.client.HTTPConnection, method: str, path: str, runner: Runner, body: Any = None, key: str = ""
) -> tuple[int, Any]:
    headers = {"Authorization": f"Bearer {runner.token}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    if key:
        headers["Idempotency-Key"] = key
    connection.request(method, f"/api/v1{path}", json.dumps(body) if body is not None else None, headers)
    answer = connection.getresponse()
    text = answer.read()
    return answer.status, json.loads(text) if text else None


def _sign_up(runner: Runner, place: Place, companions: int, wait: bool, key: str = "") -> Any:
    body = {"risk_accepted": True, "wait": wait, "companions": [{"age": 30}] * companions}
    path = f"/events/{place.event_id}/signups"

    def act(connection: http.client.HTTPConnection) -> Answer:
        return Answer(
            "sign_up", runner, place.shift, 1 + companions, *_send(connection, "POST", path, runner, body, key)
        )

    return act


def _withdraw(runner: Runner, sign_up: str) -> Any:
    path = f"/signups/{sign_up}?reason={quote('临时有事')}"
    return lambda c: Answer("withdraw", runner, sign_up, 0, *_send(c, "DELETE", path, runner))


def _confirm(runner: Runner, sign_up: str) -> Any:
    path = f"/signups/{sign_up}/confirmation"
    return lambda c: Answer("confirm", runner, sign_up, 0, *_send(c, "POST", path, runner))


def _check_in(runner: Runner, place: Place) -> Any:
    token = tokens.qr(place.shift_id, place.secret, tokens.step_of(clock.wall_now()))
    return lambda c: Answer(
        "check_in", runner, place.shift, 0, *_send(c, "POST", "/checkins", runner, {"token": token})
    )


def run(stage: Stage, crowd: Crowd, seed: int) -> Race:
    """Run the race of this seed and return what everybody was told."""
    crowd.renew()
    chance = random.Random(seed)
    race = Race(seed, stage.places(chance), singles=chance.random() < 0.4)
    people = stage.people(CLIENTS + 6)
    race.answers += crowd.at_once(_first_heat(chance, race, people[:CLIENTS]))
    leaving = _some_leave(chance, race)
    race.answers += crowd.at_once(leaving) if leaving else []
    _let_offers_run_out(stage, chance, race)
    jobs = _second_heat(chance, race, people[CLIENTS:])
    race.answers += crowd.at_once(jobs + [lambda _c: _lapse(stage, people[0])] * 2)
    race.answers.append(_lapse(stage, people[0]))
    return race


def _party(chance: random.Random, race: Race) -> int:
    return 0 if race.singles else chance.choice((0, 0, 0, 1, 2))


def _first_heat(chance: random.Random, race: Race, people: list[Runner]) -> list[Any]:
    jobs = []
    for number, runner in enumerate(people):
        first, second = race.places if chance.random() < 0.6 else race.places[::-1]
        party, wait = _party(chance, race), chance.random() < 0.8
        if number % 5 == 0:  # a double tap: one key, two requests
            jobs += [_sign_up(runner, first, party, wait, f"race-{race.seed}-{runner.id}")] * 2
        elif number % 5 == 1:  # both of two shifts that overlap
            jobs += [_sign_up(runner, first, party, wait), _sign_up(runner, second, party, wait)]
        elif number % 5 == 2:  # the same twice, without a key
            jobs += [_sign_up(runner, first, party, wait)] * 2
        else:
            jobs.append(_sign_up(runner, first, party, wait))
    chance.shuffle(jobs)
    return jobs


def _some_leave(chance: random.Random, race: Race) -> list[Any]:
    """Withdrawals of some who are in, so that there are offers."""
    mine = {a.body["id"]: a for a in race.answers if a.what == "sign_up" and a.status == 201}
    return [
        _withdraw(one.runner, key)
        for key, one in mine.items()
        if one.body["state"] == "confirmed" and chance.random() < 0.3
    ]


def _let_offers_run_out(stage: Stage, chance: random.Random, race: Race) -> None:
    """The time of half of the offers is over."""
    shifts = [place.shift for place in race.places]
    offered = select(SignUp.public_id).where(SignUp.shift_id.in_(shifts), SignUp.state == SignUpState.OFFERED)
    with stage.app.app_context():
        found = db.session().scalars(offered.order_by(SignUp.id)).all()
        race.expired |= {one for one in found if chance.random() < 0.5}
        over = clock.now() - timedelta(seconds=1)
        with transaction() as session:
            session.execute(update(SignUp).where(SignUp.public_id.in_(race.expired)).values(offer_until=over))


def _second_heat(chance: random.Random, race: Race, newcomers: list[Runner]) -> list[Any]:
    gone = {a.about for a in race.answers if a.what == "withdraw"}
    own = {a.body["id"]: a for a in race.answers if a.what == "sign_up" and a.status == 201}
    place_of = {place.shift: place for place in race.places}
    jobs = []
    for sign_up, answer in own.items():
        if sign_up in gone:
            continue
        if answer.body["state"] == "waiting":
            jobs.append(chance.choice((_confirm, _confirm, _withdraw))(answer.runner, sign_up))
        elif chance.random() < 0.4:
            jobs.append(_withdraw(answer.runner, sign_up))
        else:
            jobs += [_check_in(answer.runner, place_of[answer.about])] * chance.choice((1, 2))
    for runner in newcomers:
        jobs.append(_sign_up(runner, chance.choice(race.places), _party(chance, race), chance.random() < 0.7))
    chance.shuffle(jobs)
    while len(jobs) < CLIENTS:
        jobs.append(_sign_up(newcomers[0], race.places[0], 0, True))
    return jobs[:38]


def _lapse(stage: Stage, runner: Runner) -> Answer:
    """What a scheduler does every five seconds."""
    with stage.app.app_context():
        try:
            return Answer("lapse", runner, service.lapse_offers(), 0, 200, None)
        except SQLAlchemyError as error:
            return Answer("lapse", runner, 0, 0, 500, str(error.__cause__))
        finally:
            db.session.remove()
