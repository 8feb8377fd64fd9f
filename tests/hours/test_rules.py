"""The rules of "Service records and hours", each by its name (67号令, i志愿's practice, the office's table)."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sorting_miniapp.accounts import consents
from sorting_miniapp.accounts.models import Purpose
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events import shifts
from sorting_miniapp.hours import (
    entries,
    ledger,
    ranking,
    records,
    review,
    rounding,
    service,
    sheet_entries,
)
from sorting_miniapp.hours.models import (
    Flag,
    HoursLedger,
    RecordState,
    ServiceRecord,
    Tier,
)
from sorting_miniapp.hours.models_entries import EntryKind, VolunteerEntry
from sorting_miniapp.imports.sheet import Action
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.quiz.models import PointsLedger
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, Person, World, make_event, make_people, make_person, scan, sign_up
from tests.hours.helpers import assert_ledger, assert_totals, claim, key_of, mine, register, serve, volunteer_of


def settled(world: World, hands: Hands, person: Person, minutes: int, day: date) -> None:
    """Minutes in force on a day, by a claim that two verifiers confirmed."""
    hands.at(NINE + timedelta(days=300))
    made = claim(world, person, date=day.isoformat(), minutes=minutes)
    assert made.status_code == 201, made.get_json()
    key = key_of(world, made.get_json()["id"])
    with world.app.app_context():
        for actor in (world.verifier, world.second_verifier, world.city_verifier):
            tier = db.session.get_one(ServiceRecord, key).tier
            if tier is Tier.OWN or actor is world.city_verifier:
                review.settle(actor, key, minutes, "属实")
        record = db.session.get_one(ServiceRecord, key)
        if record.state is RecordState.PENDING:
            raise AssertionError("not in force")


def test_a_record_holds_name_date_place_served_content_minutes_and_person_in_charge(world: World, hands: Hands) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    with world.app.app_context():
        shift = db.session.get_one(shifts.Shift, event.shift)
        shift.served = "东门社区居民"
        db.session.commit()
    register(world, person, org_id=world.town)
    serve(world, hands, person, event, 95)
    (record,) = mine(world, person)
    assert record["date"] == "2026-06-10"
    assert record["place"] == "东门社区投放点"
    assert record["served"] == "东门社区居民"
    assert record["content"] == "桶边引导居民分类投放"
    assert record["minutes"] == 95
    assert record["person_in_charge"] == "李主任 0763-6600000"
    profile = world.app.test_client().get("/api/v1/me/volunteer", headers=person.headers).get_json()
    assert profile["name"] == "张**"


def test_travel_does_not_count_only_the_time_inside_the_shift(world: World, hands: Hands) -> None:
    """Who comes early or goes late is counted inside the shift."""
    event, (person,) = make_event(world, minutes=60), make_people(world.app, 1)
    client = world.app.test_client()
    sign_up(client, person, event)
    hands.at(NINE - timedelta(minutes=50))
    assert scan(client, person, event).get_json()["action"] == "in"
    hands.at(NINE + timedelta(minutes=70))
    assert scan(client, person, event).get_json()["action"] == "out"
    (record,) = mine(world, person)
    assert record["minutes"] == 60


def test_five_kinds_of_records_are_kept(world: World, hands: Hands) -> None:
    """Personal data, service, training, awards, evaluation; a training's check-out writes itself down."""
    event, (person,) = make_event(world, kind="training", counts_hours=False), make_people(world.app, 1)
    register(world, person, org_id=world.town)
    serve(world, hands, person, event, 60)
    key = volunteer_of(world, person)
    with world.app.app_context():
        award = entries.Draft(EntryKind.AWARD, "优秀志愿者", "连州市文明办", date(2026, 6, 1))
        made = entries.add(world.verifier, key, award)
        entries.add(world.verifier, key, entries.Draft(EntryKind.EVALUATION, "优秀", "星子镇", date(2026, 6, 2)))
        with pytest.raises(NotFound):
            entries.add(world.foreigner, key, award)
        with pytest.raises(Forbidden):
            entries.add(world.organiser, key, award)
        assert ledger.of_resident(person.id) == 0
    found = world.app.test_client().get("/api/v1/me/volunteer/entries", headers=person.headers).get_json()["items"]
    assert [(row["kind"], row["title"]) for row in found] == [
        ("training", "桶边督导志愿服务"),
        ("evaluation", "优秀"),
        ("award", "优秀志愿者"),
    ]
    with world.app.app_context():
        entries.withdraw(world.verifier, made, "登记错了人")
        with pytest.raises(Conflict):
            entries.withdraw(world.verifier, made, "再撤一次")
        assert [row.kind for row in entries.of_resident(person.id)] == [EntryKind.TRAINING, EntryKind.EVALUATION]


