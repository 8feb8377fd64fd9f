"""The rules of rules.md's section "Events", each by its name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sorting_miniapp.console import views_attendance
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.deliveries.models import Delivery, DeliveryState
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.events import content, counts, listing, planning, service, shifts, walk_ins
from sorting_miniapp.events.models import SignUp
from sorting_miniapp.events.models_counts import COUNT_NAMES, CountKind, HeadCount
from sorting_miniapp.events.walk_ins import Newcomer
from sorting_miniapp.orgs import settings
from tests.events.helpers import (
    CONTENT,
    DRAFT,
    NINE,
    Hands,
    Made,
    Person,
    World,
    at_once,
    make_event,
    make_people,
    notices,
    shift_row,
    sign_up,
)


def _state(world: World, person: Person) -> str:
    answer = world.app.test_client().get("/api/v1/me/signups", headers=person.headers)
    return str(answer.get_json()["items"][0]["state"])


def _all_sign_up(world: World, event: Made, people: list[Person], **body: Any) -> list[str]:
    return [sign_up(world.app.test_client(), person, event, **body).get_json()["id"] for person in people]


@pytest.mark.parametrize("missing", ["title", "place", "description", "risks", "contact"])
def test_recruiting_states_complete_information_and_the_risks(sqlite_world: World, missing: str) -> None:
    world = sqlite_world
    with world.app.app_context():
        draft = DRAFT if missing == "title" else replace(DRAFT, **{missing: ""})
        event = planning.create(world.organiser, world.town, draft)
        shifts.add(world.organiser, event, NINE, NINE + timedelta(hours=1), 5)
        if missing == "title":
            with pytest.raises(Invalid, match="title"):
                planning.change(world.organiser, event, replace(DRAFT, title=""))
        else:
            with pytest.raises(Invalid, match=missing):
                planning.publish(world.organiser, event)


def test_the_risk_notice_is_shown_and_its_acceptance_stored(world: World) -> None:
    event, people = make_event(world), make_people(world.app, 3)
    client = world.app.test_client()
    page = client.get(f"/api/v1/events/{event.event_id}").get_json()
    assert (page["risks"], page["risk_version"]) == (DRAFT.risks, 1)
    assert sign_up(client, people[0], event, risk_accepted=False).get_json()["code"] == "risk_not_accepted"
    assert sign_up(client, people[0], event, risk_version=1).status_code == 201
    with world.app.app_context():
        planning.change(world.organiser, event.event, replace(DRAFT, risks="高温，请防晒补水。"))
    stale = sign_up(client, people[1], event, risk_version=1)
    assert (stale.status_code, stale.get_json()["code"]) == (409, "risk_changed")
    assert stale.get_json()["details"] == {"risk_version": 2}
    assert sign_up(client, people[1], event, risk_version=2).status_code == 201
    with world.app.app_context():
        rows = db.session.scalars(select(SignUp).order_by(SignUp.id)).all()
        assert [row.risk_version for row in rows] == [1, 2]
        assert all(row.risk_accepted_at is not None for row in rows)


def test_never_oversold_under_any_concurrency(world: World) -> None:
    """The short form; `make races` is the long one, with its controls."""
    event, people = make_event(world, 3), make_people(world.app, 12)
    answers = at_once([lambda p=p: sign_up(world.app.test_client(), p, event) for p in people])  # type: ignore[misc]
    assert sorted(a.get_json()["state"] for a in answers) == ["confirmed"] * 3 + ["waiting"] * 9
    assert shift_row(world.app, event) == (3, 3, 9)


def test_the_waiting_list_is_in_order_and_its_head_has_a_time_to_confirm(world: World, hands: Hands) -> None:
    event, people = make_event(world, 1), make_people(world.app, 3)
    ids = _all_sign_up(world, event, people)
    world.app.test_client().delete(f"/api/v1/signups/{ids[0]}", headers=people[0].headers)
    assert [_state(world, person) for person in people[1:]] == ["offered", "waiting"]
    hands.at(NINE - timedelta(days=3) + timedelta(hours=1, minutes=50))
    with world.app.app_context():
        assert service.lapse_offers() == 0
    hands.at(NINE - timedelta(days=3) + timedelta(hours=2, minutes=5))
    with world.app.app_context():
        assert service.lapse_offers() == 1
    assert [_state(world, person) for person in people[1:]] == ["lapsed", "offered"]


def test_an_offer_made_in_the_evening_stands_until_the_morning(sqlite_world: World, hands: Hands) -> None:
    """Two hours of time that is not quiet: never in the quiet hours."""
    event, people = make_event(sqlite_world, 1), make_people(sqlite_world.app, 2)
    ids = _all_sign_up(sqlite_world, event, people)
    hands.at((NINE - timedelta(days=2)).replace(hour=21))
    sqlite_world.app.test_client().delete(f"/api/v1/signups/{ids[0]}", headers=people[0].headers)
    with sqlite_world.app.app_context():
        until = db.session.scalars(select(SignUp.offer_until).where(SignUp.resident_id == people[1].id)).one()
    assert until is not None
    assert until - (NINE - timedelta(days=1)).replace(hour=8) < timedelta(minutes=5)


def test_a_staff_cancellation_takes_the_same_path_as_the_residents_own(world: World) -> None:
    ends = []
    for by_staff in (False, True):
        event = make_event(world, 1, NINE + timedelta(days=by_staff))
        people = [*make_people(world.app, 3)]
        ids = _all_sign_up(world, event, people)
        if by_staff:
            with world.app.app_context():
                key = db.session.scalars(select(SignUp.id).where(SignUp.public_id == ids[0])).one()
                shifts.remove_sign_up(world.organiser, key, "本人来电")
        else:
            world.app.test_client().delete(f"/api/v1/signups/{ids[0]}", headers=people[0].headers)
        with world.app.app_context():
            rows = db.session.scalars(select(SignUp).where(SignUp.shift_id == event.shift).order_by(SignUp.id)).all()
            ends.append(([row.state.value for row in rows[1:]], rows[0].live, shift_row(world.app, event)))
    assert ends[0] == ends[1] == (["offered", "waiting"], None, (1, 1, 1))


@pytest.mark.parametrize("party", [[40, 8], [9] * 5 + [35]])
def test_class_and_family_count_against_the_places_each_companion_with_an_own_age(
    sqlite_world: World, party: list[int]
) -> None:
    event, people = make_event(sqlite_world, 8), make_people(sqlite_world.app, 1)
    body = {"companions": [{"age": age} for age in party], "guardian_consent": True}
    client = sqlite_world.app.test_client()
    missing = sign_up(client, people[0], event, companions=[{}], guardian_consent=True)
    assert missing.status_code == 422, "a companion has an age"
    assert sign_up(client, people[0], event, **body).get_json()["places"] == 1 + len(party)
    assert shift_row(sqlite_world.app, event) == (8, 1 + len(party), 0)
    with sqlite_world.app.app_context():
        kept = db.session.scalars(select(SignUp)).one()
        assert [one["age"] for one in kept.companions] == party
        assert kept.guardian_consent_at is not None


def test_minors_by_settings(sqlite_world: World) -> None:
    event, people = make_event(sqlite_world), make_people(sqlite_world.app, 4)
    client = sqlite_world.app.test_client()

    def code(number: int, **body: Any) -> str:
        answer = sign_up(client, people[number], event, **body).get_json()
        return str(answer.get("code", answer.get("state")))

    assert code(0, age=17) == "guardian_consent_needed"
    assert code(0, age=17, guardian_consent=True) == "confirmed"
    assert code(1, age=13, guardian_consent=True) == "guardian_account_needed"
    assert code(1, age=15, companions=[{"age": 9}], guardian_consent=True) == "adult_needed"
    assert code(1, companions=[{"age": 9}], guardian_consent=True) == "confirmed"
    with sqlite_world.app.app_context():
        for key, value in (("minor_age", 16), ("guardian_account_age", 12), ("accompanied_age", 8)):
            settings.write(sqlite_world.town, key, value, "test")
    assert code(2, age=17) == "confirmed"
    assert code(3, age=13, companions=[{"age": 9}], guardian_consent=True) == "confirmed"


def test_a_registered_minor_needs_consent_whatever_age_is_said(sqlite_world: World, hands: Hands) -> None:
    """The birth date on the document counts; the hands' clock stands in 2026."""
    event, people = make_event(sqlite_world), make_people(sqlite_world.app, 2)
    client = sqlite_world.app.test_client()
    identity = {"name": "陈小雨", "document_kind": "passport", "consent_version": "2026-01"}
    guardian = {"guardian_consent": True, "guardian_name": "陈父", "guardian_phone": "13900001111"}
    for person, birth in ((people[0], f"{NINE.year - 15}-01-01"), (people[1], "1990-01-01")):
        said = identity | {"document": f"E1234567{person.id}", "birth_date": birth} | guardian
        assert client.put("/api/v1/me/volunteer", json=said, headers=person.headers).status_code == 200
    for body in ({}, {"age": 30}):
        assert sign_up(client, people[0], event, **body).get_json()["code"] == "guardian_consent_needed"
    assert sign_up(client, people[0], event, guardian_consent=True).get_json()["state"] == "confirmed"
    assert sign_up(client, people[1], event).get_json()["state"] == "confirmed"
    with sqlite_world.app.app_context():
        assert [row.age for row in db.session.scalars(select(SignUp).order_by(SignUp.id))] == [15, None]
    other = make_event(sqlite_world, starts_at=NINE + timedelta(hours=5))
    hands.at(NINE + timedelta(hours=5))
    with sqlite_world.app.app_context(), pytest.raises(Invalid, match="guardian_consent_needed"):
        walk_ins.register(sqlite_world.organiser, other.shift, Newcomer(people[0].id, risk_told=True))


