"""The day at the site: codes that residents show, leaders of a shift, the board, people who just walk in."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from sorting_miniapp.accounts import groups
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.errors import Forbidden, Invalid, NotFound
from sorting_miniapp.events import attendance, board, leaders, scanning, tokens
from sorting_miniapp.events.board import Standing
from sorting_miniapp.events.models import CheckHow, CheckIn, SignUp
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from tests.console.helpers import post, sign_in
from tests.events.helpers import (
    NINE,
    Hands,
    Person,
    World,
    at_once,
    make_event,
    make_people,
    sign_up,
    signed,
    statements,
)
from tests.hours.helpers import make_volunteer

HOUR = timedelta(hours=1)


def code_of(client: FlaskClient, person: Person, made: str) -> dict[str, Any]:
    found = client.get(f"/api/v1/signups/{made}/code", headers=person.headers).get_json()
    assert isinstance(found, dict)
    return found


def pairs(world: World) -> list[CheckIn]:
    with world.app.app_context():
        return list(db.session.scalars(select(CheckIn).order_by(CheckIn.id)))


def test_staff_type_the_six_digits_a_resident_shows(world: World, hands: Hands) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    made = [signed(world, event, person) for person in people]
    client = world.app.test_client()
    hands.at(NINE)
    shown = code_of(client, people[0], made[0])
    assert shown["digits"] != code_of(client, people[1], made[1])["digits"]
    assert client.get(f"/api/v1/signups/{made[0]}/code", headers=people[1].headers).status_code == 404
    with world.app.app_context():
        for actor, error in ((world.foreigner, NotFound), (world.verifier, Forbidden)):
            with pytest.raises(error):
                scanning.take_shown(actor, event.shift, shown["digits"])
        with pytest.raises(Invalid):
            scanning.take_shown(world.organiser, event.shift, "000000")
        assert scanning.take_shown(world.organiser, event.shift, shown["digits"])["action"] == "in"
        assert scanning.take_shown(world.organiser, event.shift, shown["qr"])["action"] == "in", "single use"
    hands.at(NINE + timedelta(seconds=61))
    with world.app.app_context(), pytest.raises(Invalid):
        scanning.take_shown(world.organiser, event.shift, shown["digits"])
    hands.at(NINE + HOUR)
    shown = code_of(client, people[0], made[0])
    with world.app.app_context():
        assert scanning.take_shown(world.organiser, event.shift, shown["digits"])["minutes"] == 60
        audited = select(AuditEntry.action).where(AuditEntry.action.like("event.check_%")).order_by(AuditEntry.id)
        actions = db.session.scalars(audited).all()
    assert sorted(actions) == ["event.check_in", "event.check_in", "event.check_out"]
    (pair,) = pairs(world)
    assert (pair.in_how, pair.out_how, pair.in_by) == (CheckHow.SHOWN, CheckHow.SHOWN, world.organiser.id)


def test_a_code_shown_twice_at_once_makes_one_pair(world: World, hands: Hands) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    made = signed(world, event, person)
    hands.at(NINE + timedelta(seconds=3))
    digits = code_of(world.app.test_client(), person, made)["digits"]

    def take() -> Any:
        with world.app.app_context():
            return scanning.take_shown(world.organiser, event.shift, digits)["action"]

    assert at_once([take] * 6) == ["in"] * 6
    assert len(pairs(world)) == 1


def test_six_digits_that_fit_two_people_take_nobody(
    sqlite_world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    event, people = make_event(sqlite_world), make_people(sqlite_world.app, 2)
    for person in people:
        signed(sqlite_world, event, person)
    hands.at(NINE)
    monkeypatch.setattr(tokens, "own_digits", lambda *_: "123456")
    with sqlite_world.app.app_context(), pytest.raises(Invalid):
        scanning.take_shown(sqlite_world.organiser, event.shift, "123456")


def test_a_shift_leader_takes_comings_and_goings_of_that_shift_only(world: World, hands: Hands) -> None:
    event, other = make_event(world), make_event(world, starts_at=NINE + 4 * HOUR)
    leader, guest, late = make_people(world.app, 3)
    made, elsewhere = signed(world, event, guest), signed(world, other, guest)
    own = signed(world, event, leader)
    client = world.app.test_client()
    url = f"/api/v1/shifts/{event.shift_id}"
    hands.at(NINE)
    code = code_of(client, guest, made)
    assert client.post(f"{url}/checkins", json={"token": code["qr"]}, headers=leader.headers).status_code == 404
    with world.app.app_context():
        with pytest.raises(NotFound):
            leaders.appoint(world.foreigner, event.shift, leader.id)
        leaders.appoint(world.organiser, event.shift, leader.id)
        leaders.appoint(world.organiser, event.shift, leader.id)
        assert len(leaders.of(event.shift)) == 1
    duties = client.get("/api/v1/me/duties", headers=leader.headers).get_json()["items"]
    assert [(one["shift_id"], one["whole_shift"]) for one in duties] == [(event.shift_id, True)]
    taken = client.post(f"{url}/checkins", json={"token": code["qr"]}, headers=leader.headers)
    assert (taken.status_code, taken.get_json()["action"]) == (200, "in")
    seen = client.get(f"{url}/attendance", headers=leader.headers).get_json()
    assert (seen["expected"], seen["here"], seen["missing"]) == (2, 1, 1)
    entry = {"action": "in", "reason": "手机没电"}
    assert client.post(f"{url}/signups/{own}/checkins", json=entry, headers=leader.headers).status_code == 422
    alone = client.post(f"{url}/checkins", json={"token": code_of(client, leader, own)["qr"]}, headers=leader.headers)
    assert (alone.status_code, alone.get_json()["code"]) == (422, "own_entry"), "nobody takes themselves"
    foreign = f"{url}/signups/{elsewhere}/checkins"
    assert client.post(foreign, json=entry, headers=leader.headers).status_code == 404, "another shift's sign-up"
    assert client.get(f"{url}/attendance", headers=late.headers).status_code == 404
    hands.at(NINE + HOUR)
    gone = client.post(f"{url}/signups/{made}/checkins", json=entry | {"action": "out"}, headers=leader.headers)
    assert (gone.status_code, gone.get_json()["minutes"]) == (200, 60)
    (pair,) = pairs(world)
    assert (pair.in_leader, pair.out_leader, pair.out_how, pair.reason) == (
        leader.id, leader.id, CheckHow.LEADER, "手机没电",
    )  # fmt: skip
    hands.at(NINE + 3 * HOUR)
    assert client.get(f"{url}/attendance", headers=leader.headers).get_json()["code"] == "not_the_time"
    with world.app.app_context():
        leaders.dismiss(world.organiser, event.shift, leader.id)
    assert client.get(f"{url}/attendance", headers=leader.headers).status_code == 404


def test_a_group_leader_sees_and_takes_only_the_own_groups_sign_ups(world: World, hands: Hands) -> None:
    event = make_event(world)
    leader, member, stranger = make_people(world.app, 3)
    with world.app.app_context():
        group = orgs.add(world.town, "星子镇志愿队", NodeKind.GROUP, "test", key="team").id
        for person in (leader, member):
            groups.ask(person.id, group)
        for one in groups.requests(group):
            groups.decide(one.id, group, True, "organiser")
        for one in groups.members(group):
            if one.resident_id == leader.id:
                groups.appoint(world.organiser, group, one.id, True)
    mine, theirs = signed(world, event, member), signed(world, event, stranger)
    client = world.app.test_client()
    assert client.get("/api/v1/me/duties", headers=leader.headers).get_json()["items"] == []
    with world.app.app_context():
        db.session.query(SignUp).filter(SignUp.public_id == mine).update({"group_id": group})
        db.session.commit()
    hands.at(NINE)
    (duty,) = client.get("/api/v1/me/duties", headers=leader.headers).get_json()["items"]
    assert not duty["whole_shift"]
    url = f"/api/v1/shifts/{event.shift_id}"
    seen = client.get(f"{url}/attendance", headers=leader.headers).get_json()
    assert [one["id"] for one in seen["items"]] == [mine]
    refused = code_of(client, stranger, theirs)["digits"]
    answer = client.post(f"{url}/checkins", json={"token": refused}, headers=leader.headers)
    assert (answer.status_code, answer.get_json()["code"]) == (422, "token_invalid")
    good = code_of(client, member, mine)["digits"]
    assert client.post(f"{url}/checkins", json={"token": good}, headers=leader.headers).status_code == 200


def test_the_board_counts_persons_and_finds_people_by_name_number_and_phone(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    event, people = make_event(world), make_people(world.app, 3)
    number = make_volunteer(world, people[0], 1)
    signed(world, event, people[0])
    assert sign_up(world.app.test_client(), people[1], event, companions=[{"age": 30}, {"age": 31}]).status_code == 201
    signed(world, event, people[2])
    hands.at(NINE)
    with world.app.app_context():
        keys = [db.session.scalars(select(SignUp.id).where(SignUp.resident_id == p.id)).one() for p in people]
        attendance.enter(world.organiser, keys[0], False, "看板")
        attendance.enter(world.organiser, keys[1], False, "看板")
    hands.at(NINE + HOUR)
    with world.app.app_context():
        attendance.enter(world.organiser, keys[0], True, "看板")
        found = board.of(event.shift)
        assert (found.expected, found.people) == (5, {Standing.MISSING: 1, Standing.HERE: 3, Standing.LEFT: 1})
        for words in ("张三丰", "张**", number, "0001"):
            assert [line.sign_up_id for line in board.of(event.shift, words).lines] == [keys[0]], words
        assert board.of(event.shift, "李四").lines == []
        assert [line.sign_up_id for line in board.of(event.shift, "", Standing.MISSING).lines] == [keys[2]]
        assert "张三丰" not in str([line.name for line in found.lines]), "masked"


def test_the_board_and_a_leaders_duties_ask_the_same_number_of_times_however_many_people_there_are(
    world: World, hands: Hands
) -> None:
    event = make_event(world, capacity=20)
    people = make_people(world.app, 12)
    asked: list[int] = []

    def ask(count: int) -> None:
        for person in people[len(signed_up) : count]:
            signed_up.append(signed(world, event, person))
        with world.app.app_context(), statements(world) as found:
            board.of(event.shift)
            leaders.duties(people[0].id)
        asked.append(len(found))

    signed_up: list[str] = []
    with world.app.app_context():
        leaders.appoint(world.organiser, event.shift, people[0].id)
    hands.at(NINE - 3 * HOUR)
    ask(2)
    ask(12)
    assert asked[0] == asked[1] <= 9


def test_a_manual_coming_never_overlaps_a_finished_pair(sqlite_world: World, hands: Hands) -> None:
    event, (person,) = make_event(sqlite_world), make_people(sqlite_world.app, 1)
    signed(sqlite_world, event, person)
    hands.at(NINE + HOUR)
    with sqlite_world.app.app_context():
        key = db.session.scalars(select(SignUp.id)).one()
        attendance.enter(sqlite_world.organiser, key, False, "补", NINE)
        attendance.enter(sqlite_world.organiser, key, True, "补")
        with pytest.raises(Invalid, match="moment"):
            attendance.enter(sqlite_world.organiser, key, False, "补", NINE + timedelta(minutes=10))


def test_the_board_in_the_console_from_a_shown_code_to_a_walk_in(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    event, people = make_event(world, capacity=1), make_people(world.app, 3)
    number = make_volunteer(world, people[1], 2)
    made = signed(world, event, people[0])
    hands.at(NINE)
    client = sign_in(world, "organiser")
    url = f"/console/shifts/{event.shift}"
    page = client.get(f"{url}/board").get_data(as_text=True)
    assert 'hx-trigger="every 5s' in page
    digits = code_of(client, people[0], made)["digits"]
    assert post(client, f"{url}/board/code", code=digits).endswith("/board")
    assert "对方已签到" in client.get(f"{url}/board").get_data(as_text=True)
    assert "没有符合的人" in client.get(f"{url}/board/lines?q=nobody").get_data(as_text=True)
    with world.app.app_context():
        key = db.session.scalars(select(SignUp.id)).one()
    hands.at(NINE + HOUR)
    post(client, f"{url}/board/{key}", going="out")
    assert '<dd data-standing="left">1</dd>' in client.get(f"{url}/board/lines").get_data(as_text=True)
    found = post(client, f"{url}/walk-in", 200, words=number)
    assert "张**" in found
    values = {"words": number, "resident": people[1].id, "register": "1"}
    assert "请当面告知风险" in post(client, f"{url}/walk-in", 422, **values)
    assert "名额已满" in post(client, f"{url}/walk-in", 422, **values, risk_told="1")
    wrong = values | {"resident": people[2].id, "risk_told": "1"}
    assert "重新核对" in post(client, f"{url}/walk-in", 422, **wrong)
    post(client, f"{url}/walk-in", **values, risk_told="1", add_place="1", reason="站得下")
    assert "现场登记" in client.get(f"{url}/board/lines").get_data(as_text=True)
    assert 'value="13900009999"' in post(client, f"{url}/leaders", 422, words="13900009999"), "what was typed is kept"
    post(client, f"{url}/leaders", words=number)
    assert "取消带队" in client.get(f"{url}/board").get_data(as_text=True)
    post(client, f"{url}/leaders/{people[1].id}/dismiss")
    assert "还没有指定带队人" in client.get(f"{url}/board").get_data(as_text=True)
