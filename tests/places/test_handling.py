"""Staff handle reports of places to an end, once and in their branch; what is late, the year's figures, the sheet."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.places import exports, handling, service, statistics
from sorting_miniapp.places.models import Place, PlaceState
from sorting_miniapp.places.models_reports import IssueState
from tests.events.helpers import NINE, Hands, World, at_once, made_sheet, make_people, notices
from tests.places.helpers import issue_keys, make_place, send


def test_staff_handle_what_lies_in_their_branch_and_once(world: World) -> None:
    place, (person,) = make_place(world), make_people(world.app, 1)
    send(world, person, place)
    with world.app.app_context():
        (key,) = issue_keys()
        assert handling.listed(world.foreigner, handling.Filter()) == ([], False)
        with pytest.raises(NotFound):
            handling.get(world.foreigner, key)
        with pytest.raises(NotFound):
            handling.take_up(world.foreigner, key)
        with pytest.raises(Forbidden):
            handling.end(world.verifier, key, IssueState.DONE, "好")
        with pytest.raises(Invalid):
            handling.end(world.organiser, key, IssueState.DONE, "")
        with pytest.raises(Invalid):
            handling.end(world.organiser, key, IssueState.NEW, "好")
        done = at_once([lambda: _end(world, key)] * 4)
        assert sum(isinstance(one, Conflict) for one in done) == 3
        with pytest.raises(Conflict):
            handling.take_up(world.organiser, key)
        assert len(notices(world.app, "result_ready")) == 1


def _end(world: World, key: int) -> int:
    with world.app.app_context():
        return handling.end(world.organiser, key, IssueState.DECLINED, "现场查看没有满溢")


def test_a_place_is_paused_from_a_report_and_taken_up_at_its_end(world: World) -> None:
    place, (person,) = make_place(world), make_people(world.app, 1)
    send(world, person, place, kind="broken")
    with world.app.app_context():
        (key,) = issue_keys()
        point = db.session.scalars(select(Place.id)).one()
        service.set_state(world.organiser, point, PlaceState.PAUSED, "顶棚损坏，正在维修")
    client = world.app.test_client()
    assert client.get(f"/api/v1/places/{place}").get_json()["state_note"] == "顶棚损坏，正在维修"
    with world.app.app_context():
        handling.end(world.organiser, key, IssueState.DONE, "顶棚已修好", reopen=True)
    assert client.get(f"/api/v1/places/{place}").get_json()["state"] == "active"


def test_what_is_late_is_listed_and_a_moved_place_takes_its_reports_along(world: World, hands: Hands) -> None:
    place, (person,) = make_place(world), make_people(world.app, 1)
    send(world, person, place)
    with world.app.app_context():
        (key,) = issue_keys()
        assert handling.listed(world.organiser, handling.Filter(overdue=True))[0] == []
        hands.at(NINE + timedelta(days=1))
        late = handling.listed(world.organiser, handling.Filter(overdue=True))[0]
        assert [row.PlaceIssue.id for row in late] == [key]
        assert handling.open_count(world.organiser)[:2] == (1, 1)
        from dataclasses import replace

        from sorting_miniapp.accounts.access import Grant
        from sorting_miniapp.accounts.models import Role
        from sorting_miniapp.orgs.models import Node

        city = db.session.get_one(Node, world.city).path
        over = replace(world.organiser, grants=(Grant(Role.ADMIN, 0, city),))
        row = db.session.scalars(select(Place)).one()
        service.save(over, row.id, replace(service.draft_of(row), node_id=world.other_town))
        assert [row.PlaceIssue.id for row in handling.listed(world.foreigner, handling.Filter())[0]] == [key]
        assert handling.listed(world.organiser, handling.Filter())[0] == []


def test_the_years_figures_by_month_and_kind(world: World, hands: Hands) -> None:
    place, people = make_place(world), make_people(world.app, 3)
    for person in people:
        send(world, person, place)
    send(world, people[0], place, kind="dirty")
    hands.at(NINE + timedelta(days=1))
    with world.app.app_context():
        full, dirty = issue_keys()
        handling.end(world.organiser, full, IssueState.DONE, "已清运")
        hands.at(NINE + timedelta(days=3))
        handling.end(world.organiser, dirty, IssueState.DECLINED, "已由物业清洗")
        hands.at(NINE + timedelta(days=30))
        send(world, people[0], place, kind="broken")
        year = statistics.of_year(2026, world.organiser.branches())
        june, july = year.months[5], year.months[6]
        assert (june.reports, june.issues, june.done, june.declined, june.late, june.median_days) == (
            4,
            2,
            1,
            1,
            2,
            5.0,
        )
        assert (july.issues, july.open, july.median_days) == (1, 1, None)
        assert (year.total.reports, year.total.issues) == (5, 3)
        assert [line.issues for line in year.kinds] == [1, 1, 1, 0, 0, 0]
        assert statistics.of_year(2026, world.foreigner.branches()).total.issues == 0
        assert statistics.of_year(2025, world.organiser.branches()).total.issues == 0


def test_reports_go_out_as_a_sheet_without_who_wrote_them(world: World, hands: Hands) -> None:
    place, people = make_place(world), make_people(world.app, 2)
    for person in people:
        send(world, person, place, text="=1+1")
    today = (NINE - timedelta(days=3)).date()
    with world.app.app_context():
        asked = exports.ask(world.organiser, world.town, today, today)
        with pytest.raises(Invalid):
            exports.ask(world.organiser, world.town, today, today - timedelta(days=1))
        with pytest.raises(NotFound):
            exports.ask(world.foreigner, world.town, today, today)
        lines = made_sheet(world.organiser, asked)
    assert lines[0] == exports.COLUMNS
    assert len(lines) == 3
    row = dict(zip(lines[0], lines[1], strict=True))
    assert (row["点位"], row["问题"], row["描述"], row["状态"]) == ("东门投放点", "桶满未清", "=1+1", "待受理")
