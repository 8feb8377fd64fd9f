"""Campaigns, co-hosts, templates, repeats, and the list by place, tag and campaign."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events import campaigns, content, planning, removal, requirements, search, shifts, templates
from sorting_miniapp.events.models import Event, EventState, Shift
from tests.console.helpers import post, sign_in
from tests.events.helpers import CONTENT, DRAFT, NINE, World, make_event, make_people, sign_up

DAY = timedelta(days=1)
WEEK = campaigns.Plan("宣传周", date(2026, 6, 8), date(2026, 6, 14), theme="分类齐参与 低碳新时尚")


def _list(world: World, **query: Any) -> list[dict[str, Any]]:
    answer = world.app.test_client().get("/api/v1/events", query_string=query)
    assert answer.status_code == 200, answer.get_json()
    return list(answer.get_json()["items"])


def test_an_event_belongs_to_a_campaign_and_the_list_finds_it_there(world: World) -> None:
    with world.app.app_context():
        year = campaigns.create(
            world.organiser, world.town, replace(WEEK, title="全年行动", ends_on=date(2026, 12, 31))
        )
        week = campaigns.create(world.organiser, world.town, replace(WEEK, parent_id=year))
    make_event(world, title="启动仪式", campaign_id=week)
    make_event(world, title="别的")
    listed = world.app.test_client().get("/api/v1/campaigns").get_json()["items"]
    assert [(one["title"], one["events"]) for one in listed] == [("全年行动", 0), ("宣传周", 1)]
    assert listed[1]["parent_id"] == listed[0]["id"]
    for one in listed:
        found = _list(world, campaign=one["id"])
        assert [row["title"] for row in found] == ["启动仪式"], "a larger campaign holds what its parts hold"
    assert found[0]["campaign"] == {"id": listed[1]["id"], "title": "宣传周"}
    assert _list(world, campaign="nothing") == []


def test_a_campaign_is_kept_whole(sqlite_world: World) -> None:
    world = sqlite_world
    with world.app.app_context():
        with pytest.raises(Invalid, match="ends_on"):
            campaigns.create(world.organiser, world.town, replace(WEEK, ends_on=date(2026, 6, 7)))
        with pytest.raises(NotFound):
            campaigns.create(world.organiser, world.other_town, WEEK)
        with pytest.raises(Forbidden):
            campaigns.create(world.verifier, world.town, WEEK)
        one = campaigns.create(world.organiser, world.town, WEEK)
        two = campaigns.create(world.organiser, world.town, replace(WEEK, title="二", parent_id=one))
        with pytest.raises(Invalid, match="parent_id"):
            campaigns.change(world.organiser, one, replace(WEEK, parent_id=two))
        with pytest.raises(Conflict, match="campaign_in_use"):
            campaigns.delete(world.organiser, one)
        with pytest.raises(NotFound):
            campaigns.get(world.foreigner, one)
        with pytest.raises(Invalid, match="campaign"):
            planning.create(world.foreigner, world.other_town, replace(DRAFT, campaign_id=one))
        campaigns.delete(world.organiser, two)
        campaigns.delete(world.organiser, one)
        assert campaigns.listed(world.organiser) == []


def test_a_cohost_sees_the_event_and_residents_find_it_there(world: World) -> None:
    event = make_event(world, cohosts=(world.other_town,))
    assert [row["cohosts"][0]["name"] for row in _list(world, org=world.other_town)] == ["东陂镇"]
    with world.app.app_context():
        assert planning.get(world.foreigner, event.event)[0].title == DRAFT.title
        with pytest.raises(Forbidden):
            planning.get(world.foreigner, event.event, change=True)
        with pytest.raises(Invalid, match="cohosts"):
            planning.change(world.organiser, event.event, replace(DRAFT, cohosts=(10_000,)))
        planning.change(world.organiser, event.event, DRAFT)
        with pytest.raises(NotFound):
            planning.get(world.foreigner, event.event)
    assert _list(world, org=world.other_town) == []


def test_the_nearest_come_first_page_by_page(world: World) -> None:
    places = {"北": (24.90, 112.38), "近": (24.781, 112.377), "远": (25.10, 112.90), "西": (24.78, 112.30)}
    for title, at in places.items():
        make_event(world, title=title, place_at=at)
    make_event(world, title="没有坐标")
    found = _list(world, near="24.779,112.377")
    assert [row["title"] for row in found] == ["近", "西", "北", "远"]
    assert 200 <= found[0]["distance_m"] <= 240
    assert found[0]["place_at"] == {"lat": 24.781, "lng": 112.377}
    assert _list(world)[0]["distance_m"] is None
    search_page, search.PAGE = search.PAGE, 3
    try:
        client = world.app.test_client()
        first = client.get("/api/v1/events?near=24.779,112.377&kind=volunteer").get_json()
        rest = client.get("/api/v1/events", query_string={
            "near": "24.779,112.377", "kind": "volunteer", "cursor": first["next"]}).get_json()  # fmt: skip
    finally:
        search.PAGE = search_page
    assert [row["title"] for row in first["items"] + rest["items"]] == ["近", "西", "北", "远"]
    for wrong in ("24.7", "north,south", "91,0", "1,2,3", "24.7,112.3;"):
        assert world.app.test_client().get("/api/v1/events", query_string={"near": wrong}).status_code == 422


@given(st.floats(-80, 80), st.floats(-179, 179), st.floats(-0.2, 0.2), st.floats(-0.2, 0.2))
def test_the_measure_of_distance_fits_64_bits_and_is_good_on_a_countys_scale(
    lat: float, lng: float, north: float, east: float
) -> None:
    import math

    narrower = round(1000 * math.cos(math.radians(lat)) ** 2)
    key = round(north * 1e5) ** 2 * 1000 + round(east * 1e5) ** 2 * narrower
    true = math.hypot(north, east * math.cos(math.radians(lat))) * 111_319
    assert abs(search.metres(key) - true) <= max(30, true * 0.05)
    assert (180 * 100_000) ** 2 * 1000 + (360 * 100_000) ** 2 * 1000 < 2**63
    assert lng < 180


def test_the_list_by_tag_and_the_filters_there_are(world: World) -> None:
    with world.app.app_context():
        content.load(CONTENT)
    make_event(world, title="社区", tags=("jin-shequ", "qinzi"))
    make_event(world, title="企业", tags=("jin-qiye",))
    assert [row["title"] for row in _list(world, tag="qinzi")] == ["社区"]
    assert _list(world, tag="none") == []
    filters = world.app.test_client().get("/api/v1/event-filters").get_json()
    assert {"key": "training", "name": "培训"} in filters["kinds"]
    assert {"key": "qinzi", "name": "亲子活动", "set": "theme"} in filters["tags"]


def test_a_template_brings_its_posts_risk_version_and_checklist(sqlite_world: World) -> None:
    world = sqlite_world
    with world.app.app_context():
        content.load(CONTENT)
        pattern = templates.get("qingjie-xingdong")
        draft = replace(templates.draft_of(pattern), place="文化广场", contact="李主任")
        event = templates.create(world.organiser, world.town, draft, pattern.key, NINE)
        rows = db.session.scalars(select(Shift).where(Shift.event_id == event).order_by(Shift.id)).all()
        assert [(row.title, row.capacity) for row in rows] == [
            (post["title"], post["capacity"]) for post in pattern.posts
        ]
        assert [requirements.of(row.requirements).min_age for row in rows] == [
            post.get("min_age") for post in pattern.posts
        ]
        made = db.session.get_one(Event, event)
        assert [row["text"] for row in made.checklist] == pattern.checklist
        assert made.report_fields == pattern.report_fields
        planning.tick(world.organiser, event, [pattern.checklist[0]])
        planning.change(world.organiser, event, replace(draft, checklist=("新的一项", pattern.checklist[0])))
        assert db.session.get_one(Event, event).checklist == [
            {"text": "新的一项", "done": False},
            {"text": pattern.checklist[0], "done": True},
        ]


def test_repeated_every_week(world: World) -> None:
    event = make_event(world, opens_at=NINE - timedelta(days=1), early_hours=12)
    with world.app.app_context():
        made = templates.repeat_weekly(world.organiser, event.event, 3, publish=True)
        rows = [db.session.get_one(Event, one) for one in made]
        assert [row.starts_at for row in rows] == [NINE + timedelta(weeks=n) for n in (1, 2, 3)]
        assert {row.state for row in rows} == {EventState.PUBLISHED}
        assert rows[0].opens_at == NINE - timedelta(days=1) + timedelta(weeks=1)
        with pytest.raises(Invalid, match="weeks"):
            templates.repeat_weekly(world.organiser, event.event, 27)


def test_a_draft_is_deleted_with_its_shifts_and_what_was_published_is_cancelled(world: World) -> None:
    draft, event = make_event(world, publish=False), make_event(world)
    (person,) = make_people(world.app, 1)
    with world.app.app_context():
        second = shifts.add(world.organiser, draft.event, NINE + DAY, NINE + DAY + timedelta(hours=1), 5)
        with pytest.raises(NotFound):
            removal.delete_draft(world.foreigner, draft.event)
        with pytest.raises(Conflict, match="not_a_draft"):
            removal.delete_draft(world.organiser, event.event)
        with pytest.raises(Conflict, match="not_a_draft"):
            removal.delete_shift(world.organiser, event.shift)
        with pytest.raises(Conflict, match="not_published"):
            planning.cancel(world.organiser, draft.event, "不办了")
        removal.delete_shift(world.organiser, second)
        removal.delete_draft(world.organiser, draft.event)
        assert db.session.get(Event, draft.event) is None
        assert list(db.session.scalars(select(Shift.id))) == [event.shift]
        acts = select(AuditEntry.action).where(AuditEntry.action.contains("delete")).order_by(AuditEntry.id)
        assert list(db.session.scalars(acts)) == ["event.delete_shift", "event.delete"]
    assert sign_up(world.app.test_client(), person, event).status_code == 201


def test_a_page_offers_what_fits_the_state(sqlite_world: World) -> None:
    world = sqlite_world
    draft, event = make_event(world, publish=False), make_event(world)
    (person,) = make_people(world.app, 1)
    client = sign_in(world, "organiser")
    page = client.get(f"/console/events/{draft.event}").text
    assert "删除草稿" in page
    assert "删除场次" in page
    for wrong in ("取消活动", "取消场次", "撤回发布", "签到码", "现场看板", "人数登记", "导出报名表"):
        assert wrong not in page, wrong
    assert "撤回发布" in client.get(f"/console/events/{event.event}").text
    sign_up(world.app.test_client(), person, event)
    page = client.get(f"/console/events/{event.event}").text
    assert "撤回发布" not in page, "somebody signed up"
    for right in ("取消活动", "取消场次", "签到码", "现场看板", "导出报名表"):
        assert right in page, right
    post(client, f"/console/shifts/{draft.shift}/delete")
    post(client, f"/console/events/{draft.event}/delete")
    assert client.get(f"/console/events/{draft.event}").status_code == 404
    post(client, f"/console/events/{event.event}/cancel", reason="暴雨")
    page = client.get(f"/console/events/{event.event}").text
    for wrong in ("取消活动", "现场看板", "照片", "每周重复"):
        assert wrong not in page, wrong


def test_the_calendar_says_which_days_have_events_and_places(world: World) -> None:
    event = make_event(world, 3)
    make_event(world, 2, starts_at=NINE + timedelta(hours=4), kind="training")
    make_event(world, 5, starts_at=NINE + 30 * DAY)
    make_event(world, 9, publish=False)
    (person,) = make_people(world.app, 1)
    client = world.app.test_client()

    def days(**query: Any) -> list[tuple[str, int, int]]:
        answer = client.get("/api/v1/event-calendar", query_string=query)
        assert answer.status_code == 200, answer.json
        return [(one["day"], one["events"], one["places_left"]) for one in answer.json["items"]]

    assert days() == days(month="2026-06") == [("2026-06-10", 2, 5)]
    assert days(month="2026-07") == [("2026-07-10", 1, 5)]
    assert days(month="2026-06", kind="training") == [("2026-06-10", 1, 2)]
    assert days(month="2026-06", org=world.other_town) == []
    sign_up(client, person, event)
    assert days() == [("2026-06-10", 2, 4)]
    for wrong in ("2026-13", "June", "1999-01", "2026-6"):
        assert client.get("/api/v1/event-calendar", query_string={"month": wrong}).status_code == 422
