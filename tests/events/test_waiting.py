"""The waiting list: a freed place belongs to its head for a time; nobody jumps it; offers lapse to the next."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.quiet import is_quiet
from sorting_miniapp.events import closing, conditions, planning, quiet, service, shifts, sold_out
from sorting_miniapp.events.models import Shift, SignUp
from tests.events.helpers import (
    NINE,
    Hands,
    World,
    assert_counters,
    at_once,
    make_event,
    make_people,
    notices,
    shift_row,
    sign_up,
    statements,
)


def _state(world: World, person: Any, number: int = 0) -> dict[str, Any]:
    answer = world.app.test_client().get("/api/v1/me/signups", headers=person.headers)
    return dict(answer.get_json()["items"][number])


def _withdraw(world: World, person: Any, sign_up_id: str, reason: str = "") -> Any:
    query = {"reason": reason} if reason else {}
    url = f"/api/v1/signups/{sign_up_id}"
    return world.app.test_client().delete(url, query_string=query, headers=person.headers)


def _confirm(world: World, person: Any, sign_up_id: str) -> Any:
    return world.app.test_client().post(f"/api/v1/signups/{sign_up_id}/confirmation", headers=person.headers)


def test_a_freed_place_is_offered_confirmed_and_lapses_in_order(world: World, hands: Hands) -> None:
    event, people = make_event(world, 1), make_people(world.app, 4)
    client = world.app.test_client()
    ids = [sign_up(client, person, event).get_json()["id"] for person in people]
    assert [_state(world, person)["queue_position"] for person in people] == [None, 1, 2, 3]

    assert _withdraw(world, people[0], ids[0]).status_code == 204
    offered = _state(world, people[1])
    assert offered["state"] == "offered"
    ends = datetime.fromisoformat(offered["offer_until"]) - (NINE - timedelta(days=3) + timedelta(hours=2))
    assert timedelta() <= ends < timedelta(minutes=5), "two hours from the withdrawal, a little after the clock was set"
    assert notices(world.app, "event_offer") == [people[1].id]
    assert shift_row(world.app, event) == (1, 1, 2)
    assert _confirm(world, people[2], ids[2]).get_json()["code"] == "not_offered"

    hands.at(NINE - timedelta(days=3) + timedelta(hours=2, minutes=5))
    assert _confirm(world, people[1], ids[1]).get_json()["code"] == "offer_lapsed"
    with world.app.app_context():
        assert service.lapse_offers() == 1
        assert service.lapse_offers() == 0
    assert _state(world, people[1])["state"] == "lapsed"
    assert _state(world, people[2])["state"] == "offered"
    for _ in range(2):
        assert _confirm(world, people[2], ids[2]).get_json()["state"] == "confirmed"
    assert _state(world, people[3])["queue_position"] == 1
    assert notices(world.app, "event_offer") == [people[1].id, people[2].id]
    assert_counters(world.app, event)


def test_a_newcomer_waits_behind_those_who_wait(world: World) -> None:
    event, people = make_event(world, 3), make_people(world.app, 3)
    client = world.app.test_client()
    first = sign_up(client, people[0], event, companions=[{"age": 40}]).get_json()
    waiting = sign_up(client, people[1], event, companions=[{"age": 40}]).get_json()
    assert (first["state"], waiting["state"], shift_row(world.app, event)) == ("confirmed", "waiting", (3, 2, 1))
    newcomer = sign_up(client, people[2], event).get_json()
    assert (newcomer["state"], newcomer["queue_position"]) == ("waiting", 2)
    refused = sign_up(client, people[0], event)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "already_signed_up")
    _withdraw(world, people[0], first["id"])
    assert [_state(world, person)["state"] for person in people[1:]] == ["offered", "offered"]
    assert shift_row(world.app, event) == (3, 3, 0)


def test_event_full_where_nobody_wants_to_wait(sqlite_world: World) -> None:
    event, people = make_event(sqlite_world, 1), make_people(sqlite_world.app, 2)
    client = sqlite_world.app.test_client()
    assert sign_up(client, people[0], event, wait=False).status_code == 201
    refused = sign_up(client, people[1], event, wait=False)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "event_full")
    assert refused.get_json()["message"] == "名额已满"


def test_a_no_is_remembered_for_a_moment_and_forgotten_with_a_freed_place(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, people = make_event(sqlite_world, 1), make_people(sqlite_world.app, 3)
    client = sqlite_world.app.test_client()
    looks: list[Any] = []
    monkeypatch.setattr(sold_out, "SECONDS", 60.0)  # so that a slow machine sees the same
    choose = conditions.choose

    def look(*which: Any) -> Any:
        looks.append(which)
        return choose(*which)

    monkeypatch.setattr(conditions, "choose", look)
    first = sign_up(client, people[0], event, wait=False).get_json()
    for _ in range(3):
        assert sign_up(client, people[1], event, wait=False).get_json()["code"] == "event_full"
    assert len(looks) == 2
    with statements(sqlite_world) as seen:
        assert sign_up(client, people[1], event, wait=False).status_code == 409
    assert seen == [], "who the person is, and that it is full, are known already"
    _withdraw(sqlite_world, people[0], first["id"])
    assert sign_up(client, people[1], event, wait=False).status_code == 201
    assert sign_up(client, people[2], event, wait=False).status_code == 409
    # What another process frees is seen once the moment is over.
    with sqlite_world.app.app_context(), transaction() as session:
        session.execute(update(Shift).where(Shift.id == event.shift).values(capacity=2))
    assert sign_up(client, people[2], event, wait=False).status_code == 409
    monkeypatch.setattr(sold_out, "SECONDS", 0.0)
    assert sign_up(client, people[2], event, wait=False).status_code == 201


def test_offer_and_lapse_by_several_schedulers_at_once_happen_once(world: World, hands: Hands) -> None:
    event, people = make_event(world, 2), make_people(world.app, 8)
    client = world.app.test_client()
    ids = [sign_up(client, person, event).get_json()["id"] for person in people]
    for number in (0, 1):
        _withdraw(world, people[number], ids[number])
    hands.at(NINE - timedelta(days=2))

    def lapse() -> int:
        with world.app.app_context():
            return service.lapse_offers()

    assert sum(at_once([lapse] * 4)) == 2
    assert sorted(notices(world.app, "event_offer")) == sorted(person.id for person in people[2:6])
    assert_counters(world.app, event)


def test_confirming_and_lapsing_at_once_leaves_one_truth(world: World, hands: Hands) -> None:
    event, people = make_event(world, 4), make_people(world.app, 8)
    client = world.app.test_client()
    ids = [sign_up(client, person, event).get_json()["id"] for person in people]
    for number in range(4):
        _withdraw(world, people[number], ids[number])
    hands.at(NINE - timedelta(days=3) + timedelta(hours=2, milliseconds=-30))

    def lapse() -> int:
        with world.app.app_context():
            return service.lapse_offers()

    jobs = [lapse] + [lambda n=n: _confirm(world, people[n], ids[n]).status_code for n in range(4, 8)]
    at_once(jobs)
    assert {_state(world, person)["state"] for person in people[4:]} <= {"confirmed", "lapsed", "offered"}
    assert_counters(world.app, event)


def test_the_waiting_list_ends_when_the_shift_begins(world: World, hands: Hands) -> None:
    event, people = make_event(world, 1), make_people(world.app, 3)
    client = world.app.test_client()
    ids = [sign_up(client, person, event).get_json()["id"] for person in people]
    hands.at(NINE + timedelta(seconds=1))
    assert _withdraw(world, people[0], ids[0]).get_json()["code"] == "signup_closed"
    assert sign_up(client, people[0], event).get_json()["code"] == "signup_closed"
    with world.app.app_context():
        assert service.lapse_offers() == 2
    assert shift_row(world.app, event) == (1, 1, 0)


def test_a_waiting_list_ends_even_when_the_shift_was_closed_first(sqlite_world: World, hands: Hands) -> None:
    event = make_event(sqlite_world, 1)
    for person in make_people(sqlite_world.app, 3):
        sign_up(sqlite_world.app.test_client(), person, event)
    hands.at(NINE + timedelta(hours=4))
    with sqlite_world.app.app_context():
        closing.close_forgotten()
        assert service.lapse_offers() == 2
    assert shift_row(sqlite_world.app, event) == (1, 1, 0)


def test_shortly_before_the_start_a_withdrawal_says_why(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = make_event(sqlite_world), make_people(sqlite_world.app, 1)
    made = sign_up(sqlite_world.app.test_client(), person, event).get_json()["id"]
    hands.at(NINE - timedelta(hours=1))
    assert _withdraw(sqlite_world, person, made).get_json()["code"] == "reason_required"
    assert _withdraw(sqlite_world, person, made, "生病").status_code == 204
    assert _withdraw(sqlite_world, person, made, "生病").get_json()["code"] == "signup_ended"


def test_a_strangers_sign_up_does_not_exist(world: World) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    made = sign_up(world.app.test_client(), people[0], event).get_json()["id"]
    assert _withdraw(world, people[1], made).status_code == 404
    assert _confirm(world, people[1], made).status_code == 404
    assert _state(world, people[0])["state"] == "confirmed"


def test_more_places_go_to_the_waiting_list(world: World) -> None:
    event, people = make_event(world, 1), make_people(world.app, 3)
    for person in people:
        sign_up(world.app.test_client(), person, event)
    with world.app.app_context():
        shifts.change(world.organiser, event.shift, NINE, NINE + timedelta(hours=2), 2)
    assert [_state(world, person)["state"] for person in people] == ["confirmed", "offered", "waiting"]


def test_a_cancellation_reaches_everybody_and_offers_nothing(world: World) -> None:
    event, people = make_event(world, 2), make_people(world.app, 5)
    for person in people:
        sign_up(world.app.test_client(), person, event)
    with world.app.app_context():
        assert planning.cancel(world.organiser, event.event, "暴雨") == 5
    assert sorted(notices(world.app, "event_cancelled")) == sorted(person.id for person in people)
    assert notices(world.app, "event_offer") == []
    assert {_state(world, person)["state"] for person in people} == {"cancelled"}
    assert shift_row(world.app, event) == (2, 0, 0)
    page = world.app.test_client().get(f"/api/v1/events/{event.event_id}").get_json()
    assert (page["state"], page["cancel_reason"]) == ("cancelled", "暴雨")


def test_one_person_taken_off_by_staff_frees_the_place(world: World) -> None:
    event, people = make_event(world, 1), make_people(world.app, 2)
    for person in people:
        sign_up(world.app.test_client(), person, event)
    with world.app.app_context():
        key = db.session.scalars(select(SignUp.id).where(SignUp.resident_id == people[0].id)).one()
        shifts.remove_sign_up(world.organiser, key, "重复报名")
    assert [_state(world, person)["state"] for person in people] == ["cancelled", "offered"]
    assert notices(world.app, "event_cancelled") == [people[0].id]


QUIET = (22, 7)


@pytest.mark.parametrize(
    ("start", "minutes", "end"),
    [
        ("2026-06-10T09:00", 120, "2026-06-10T11:00"),
        ("2026-06-10T21:00", 120, "2026-06-11T08:00"),
        ("2026-06-10T20:00", 120, "2026-06-11T07:00"),
        ("2026-06-10T23:30", 120, "2026-06-11T09:00"),
        ("2026-06-11T06:59", 120, "2026-06-11T09:00"),
        ("2026-06-10T22:00", 30, "2026-06-11T07:30"),
        ("2026-06-10T09:00", 1440, "2026-06-11T18:00"),
    ],
)
def test_the_night_does_not_count(start: str, minutes: int, end: str) -> None:
    begin = datetime.fromisoformat(start).replace(tzinfo=clock.LOCAL)
    wanted = datetime.fromisoformat(end).replace(tzinfo=clock.LOCAL)
    assert quiet.add_minutes(begin, minutes, *QUIET) == wanted


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),  # noqa: DTZ001
    st.integers(0, 1440),
    st.integers(0, 23),
    st.integers(0, 23),
)
def test_an_offer_never_ends_in_the_quiet_hours(start: datetime, minutes: int, first: int, last: int) -> None:
    begin = start.replace(tzinfo=UTC)
    end = quiet.add_minutes(begin, minutes, first, last)
    assert end >= begin + timedelta(minutes=minutes)
    assert not is_quiet(end, first, last)
    # The loud minutes between the two are those asked for, minute by minute.
    loud, moment = 0.0, begin
    while moment < end:
        step = min(timedelta(minutes=1), end - moment, _to_the_minute(moment))
        loud += step.total_seconds() * (not is_quiet(moment, first, last))
        moment += step
    assert abs(loud - minutes * 60) < 0.01


def _to_the_minute(moment: datetime) -> timedelta:
    following = moment.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return following - moment


def test_each_shift_has_a_queue_of_its_own(sqlite_app: Flask, sqlite_world: World) -> None:
    people = make_people(sqlite_app, 3)
    events = [make_event(sqlite_world, 1, NINE + timedelta(days=day)) for day in (0, 1)]
    client = sqlite_app.test_client()
    for event in events:
        for person in people:
            sign_up(client, person, event)
    items = client.get("/api/v1/me/signups", headers=people[2].headers).get_json()["items"]
    assert [item["queue_position"] for item in items] == [2, 2]