def test_cancelled_or_moved_everybody_is_told_and_staff_see_whom_it_did_not_reach(world: World) -> None:
    event, people = make_event(world, 2), make_people(world.app, 4)
    _all_sign_up(world, event, people)
    ids = sorted(person.id for person in people)
    with world.app.app_context():
        shifts.change(world.organiser, event.shift, NINE + timedelta(hours=1), NINE + timedelta(hours=2), 2)
        assert planning.cancel(world.organiser, event.event, "暴雨") == 4
    assert sorted(notices(world.app, "event_changed")) == ids
    assert sorted(notices(world.app, "event_cancelled")) == ids
    with world.app.app_context():
        row = db.session.scalars(select(Delivery).where(Delivery.notice_key == "event_cancelled")).first()
        assert row is not None
        assert row.urgent, "a cancellation goes out in the quiet hours too"
        row.state = DeliveryState.REFUSED
        db.session.commit()
        reached = deliveries.outcome_of_notices("shift", event.shift, "event_cancelled")
        assert reached == {"ready": 3, "refused": 1}
        assert "电话通知" in views_attendance.OUTCOMES["refused"]


def test_withdraw_only_with_no_sign_ups_otherwise_cancel(world: World) -> None:
    event, people = make_event(world), make_people(world.app, 1)
    (one,) = _all_sign_up(world, event, people)
    with world.app.app_context(), pytest.raises(Conflict, match="has_signups"):
        planning.withdraw_publication(world.organiser, event.event)
    world.app.test_client().delete(f"/api/v1/signups/{one}", headers=people[0].headers)
    with world.app.app_context():
        with pytest.raises(Conflict, match="has_signups"):
            planning.withdraw_publication(world.organiser, event.event)
        planning.cancel(world.organiser, event.event, "改期")
        other = make_event(world)
        planning.withdraw_publication(world.organiser, other.event)


