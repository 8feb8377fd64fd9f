"""The organiser's pages of places: list, form, sheet, reports to their end; the event form takes a known place."""

from __future__ import annotations

import io
import re
from typing import Any

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.events.models import Event
from sorting_miniapp.places import pictures, sheet
from sorting_miniapp.places.models import Place, PlaceState
from sorting_miniapp.places.models_reports import PlaceIssue
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import World, make_people
from tests.places.helpers import make_community, make_place, photo, send, upload
from tests.places.test_sheet import GOOD


@pytest.fixture
def organiser(sqlite_world: World) -> FlaskClient:
    return sign_in(sqlite_world, "organiser")


def fields(world: World, **values: Any) -> dict[str, Any]:
    return {
        "code": "TF001", "kind": "collection_point", "name": "东门投放点", "node_id": world.town, "address": "东门路",
        "at": "24.77900，112.37700", "hours": "06:00-22:00", "classes": ["recyclable"], "state": "active",
        "source": "台账", "checked_on": "2026-06-01",
    } | values  # fmt: skip


def key(world: World) -> int:
    with world.app.app_context():
        return db.session.scalars(select(Place.id)).one()


def test_an_empty_list_says_what_to_do(sqlite_world: World, organiser: FlaskClient) -> None:
    page = organiser.get("/console/places").text
    assert "系统不会自带任何点位" in page
    assert "从表格导入" in page
    assert "没有待处理的问题" in organiser.get("/console/place-reports").text
    assert "没有居民上报" in organiser.get("/console/place-reports/figures").text


def test_a_place_is_added_changed_paused_and_listed_by_distance(sqlite_world: World, organiser: FlaskClient) -> None:
    world = sqlite_world
    page = post(organiser, "/console/places/new", 422, **fields(world, at="112.377,24.779", hours="早上"))
    assert "纬度和经度填反了" in page
    assert "开放时间看不懂" in page
    assert "东门投放点" in page, "what was typed is kept"
    post(organiser, "/console/places/new", **fields(world))
    post(organiser, f"/console/places/{key(world)}", **fields(world, name="东门新投放点"))
    page = organiser.get("/console/places?near=24.7890,112.3770&q=东门").text
    assert "1.1 公里" in page
    assert "东门新投放点" in page
    assert organiser.get("/console/places?near=here").status_code == 422
    assert "原因" in organiser.get(f"/console/places/{key(world)}/pause").text
    post(organiser, f"/console/places/{key(world)}/pause", 422, reason="")
    post(organiser, f"/console/places/{key(world)}/pause", reason="顶棚维修")
    assert "顶棚维修" in organiser.get(f"/console/places/{key(world)}").text
    post(organiser, f"/console/places/{key(world)}/resume")
    sheet_bytes = organiser.get("/console/places/export.xlsx").data
    assert openpyxl.load_workbook(io.BytesIO(sheet_bytes)).active["A2"].value == "TF001"
    foreigner = sign_in(world, "foreigner")
    assert foreigner.get(f"/console/places/{key(world)}").status_code == 404
    assert "东门" not in foreigner.get("/console/places").text
    post(foreigner, f"/console/places/{key(world)}/pause", 404, reason="x")


def book(*rows: dict[str, str]) -> io.BytesIO:
    found, out = openpyxl.Workbook(), io.BytesIO()
    for line in (sheet.COLUMNS, *(tuple(one.values()) for one in rows)):
        found.active.append(line)
    found.save(out)
    out.seek(0)
    return out


def test_a_sheet_is_checked_then_imported(sqlite_world: World, organiser: FlaskClient) -> None:
    make_community(sqlite_world)
    page = organiser.get("/console/places/import").text
    assert "GCJ" in page or "微信（腾讯）地图" in page
    form = {"csrf_token": token(page)}
    wrong = organiser.post("/console/places/import", data=form | {"file": (book(GOOD | {"lat": "1"}), "a.xlsx")}).text
    assert "不在本市范围内" in wrong
    assert "导入这 1 行" not in wrong
    right = organiser.post("/console/places/import", data=form | {"file": (book(GOOD), "a.xlsx")}).text
    packed = re.search(r'name="rows" value="([^"]+)"', right)
    assert packed
    post(organiser, "/console/places/import/run", rows=packed[1].replace("&#34;", '"'))
    assert "已导入：新增 1 行" in organiser.get("/console/places").text
    template = openpyxl.load_workbook(io.BytesIO(organiser.get("/console/places/import/template.xlsx").data))
    assert tuple(cell.value for cell in template.active[1]) == sheet.COLUMNS


