"""Residents report a place and read how it ended; caps, joining, and what each of them may see."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.deliveries.models import Delivery
from sorting_miniapp.orgs import settings as rules
from sorting_miniapp.places import handling, reports, service
from sorting_miniapp.places.models import Place, PlaceState
from sorting_miniapp.places.models_reports import IssueState, PlaceIssue, PlacePicture, PlaceReport
from tests.events.helpers import NINE, Hands, Person, World, at_once, make_people, notices
from tests.places.helpers import issue_keys, make_place, send


def mine(world: World, person: Person, report: str) -> Any:
    answer = world.app.test_client().get(f"/api/v1/me/place-reports/{report}", headers=person.headers)
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_two_residents_report_the_same_and_read_how_it_ended(world: World, hands: Hands) -> None:
    place, people = make_place(world), make_people(world.app, 3)
    first = send(world, people[0], place, text="桶满了两天").get_json()
    assert (first["state_name"], first["others"], first["place"]["name"]) == ("待受理", 0, "东门投放点")
    second = send(world, people[1], place).get_json()
    assert second["others"] == 1
    other = send(world, people[2], place, kind="broken").get_json()
    assert other["others"] == 0, "another trouble is another issue"
    shown = world.app.test_client().get(f"/api/v1/places/{place}").get_json()
    assert [one["kind_name"] for one in shown["open_issues"]] == ["桶满未清", "设施损坏"]
    with world.app.app_context():
        full, _ = issue_keys()
        handling.take_up(world.organiser, full)
        assert handling.open_count(world.organiser)[:2] == (2, 0)
    assert mine(world, people[0], first["id"])["state_name"] == "处理中"
    hands.at(NINE)
    with world.app.app_context():
        assert handling.end(world.organiser, full, IssueState.DONE, "已清运并加开晚间一班") == 2
        sent = db.session.scalars(select(Delivery).order_by(Delivery.id)).all()
        assert sent[0].texts["title"] == "桶满未清：东门投放点"
        assert sent[0].page_id == first["id"]
        actions = db.session.scalars(
            select(AuditEntry.action).where(AuditEntry.object_type == "place_issue").order_by(AuditEntry.id)
        ).all()
        assert actions == ["place_issue.take_up", "place_issue.end"]
    assert notices(world.app, "result_ready") == [people[0].id, people[1].id]
    ended = mine(world, people[1], second["id"])
    assert (ended["state_name"], ended["answer"]) == ("已处理", "已清运并加开晚间一班")
    assert send(world, people[0], place).status_code == 201, "after the end the same trouble may come again"
    with world.app.app_context():
        assert len(issue_keys()) == 3


def test_only_own_reports_are_seen(world: World) -> None:
    place, people = make_place(world), make_people(world.app, 2)
    made = send(world, people[0], place).get_json()["id"]
    client = world.app.test_client()
    assert client.get(f"/api/v1/me/place-reports/{made}", headers=people[1].headers).status_code == 404
    assert client.get("/api/v1/me/place-reports", headers=people[1].headers).get_json()["items"] == []
    listed = client.get("/api/v1/me/place-reports", headers=people[0].headers).get_json()
    assert [one["id"] for one in listed["items"]] == [made]
    assert client.get("/api/v1/me/place-reports").status_code == 401


def test_bad_reports_are_refused_with_the_reason(world: World) -> None:
    place, (person,) = make_place(world), make_people(world.app, 1)
    for body, status, code in (
        ({"kind": "full"}, 422, "place"),
        ({"kind": "unlisted", "place": place, "spot": "河边"}, 422, "place"),
        ({"kind": "unlisted"}, 422, "spot"),
        ({"kind": "lost", "place": place}, 422, "invalid"),
        ({"kind": "full", "place": "nothing"}, 404, "place_not_found"),
        ({"kind": "full", "place": place, "pictures": ["a", "b", "c", "d"]}, 422, "invalid"),
        ({"kind": "full", "place": place, "pictures": ["nothing"]}, 422, "pictures"),
        ({"kind": "full", "place": place, "resident": 1}, 422, "invalid"),
    ):
        answer = world.app.test_client().post("/api/v1/me/place-reports", json=body, headers=person.headers)
        assert (answer.status_code, answer.get_json()["code"]) == (status, code), answer.text
    with world.app.app_context():
        assert issue_keys() == []
        key = db.session.scalars(select(Place.id)).one()
        service.set_state(world.organiser, key, PlaceState.CLOSED)
    assert send(world, person, place).status_code == 404
    found = send(world, person, None, kind="unlisted", spot="河滨路桥头", text="这里有两个桶").get_json()
    assert (found["place"], found["spot"], found["kind_name"]) == (None, "河滨路桥头", "地图上缺少的点")


def test_a_day_has_so_many_reports_and_the_same_is_reported_once(world: World, hands: Hands) -> None:
    (person,) = make_people(world.app, 1)
    places = [make_place(world, code=f"TF{n}", name=f"点{n}", lat=24.7 + n / 100) for n in range(7)]
    key = {"Idempotency-Key": "report-0001"}
    first = send(world, person, places[0], headers=key)
    again = send(world, person, places[0], headers=key)
    assert first.get_json() == again.get_json()
    twice = send(world, person, places[0])
    assert (twice.status_code, twice.get_json()["code"]) == (409, "already_reported")
    assert twice.get_json()["details"]["report"] == first.get_json()["id"]
    statuses = [send(world, person, place).status_code for place in places[1:]]
    assert statuses == [201] * 4 + [429] * 2
    hands.at(NINE - timedelta(days=2))
    assert send(world, person, places[6]).status_code == 201, "the next day"
    with world.app.app_context():
        rules.write(world.city, "place_reports_daily", 1, "test")
    assert send(world, person, places[5]).status_code == 429


def _crowd(world: World, person: Person, places: list[str]) -> list[int]:
    jobs = [lambda p=p: send(world, person, p).status_code for p in places]  # type: ignore[misc]
    return sorted(at_once(jobs))


def test_the_cap_holds_when_all_come_at_once_and_the_control_does_not(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control checks the count before the transaction and locks nobody."""
    people = make_people(world.app, 2)
    places = [make_place(world, code=f"TF{n}", name=f"点{n}", lat=24.7 + n / 100) for n in range(12)]
    assert _crowd(world, people[0], places) == [201] * 5 + [429] * 7
    reported = reports.report

    def look_first(resident_id: int, wish: reports.Wish) -> str:
        import time

        reports_cap(db.session(), resident_id, 5)
        time.sleep(0.2)
        return reported(resident_id, wish)

    reports_cap = reports._check_cap
    monkeypatch.setattr(reports, "report", look_first)
    monkeypatch.setattr(reports, "_check_cap", lambda *_: None)
    assert _crowd(world, people[1], places).count(201) > 5


