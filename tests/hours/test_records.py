"""Service records: made by check-outs, tiers of a day, verification by others, disputes, a ledger that adds up."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import func, select

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from sorting_miniapp.events import closing
from sorting_miniapp.events.signals import CheckOut
from sorting_miniapp.hours import figures, ledger, records, review
from sorting_miniapp.hours.models import HoursLedger, RecordState, ServiceRecord
from tests.events.helpers import (
    NINE,
    Hands,
    World,
    at_once,
    make_event,
    make_people,
    make_staff,
    notices,
)
from tests.hours.helpers import assert_ledger, claim, key_of, mine, register, serve


def test_a_check_out_makes_an_effective_record(world: World, hands: Hands) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    serve(world, hands, person, event, 95)
    (record,) = mine(world, person)
    assert (record["minutes"], record["state"], record["flag"], record["source"]) == (95, "effective", None, "check_in")
    assert (record["date"], record["place"], record["org"]["name"]) == ("2026-06-10", "东门社区投放点", "星子镇")
    assert (record["content"], record["person_in_charge"]) == ("桶边引导居民分类投放", "李主任 0763-6600000")
    with world.app.app_context():
        assert ledger.of_resident(person.id) == 95
        window = (NINE - timedelta(days=1), NINE + timedelta(days=1))
        assert figures.between(*window, world.verifier.branches()) == {"minutes": 95}
        assert figures.between(*window, world.foreigner.branches()) == {"minutes": 0}
    assert_ledger(world)


def test_an_event_that_counts_no_hours_makes_no_record(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = make_event(sqlite_world, counts_hours=False), make_people(sqlite_world.app, 1)
    serve(sqlite_world, hands, person, event)
    assert mine(sqlite_world, person) == []


def test_a_forgotten_check_out_waits_for_a_verifier_who_settles_at_most_the_shift(world: World, hands: Hands) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    serve(world, hands, person, event, None)
    hands.at(NINE + timedelta(hours=4))
    with world.app.app_context():
        assert closing.close_forgotten() == 1
    (record,) = mine(world, person)
    assert (record["minutes"], record["state"], record["flag"]) == (120, "pending", "forgotten_check_out")
    key = key_of(world, record["id"])
    with world.app.app_context():
        assert ledger.of_resident(person.id) == 0
        for minutes in (0, 121):
            with pytest.raises(Invalid):
                review.settle(world.verifier, key, minutes, "问过组织者")
        with pytest.raises(Invalid):
            review.settle(world.verifier, key, 60, "")
        assert review.settle(world.verifier, key, 60, "问过组织者") is RecordState.EFFECTIVE
        assert ledger.of_resident(person.id) == 60
    assert notices(world.app, "result_ready") == [person.id]
    assert_ledger(world)


def test_nobody_verifies_the_hours_of_an_own_event(world: World, hands: Hands) -> None:
    """Two-person rules compare persons: the organiser who is verifier too is refused."""
    event, (person,) = make_event(world), make_people(world.app, 1)
    serve(world, hands, person, event, None)
    hands.at(NINE + timedelta(hours=4))
    with world.app.app_context():
        closing.close_forgotten()
        both = StaffActor(
            world.organiser.id, "organiser", "organiser", (*world.organiser.grants, *world.verifier.grants)
        )
        key = db.session.scalars(select(ServiceRecord.id)).one()
        with pytest.raises(Forbidden, match="own_event"):
            review.settle(both, key, 60, "自己核验")
        with pytest.raises(Forbidden):
            review.settle(world.organiser, key, 60, "没有核验角色")
        foreign = make_staff("foreignverifier", Role.VERIFIER, world.other_town)
        with pytest.raises(NotFound):
            review.settle(foreign, key, 60, "外单位")
        with pytest.raises(NotFound):
            review.void(foreign, key, "外单位")


def test_over_eight_hours_a_day_need_the_parent_and_over_twelve_the_city(world: World, hands: Hands) -> None:
    (person,) = make_people(world.app, 1)
    morning = make_event(world, minutes=420)
    evening = make_event(world, minutes=240, starts_at=NINE + timedelta(hours=8))
    serve(world, hands, person, morning, 420)
    serve(world, hands, person, evening, 240)
    later, first = mine(world, person)
    assert (first["state"], later["state"], later["flag"]) == ("effective", "pending", "over_limit")
    key = key_of(world, later["id"])
    with world.app.app_context():
        with pytest.raises(Forbidden, match="higher_unit_needed"):
            review.settle(world.verifier, key, 240, "同意")
        assert review.settle(world.city_verifier, key, 240, "同意") is RecordState.EFFECTIVE
        assert ledger.of_resident(person.id) == 660
    assert_ledger(world)


def test_fewer_minutes_may_be_settled_by_the_unit_itself(sqlite_world: World, hands: Hands) -> None:
    (person,) = make_people(sqlite_world.app, 1)
    for hours, minutes in ((0, 420), (8, 240)):
        event = make_event(sqlite_world, minutes=minutes, starts_at=NINE + timedelta(hours=hours))
        serve(sqlite_world, hands, person, event, minutes)
    key = key_of(sqlite_world, mine(sqlite_world, person)[0]["id"])
    with sqlite_world.app.app_context():
        assert review.settle(sqlite_world.verifier, key, 60, "只认定一小时") is RecordState.EFFECTIVE


def test_a_days_sum_holds_when_records_are_made_at_once(world: World) -> None:
    """Eight check-outs of two hours at once: four take effect, the rest wait, whoever came first."""
    (person,) = make_people(world.app, 1)
    event = make_event(world)

    def finish(number: int) -> None:
        told = CheckOut(
            number, 1, person.id, world.town, event.event, "题", "地点", "内容", "李", event.shift,
            date(2026, 6, 10), 120, 120, False, True, world.organiser.id, None,
        )  # fmt: skip
        with world.app.app_context():
            records.on_check_out(None, told)

    assert at_once([lambda n=n: finish(n) for n in range(1, 9)]) == [None] * 8  # type: ignore[misc]
    with world.app.app_context():
        states = db.session.scalars(select(ServiceRecord.state)).all()
        assert states.count(RecordState.EFFECTIVE) == 4
        assert ledger.of_resident(person.id) == 480
    assert_ledger(world)


def test_a_dispute_is_answered_by_a_correction_that_points_back(world: World, hands: Hands) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    serve(world, hands, people[0], event, 60)
    (record,) = mine(world, people[0])
    url = f"/api/v1/service-records/{record['id']}/dispute"
    client = world.app.test_client()
    assert client.post(url, json={"reason": "x"}, headers=people[1].headers).status_code == 404
    made = client.post(url, json={"reason": "我 11 点才走"}, headers=people[0].headers)
    assert (made.status_code, made.get_json()["state"]) == (201, "disputed")
    again = client.post(url, json={"reason": "再提"}, headers=people[0].headers)
    assert (again.status_code, again.get_json()["code"]) == (409, "disputed_already")
    key = key_of(world, record["id"])
    with world.app.app_context():
        assert review.settle(world.verifier, key, 120, "现场照片属实") is RecordState.EFFECTIVE
        rows = ledger.rows(key)
        assert [row.minutes for row in rows] == [60, 60]
        assert (rows[1].corrects_id, rows[1].reason, rows[1].by) == (rows[0].id, "现场照片属实", "verifier")
    assert client.post(url, json={"reason": "还是不对"}, headers=people[0].headers).status_code == 201
    with world.app.app_context():
        with pytest.raises(Forbidden, match="own_decision"):
            review.settle(world.verifier, key, 60, "维持")
        assert review.void(world.second_verifier, key, "查无此人") is RecordState.VOID
        assert [row.minutes for row in ledger.rows(key)] == [60, 60, -120]
        assert [row.RecordDispute.answer for row in review.disputes(key)] == ["现场照片属实", "查无此人"]
        with pytest.raises(Conflict, match="record_void"):
            review.settle(world.city_verifier, key, 60, "再来")
    assert_ledger(world)


def test_a_late_entry_needs_two_different_people_who_agree(world: World, hands: Hands) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    hands.at(NINE + timedelta(days=1))
    assert claim(world, person).get_json()["code"] == "not_a_volunteer"
    assert register(world, person).status_code == 200
    assert claim(world, person, date="2026-06-12").get_json()["code"] == "day"
    made = claim(world, person, shift_id=event.shift_id, minutes=300)
    assert made.status_code == 201, made.get_json()
    record = made.get_json()
    assert (record["minutes"], record["state"], record["flag"]) == (120, "pending", "late_entry"), "capped at the shift"
    assert claim(world, person, shift_id=event.shift_id).get_json()["code"] == "already_recorded"
    key = key_of(world, record["id"])
    with world.app.app_context():
        assert review.settle(world.verifier, key, 100, "属实") is RecordState.PENDING
        with pytest.raises(Conflict, match="decided_already"):
            review.settle(world.verifier, key, 100, "属实")
        assert review.settle(world.second_verifier, key, 90, "只认 90 分钟") is RecordState.PENDING
        assert review.settle(world.city_verifier, key, 90, "同意 90 分钟") is RecordState.EFFECTIVE
        assert ledger.of_resident(person.id) == 90
    assert_ledger(world)


def test_two_people_settling_a_claim_at_once_write_the_ledger_once(world: World, hands: Hands) -> None:
    (person,) = make_people(world.app, 1)
    hands.at(NINE + timedelta(days=1))
    register(world, person, org_id=world.town)
    key = key_of(world, claim(world, person).get_json()["id"])

    def settle(actor: StaffActor) -> RecordState:
        with world.app.app_context():
            return review.settle(actor, key, 90, "属实")

    actors = (world.verifier, world.verifier, world.second_verifier, world.second_verifier)
    results = at_once([lambda a=a: settle(a) for a in actors])  # type: ignore[misc]
    assert RecordState.EFFECTIVE in results
    assert all(isinstance(result, RecordState | DomainError) for result in results), results
    with world.app.app_context():
        assert db.session.scalar(select(func.count(HoursLedger.id))) == 1
    assert_ledger(world)


def test_records_of_others_are_not_listed(world: World, hands: Hands) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    serve(world, hands, people[0], event)
    assert mine(world, people[1]) == []
    assert world.app.test_client().get("/api/v1/me/service-records").status_code == 401
    with world.app.app_context():
        assert len(records.listed(world.verifier.branches(), records.Wanted())["items"]) == 1
        assert records.listed(world.foreigner.branches(), records.Wanted())["items"] == []
