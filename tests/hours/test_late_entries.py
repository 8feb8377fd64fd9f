"""Late entries: evidence, two people, the event's length, a sheet of paper sign-ins, and the queue worked in bulk."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.errors import Forbidden
from sorting_miniapp.hours import (
    ledger,
    review,
    service,
    sheet_late,
)
from sorting_miniapp.hours.models import (
    ClaimPicture,
    Decision,
    Flag,
    RecordState,
    ServiceRecord,
)
from sorting_miniapp.imports.sheet import Action
from sorting_miniapp.imports.workbook import Row
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, Person, World, make_event, make_people
from tests.hours.helpers import assert_ledger, assert_totals, claim, key_of, register


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (640, 480), "green").save(out, "PNG")
    return out.getvalue()


def upload(world: World, person: Person, data: bytes) -> Any:
    url = "/api/v1/me/service-claims/pictures"
    form = {"file": (io.BytesIO(data), "现场.png")}
    return world.app.test_client().post(url, data=form, headers=person.headers)


def test_late_entry_carries_evidence_that_only_the_branch_sees(world: World, hands: Hands) -> None:
    people = make_people(world.app, 2)
    hands.at(NINE + timedelta(days=1))
    for number, person in enumerate(people):
        register(world, person, document=f"E123456{number}", org_id=world.town)
    assert upload(world, people[0], b"no picture").status_code == 422
    first, second = (upload(world, people[0], picture()).get_json()["id"] for _ in range(2))
    stolen = claim(world, people[1], pictures=[first])
    assert (stolen.status_code, stolen.get_json()["code"]) == (422, "pictures")
    made = claim(world, people[0], pictures=[first])
    assert made.status_code == 201
    assert claim(world, people[0], pictures=[first], content="另一次").get_json()["code"] == "pictures"
    key = key_of(world, made.get_json()["id"])
    url = f"/console/hours/{key}/pictures/{first}.jpg"
    seen = sign_in(world, "verifier").get(url)
    assert (seen.status_code, seen.mimetype) == (200, "image/jpeg")
    assert seen.data.startswith(b"\xff\xd8")
    assert url in sign_in(world, "verifier").get(f"/console/hours/{key}").text
    assert sign_in(world, "foreigner").get(url).status_code == 404
    assert world.app.test_client().get(url).status_code == 302
    assert sign_in(world, "verifier").get(url.replace(first, second)).status_code == 404
    hands.at(NINE + timedelta(days=3))
    with world.app.app_context():
        assert service.purge_pictures() == 1
        assert db.session.scalars(select(ClaimPicture.public_id)).all() == [first]


def test_loose_pictures_are_bounded(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MOST_LOOSE", 2)
    (person,) = make_people(sqlite_world.app, 1)
    assert [upload(sqlite_world, person, picture()).status_code for _ in range(3)] == [201, 201, 429]


def late_row(number: str, **values: str) -> Row:
    cells = {
        "number": number,
        "name": "张三丰",
        "day": "2026/6/10",
        "content": "桶边督导",
        "place": "东门社区",
        "served": "居民",
        "minutes": "90",
        "head": "李主任",
        "evidence": "纸质签到表",
    }
    return Row(2, tuple({**cells, **values}.values()))


def test_late_entry_by_staff_needs_a_second_person_who_verifies(world: World, hands: Hands) -> None:
    (person,) = make_people(world.app, 1)
    number = register(world, person, org_id=world.town).get_json()["number"]
    hands.at(NINE + timedelta(days=1))
    with world.app.app_context():
        assert "已录入 1 条" in sheet_late.SHEET.run([late_row(number)], world.verifier)
        record = db.session.scalars(select(ServiceRecord)).one()
        assert (record.state, record.flag, record.minutes) == (RecordState.PENDING, Flag.LATE_ENTRY, 90)
        with pytest.raises(Forbidden, match="own_event"):
            review.settle(world.verifier, record.id, 90, "自己核自己")
        assert review.settle(world.second_verifier, record.id, 90, "签到表属实") is RecordState.EFFECTIVE
        assert ledger.of_resident(person.id) == 90
        wrong = [
            late_row(number),
            late_row("LZ99999999"),
            late_row(number, name="张三"),
            late_row(number, day="2026-06-31"),
            late_row(number, day="2027-06-30"),
            late_row(number, minutes="1.5"),
            late_row(number, minutes="1441"),
            late_row(number, evidence=""),
        ]
        outcomes = sheet_late.SHEET.plan(wrong, world.verifier)
        assert {outcome.action for outcome in outcomes} == {Action.WRONG}
        assert "同一天已有" in outcomes[0].note
        assert all("张三丰" not in outcome.cells for outcome in outcomes)
        assert sheet_late.SHEET.plan([late_row(number)], world.foreigner)[0].action is Action.WRONG


def test_late_entry_is_capped_at_the_events_length(world: World, hands: Hands) -> None:
    event, (person,) = make_event(world, minutes=45), make_people(world.app, 1)
    register(world, person, org_id=world.town)
    hands.at(NINE + timedelta(days=1))
    assert claim(world, person, shift_id=event.shift_id, minutes=600).get_json()["minutes"] == 45


def test_many_records_are_decided_at_once_and_a_refusal_stops_no_other(world: World, hands: Hands) -> None:
    people = make_people(world.app, 3)
    numbers = [
        register(world, person, document=f"E123456{number}", org_id=world.town).get_json()["number"]
        for number, person in enumerate(people)
    ]
    hands.at(NINE + timedelta(days=1))
    own = claim(world, people[0])
    with world.app.app_context():
        sheet_late.SHEET.run([late_row(number) for number in numbers[1:]], world.organiser)
        sheet_late.SHEET.run([late_row(numbers[0], content="登记员自己的")], world.verifier)
        keys = list(db.session.scalars(select(ServiceRecord.id).order_by(ServiceRecord.id)))
        done = review.bulk(world.verifier, keys, Decision.CONFIRM, "签到表属实")
        assert (done.in_force, done.waiting) == (2, 1), "a volunteer's own claim waits for the second verifier"
        assert [why for _, why in done.refused] == ["不能核验自己组织或登记的活动的时长，请由另一位核验员核验"]
        assert review.bulk(world.second_verifier, keys, Decision.CONFIRM, "属实").in_force == 4
        states = db.session.scalars(select(ServiceRecord.state)).all()
        assert set(states) == {RecordState.EFFECTIVE}
        assert review.bulk(world.foreigner, keys, Decision.VOID, "外单位").refused[0][1] == "没有找到这条记录"
    assert own.status_code == 201
    assert_ledger(world)
    assert_totals(world)


def test_the_queue_of_the_console_is_worked_off_in_bulk(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    people = make_people(world.app, 2)
    numbers = [
        register(world, person, document=f"E123456{number}", org_id=world.town).get_json()["number"]
        for number, person in enumerate(people)
    ]
    hands.at(NINE + timedelta(days=1))
    client = sign_in(world, "verifier")
    assert "没有待处理的记录" in client.get("/console/hours").text
    with world.app.app_context():
        sheet_late.SHEET.run([late_row(number) for number in numbers], world.organiser)
        keys = list(db.session.scalars(select(ServiceRecord.id)))
    page = client.get("/console/hours?flag=late_entry&tier=own").text
    assert page.count('name="record"') == 2
    assert "2 条记录待核验" in client.get("/console/").text
    assert "没有待处理的记录" in client.get("/console/hours?flag=over_limit").text
    assert "请选择" in post(client, "/console/hours/bulk", 422, reason="属实", decision="confirm")
    kept = post(client, "/console/hours/bulk", 422, reason="", decision="confirm", record=str(keys[0]))
    assert "请填写理由" in kept
    assert f'value="{keys[0]}" aria-label="选择 桶边督导" checked' in kept
    post(client, "/console/hours/bulk", reason="属实", decision="confirm", record=str(keys[0]))
    asked = post(client, "/console/hours/bulk?_ask=作废？", 200, reason="重复", decision="void", record=str(keys[1]))
    assert 'name="decision" value="void"' in asked
    post(client, "/console/hours/bulk", reason="重复", decision="void", record=str(keys[1]))
    with world.app.app_context():
        states = db.session.scalars(select(ServiceRecord.state).order_by(ServiceRecord.id)).all()
        assert states == [RecordState.EFFECTIVE, RecordState.VOID]
    refused = post(client, "/console/hours/bulk", 200, reason="再来", decision="confirm", record=str(keys[1]))
    assert "这条记录已作废" in refused
