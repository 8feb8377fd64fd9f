"""What an event brings as files: calendars, printed codes, the poster, the sheet of sign-ups."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.events import planning, printed, sign_up_sheet
from sorting_miniapp.events.models import CheckHow, CheckIn
from tests.console.helpers import post, sign_in
from tests.events.helpers import (
    NINE,
    Hands,
    Person,
    World,
    done,
    made_sheet,
    make_event,
    make_people,
    scan,
    sign_up,
    signed,
)
from tests.hours.helpers import make_volunteer
from tests.simulator_process import Simulator

HOUR = timedelta(hours=1)


def test_a_sign_up_is_a_calendar_entry_of_its_owner(world: World, hands: Hands) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    hands.at(NINE - 40 * HOUR)
    made = signed(world, event, people[0])
    client = world.app.test_client()
    url = f"/api/v1/signups/{made}/ics"
    answer = client.get(url, headers=people[0].headers)
    assert answer.mimetype == "text/calendar"
    text = answer.get_data(as_text=True)
    assert f"UID:{event.shift_id}@sorting-miniapp" in text
    assert "STATUS:CONFIRMED" in text
    assert client.get(url, headers=people[1].headers).status_code == 404
    hands.at(NINE - 35 * HOUR)
    client.delete(f"/api/v1/signups/{made}", headers=people[0].headers)
    ended = client.get(url, headers=people[0].headers).get_data(as_text=True)
    assert "STATUS:CANCELLED" in ended
    hands.at(NINE - 30 * HOUR)
    url = f"/api/v1/signups/{signed(world, event, people[0])}/ics"
    again = client.get(url, headers=people[0].headers).get_data(as_text=True)
    assert "STATUS:CONFIRMED" in again
    sequences = [int(one.split("SEQUENCE:")[1].split()[0]) for one in (text, ended, again)]
    assert sequences == sorted(set(sequences)), "each a later version of the same entry: the last one counts"


def test_a_units_feed_holds_its_branch_and_cancellations_and_is_cached(world: World) -> None:
    event, gone = make_event(world), make_event(world, starts_at=NINE + 24 * HOUR, title="星子镇讲座")
    draft = make_event(world, publish=False)
    client = world.app.test_client()
    url = f"/api/v1/orgs/{world.city}/events.ics"
    first = client.get(url)
    assert {one in first.get_data(as_text=True) for one in (event.shift_id, gone.shift_id)} == {True}
    assert draft.shift_id not in first.get_data(as_text=True)
    again = client.get(url, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")
    with world.app.app_context():
        planning.cancel(world.organiser, gone.event, "下雨")
    text = client.get(url).get_data(as_text=True)
    assert "STATUS:CANCELLED" in text, "a subscribed calendar takes it away"
    assert event.shift_id not in client.get(f"/api/v1/orgs/{world.other_town}/events.ics").get_data(as_text=True)
    assert client.get("/api/v1/orgs/999999/events.ics").status_code == 404


def test_a_printed_code_is_for_large_events_and_keeps_only_inside_or_outside(world: World, hands: Hands) -> None:
    small = make_event(world)
    large = make_event(world, capacity=100, starts_at=NINE, place_at=(24.779, 112.377))
    people = make_people(world.app, 4)
    for person in people[:3]:
        signed(world, large, person)
    with world.app.app_context():
        with pytest.raises(Conflict, match="event_too_small"):
            printed.issue(world.organiser, small.event)
        with pytest.raises(NotFound):
            printed.issue(world.foreigner, large.event)
        scene = printed.issue(world.organiser, large.event).scene
        assert printed.issue(world.organiser, large.event).scene == scene
    assert len(scene) <= 32
    assert scene.isascii()
    assert str(large.event_id) not in scene
    client = world.app.test_client()

    def post(person: Person, near: str | None) -> Any:
        body = {"token": scene} | ({"near": near} if near else {})
        return client.post("/api/v1/checkins", json=body, headers=person.headers)

    hands.at(NINE - 2 * HOUR)
    assert post(people[0], None).get_json()["code"] == "not_signed_up"
    hands.at(NINE)
    answers = [post(people[0], "24.7791,112.3772"), post(people[1], "24.9,112.377"), post(people[2], None)]
    assert [one.get_json()["action"] for one in answers] == ["in"] * 3
    assert post(people[3], None).get_json()["code"] == "not_signed_up"
    with world.app.app_context():
        rows = db.session.scalars(select(CheckIn).order_by(CheckIn.id)).all()
        assert [(row.inside, row.in_how) for row in rows] == [
            (True, CheckHow.PRINTED), (False, CheckHow.PRINTED), (None, CheckHow.PRINTED),
        ]  # fmt: skip
        printed.close(world.organiser, large.event)
    hands.at(NINE + HOUR)
    assert post(people[0], None).get_json()["code"] == "token_invalid"


def test_the_poster_is_made_by_the_worker(world: World, hands: Hands, simulator: Simulator) -> None:
    large = make_event(world, capacity=100)
    client = sign_in(world, "organiser")
    assert post(client, f"/console/events/{large.event}/printed-code").endswith("/console/jobs")
    assert done(world).file_type == "application/pdf"
    call = simulator.received("/wxa/getwxacodeunlimit")[0]
    assert len(call["body"]["scene"]) <= 32


def test_the_sign_ups_are_a_sheet_with_masked_names_and_phones(world: World, hands: Hands) -> None:
    event, (first, second) = make_event(world, 3), make_people(world.app, 2)
    make_volunteer(world, first, "1")
    client = world.app.test_client()
    sign_up(client, first, event, companions=[{"age": 9}, {"age": 12}], guardian_consent=True)
    waiting = sign_up(client, second, event).json["id"]
    client.delete(f"/api/v1/signups/{waiting}?reason=临时有事", headers=second.headers)
    hands.at(NINE)
    scan(client, first, event)
    hands.at(NINE + HOUR)
    scan(client, first, event)
    with world.app.app_context():
        with pytest.raises(NotFound):
            sign_up_sheet.ask(world.foreigner, event.event)
        asked = sign_up_sheet.ask(world.organiser, event.event)
        lines = made_sheet(world.organiser, asked)
    assert len(lines) == 3
    found = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert [one["姓名（昵称）"] for one in found] == ["张**", "微信用户"]
    assert found[0]["手机号码"].count("*") >= 4
    assert (found[0]["人数"], found[0]["同行人年龄"], found[0]["监护人已同意"]) == (3, "9、12", "是")
    assert (found[0]["签到"], found[0]["签退"], found[0]["在场（分钟）"]) == (
        "2026-06-10 09:00", "2026-06-10 10:00", 60,
    )  # fmt: skip
    assert (found[1]["状态"], found[1]["说明"]) == ("已退出", "临时有事")
