"""People who come without having signed up: free places, a place more on purpose, the order of those who wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import board, walk_ins
from sorting_miniapp.events.board import Standing
from sorting_miniapp.events.models import SignUp, SignUpState
from sorting_miniapp.events.models_day import WalkIn
from sorting_miniapp.events.walk_ins import Newcomer
from tests.events.helpers import (
    NINE,
    Hands,
    Person,
    World,
    at_once,
    make_event,
    make_people,
    shift_row,
    signed,
)
from tests.hours.helpers import make_volunteer


def test_a_walk_in_takes_a_free_place_and_is_checked_in(world: World, hands: Hands) -> None:
    event, people = make_event(world, capacity=2), make_people(world.app, 3)
    number = make_volunteer(world, people[0], 1)
    hands.at(NINE + timedelta(minutes=5))
    with world.app.app_context():
        for words in (number, "13800000001"):
            assert walk_ins.look_up(world.organiser, event.shift, words).resident_id == people[0].id
        with pytest.raises(NotFound):
            walk_ins.look_up(world.organiser, event.shift, "13900000000")
        with pytest.raises(NotFound):
            walk_ins.look_up(world.foreigner, event.shift, number)
        with pytest.raises(Invalid, match="risk_not_accepted"):
            walk_ins.register(world.organiser, event.shift, Newcomer(people[0].id, risk_told=False))
        walk_ins.register(world.organiser, event.shift, Newcomer(people[0].id, True))
        with pytest.raises(Conflict, match="already_signed_up"):
            walk_ins.register(world.organiser, event.shift, Newcomer(people[0].id, True))
        row = db.session.scalars(select(SignUp)).one()
        assert (row.state, row.risk_version) == (SignUpState.ATTENDED, 1)
        assert db.session.scalars(select(WalkIn.added_place)).one() is False
        (line,) = board.of(event.shift).lines
        assert (line.walk_in, line.standing) == (True, Standing.HERE)
    assert shift_row(world.app, event) == (2, 1, 0)


def test_a_full_shift_gets_a_place_more_only_on_purpose_and_audited(world: World, hands: Hands) -> None:
    event, people = make_event(world, capacity=1), make_people(world.app, 3)
    signed(world, event, people[0])
    hands.at(NINE + timedelta(minutes=5))
    with world.app.app_context():
        with pytest.raises(Conflict, match="event_full"):
            walk_ins.register(world.organiser, event.shift, Newcomer(people[1].id, True))
        with pytest.raises(Invalid, match="reason_required"):
            walk_ins.register(world.organiser, event.shift, Newcomer(people[1].id, True, add_place=True))
        walk_ins.register(world.organiser, event.shift, Newcomer(people[1].id, True, add_place=True, reason="站得下"))
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "event.walk_in")).one()
        assert (entry.after["added_place"], entry.after["reason"]) == (True, "站得下")
    assert shift_row(world.app, event) == (2, 2, 0)


def test_walk_ins_at_once_never_oversell(world: World, hands: Hands) -> None:
    event, people = make_event(world, capacity=2), make_people(world.app, 6)
    hands.at(NINE)

    def come(person: Person) -> str:
        with world.app.app_context():
            try:
                walk_ins.register(world.organiser, event.shift, Newcomer(person.id, True))
            except Conflict as error:
                return error.code
            return "in"

    results = at_once([lambda who=person: come(who) for person in people])
    assert sorted(results) == ["event_full"] * 4 + ["in"] * 2
    assert shift_row(world.app, event) == (2, 2, 0)


def test_until_the_start_nobody_walks_past_those_who_wait(world: World, hands: Hands) -> None:
    event, people = make_event(world, capacity=1), make_people(world.app, 3)
    signed(world, event, people[0])
    signed(world, event, people[1])
    hands.at(NINE - timedelta(minutes=70))
    with world.app.app_context(), pytest.raises(Conflict, match="too_early"):
        walk_ins.register(world.organiser, event.shift, Newcomer(people[2].id, True, add_place=True, reason="站得下"))
    hands.at(NINE - timedelta(minutes=30))
    with world.app.app_context(), pytest.raises(Conflict, match="others_waiting"):
        walk_ins.register(world.organiser, event.shift, Newcomer(people[2].id, True, add_place=True, reason="站得下"))
    assert shift_row(world.app, event) == (1, 1, 1)


def test_minors_who_walk_in_come_with_a_guardians_consent(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = make_event(sqlite_world), make_people(sqlite_world.app, 1)
    hands.at(NINE)
    with sqlite_world.app.app_context():
        with pytest.raises(Invalid, match="guardian_consent_needed"):
            walk_ins.register(sqlite_world.organiser, event.shift, Newcomer(person.id, True, age=15))
        walk_ins.register(sqlite_world.organiser, event.shift, Newcomer(person.id, True, age=15, guardian_consent=True))
        row = db.session.scalars(select(SignUp)).one()
        assert row.guardian_consent_at is not None