def test_reports_at_once_join_in_one_issue(world: World) -> None:
    place, people = make_place(world), make_people(world.app, 10)
    answers = at_once([lambda p=p: send(world, p, place) for p in people])  # type: ignore[misc]
    assert [answer.status_code for answer in answers] == [201] * 10, answers[0]
    with world.app.app_context():
        issue = db.session.scalars(select(PlaceIssue)).one()
        assert issue.times == db.session.scalar(select(func.count(PlaceReport.id))) == 10


def test_a_report_that_comes_while_the_issue_ends_is_told_or_opens_a_new_one(world: World) -> None:
    place, people = make_place(world), make_people(world.app, 7)
    send(world, people[0], place)
    with world.app.app_context():
        (key,) = issue_keys()

    def end() -> int:
        with world.app.app_context():
            return handling.end(world.organiser, key, IssueState.DONE, "已清运")

    answers = at_once([end, *(lambda p=p: send(world, p, place) for p in people[1:])])  # type: ignore[misc]
    assert {answer.status_code for answer in answers[1:]} == {201}
    with world.app.app_context():
        told = set(notices(world.app, "result_ready"))
        joined = set(db.session.scalars(select(PlaceReport.resident_id).where(PlaceReport.issue_id == key)))
        assert told == joined
        assert answers[0] == len(joined)
        for issue in db.session.scalars(select(PlaceIssue)):
            rows = select(func.count(PlaceReport.id)).where(PlaceReport.issue_id == issue.id)
            assert issue.times == db.session.scalar(rows)


def test_reports_and_ends_at_once_never_meet_in_a_deadlock(world: World) -> None:
    """An issue ends and its place is taken up again while its own reporters report other troubles of the place."""
    place, people = make_place(world), make_people(world.app, 3)
    with world.app.app_context():
        rules.write(world.city, "place_reports_daily", 100, "test")

    def end(key: int) -> int:
        with world.app.app_context():
            return handling.end(world.organiser, key, IssueState.DONE, "已清运", reopen=True)

    for kind in ("dirty", "gone", "misplaced", "broken"):
        assert [send(world, person, place).status_code for person in people] == [201] * 3
        with world.app.app_context():
            issue = db.session.scalars(select(PlaceIssue).where(PlaceIssue.live == 1, PlaceIssue.kind == "full")).one()
            key, place_id = issue.id, issue.place_id
            service.set_state(world.organiser, place_id or 0, PlaceState.PAUSED, "维修")
        crowd = [lambda q=q, k=kind: send(world, q, place, kind=k) for q in people]  # type: ignore[misc]
        told, *answers = at_once([lambda k=key: end(k), *crowd])  # type: ignore[misc]
        assert told == 3, told
        assert [answer.status_code for answer in answers] == [201] * 3, answers[0].text


def test_the_place_is_not_found_where_it_was_reported_from(world: World) -> None:
    """A report has no column for where the person stood."""
    names = {column.name for table in (PlaceReport, PlaceIssue, PlacePicture) for column in table.__table__.columns}
    assert not {name for name in names if "lat" in name or "lng" in name}
