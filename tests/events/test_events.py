"""The public list and page, what staff may do with an event, and figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events import counts, figures, ics, listing, planning, shifts, tokens
from sorting_miniapp.events.models_counts import CountKind, HeadCount
from tests.events.helpers import (
    DRAFT,
    NINE,
    Hands,
    World,
    make_event,
    make_people,
    notices,
    scan,
    sign_up,
    statements,
)


def _list(world: World, **query: Any) -> list[str]:
    answer = world.app.test_client().get("/api/v1/events", query_string=query)
    assert answer.status_code == 200, answer.get_json()
    return [item["title"] for item in answer.get_json()["items"]]


def test_the_list_filters_by_day_kind_and_unit(world: World) -> None:
    make_event(world, title="今天")
    make_event(world, title="明天的培训", kind="training", starts_at=NINE + timedelta(days=1))
    make_event(world, title="草稿", publish=False)
    assert _list(world) == ["今天", "明天的培训"]
    assert _list(world, **{"from": "2026-06-11"}) == ["明天的培训"]
    assert _list(world, to="2026-06-10") == ["今天"]
    assert _list(world, kind="training") == ["明天的培训"]
    assert _list(world, org=world.city) == ["今天", "明天的培训"]
    assert _list(world, org=world.other_town) == []
    bad = world.app.test_client().get("/api/v1/events?from=yesterday&colour=red")
    assert bad.status_code == 422
    assert world.app.test_client().get("/api/v1/events?cursor=x").status_code == 400


def test_the_list_by_places_left_is_right_from_kept_bytes_too(world: World, hands: Hands) -> None:
    """A family of three finds only where three may come; what was kept before a sign-up is not shown after it."""
    event = make_event(world, 3, title="三个名额")
    make_event(world, 1, title="一个名额", starts_at=NINE + timedelta(days=1))
    first, second = make_people(world.app, 2)
    client = world.app.test_client()
    assert _list(world, places_left=1) == ["三个名额", "一个名额"]
    assert _list(world, places_left=3) == ["三个名额"]
    assert sign_up(client, first, event).status_code == 201
    assert _list(world, places_left=3) == []
    assert _list(world, places_left=2) == ["三个名额"]
    waits = sign_up(client, second, event, companions=[{"age": 30}, {"age": 31}]).json
    assert waits["state"] == "waiting"
    assert _list(world, places_left=1) == ["一个名额"], "nobody takes a place past those who wait"
    client.delete(f"/api/v1/signups/{waits['id']}", headers=second.headers)
    assert _list(world, places_left=2) == ["三个名额"]
    hands.at(NINE + timedelta(minutes=1))
    listing.kept.forget()
    assert _list(world, places_left=1) == ["一个名额"], "a shift that began takes no sign-up"
    for wrong in ("0", "61", "viele"):
        assert client.get("/api/v1/events", query_string={"places_left": wrong}).status_code == 422


def test_the_list_is_paged_in_order_with_fewstatements(sqlite_world: World) -> None:
    for number in range(25):
        make_event(sqlite_world, title=f"{number:02d}", starts_at=NINE + timedelta(hours=number % 3))
    client = sqlite_world.app.test_client()
    listing.kept.forget()
    with statements(sqlite_world) as seen:
        first = client.get("/api/v1/events").get_json()
    assert len([one for one in seen if one.lstrip().startswith("SELECT")]) <= 6
    rest = client.get("/api/v1/events", query_string={"cursor": first["next"]}).get_json()
    titles = [item["title"] for item in first["items"] + rest["items"]]
    assert titles == sorted(titles, key=lambda t: (int(t) % 3, int(t)))
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (20, 5, None)


def test_the_list_is_answered_from_kept_bytes_and_304(sqlite_world: World) -> None:
    event, people = make_event(sqlite_world, 5), make_people(sqlite_world.app, 1)
    client = sqlite_world.app.test_client()
    first = client.get("/api/v1/events")
    with statements(sqlite_world) as seen:
        again = client.get("/api/v1/events", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert not [one for one in seen if " event" in one.lower()]
    sign_up(client, people[0], event)
    assert client.get("/api/v1/events").get_json()["items"][0]["places_left"] == 4


def test_a_page_shows_shifts_risks_and_no_draft(world: World) -> None:
    event = make_event(world, 8)
    draft = make_event(world, publish=False)
    client = world.app.test_client()
    page = client.get(f"/api/v1/events/{event.event_id}").get_json()
    assert (page["risks"], page["risk_version"], page["organiser"]["name"]) == (DRAFT.risks, 1, "星子镇")
    assert page["shifts"][0]["places_left"] == 8
    assert page["starts_at"] == "2026-06-10T09:00:00+08:00"
    assert client.get(f"/api/v1/events/{draft.event_id}").status_code == 404
    assert sign_up(client, make_people(world.app, 1)[0], draft).status_code == 404


def test_the_calendar_file_has_folded_lines_and_the_time_in_utc(sqlite_world: World) -> None:
    event = make_event(sqlite_world, summary="引导投放，" * 20)
    answer = sqlite_world.app.test_client().get(f"/api/v1/events/{event.event_id}/ics")
    assert answer.mimetype == "text/calendar"
    lines = answer.get_data().split(b"\r\n")
    assert b"DTSTART:20260610T010000Z" in lines
    assert max(len(line) for line in lines) <= 75


def test_a_changed_event_is_a_later_version_of_the_same_entry(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    event, client = make_event(world, summary=""), world.app.test_client()

    def read() -> dict[str, str]:
        text = client.get(f"/api/v1/events/{event.event_id}/ics").get_data(as_text=True)
        return dict(line.split(":", 1) for line in text.splitlines())

    seen = [read()]
    assert "DESCRIPTION" not in seen[0], "nothing is not a description"
    with world.app.app_context():
        hands.at(NINE - timedelta(hours=40))
        shifts.change(world.organiser, event.shift, NINE + timedelta(hours=1), NINE + timedelta(hours=2), 20)
        seen.append(read())
        hands.at(NINE - timedelta(hours=30))
        planning.cancel(world.organiser, event.event, "下雨")
        seen.append(read())
    assert len({one["UID"] for one in seen}) == 1
    assert [one["DTSTART"][9:] for one in seen] == ["010000Z", "020000Z", "020000Z"]
    sequences = [int(one["SEQUENCE"]) for one in seen]
    assert sequences == sorted(set(sequences)), "each change counts up"
    assert [one["LAST-MODIFIED"] for one in seen[1:]] == ["20260608T090000Z", "20260608T190000Z"]
    assert seen[2]["STATUS"] == "CANCELLED"


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc")), max_size=300))
def test_folding_loses_nothing(text: str) -> None:
    folded = ics.fold(text)
    assert folded.replace("\r\n ", "") == text
    assert all(len(line.encode()) <= 75 for line in folded.split("\r\n"))


def test_publishing_needs_complete_information_and_a_coming_shift(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    with world.app.app_context():
        event = planning.create(world.organiser, world.town, replace(DRAFT, risks=""))
        with pytest.raises(Invalid, match="risks"):
            planning.publish(world.organiser, event)
        planning.change(world.organiser, event, DRAFT)
        with pytest.raises(Invalid, match="no_shift"):
            planning.publish(world.organiser, event)
        shifts.add(world.organiser, event, NINE, NINE + timedelta(hours=2), 5)
        hands.at(NINE + timedelta(minutes=1))
        with pytest.raises(Invalid, match="shift_past"):
            planning.publish(world.organiser, event)


def test_withdraw_only_without_sign_ups_else_cancel(world: World) -> None:
    event, (person,) = make_event(world), make_people(world.app, 1)
    with world.app.app_context():
        planning.withdraw_publication(world.organiser, event.event)
        planning.publish(world.organiser, event.event)
    sign_up(world.app.test_client(), person, event)
    with world.app.app_context(), pytest.raises(Conflict, match="has_signups"):
        planning.withdraw_publication(world.organiser, event.event)


def test_a_new_time_or_place_is_told(world: World) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    for person in people:
        sign_up(world.app.test_client(), person, event)
    with world.app.app_context():
        planning.change(world.organiser, event.event, replace(DRAFT, summary="新的摘要"))
    assert notices(world.app, "event_changed") == []
    with world.app.app_context():
        planning.change(world.organiser, event.event, replace(DRAFT, place="文化广场"))
        shifts.change(world.organiser, event.shift, NINE + timedelta(hours=1), NINE + timedelta(hours=3), 20)
    assert notices(world.app, "event_changed") == [person.id for person in people] * 2
    assert _list(world) == [DRAFT.title]


def test_places_are_not_made_fewer_than_taken(sqlite_world: World) -> None:
    event = make_event(sqlite_world, 3)
    for person in make_people(sqlite_world.app, 2):
        sign_up(sqlite_world.app.test_client(), person, event)
    with sqlite_world.app.app_context():
        with pytest.raises(Conflict, match="too_few_places"):
            shifts.change(sqlite_world.organiser, event.shift, NINE, NINE + timedelta(hours=2), 1)
        shifts.change(sqlite_world.organiser, event.shift, NINE, NINE + timedelta(hours=2), 2)


def test_another_branch_sees_no_event_and_another_role_changes_none(world: World) -> None:
    event = make_event(world)
    with world.app.app_context():
        for act in (
            lambda actor: planning.get(actor, event.event, change=True),
            lambda actor: planning.change(actor, event.event, DRAFT),
            lambda actor: planning.cancel(actor, event.event, "理由"),
            lambda actor: shifts.change(actor, event.shift, NINE, NINE + timedelta(hours=1), 5),
            lambda actor: shifts.cancel(actor, event.shift, "理由"),
            lambda actor: counts.enter(actor, event.event, CountKind.DIRECT, 1, "王", "点数"),
        ):
            with pytest.raises(NotFound):
                act(world.foreigner)
            with pytest.raises(Forbidden):
                act(world.verifier)
        planning.get(world.verifier, event.event)


def test_every_change_by_staff_leaves_an_audit_row(sqlite_world: World) -> None:
    event = make_event(sqlite_world)
    with sqlite_world.app.app_context():
        counts.enter(sqlite_world.organiser, event.event, CountKind.LEAFLETS, 300, "李干事", "按箱清点")
        counts.enter(sqlite_world.organiser, event.event, CountKind.LEAFLETS, 320, "李干事", "按箱清点")
        planning.cancel(sqlite_world.organiser, event.event, "暴雨")
        actions = db.session.scalars(
            select(AuditEntry.action).where(AuditEntry.actor == "organiser").order_by(AuditEntry.id)
        ).all()
        assert [action for action in actions if action.startswith("event.")] == [
            "event.create",
            "event.add_shift",
            "event.publish",
            "event.head_count",
            "event.head_count",
            "event.cancel",
        ]
        row = db.session.scalars(select(HeadCount)).one()
        assert (row.value, row.counted_by, row.how) == (320, "李干事", "按箱清点")


def test_figures_count_what_was_held(world: World, hands: Hands) -> None:
    held, counted, _never = make_event(world), make_event(world, starts_at=NINE + timedelta(days=1)), make_event(world)
    people = make_people(world.app, 2)
    for person in people:
        sign_up(world.app.test_client(), person, held)
    hands.at(NINE)
    for person in people:
        scan(world.app.test_client(), person, held)
    with world.app.app_context():
        counts.enter(world.organiser, counted.event, CountKind.DIRECT, 780, "王干事", "门口计数器")
        month = (NINE - timedelta(days=9), NINE + timedelta(days=20))
        paths = world.organiser.branches()
        assert figures.between(*month, paths) == {"events": 2, "participants": 2, "person_times": 2}
        assert figures.between(*month, world.foreigner.branches()) == {
            "events": 0,
            "participants": 0,
            "person_times": 0,
        }


@given(st.text(max_size=60), st.integers(2, 2**25))
def test_only_the_two_latest_codes_of_the_shift_are_good(token: str, now: int) -> None:
    moment = datetime.fromtimestamp(now * tokens.STEP_SECONDS + 15, UTC)
    digits = {tokens.digits("k", now), tokens.digits("k", now - 1)}
    assert tokens.read(tokens.qr("s", "k", now), "s", "k", moment) == now
    assert tokens.read(tokens.digits("k", now - 1), "s", "k", moment) in (now - 1, now)
    for wrong in (tokens.qr("s", "k", now + 1), tokens.qr("s", "k", now - 2), tokens.qr("s", "other", now)):
        assert tokens.read(wrong, "s", "k", moment) == 0
    assert token in digits or tokens.read(token, "s", "k", moment) == 0
