"""Posts and who may take them: an age, a training, and what a copy keeps of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.errors import Invalid, NotFound
from sorting_miniapp.events import closing, requirements, shifts, templates
from sorting_miniapp.events.models import Event, EventState, Shift
from sorting_miniapp.events.requirements import Requirements
from tests.events.helpers import DRAFT, NINE, Hands, Made, World, make_event, make_people, scan, sign_up
from tests.hours.helpers import register


def _ask(world: World, event: Made, **wanted: Any) -> None:
    """Let the event's shift ask for something."""
    with world.app.app_context():
        shift = db.session.get_one(Shift, event.shift)
        post = shifts.Post("值守", "东门社区居民", Requirements(**wanted))
        shifts.change(world.organiser, event.shift, shift.starts_at, shift.ends_at, shift.capacity, shift.title, post)


def test_a_copy_keeps_what_was_planned_and_nobody_who_signed_up(world: World) -> None:
    event, people = make_event(world, 7, tags=()), make_people(world.app, 1)
    _ask(world, event, min_age=16)
    sign_up(world.app.test_client(), people[0], event)
    with world.app.app_context():
        shifts.add(world.organiser, event.event, NINE + timedelta(hours=5), NINE + timedelta(hours=6), 3)
        start = NINE + timedelta(days=3)
        made = templates.copy(world.organiser, event.event, start)
        copied = db.session.get_one(Event, made)
        rows = db.session.scalars(select(Shift).where(Shift.event_id == made).order_by(Shift.id)).all()
        assert (copied.state, copied.title, copied.risks) == (EventState.DRAFT, DRAFT.title, DRAFT.risks)
        assert [(row.starts_at, row.capacity, row.places_taken) for row in rows] == [
            (start, 7, 0),
            (start + timedelta(hours=5), 3, 0),
        ]
        assert requirements.of(rows[0].requirements).min_age == 16
        with pytest.raises(Invalid, match="shift_past"):
            templates.copy(world.organiser, event.event, NINE - timedelta(days=30))
        with pytest.raises(NotFound):
            templates.copy(world.foreigner, event.event, start)


def _code(answer: Any) -> str:
    body = answer.get_json()
    return str(body.get("code", body.get("state")))


def test_a_post_asks_for_an_age(sqlite_world: World) -> None:
    world = sqlite_world
    event, people = make_event(world), make_people(world.app, 3)
    _ask(world, event, min_age=18, max_age=60)
    client = world.app.test_client()
    page = client.get(f"/api/v1/events/{event.event_id}").get_json()["shifts"][0]
    assert (page["requirements"]["max_age"], page["tasks"], page["served"]) == (60, "值守", "东门社区居民")
    assert _code(sign_up(client, people[0], event)) == "age_needed"
    refused = sign_up(client, people[0], event, age=61)
    assert refused.get_json()["details"] == {"requirement": "age"}
    assert "18 至 60 周岁" in refused.get_json()["message"]
    assert _code(sign_up(client, people[0], event, age=40, companions=[{"age": 66}])) == "requirement_not_met"
    assert _code(sign_up(client, people[0], event, age=40)) == "confirmed"
    assert register(world, people[1], birth_date="1949-10-01").status_code == 200
    # born in 1949: what was registered counts, not what is said
    assert _code(sign_up(client, people[1], event, age=40)) == "requirement_not_met"


def test_a_post_asks_for_a_training(world: World, hands: Hands) -> None:
    training = make_event(world, kind="training", starts_at=NINE - timedelta(days=1))
    event, people = make_event(world), make_people(world.app, 2)
    _ask(world, event, training=requirements.ANY_TRAINING)
    client = world.app.test_client()
    sign_up(client, people[0], training)
    assert _code(sign_up(client, people[0], event)) == "requirement_not_met"
    hands.at(NINE - timedelta(days=1))
    scan(client, people[0], training)
    with world.app.app_context():
        closing.close_forgotten()
    assert _code(sign_up(client, people[0], event)) == "confirmed"
    assert sign_up(client, people[1], event).get_json()["details"] == {"requirement": "training"}


def test_a_requirement_that_nobody_can_answer_for_lets_nobody_in(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, people = make_event(sqlite_world), make_people(sqlite_world.app, 1)
    _ask(sqlite_world, event, quiz="daily")
    client = sqlite_world.app.test_client()
    assert _code(sign_up(client, people[0], event)) == "requirement_not_met"
    monkeypatch.setattr(requirements, "_rules", {"quiz": lambda resident, slug: (resident, slug) == (1, "daily")})
    assert _code(sign_up(client, people[0], event)) == "confirmed"
    monkeypatch.setattr(requirements, "_rules", {})
    other = make_event(sqlite_world, starts_at=NINE + timedelta(days=1))
    _ask(sqlite_world, other, group=sqlite_world.town)
    assert _code(sign_up(client, people[0], other)) == "requirement_not_met"
