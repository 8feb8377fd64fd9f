"""Places for everybody: lists, the nearest first against a naive model, a place's page; and what staff may change."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, func, insert, select

from sorting_miniapp import clock, points
from sorting_miniapp.accounts.access import Grant
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.cli import teaching
from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.orgs import settings as rules
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.places import listing, search, service
from sorting_miniapp.places.models import Place, PlaceKind, PlaceState
from tests.events.helpers import NINE, Hands, World
from tests.places.helpers import DRAFT, make_community, make_place


def ask(world: World, path: str = "places", **query: Any) -> Any:
    answer = world.app.test_client().get(f"/api/v1/{path}", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def codes(answer: Any) -> list[str]:
    return [item["code"] for item in answer["items"]]


def test_places_are_listed_by_unit_by_kind_and_by_words(world: World) -> None:
    community = make_community(world)
    make_place(world, code="tf002", name="西门投放点", address="西门", lat=24.8)
    make_place(world, node_id=community)
    make_place(world, code="HS001", kind="outlet", name="供销回收站", node_id=world.other_town, lat=24.9, lng=112.1)
    assert codes(ask(world)) == ["HS001", "TF001", "TF002"]
    assert codes(ask(world, kind="outlet")) == ["HS001"]
    assert codes(ask(world, org=world.town)) == ["TF001", "TF002"]
    assert codes(ask(world, org=community)) == ["TF001"]
    assert codes(ask(world, org=999_999)) == []
    assert codes(ask(world, q="西门")) == ["TF002"]
    assert codes(ask(world, q="tf0")) == ["TF001", "TF002"]
    assert codes(ask(world, q="100%_")) == []
    found = ask(world, "place-filters")
    assert {one["key"]: one["places"] for one in found["kinds"]}["collection_point"] == 2
    assert [(one["name"], one["places"]) for one in found["orgs"]] == [("星子镇", 1), ("东门社区", 1), ("东陂镇", 1)]
    assert len(found["issues"]) == 6


def test_a_place_says_what_it_takes_when_it_is_open_and_where_it_is_known_from(world: World, hands: Hands) -> None:
    public_id = make_place(world)
    found = ask(world, f"places/{public_id}")
    assert found["at"] == {"lat": 24.779, "lng": 112.377}
    assert [one["name"] for one in found["classes"]] == ["可回收物", "厨余垃圾", "有害垃圾", "其他垃圾"]
    assert found["opening"] == {"open": True, "changes_at": "2026-06-07T22:00:00+08:00"}
    assert (found["source"], found["checked_on"]) == ("星子镇 2026 年投放点台账", "2026-06-01")
    hands.at(NINE.replace(hour=23))
    service.kept.forget()
    assert ask(world, f"places/{public_id}")["opening"]["open"] is False
    assert world.app.test_client().get("/api/v1/places/nothing").status_code == 404
    answer = world.app.test_client().get("/api/v1/places")
    again = world.app.test_client().get("/api/v1/places", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_what_was_changed_shows_at_once_and_what_is_paused_says_why(world: World) -> None:
    public_id = make_place(world)
    ask(world, f"places/{public_id}")
    with world.app.app_context():
        key = db.session.scalars(select(Place.id)).one()
        service.set_state(world.organiser, key, PlaceState.PAUSED, "设施维修，请到西门投放点")
    found = ask(world, f"places/{public_id}")
    assert (found["state_name"], found["state_note"]) == ("暂停使用", "设施维修，请到西门投放点")
    assert found["opening"] == {"open": False, "changes_at": None}
    with world.app.app_context():
        draft = replace(service.draft_of(db.session.get_one(Place, key)), state="closed")
        service.save(world.organiser, key, draft)
    assert codes(ask(world)) == []
    assert ask(world, f"places/{public_id}")["state"] == "closed"


def test_staff_change_only_what_lies_in_their_branch_and_it_is_written_down(world: World) -> None:
    make_place(world)
    with world.app.app_context():
        key = db.session.scalars(select(Place.id)).one()
        mine = replace(DRAFT, node_id=world.town, name="东门新投放点")
        with pytest.raises(NotFound):
            service.save(world.foreigner, key, mine)
        with pytest.raises(Forbidden):
            service.save(world.verifier, key, mine)
        with pytest.raises(NotFound):
            service.save(world.organiser, key, replace(mine, node_id=world.other_town))
        service.save(world.organiser, key, mine)
        entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "place.change")).one()
        assert (entry.before, entry.after) == ({"name": "东门投放点"}, {"name": "东门新投放点"})
        for wrong, code in (
            (replace(mine, code="TF009"), "place_exists"),
            (replace(mine, name="另一个"), "code_used"),
        ):
            with pytest.raises(Conflict, match=code):
                service.save(world.organiser, None, wrong)
        with pytest.raises(Invalid) as refused:
            service.save(
                world.organiser, None, replace(DRAFT, code="第一", lat=112.0, lng=24.0, hours="早上", source="")
            )
        assert set(refused.value.details["fields"]) == {"code", "at", "hours", "source"}
        over = replace(world.organiser, grants=(Grant(Role.ADMIN, 0, db.session.get_one(Node, world.city).path),))
        with pytest.raises(Invalid, match="node_id"):
            service.save(over, None, replace(DRAFT, code="TF010", node_id=world.city))
        assert db.session.scalar(select(func.count(Place.id))) == 1


def fill(world: World, spots: list[tuple[int, int]]) -> None:
    """Places at these units of 0.00001 degree, without the service: hundreds of them, anywhere."""
    columns = {
        name: getattr(DRAFT, name) for name in ("address", "hours", "contact", "remarks", "state_note", "source")
    }
    rest = columns | {
        "kind": PlaceKind.COLLECTION_POINT,
        "state": PlaceState.ACTIVE,
        "classes": [],
        "node_id": world.town,
    }
    rows = [
        rest
        | {
            "public_id": f"p{n}", "code": f"TF{n:04d}", "name": f"点{n}", "lat_e5": lat, "lng_e5": lng,
            "checked_on": DRAFT.checked_on, "created_at": clock.now(), "changed_at": clock.now(),
        }
        for n, (lat, lng) in enumerate(spots)
    ]  # fmt: skip
    with transaction() as session:
        session.query(Place).delete()
        if rows:
            session.execute(insert(Place), rows)


LAT, LNG = st.integers(2_440_000, 2_530_000), st.integers(11_190_000, 11_300_000)
NEAR = st.one_of(
    st.tuples(st.floats(24.4, 25.3), st.floats(111.9, 113.0)), st.tuples(st.floats(-90, 90), st.floats(-180, 180))
)


def test_the_nearest_come_first_as_a_naive_model_says(world: World) -> None:
    """Every page of every search: the same places, distances and order as sorting all of them."""
    with world.app.app_context():

        @settings(max_examples=25, suppress_health_check=list(HealthCheck), database=None)
        @given(st.lists(st.tuples(LAT, LNG), max_size=70), NEAR)
        def look(spots: list[tuple[int, int]], near: tuple[float, float]) -> None:
            fill(world, spots)
            keys = {row.code: row.id for row in db.session.execute(select(Place.code, Place.id))}
            model = sorted(
                (points.metres(near, (lat / points.E5, lng / points.E5)), keys[f"TF{n:04d}"])
                for n, (lat, lng) in enumerate(spots)
            )
            found: list[tuple[int, int]] = []
            cursor = None
            while True:
                page = search.find(search.Wanted(near=near, cursor=cursor))
                found += [(page.distances[row.Place.id], row.Place.id) for row in page.rows]
                cursor = page.following
                if cursor is None:
                    break
            assert found == model

        look()


def test_the_nearest_over_http_with_metres_and_nothing_of_the_person_kept(world: World) -> None:
    make_place(world)
    make_place(world, code="TF002", name="远处", lat=24.9)
    found = ask(world, near="24.7791,112.3770")
    assert [(item["code"], item["distance_m"]) for item in found["items"]] == [("TF001", 11), ("TF002", 13_443)]
    answer = world.app.test_client().get("/api/v1/places?near=24.7791,112.3770")
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not any("24.7791" in name for name in service.kept._kept)
    for wrong in ("here", "91,0", "24.779", "24.779,181", "24.779,112.377,1"):
        assert world.app.test_client().get(f"/api/v1/places?near={wrong}").status_code == 422, wrong
    for wrong in ("cursor=x&near=1,1", "kind=shop", "org=0", "unknown=1", f"q={'长' * 41}"):
        assert world.app.test_client().get(f"/api/v1/places?{wrong}").status_code in (400, 422), wrong


def test_pages_of_a_list_follow_one_another(sqlite_world: World) -> None:
    with sqlite_world.app.app_context():
        fill(sqlite_world, [(2_478_000 + n, 11_237_000) for n in range(45)])
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = ask(sqlite_world, **({"cursor": cursor} if cursor else {}))
        seen += codes(page)
        cursor = page["next"]
    assert seen == [f"TF{n:04d}" for n in range(45)]


def test_a_list_costs_the_same_however_long_it_is(sqlite_world: World) -> None:
    """Statements of a page of 20, by code and by distance: none for each row."""
    with sqlite_world.app.app_context():
        fill(sqlite_world, [(2_478_000 + n, 11_237_000) for n in range(45)])
        seen: list[str] = []

        def note(*args: Any) -> None:
            seen.append(args[2])

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            counts = []
            for wanted in (search.Wanted(), search.Wanted(org=sqlite_world.town), search.Wanted(near=(24.78, 112.37))):
                seen.clear()
                assert len(listing.page(wanted)["items"]) == 20
                counts.append(len([one for one in seen if one.startswith("SELECT")]))
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
    assert counts == [1, 2, 2], seen


def test_the_content_holds_no_place(sqlite_app: Flask) -> None:
    """No invented point is ever in what a production instance loads."""
    with sqlite_app.app_context():
        teaching.load(FOLDER)
        assert db.session.scalar(select(func.count(Place.id))) == 0
    degrees = re.compile(r"\b2[45]\.\d{3,}|\b11[23]\.\d{3,}")
    texts = [path for path in Path(FOLDER).rglob("*") if path.suffix in (".yaml", ".csv", ".md")]
    assert len(texts) > 50
    assert [path.name for path in texts if degrees.search(path.read_text("utf-8"))] == []


def test_settings_widen_the_area(world: World) -> None:
    far = replace(DRAFT, node_id=world.town, lat=23.13, lng=113.26)
    with world.app.app_context():
        with pytest.raises(Invalid):
            service.save(world.organiser, None, far)
        rules.write(world.city, "place_area_km", 300, "test")
        service.save(world.organiser, None, far)