def test_a_report_is_handled_to_its_end(sqlite_world: World, organiser: FlaskClient) -> None:
    world = sqlite_world
    place, (person,) = make_place(world), make_people(world.app, 1)
    taken = upload(world, person, photo()).get_json()["id"]
    made = send(world, person, place, kind="broken", text="顶棚掉了", pictures=[taken]).get_json()["id"]
    assert "点位问题" in organiser.get("/console/").text
    with world.app.app_context():
        issue = db.session.scalars(select(PlaceIssue.id)).one()
    assert "设施损坏：东门投放点" in organiser.get("/console/place-reports").text
    page = organiser.get(f"/console/place-reports/{issue}").text
    url = f"/console/place-reports/{issue}/pictures/{taken}.jpg"
    assert "顶棚掉了" in page
    assert url in page
    assert organiser.get(url).data.startswith(b"\xff\xd8")
    foreigner, judged = sign_in(world, "foreigner"), url.removesuffix(".jpg") + "/decision"
    assert foreigner.get(url).status_code == 404
    with world.app.app_context():
        pictures.ask_waiting()  # nobody answers there: WeChat has said nothing
    assert "1 张照片" in organiser.get("/console/").text
    post(foreigner, judged, 404, state="pass")
    post(organiser, judged, 422)
    post(organiser, judged, state="risky")
    assert "看过，不放行" in organiser.get(f"/console/place-reports/{issue}").text
    post(organiser, judged, state="pass")
    assert "已经有结论" in organiser.get(f"/console/place-reports/{issue}").text
    post(organiser, f"/console/place-reports/{issue}/take-up")
    post(organiser, f"/console/places/{key(world)}/pause?issue={issue}", reason="等待维修")
    assert "请写给上报人的答复" in post(organiser, f"/console/place-reports/{issue}/end", 422, state="done", answer="")
    kept = post(organiser, f"/console/place-reports/{issue}/end", 422, state="", answer="修好了")
    assert "修好了" in kept
    post(organiser, f"/console/place-reports/{issue}/end", state="done", answer="修好了", reopen="1")
    with world.app.app_context():
        assert db.session.scalars(select(Place.state)).one() is PlaceState.ACTIVE
    answer = world.app.test_client().get(f"/api/v1/me/place-reports/{made}", headers=person.headers).get_json()
    assert (answer["state_name"], answer["answer"]) == ("已处理", "修好了")
    post(organiser, f"/console/place-reports/{issue}/end", 409, state="done", answer="再来")
    assert "合计" in organiser.get("/console/place-reports/figures?year=2026").text
    assert "没有居民上报" in organiser.get("/console/place-reports/figures?year=2025").text
    post(organiser, "/console/place-reports/export", 422, unit=world.town, first="2026-06-02", last="2026-06-01")
    post(organiser, "/console/place-reports/export", unit=world.town, first="2026-06-01", last="2026-06-30")
    assert "点位问题表" in organiser.get("/console/jobs").text


def test_an_event_takes_a_known_place(sqlite_world: World, organiser: FlaskClient) -> None:
    world = sqlite_world
    make_place(world)
    form = organiser.get("/console/events/new").text
    assert "TF001 东门投放点" in form
    values = {
        "title": "桶边督导",
        "kind": "volunteer",
        "node_id": world.town,
        "place": "别处",
        "place_at": "24.5,112.5",
    }
    refused = post(organiser, "/console/events/new", 422, **values, known_place="TF999 没有")
    assert "没有编号为 TF999 的点位" in refused
    post(organiser, "/console/events/new", **values, known_place="tf001 东门投放点")
    with world.app.app_context():
        event = db.session.scalars(select(Event)).one()
        assert (event.place, event.lat_e5, event.lng_e5) == ("东门投放点（东门路 1 号旁）", 2_477_900, 11_237_700)
        made = event.id
    post(organiser, f"/console/events/{made}/edit", **values | {"place": "别处"}, known_place="")
    with world.app.app_context():
        assert db.session.scalars(select(Event.place)).one() == "别处"
