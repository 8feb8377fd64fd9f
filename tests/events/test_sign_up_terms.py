"""On which terms people sign up: the risk notice, minors, companions, an idempotency key."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.errors import DomainError
from sorting_miniapp.events import minors, planning
from sorting_miniapp.events.models import SignUp
from tests.events.helpers import DRAFT, World, make_event, make_people, sign_up


def test_the_risk_notice_is_accepted_with_its_version(world: World) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    client = world.app.test_client()
    refused = sign_up(client, people[0], event, risk_accepted=False)
    assert (refused.status_code, refused.get_json()["code"]) == (422, "risk_not_accepted")
    sign_up(client, people[0], event)
    with world.app.app_context():
        planning.change(world.organiser, event.event, replace(DRAFT, risks="高温，请防晒补水。"))
    sign_up(client, people[1], event)
    with world.app.app_context():
        versions = db.session.scalars(select(SignUp.risk_version).order_by(SignUp.id)).all()
    assert list(versions) == [1, 2]


def test_an_idempotency_key_signs_up_once(world: World) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    headers = person.headers | {"Idempotency-Key": "the-same-key"}
    url, body = f"/api/v1/events/{event.event_id}/signups", {"risk_accepted": True}
    answers = [world.app.test_client().post(url, json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].get_json() == answers[1].get_json()


@pytest.mark.parametrize(
    ("age", "companions", "consent", "code"),
    [
        (None, (), False, ""),
        (None, (9,), False, "guardian_consent_needed"),
        (None, (9, 40), True, ""),
        (13, (), True, "guardian_account_needed"),
        (15, (), False, "guardian_consent_needed"),
        (15, (), True, ""),
        (15, (9,), True, "adult_needed"),
        (15, (9, 18), True, ""),
        (17, (12,), True, ""),
    ],
)
def test_minors(age: int | None, companions: tuple[int, ...], consent: bool, code: str) -> None:
    try:
        minors.check(age, companions, consent, minors.Ages())
        found = ""
    except DomainError as error:
        found = error.code
    assert found == code


def test_companions_ages_are_kept_and_checked_by_settings(sqlite_world: World) -> None:
    event, people = make_event(sqlite_world), make_people(sqlite_world.app, 2)
    client = sqlite_world.app.test_client()
    body = {"companions": [{"age": 8}, {"age": 41}]}
    assert sign_up(client, people[0], event, **body).get_json()["code"] == "guardian_consent_needed"
    made = sign_up(client, people[0], event, **body, guardian_consent=True)
    assert made.get_json()["places"] == 3
    assert sign_up(client, people[1], event, companions=[{"age": 30}] * 20).get_json()["code"] == "too_many_people"
