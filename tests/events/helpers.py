"""Makers for the tests of events and hours; they go through the services."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import openpyxl
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.accounts import consents, sessions, staff
from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import content as notice_texts
from sorting_miniapp.deliveries.models import Delivery
from sorting_miniapp.events import content as events_content
from sorting_miniapp.events import planning, shifts, tokens
from sorting_miniapp.events.drafts import Draft
from sorting_miniapp.events.models import Event, Shift, SignUp, SignUpState
from sorting_miniapp.jobs import running as job_runner
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.jobs.models import Job, JobState
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.wechat import gateway
from tests.conftest import base_environ
from tests.simulator_process import Simulator, running

CONTENT = Path(__file__).parents[2] / "content"
# Passwords are tested elsewhere; here they only cost time.
CHEAP = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
PASSWORD = "correct horse battery"
NINE = datetime(2026, 6, 10, 9, 0, tzinfo=clock.LOCAL)
DRAFT = Draft(
    title="桶边督导志愿服务",
    kind="volunteer",
    summary="桶边引导居民分类投放",
    description="在投放点值守，提醒居民看清标志。",
    risks="来往车辆，请注意避让。",
    place="东门社区投放点",
    contact="李主任 0763-6600000",
)


@dataclass(frozen=True)
class Person:
    """A resident with a session."""

    id: int
    token: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


@dataclass(frozen=True)
class World:
    """A city with a town and another town, and its staff."""

    app: Flask
    city: int
    town: int
    other_town: int
    organiser: StaffActor
    verifier: StaffActor
    second_verifier: StaffActor
    city_verifier: StaffActor
    foreigner: StaffActor


class Hands:
    """The domain's clock in a test's hands."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._patch = monkeypatch

    def at(self, moment: datetime) -> None:
        """From now on domain time runs on from `moment`."""
        ahead = moment - clock.wall_now()
        self._patch.setattr(clock, "_offset", lambda: ahead)


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    monkeypatch.setattr(staff, "_hasher", CHEAP)
    made = Hands(monkeypatch)
    made.at(NINE - timedelta(days=3))
    return made


def make_staff(username: str, role: Role, node_id: int) -> StaffActor:
    staff_id = staff.create(username, username, PASSWORD, "test")
    staff.grant(staff_id, node_id, role, 0, "test")
    actor = sessions.find_staff(sessions.open_staff(staff_id))
    assert actor is not None
    return actor


def make_world(app: Flask) -> World:
    with app.app_context():
        notice_texts.load(CONTENT)
        consents.load(CONTENT)
        events_content.load_kinds(CONTENT)
        city = orgs.add(None, "连州市", NodeKind.CITY, "test", key="city").id
        town = orgs.add(city, "星子镇", NodeKind.TOWN, "test", key="town").id
        other = orgs.add(city, "东陂镇", NodeKind.TOWN, "test", key="other").id
        make_staff("admin", Role.ADMIN, city)
        make_staff("town_admin", Role.ADMIN, town)
        return World(
            app,
            city,
            town,
            other,
            make_staff("organiser", Role.ORGANISER, town),
            make_staff("verifier", Role.VERIFIER, town),
            make_staff("verifier2", Role.VERIFIER, town),
            make_staff("cityverifier", Role.VERIFIER, city),
            make_staff("foreigner", Role.ORGANISER, other),
        )


@pytest.fixture
def world(app: Flask, hands: Hands) -> World:
    return make_world(app)


@pytest.fixture
def sqlite_world(sqlite_app: Flask, hands: Hands) -> World:
    return make_world(sqlite_app)


def make_person(app: Flask, openid: str) -> Person:
    with app.app_context():
        token, _, _ = accounts.log_in("code", lambda _code: (openid, None))
        found = sessions.find_resident(token)
        assert found is not None
        return Person(found.id, token)


def make_people(app: Flask, count: int) -> list[Person]:
    return [make_person(app, f"openid-{number:04d}") for number in range(count)]


@dataclass(frozen=True)
class Made:
    """A published event with one shift, by its keys in the database and its public ids."""

    event: int
    event_id: str
    shift: int
    shift_id: str
    secret: str