def test_quiz_points_never_become_service_hours(world: World) -> None:
    """Two ledgers that never meet: points are awarded, minutes stay 0, and no module of one knows the other."""
    (person,) = make_people(world.app, 1)
    register(world, person, org_id=world.town)
    with world.app.app_context():
        db.session.add(PointsLedger(resident_id=person.id, amount=500, reason="每日一练", at=NINE))
        db.session.commit()
        assert ledger.of_resident(person.id) == 0
        assert ranking.top(person.id)["items"] == []
    profile = world.app.test_client().get("/api/v1/me/volunteer", headers=person.headers).get_json()
    assert (profile["minutes"], profile["stars"]) == (0, 0)
    package = Path(service.__file__).parent
    for folder, other in ((package, "quiz"), (package.parent / "quiz", "hours")):
        for file in folder.glob("*.py"):
            assert f"sorting_miniapp.{other}" not in file.read_text("utf-8"), file


def test_the_ledger_is_append_only_and_a_correction_points_to_the_old_row(world: World, hands: Hands) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    serve(world, hands, person, event, 60)
    key = key_of(world, mine(world, person)[0]["id"])
    with world.app.app_context():
        before = [(row.id, row.minutes, row.reason, row.by, row.at) for row in ledger.rows(key)]
        review.settle(world.verifier, key, 90, "组织者证明 10:30 才结束")
        review.settle(world.second_verifier, key, 45, "签到表显示 9:45 离开")
        rows = ledger.rows(key)
        assert [(row.id, row.minutes, row.reason, row.by, row.at) for row in rows[:1]] == before
        assert [row.minutes for row in rows] == [60, 30, -45]
        assert [row.corrects_id for row in rows] == [None, rows[0].id, rows[1].id]
        assert [(row.by, row.reason) for row in rows[1:]] == [
            ("verifier", "组织者证明 10:30 才结束"),
            ("verifier2", "签到表显示 9:45 离开"),
        ]
        assert ledger.of_resident(person.id) == 45
    assert_ledger(world)
    assert_totals(world)


def test_minutes_are_whole_and_never_rounded_in_the_ledger(world: World, hands: Hands) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    serve(world, hands, person, event, 44)
    with world.app.app_context():
        assert db.session.scalars(select(HoursLedger.minutes)).all() == [44]


def test_star_levels_begin_at_100_300_600_1000_1500_hours() -> None:
    assert [rounding.stars(hours * 60) for hours in (99, 100, 299, 300, 599, 600, 999, 1000, 1499, 1500)] == [
        0, 1, 1, 2, 2, 3, 3, 4, 4, 5,
    ]  # fmt: skip
    assert rounding.stars(100 * 60 - 1) == 0
    assert rounding.to_next_star(0) == 6000
    assert rounding.to_next_star(100 * 60) == 200 * 60
    assert rounding.to_next_star(1500 * 60) is None


