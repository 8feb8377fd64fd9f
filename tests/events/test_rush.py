"""The rush: many people, few places. Nothing over, nothing under, the rest waiting in order; the control oversells."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from sorting_miniapp.db import db
from sorting_miniapp.events import service
from sorting_miniapp.events.models import SignUp, SignUpState
from tests.events.helpers import (
    Made,
    Person,
    World,
    assert_counters,
    at_once,
    make_event,
    make_people,
    shift_row,
    sign_up,
)
from tests.unguarded import events as unguarded

PEOPLE, PLACES = 32, 20


def _rush(world: World, people: list[Person], event: Made, **body: Any) -> list[Any]:
    return at_once([lambda p=p: sign_up(world.app.test_client(), p, event, **body) for p in people])  # type: ignore[misc]


def test_exactly_the_places_are_given_and_the_rest_wait_in_order(world: World) -> None:
    event, people = make_event(world, PLACES), make_people(world.app, PEOPLE)
    answers = _rush(world, people, event)
    assert [answer.status_code for answer in answers] == [201] * PEOPLE, answers[0].get_json()
    states = [answer.get_json()["state"] for answer in answers]
    assert (states.count("confirmed"), states.count("waiting")) == (PLACES, PEOPLE - PLACES)
    assert shift_row(world.app, event) == (PLACES, PLACES, PEOPLE - PLACES)
    with world.app.app_context():
        numbers = db.session.scalars(select(SignUp.queue_number).where(SignUp.state == SignUpState.WAITING))
        assert sorted(n for n in numbers if n is not None) == list(range(1, PEOPLE - PLACES + 1))
    positions = sorted(answer.get_json()["queue_position"] or 0 for answer in answers)
    assert positions == [0] * PLACES + list(range(1, PEOPLE - PLACES + 1))


def test_one_person_on_many_devices_has_one_sign_up(world: World) -> None:
    event, (person,) = make_event(world, PLACES), make_people(world.app, 1)
    answers = _rush(world, [person] * 12, event)
    codes = sorted(answer.status_code for answer in answers)
    assert codes == [201] + [409] * 11
    assert {a.get_json()["code"] for a in answers if a.status_code == 409} == {"already_signed_up"}
    assert shift_row(world.app, event) == (PLACES, 1, 0)


def test_two_shifts_at_the_same_time_are_not_both_taken(world: World) -> None:
    events = [make_event(world), make_event(world)]
    people = make_people(world.app, 8)
    answers = at_once(
        [lambda p=p, e=e: sign_up(world.app.test_client(), p, e) for p in people for e in events]  # type: ignore[misc]
    )
    assert sorted(answer.status_code for answer in answers) == [201] * 8 + [409] * 8
    assert sum(shift_row(world.app, event)[1] for event in events) == 8


def test_companions_count_and_never_oversell(world: World) -> None:
    event, people = make_event(world, 10), make_people(world.app, 12)
    grown_ups = [{"age": 30}, {"age": 31}]
    answers = _rush(world, people, event, companions=grown_ups)
    assert [a.get_json()["state"] for a in answers].count("confirmed") == 3
    assert shift_row(world.app, event) == (10, 9, 9)


def test_a_deadlock_is_not_the_callers_affair(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    event, (person,) = make_event(sqlite_world, 3), make_people(sqlite_world.app, 1)
    row_of, tries = service.row_of, []

    def undone_once(*values: Any) -> dict[str, Any]:
        tries.append(values)
        if len(tries) == 1:
            raise OperationalError("UPDATE shift", {}, Exception(1213, "Deadlock found when trying to get lock"))
        return row_of(*values)

    monkeypatch.setattr(service, "row_of", undone_once)
    headers = person.headers | {"Idempotency-Key": "a-double-tap"}
    body = {"risk_accepted": True, "companions": [{"age": 40}]}
    url = f"/api/v1/events/{event.event_id}/signups"
    made = sqlite_world.app.test_client().post(url, json=body, headers=headers)
    assert (made.status_code, made.get_json()["places"], len(tries)) == (201, 2, 2)


def test_control_without_the_guard_oversells(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    event, people = make_event(world, PLACES), make_people(world.app, PEOPLE)
    monkeypatch.setattr(service, "sign_up", unguarded.sign_up)
    _rush(world, people, event)
    with world.app.app_context():
        held = db.session.scalar(select(func.count(SignUp.id)).where(SignUp.shift_id == event.shift))
    assert int(held or 0) > PLACES


def test_what_the_row_says_is_what_the_sign_ups_hold(world: World) -> None:
    event, people = make_event(world, 5), make_people(world.app, 16)
    first = _rush(world, people, event)
    ids = [answer.get_json()["id"] for answer in first]

    def leave(number: int) -> Any:
        url = f"/api/v1/signups/{ids[number]}"
        return world.app.test_client().delete(url, headers=people[number].headers)

    left = at_once([lambda n=n: leave(n) for n in range(0, 16, 2)])  # type: ignore[misc]
    assert [answer.status_code for answer in left] == [204] * 8, [a.get_json() for a in left if a.status_code != 204]
    assert_counters(world.app, event)
