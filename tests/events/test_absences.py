"""Absences: counted fairly, three in ninety days cost the early sign-up, staff decide on appeals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, NotFound
from sorting_miniapp.events import absences, closing
from sorting_miniapp.events.models_absences import AbsenceAppeal
from tests.events.helpers import NINE, Hands, Made, Person, World, make_event, make_people, notices, scan, sign_up


def _hold(world: World, hands: Hands, day: int, absent: list[Person], present: Person) -> list[str]:
    """An event on the given day from now on to which `present` comes and `absent` do not; the sign-ups' ids."""
    start = NINE + timedelta(days=day)
    hands.at(start - timedelta(days=2))
    event = make_event(world, starts_at=start)
    client = world.app.test_client()
    ids = [sign_up(client, person, event).get_json()["id"] for person in [*absent, present]]
    hands.at(start)
    assert scan(client, present, event).status_code == 200
    hands.at(start + timedelta(hours=3))
    with world.app.app_context():
        closing.close_forgotten()
    return ids[:-1]


def _mine(world: World, person: Person) -> dict[str, Any]:
    return dict(world.app.test_client().get("/api/v1/me/absences", headers=person.headers).get_json())


def _appeal(world: World, person: Person, sign_up_id: str, reason: str = "当天发烧，有病历") -> Any:
    url = f"/api/v1/signups/{sign_up_id}/appeal"
    return world.app.test_client().post(url, json={"reason": reason}, headers=person.headers)


def _early_event(world: World, hands: Hands, day: int) -> Made:
    """An event whose sign-up opens for everybody in an hour, and is open to those in good standing now."""
    start = NINE + timedelta(days=day)
    hands.at(start - timedelta(days=2))
    return make_event(world, starts_at=start, opens_at=start - timedelta(days=2) + timedelta(hours=1), early_hours=24)


def test_sign_up_opens_when_it_was_said_to(world: World, hands: Hands) -> None:
    event = make_event(world, opens_at=NINE - timedelta(days=1), early_hours=24)
    (person,) = make_people(world.app, 1)
    client = world.app.test_client()
    refused = sign_up(client, person, event)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "signup_not_open")
    assert refused.get_json()["details"] == {"opens_at": "2026-06-09T09:00:00+08:00"}
    page = client.get(f"/api/v1/events/{event.event_id}").get_json()
    assert (page["opens_at"], page["early_hours"]) == ("2026-06-09T09:00:00+08:00", 24)
    hands.at(NINE - timedelta(days=2) + timedelta(seconds=1))
    assert sign_up(client, person, event).get_json()["state"] == "confirmed"


def test_three_absences_in_ninety_days_cost_the_early_sign_up_and_time_heals(world: World, hands: Hands) -> None:
    absent, present = make_people(world.app, 2)
    client = world.app.test_client()
    for day in (1, 3, 5):
        early = _early_event(world, hands, day)
        assert sign_up(client, absent, early).get_json()["state"] == "confirmed", "two absences cost nothing"
        client.delete(
            f"/api/v1/signups/{client.get('/api/v1/me/signups', headers=absent.headers).get_json()['items'][0]['id']}",
            headers=absent.headers,
        )
        _hold(world, hands, day, [absent], present)
    assert {key: _mine(world, absent)[key] for key in ("count", "limit", "days", "early_signup")} == {
        "count": 3, "limit": 3, "days": 90, "early_signup": False,
    }  # fmt: skip
    early = _early_event(world, hands, 8)
    refused = sign_up(client, absent, early)
    assert (refused.status_code, refused.get_json()["code"]) == (409, "no_early_signup")
    assert sign_up(client, present, early).get_json()["state"] == "confirmed"
    hands.at(NINE + timedelta(days=6, hours=1, seconds=1))
    assert sign_up(client, absent, early).get_json()["state"] == "confirmed", "nothing else is lost"
    early = _early_event(world, hands, 95)
    assert _mine(world, absent)["count"] == 2
    assert sign_up(client, absent, early).get_json()["state"] == "confirmed"


def test_nobody_is_absent_where_nobody_was_checked_in(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = make_event(sqlite_world), make_people(sqlite_world.app, 1)
    sign_up(sqlite_world.app.test_client(), person, event)
    hands.at(NINE + timedelta(hours=4))
    with sqlite_world.app.app_context():
        closing.close_forgotten()
    assert _mine(sqlite_world, person) == {"items": [], "count": 0, "limit": 3, "days": 90, "early_signup": True}


def test_an_appeal_is_decided_once_by_staff_of_the_branch_and_told(world: World, hands: Hands) -> None:
    absent, present = make_people(world.app, 2)
    (first,) = _hold(world, hands, 1, [absent], present)
    (second,) = _hold(world, hands, 3, [absent], present)
    assert _appeal(world, present, first).status_code == 404
    for sign_up_id in (first, second):
        made = _appeal(world, absent, sign_up_id)
        assert (made.status_code, made.get_json()["state"]) == (201, "pending")
    assert _appeal(world, absent, first).get_json()["code"] == "appeal_exists"
    with world.app.app_context():
        one, two = db.session.scalars(select(AbsenceAppeal.id).order_by(AbsenceAppeal.id)).all()
        with pytest.raises(NotFound):
            absences.decide(world.foreigner, one, True, "同意")
        with pytest.raises(Forbidden):
            absences.decide(world.verifier, one, True, "同意")
        absences.decide(world.organiser, one, True, "病历属实")
        absences.decide(world.organiser, two, False, "未提供证明")
        with pytest.raises(Conflict, match="appeal_decided"):
            absences.decide(world.organiser, two, True, "再看")
        actions = db.session.scalars(select(AuditEntry.action).where(AuditEntry.action == "appeal.decide")).all()
        assert len(actions) == 2
    found = _mine(world, absent)
    assert [item["appeal"]["answer"] for item in found["items"]] == ["未提供证明", "病历属实"]
    assert found["count"] == 1
    assert notices(world.app, "result_ready") == [absent.id, absent.id]


def test_an_appeal_comes_in_time_and_about_an_absence(sqlite_world: World, hands: Hands) -> None:
    absent, present = make_people(sqlite_world.app, 2)
    (sign_up_id,) = _hold(sqlite_world, hands, 1, [absent], present)
    items = sqlite_world.app.test_client().get("/api/v1/me/signups", headers=present.headers).get_json()["items"]
    assert _appeal(sqlite_world, present, items[0]["id"]).get_json()["code"] == "not_absent"
    hands.at(NINE + timedelta(days=40))
    assert _appeal(sqlite_world, absent, sign_up_id).get_json()["code"] == "appeal_too_late"