def test_hours_are_ranked_by_consent_and_equal_ones_share_the_rank(world: World, hands: Hands) -> None:
    people = [make_person(world.app, name) for name in ("a", "b", "c", "d")]
    for number, person in enumerate(people):
        register(world, person, name=f"甲乙丙丁{number}", document=f"E123456{number}", org_id=world.town)
    with world.app.app_context():
        consents.give(people[1].id, Purpose.NAMES_IN_HOURS_RANKING, "2026-01")
    for person, minutes in zip(people, (60, 120, 60, 30), strict=True):
        settled(world, hands, person, minutes, date(2026, 6, 1))
    settled(world, hands, people[3], 20, date(2027, 1, 5))
    url = "/api/v1/volunteers/ranking"
    client = world.app.test_client()
    found = client.get(url, headers=people[0].headers).get_json()
    assert [(row["rank"], row["name"], row["minutes"], row["mine"]) for row in found["items"]] == [
        (1, "甲乙丙丁1", 120, False),
        (2, "志愿者", 60, True),
        (2, "志愿者", 60, False),
        (4, "志愿者", 50, False),
    ]
    assert (found["me"]["rank"], found["me"]["name"]) == (2, "甲乙丙丁0"), "one's own name is one's own"
    year = client.get(f"{url}?year=2027", headers=people[3].headers).get_json()
    assert [(row["rank"], row["minutes"], row["mine"]) for row in year["items"]] == [(1, 20, True)]
    assert client.get(f"{url}?org_id={world.other_town}", headers=people[0].headers).get_json()["items"] == []
    assert client.get(f"{url}?org_id=999999", headers=people[0].headers).status_code == 422
    with world.app.app_context():
        consents.withdraw(people[1].id, Purpose.NAMES_IN_HOURS_RANKING)
    again = client.get(url, headers=people[0].headers).get_json()
    assert again["items"][0]["name"] == "志愿者"
    assert client.get(url).status_code == 401
    assert_totals(world)


def test_trainings_and_awards_come_from_a_sheet(sqlite_world: World) -> None:
    world, (person,) = sqlite_world, make_people(sqlite_world.app, 1)
    number = register(world, person, org_id=world.town).get_json()["number"]
    good = Row(2, (number, "张三丰", "表彰奖励", "优秀志愿者", "市文明办", "2026年5月1日", ""))
    bad = [
        Row(3, (number, "张三丰", "奖状", "优秀", "市文明办", "2026-05-01", "")),
        Row(4, (number, "张三丰", "培训", "", "市文明办", "2026-05-01", "")),
        Row(5, (number, "张三丰", "培训", "督导员培训", "市文明办", "明天", "")),
    ]
    with world.app.app_context():
        outcomes = sheet_entries.SHEET.plan([good, *bad], world.verifier)
        assert [outcome.action for outcome in outcomes] == [Action.ADD, *[Action.WRONG] * 3]
        assert sheet_entries.SHEET.run([good], world.verifier) == "已导入：新增 1 行，更新 0 行，没有变化 0 行"
        assert sheet_entries.SHEET.plan([good], world.verifier)[0].action is Action.SAME
        assert db.session.scalar(select(func.count(VolunteerEntry.id))) == 1
    client = sign_in(world, "verifier")
    assert "优秀志愿者" in client.get("/console/entries").text
    kept = post(
        client, "/console/entries/new", 422, number=number, kind="award", title="先进", giver="", day="2026-05-01"
    )
    assert 'value="先进"' in kept
    post(client, "/console/entries/new", number=number, kind="award", title="先进", giver="星子镇", day="2026-05-01")
    with world.app.app_context():
        key = db.session.scalars(select(VolunteerEntry.id).order_by(VolunteerEntry.id.desc()).limit(1)).one()
    post(client, f"/console/entries/{key}/withdraw", reason="登记错了")
    assert "已撤回" in client.get("/console/entries?kind=award").text


def test_events_are_posted_before_they_happen(sqlite_world: World, hands: Hands) -> None:
    hands.at(NINE + timedelta(hours=1))
    with pytest.raises(Invalid, match="shift_past"):
        make_event(sqlite_world)


def test_the_records_of_a_branch_are_listed_with_filters(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = make_event(sqlite_world), make_people(sqlite_world.app, 1)
    serve(sqlite_world, hands, person, event, 60)
    with sqlite_world.app.app_context():
        wanted = records.Wanted(states=(RecordState.EFFECTIVE,), tier=Tier.OWN)
        assert len(records.listed(sqlite_world.verifier.branches(), wanted)["items"]) == 1
        assert records.listed(sqlite_world.verifier.branches(), records.Wanted(flag=Flag.LATE_ENTRY))["items"] == []
        assert records.waiting(sqlite_world.verifier.branches()) == {}
