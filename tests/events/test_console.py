"""The organiser's and the verifier's pages: from a template to a finished event, to hours and a certificate."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.events import closing, content
from sorting_miniapp.events.models import CheckIn, Event, EventState, Shift, SignUp
from sorting_miniapp.hours.models import ServiceRecord
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import CONTENT, NINE, Hands, World, make_event, make_people, scan, sign_up
from tests.hours.helpers import register


def test_the_organisers_way_from_a_template_to_a_published_event(sqlite_world: World) -> None:
    world = sqlite_world
    with world.app.app_context():
        content.load(CONTENT)
    client = sign_in(world, "organiser")
    assert "还没有活动" in client.get("/console/events").get_data(as_text=True)
    assert "没有符合条件的活动" in client.get("/console/events?state=draft").get_data(as_text=True)
    form = client.get("/console/events/new?template=tongbian-dudao").get_data(as_text=True)
    assert "只提醒不指责" in form
    units = form.split('id="field-node_id"')[1].split("</select>")[0]
    assert "星子镇" in units
    assert "东陂镇" not in units, "only units of the own branch can hold it"
    values: dict[str, Any] = {
        "title": "桶边",
        "kind": "volunteer",
        "description": "说明",
        "risks": "风险",
        "node_id": world.town,
    }
    bad = post(client, "/console/events/new", 422, **values | {"title": ""})
    assert "请填写标题" in bad
    assert "说明</textarea>" in bad, "what was typed is kept"
    url = post(client, "/console/events/new?template=tongbian-dudao", **values, tags=["jin-shequ"], counts_hours="1")
    assert "招募信息不完整" in post(client, f"{url}/publish", 422)
    post(client, f"{url}/edit", **values, place="东门社区", contact="李主任", tags=["jin-shequ", "qinzi"])
    times: dict[str, Any] = {"starts_at": "2026-06-10T09:00", "ends_at": "2026-06-10T11:00", "capacity": "12"}
    assert "开始时间填写有误" in post(client, f"{url}/shifts/new", 422, **times | {"starts_at": "soon"})
    post(client, f"{url}/shifts/new", **times)
    post(client, f"{url}/publish")
    page = client.get(url).get_data(as_text=True)
    for words in ("已发布", "进社区、亲子活动", "0 / 12", "不计入"):
        assert words in page
    post(client, f"{url}/withdraw")
    pressed = {"csrf_token": token(client.get(url).get_data(as_text=True))}
    back = client.post(f"{url}/withdraw", data=pressed, headers={"Referer": f"http://localhost{url}"})
    assert (back.status_code, back.headers["Location"]) == (303, url), "the refusal is said where the button stands"
    assert "状态是“草稿”，不能撤回发布" in client.get(url).get_data(as_text=True)
    asked = client.post(f"{url}/withdraw?_ask=确定吗", data=pressed, headers={"Referer": f"http://localhost{url}"}).text
    assert f'name="_back" value="{url}"' in asked, "the question between, without scripts, passes on where to"
    assert client.post(f"{url}/withdraw", data=pressed | {"_back": url}).headers["Location"] == url
    assert client.post(f"{url}/withdraw", data=pressed | {"_back": "//elsewhere.example/console"}).status_code == 409
    for elsewhere in ("http://elsewhere.example/console/events", f"http://localhost{url}/publish", "http://["):
        refused = client.post(f"{url}/withdraw", data=pressed, headers={"Referer": elsewhere})
        assert (refused.status_code, "不能撤回发布" in refused.get_data(as_text=True)) == (409, True)
    with world.app.app_context():
        assert db.session.scalars(select(Event.state)).one() is EventState.DRAFT


def test_the_day_at_the_site(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    event, people = make_event(world, 1), make_people(world.app, 2)
    for person in people:
        sign_up(world.app.test_client(), person, event)
    register(world, people[0])
    hands.at(NINE)
    client = sign_in(world, "organiser")
    page = client.get(f"/console/shifts/{event.shift}").get_data(as_text=True)
    assert "张**" in page
    assert "候补中" in page
    code = client.get(f"/console/shifts/{event.shift}/code")
    text = code.get_data(as_text=True)
    assert code.headers["Cache-Control"] == "no-store"
    assert "<svg" in text
    assert "style=" not in text.split("<svg", 1)[1].split("</svg>", 1)[0]
    digits = re.search(r"<output>(\d{6})</output>", text)
    assert digits
    answer = world.app.test_client().post("/api/v1/checkins", json={"token": digits[1]}, headers=people[0].headers)
    assert answer.get_json()["action"] == "in"
    hands.at(NINE + timedelta(minutes=2))
    part = client.get(f"/console/shifts/{event.shift}/code/now").get_data(as_text=True)
    assert "<html" not in part
    assert digits[1] not in part
    with world.app.app_context():
        key = db.session.scalars(select(SignUp.id).where(SignUp.resident_id == people[0].id)).one()
        queued = db.session.scalars(select(SignUp.id).where(SignUp.resident_id == people[1].id)).one()
    assert "请填写人工登记的原因" in post(client, f"/console/signups/{key}/check", 422, going="out", reason="")
    post(client, f"/console/signups/{key}/check", going="out", reason="手机没电", moment="2026-06-10T09:02")
    post(client, f"/console/signups/{queued}/remove", reason="本人来电")
    post(client, f"/console/events/{event.event}/counts", kind="direct", value="780", counted_by="王", how="计数器")
    assert "数量须为整数" in post(
        client, f"/console/events/{event.event}/counts", 422, kind="direct", value="约780", counted_by="王", how="目测"
    )
    assert "780" in client.get(f"/console/events/{event.event}").get_data(as_text=True)
    with world.app.app_context():
        pair = db.session.scalars(select(CheckIn)).one()
        assert (pair.minutes, pair.reason) == (2, "手机没电")


def test_cancelling_asks_for_a_reason_and_tells(sqlite_world: World) -> None:
    event, people = make_event(sqlite_world), make_people(sqlite_world.app, 1)
    sign_up(sqlite_world.app.test_client(), people[0], event)
    client = sign_in(sqlite_world, "organiser")
    assert client.get(f"/console/events/{event.event}/cancel").status_code == 200
    assert "请填写取消原因" in post(client, f"/console/events/{event.event}/cancel", 422, reason=" ")
    url = post(client, f"/console/events/{event.event}/cancel", reason="暴雨")
    assert "通知已发给 1 个报名" in client.get(url).get_data(as_text=True)


def test_a_shift_is_moved_and_cancelled(sqlite_world: World) -> None:
    event = make_event(sqlite_world)
    client = sign_in(sqlite_world, "organiser")
    assert 'value="2026-06-10T09:00"' in client.get(f"/console/shifts/{event.shift}/edit").get_data(as_text=True)
    times: dict[str, Any] = {"starts_at": "2026-06-10T14:00", "ends_at": "2026-06-10T16:00", "capacity": "30"}
    post(client, f"/console/shifts/{event.shift}/edit", **times)
    with sqlite_world.app.app_context():
        assert clock.local(db.session.get_one(Shift, event.shift).starts_at).hour == 14
    post(client, f"/console/shifts/{event.shift}/cancel", reason="场地检修")
    post(client, f"/console/shifts/{event.shift}/cancel", 422, reason="再取消")


def test_the_verifiers_way_to_hours_and_a_revoked_certificate(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    event, (person,) = make_event(world), make_people(world.app, 1)
    sign_up(world.app.test_client(), person, event)
    register(world, person, org_id=world.town)
    hands.at(NINE)
    scan(world.app.test_client(), person, event)
    hands.at(NINE + timedelta(hours=3))
    with world.app.app_context():
        closing.close_forgotten()
        key = db.session.scalars(select(ServiceRecord.id)).one()
    client = sign_in(world, "verifier")
    page = client.get("/console/hours").get_data(as_text=True)
    for words in ("张**", "忘记签退", "2小时", "待核验"):
        assert words in page
    url = f"/console/hours/{key}"
    assert client.get(url).status_code == 200
    assert "须为 1 到 120 分钟" in post(client, f"{url}/settle", 422, minutes="500", reason="问过")
    post(client, f"{url}/settle", minutes="90", reason="问过组织者")
    assert "+90" in client.get(url).get_data(as_text=True)
    wish = {"from": "2026-06-01", "org_id": world.town}
    made = world.app.test_client().post("/api/v1/me/certificates", json=wish, headers=person.headers).get_json()
    page = client.get("/console/certificates").get_data(as_text=True)
    assert made["number"] in page
    assert "张三丰" not in page
    revoke = re.search(r"/console/certificates/\d+/revoke", page)
    assert revoke
    post(client, revoke[0], reason="时长有误")
    assert "已撤销" in client.get("/console/certificates").get_data(as_text=True)
    post(client, f"{url}/void", reason="查无此事")
    assert "-90" in client.get(url).get_data(as_text=True)


@pytest.mark.parametrize("username", ["foreigner", "verifier"])
def test_pages_of_another_branch_and_deeds_of_another_role(sqlite_world: World, username: str) -> None:
    event = make_event(sqlite_world)
    client = sign_in(sqlite_world, username)
    wanted = {"foreigner": 404, "verifier": 403}[username]
    for url in (f"events/{event.event}/edit", f"shifts/{event.shift}/code", f"events/{event.event}/cancel"):
        assert client.get(f"/console/{url}").status_code == wanted, url
    assert client.get(f"/console/events/{event.event}").status_code == {"foreigner": 404, "verifier": 200}[username]
    assert sqlite_world.app.test_client().get(f"/console/events/{event.event}").status_code == 302


@pytest.mark.parametrize(("username", "offered"), [("organiser", True), ("verifier", False)])
def test_an_event_offers_the_printed_code_to_those_who_may_open_it(
    sqlite_world: World, username: str, offered: bool
) -> None:
    event = make_event(sqlite_world)
    client = sign_in(sqlite_world, username)
    url = f"/console/events/{event.event}/printed-code"
    assert (url in client.get(f"/console/events/{event.event}").text) is offered
    assert client.get(url).status_code == (200 if offered else 403)