def make_event(
    world: World,
    capacity: int = 20,
    starts_at: datetime = NINE,
    minutes: int = 120,
    publish: bool = True,
    **values: Any,
) -> Made:
    with world.app.app_context():
        event = planning.create(world.organiser, world.town, replace(DRAFT, **values))
        shift = shifts.add(world.organiser, event, starts_at, starts_at + timedelta(minutes=minutes), capacity)
        if publish:
            planning.publish(world.organiser, event)
        row, one = db.session.get_one(Event, event), db.session.get_one(Shift, shift)
        return Made(event, row.public_id, shift, one.public_id, one.secret)


def sign_up(client: FlaskClient, person: Person, event: Made, **body: Any) -> Any:
    return client.post(
        f"/api/v1/events/{event.event_id}/signups", json={"risk_accepted": True} | body, headers=person.headers
    )


def scan(client: FlaskClient, person: Person, event: Made, typed: bool = False) -> Any:
    """What the mini-program posts when the QR of this minute is scanned, or its digits typed."""
    step = tokens.step_of(clock.now())
    token = tokens.digits(event.secret, step) if typed else tokens.qr(event.shift_id, event.secret, step)
    return client.post("/api/v1/checkins", json={"token": token}, headers=person.headers)


def shift_row(app: Flask, event: Made) -> tuple[int, int, int]:
    """(capacity, places taken, waiting)."""
    with app.app_context():
        shift = db.session.get_one(Shift, event.shift)
        return shift.capacity, shift.places_taken, shift.waiting


def notices(app: Flask, key: str) -> list[int]:
    """Residents told with this key, in order."""
    with app.app_context():
        rows = db.session.query(Delivery.resident_id).filter(Delivery.notice_key == key).order_by(Delivery.id)
        return [row[0] for row in rows if row[0] is not None]


@contextmanager
def statements(world: World) -> Iterator[list[str]]:
    """The SQL statements that were sent to the database meanwhile."""
    seen: list[str] = []
    with world.app.app_context():
        engine = db.engine

    def note(_conn: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        seen.append(statement)

    sqlalchemy_event.listen(engine, "before_cursor_execute", note)
    yield seen
    sqlalchemy_event.remove(engine, "before_cursor_execute", note)


def made_sheet(actor: StaffActor, job: str) -> list[tuple[Any, ...]]:
    """The rows of the sheet that a job made, after the worker has done what waits."""
    for waiting in job_runner.waiting():
        job_runner.run(waiting)
    done, pieces = jobs.fetch(actor, job)
    assert done.state is JobState.DONE, done.message
    return list(openpyxl.load_workbook(io.BytesIO(b"".join(pieces))).active.values)


def at_once(calls: Sequence[Callable[[], Any]]) -> list[Any]:
    """Run the calls in a thread each, behind a barrier; results in order, exceptions as values."""
    barrier, results = Barrier(len(calls)), [None] * len(calls)

    def run(number: int, job: Callable[[], Any]) -> None:
        barrier.wait()
        try:
            results[number] = job()
        except Exception as error:
            results[number] = error  # type: ignore[call-overload]

    threads = [Thread(target=run, args=(number, job)) for number, job in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return results


@pytest.fixture
def simulator(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with running(base_environ(tmp_path)) as found:
        with world.app.app_context():
            monkeypatch.setattr(gateway().mini.client, "base", found.url)
        yield found


def done(world: World) -> Job:
    """The one job, done by the worker."""
    with world.app.app_context():
        job_runner.run(db.session.scalars(select(Job.id)).one())
    with world.app.app_context():
        job = db.session.scalars(select(Job)).one()
        assert (job.state, job.message) == (JobState.DONE, "")
        return job


def assert_counters(app: Flask, event: Made) -> None:
    """Counters equal the rows, and no place is free while its next in line would fit."""
    with app.app_context():
        shift = db.session.get_one(Shift, event.shift)
        rows = db.session.scalars(
            select(SignUp).where(SignUp.shift_id == event.shift, SignUp.live == 1).order_by(SignUp.queue_number)
        ).all()
        waiting = [row for row in rows if row.state is SignUpState.WAITING]
        assert shift.places_taken == sum(row.places for row in rows) - sum(row.places for row in waiting)
        assert shift.waiting == len(waiting)
        assert not waiting or shift.capacity - shift.places_taken < waiting[0].places


def signed(world: World, event: Made, person: Person) -> str:
    answer = sign_up(world.app.test_client(), person, event)
    assert answer.status_code == 201, answer.get_json()
    return str(answer.get_json()["id"])