def test_head_counts_say_who_counted_and_how(sqlite_world: World) -> None:
    event = make_event(sqlite_world)
    assert [kind.value for kind in COUNT_NAMES] == ["direct", "influenced", "served", "leaflets", "party_members"]
    with sqlite_world.app.app_context():
        for kind in CountKind:
            counts.enter(sqlite_world.organiser, event.event, kind, 780, "王干事", "门口计数器")
        with pytest.raises(Invalid):
            counts.enter(sqlite_world.organiser, event.event, CountKind.DIRECT, 780, "", "目测")
        rows = db.session.scalars(select(HeadCount)).all()
        assert {(row.kind, row.value, row.counted_by, row.how) for row in rows} == {
            (kind, 780, "王干事", "门口计数器") for kind in CountKind
        }


def test_tags_are_a_set_not_a_partition_and_data_not_code(world: World) -> None:
    with world.app.app_context():
        content.load(CONTENT)
    both = make_event(world, title="两者", tags=("gonghui", "shehui-liliang"))
    make_event(world, title="其一", tags=("gonghui",))
    with world.app.app_context():
        assert {tag.key for tag in planning.tags_of(both.event)} == {"gonghui", "shehui-liliang"}
        sets: dict[str, int] = {}
        for tag in listing.filters()["tags"]:
            sets[tag["set"]] = sets.get(tag["set"], 0) + 1
        assert sets["five_into"] == 5, "the 五进 are rows"

    def titles(tag: str) -> list[str]:
        items = world.app.test_client().get("/api/v1/events", query_string={"tag": tag}).get_json()["items"]
        return [item["title"] for item in items]

    assert titles("gonghui") == ["两者", "其一"]
    assert titles("shehui-liliang") == ["两者"]
