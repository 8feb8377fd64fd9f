"""Check-in and check-out: codes that last a minute, one effect per scan, pairs nobody closed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events import attendance, closing, reminders, tokens
from sorting_miniapp.events.models import CheckIn, Event, EventState, Shift, ShiftState, SignUp, SignUpState
from sorting_miniapp.events.signals import CheckOut, checked_out
from sorting_miniapp.limits import limiter
from tests.events.helpers import (
    NINE,
    Hands,
    Made,
    Person,
    World,
    at_once,
    make_event,
    make_people,
    notices,
    scan,
    sign_up,
)
from tests.unguarded import events as unguarded


@pytest.fixture
def heard() -> Iterator[list[CheckOut]]:
    """What the signal said."""
    found: list[CheckOut] = []

    def listen(_sender: object, check_out: CheckOut) -> None:
        found.append(check_out)

    checked_out.connect(listen)
    yield found
    checked_out.disconnect(listen)


def _signed_up(world: World, count: int = 1, minutes: int = 120) -> tuple[Made, list[Person]]:
    event, people = make_event(world, minutes=minutes), make_people(world.app, count)
    for person in people:
        assert sign_up(world.app.test_client(), person, event).status_code == 201
    return event, people


def _pairs(world: World) -> list[CheckIn]:
    with world.app.app_context():
        return list(db.session.scalars(select(CheckIn).order_by(CheckIn.id)))


def test_first_scan_in_second_scan_out_and_a_double_scan_changes_nothing(
    world: World, hands: Hands, heard: list[CheckOut]
) -> None:
    event, (person,) = _signed_up(world)
    client = world.app.test_client()
    hands.at(NINE - timedelta(minutes=10))
    first = scan(client, person, event).get_json()
    assert (first["action"], first["pair"], first["minutes"]) == ("in", 1, None)
    hands.at(NINE - timedelta(minutes=10) + timedelta(seconds=30))
    assert scan(client, person, event).get_json() == first
    hands.at(NINE + timedelta(minutes=90, seconds=59))
    last = scan(client, person, event).get_json()
    assert (last["action"], last["minutes"]) == ("out", 90), "from the shift's start, in whole minutes"
    hands.at(NINE + timedelta(minutes=91, seconds=20))
    assert scan(client, person, event).get_json() == last
    assert len(_pairs(world)) == 1
    assert [(told.minutes, told.longest, told.flagged) for told in heard] == [(90, 120, False)]


def test_many_scans_at_once_make_one_pair(world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    event, (person,) = _signed_up(world)
    monkeypatch.setattr(attendance, "check_in", unguarded.slowed(attendance.check_in))
    hands.at(NINE + timedelta(seconds=5))
    answers = at_once([lambda: scan(world.app.test_client(), person, event)] * 12)
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.get_data() for answer in answers}) == 1
    assert len(_pairs(world)) == 1


def test_control_without_the_lock_scans_trip_over_each_other(
    world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    if world.app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("SQLite has one writer, whose lock cannot be taken off")
    monkeypatch.setattr(attendance, "check_in", unguarded.slowed(attendance.check_in))
    monkeypatch.setattr(attendance, "lock_resident", unguarded.lock_nothing)
    monkeypatch.setattr(limiter, "enabled", False)  # its one row would make the scans queue
    event, people = _signed_up(world, 8)
    hands.at(NINE + timedelta(seconds=5))
    tripped = False
    for number, person in enumerate(people, 1):  # a race need not be lost every time: eight tries
        answers = at_once([lambda who=person: scan(world.app.test_client(), who, event)] * 12)
        assert len(_pairs(world)) == number, "the unique keys hold all the same"
        tripped = any(answer.status_code != 200 for answer in answers)
        if tripped:
            break
    assert tripped


def test_a_code_is_used_once_by_each_person(sqlite_world: World, hands: Hands) -> None:
    """The text of 09:00:00 is good until 09:01, but does not check out whom it checked in, however long it takes."""
    event, people = _signed_up(sqlite_world, 2)
    client = sqlite_world.app.test_client()
    hands.at(NINE)
    token = tokens.qr(event.shift_id, event.secret, tokens.step_of(clock.now()))
    posted = [client.post("/api/v1/checkins", json={"token": token}, headers=p.headers).get_json() for p in people]
    assert [answer["action"] for answer in posted] == ["in", "in"]
    hands.at(NINE + timedelta(seconds=50))
    again = client.post("/api/v1/checkins", json={"token": token}, headers=people[0].headers).get_json()
    assert again == posted[0]
    hands.at(NINE + timedelta(seconds=61))
    old = client.post("/api/v1/checkins", json={"token": token}, headers=people[0].headers).get_json()
    assert old["code"] == "token_invalid"
    assert scan(client, people[0], event).get_json()["action"] == "out"


def test_digits_may_be_typed_and_old_or_foreign_codes_are_refused(world: World, hands: Hands) -> None:
    event, (person, other) = _signed_up(world, 2)
    stranger = make_event(world, starts_at=NINE + timedelta(minutes=130))
    client = world.app.test_client()
    hands.at(NINE)
    old = tokens.qr(event.shift_id, event.secret, tokens.step_of(clock.now()) - 2)
    forged = tokens.qr(event.shift_id, "another secret", tokens.step_of(clock.now()))
    for token in (old, forged, "000000", f"{event.shift_id}.1.x", "no such thing", "汉字汉字汉字"):
        answer = client.post("/api/v1/checkins", json={"token": token}, headers=person.headers)
        assert (answer.status_code, answer.get_json()["code"]) == (422, "token_invalid"), token
    hands.at(NINE)
    assert scan(client, person, event, typed=True).get_json()["action"] == "in"
    assert scan(client, other, stranger).get_json()["code"] == "not_signed_up"


def test_check_in_opens_an_hour_before(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = _signed_up(sqlite_world)
    hands.at(NINE - timedelta(minutes=61))
    assert scan(sqlite_world.app.test_client(), person, event).get_json()["code"] == "too_early"
    hands.at(NINE - timedelta(minutes=59))
    assert scan(sqlite_world.app.test_client(), person, event).get_json()["action"] == "in"


def test_at_most_three_pairs_a_day(world: World, hands: Hands) -> None:
    event, (person,) = _signed_up(world)
    client = world.app.test_client()
    for number in range(6):
        hands.at(NINE + timedelta(minutes=10 * number))
        assert scan(client, person, event).get_json()["action"] == ("in", "out")[number % 2]
    hands.at(NINE + timedelta(minutes=70))
    assert scan(client, person, event).get_json()["code"] == "too_many_pairs"
    assert [pair.pair for pair in _pairs(world)] == [1, 2, 3]


def test_a_forgotten_check_out_is_closed_at_the_shifts_end_and_flagged(
    world: World, hands: Hands, heard: list[CheckOut]
) -> None:
    event, people = _signed_up(world, 3)
    hands.at(NINE + timedelta(minutes=20))
    for person in people[:2]:
        scan(world.app.test_client(), person, event)
    hands.at(NINE + timedelta(minutes=149))
    with world.app.app_context():
        assert closing.close_forgotten() == 0
    hands.at(NINE + timedelta(minutes=151))

    def close() -> int:
        with world.app.app_context():
            return closing.close_forgotten()

    assert sum(at_once([close] * 3)) == 2
    assert {(p.out_at, p.minutes, p.closed_by_system, p.open) for p in _pairs(world)} == {
        (NINE + timedelta(minutes=120), 100, True, None)
    }
    assert [told.flagged for told in heard] == [True, True]
    with world.app.app_context():
        states = [db.session.scalars(select(SignUp.state).where(SignUp.resident_id == p.id)).one() for p in people]
        assert states == [SignUpState.ATTENDED, SignUpState.ATTENDED, SignUpState.ABSENT]
        assert db.session.get_one(Shift, event.shift).state is ShiftState.CLOSED
        assert db.session.get_one(Event, event.event).state is EventState.FINISHED


def test_who_queues_at_the_end_still_checks_out(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = _signed_up(sqlite_world)
    hands.at(NINE)
    scan(sqlite_world.app.test_client(), person, event)
    hands.at(NINE + timedelta(minutes=130))
    answer = scan(sqlite_world.app.test_client(), person, event).get_json()
    assert (answer["action"], answer["minutes"]) == ("out", 120), "not beyond the shift's end"


def _sign_up_key(world: World, person: Person) -> int:
    with world.app.app_context():
        return db.session.scalars(select(SignUp.id).where(SignUp.resident_id == person.id)).one()


def test_staff_enter_a_coming_and_a_going_with_a_reason(world: World, hands: Hands, heard: list[CheckOut]) -> None:
    event, (person,) = _signed_up(world)
    key = _sign_up_key(world, person)
    hands.at(NINE + timedelta(minutes=60))
    with world.app.app_context():
        with pytest.raises(Invalid):
            attendance.enter(world.organiser, key, False, "")
        with pytest.raises(NotFound):
            attendance.enter(world.foreigner, key, False, "手机没电")
        with pytest.raises(Forbidden):
            attendance.enter(world.verifier, key, False, "手机没电")
        with pytest.raises(Conflict):
            attendance.enter(world.organiser, key, True, "手机没电")
        attendance.enter(world.organiser, key, False, "手机没电", NINE)
        attendance.enter(world.organiser, key, True, "手机没电")
    (pair,) = _pairs(world)
    assert (pair.minutes, pair.in_by, pair.out_by, pair.reason) == (
        60,
        world.organiser.id,
        world.organiser.id,
        "手机没电",
    )
    assert [told.entered_by for told in heard] == [world.organiser.id]


def test_who_is_checked_in_cannot_withdraw(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = _signed_up(sqlite_world)
    client = sqlite_world.app.test_client()
    hands.at(NINE - timedelta(minutes=30))
    scan(client, person, event)
    made = client.get("/api/v1/me/signups", headers=person.headers).get_json()["items"][0]
    answer = client.delete(f"/api/v1/signups/{made['id']}", query_string={"reason": "有事"}, headers=person.headers)
    assert (made["state"], answer.get_json()["code"]) == ("attended", "signup_attended")


def test_reminders_the_day_before_and_two_hours_before_once_each(world: World, hands: Hands) -> None:
    event, people = _signed_up(world, 2)
    hands.at(NINE - timedelta(hours=25))

    def remind() -> int:
        with world.app.app_context():
            return reminders.send_reminders()

    assert remind() == 0
    hands.at(NINE - timedelta(hours=23))
    late = make_people(world.app, 3)[2]
    sign_up(world.app.test_client(), late, event)
    assert sum(at_once([remind] * 3)) == 2
    assert remind() == 0
    hands.at(NINE - timedelta(minutes=100))
    assert remind() == 3
    assert remind() == 0
    assert sorted(notices(world.app, "event_reminder")) == sorted([*(p.id for p in people)] * 2 + [late.id])
