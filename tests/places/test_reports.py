"""Residents report a place, staff handle it to an end; caps, joining, photos, and what each of them may see."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from PIL import Image
from sqlalchemy import func, select

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import Delivery
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.jobs import running as running_jobs
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs import settings as rules
from sorting_miniapp.places import exports, handling, photo_desk, pictures, reports, service, statistics
from sorting_miniapp.places.models import Place, PlaceState
from sorting_miniapp.places.models_reports import IssueState, PlaceIssue, PlacePicture, PlaceReport
from sorting_miniapp.wechat import gateway, media_checks
from sorting_miniapp.wechat.events import Event
from sorting_miniapp.wechat.models import MediaState
from tests.conftest import base_environ
from tests.events.helpers import NINE, Hands, Person, World, at_once, make_people, make_person, notices
from tests.places.helpers import make_place, photo, send, upload
from tests.simulator_process import Simulator, running


def issue_keys() -> list[int]:
    return list(db.session.scalars(select(PlaceIssue.id).order_by(PlaceIssue.id)))


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


@pytest.fixture
def simulator(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    with running(base_environ(tmp_path)) as found:
        with world.app.app_context():
            monkeypatch.setattr(gateway().mini.client, "base", found.url)
        yield found


def test_photos_are_stripped_shown_to_wechat_and_to_nobody_before(world: World, simulator: Simulator) -> None:
    openid = simulator.new_user()
    simulator.code(openid)
    client = world.app.test_client()
    token = client.post("/api/v1/sessions", json={"code": simulator.code(openid)}).get_json()["token"]
    with world.app.app_context():
        from sorting_miniapp.accounts import sessions

        resident = sessions.find_resident(token)
        assert resident is not None
    person, stranger = Person(resident.id, token), make_person(world.app, "openid-x")
    place = make_place(world)
    assert upload(world, person, b"no photo").status_code == 422
    ids = [upload(world, person, photo()).get_json()["id"] for _ in range(2)]
    assert send(world, stranger, place, pictures=ids).get_json()["code"] == "pictures"
    refused = send(world, person, place, text="违规测试")
    assert (refused.status_code, refused.get_json()["code"]) == (422, "text_refused")
    made = send(world, person, place, text="箱体破了", pictures=ids).get_json()
    assert [one["state"] for one in made["pictures"]] == ["pending"] * 2
    url = f"/api/v1/me/place-reports/pictures/{ids[0]}"
    assert client.get(url, headers=person.headers).status_code == 404, "not before WeChat let it pass"
    with world.app.app_context():
        assert pictures.waiting()
        pictures.ask_waiting()
        assert not pictures.waiting()
        rows = db.session.scalars(select(PlacePicture).order_by(PlacePicture.id)).all()
        stored = Image.open(io.BytesIO(rows[0].data))
        assert not stored.getexif()
        assert b"GPS" not in rows[0].data
    asked = [one["body"]["media_url"] for one in simulator.received("/wxa/media_check_async")]
    assert [one.rsplit("/", 1)[1] for one in asked] == [f"{row.check_key}.jpg" for row in rows]
    address = "/place-pictures/" + asked[0].rsplit("/", 1)[1]
    assert client.get(address).data.startswith(b"\xff\xd8")
    _answer(world, rows[0].id, "pass")
    _answer(world, rows[1].id, "risky")
    assert client.get(address).status_code == 404, "only while WeChat is asked"
    shown = client.get(url, headers=person.headers)
    assert (shown.status_code, shown.mimetype) == (200, "image/jpeg")
    assert client.get(url, headers=stranger.headers).status_code == 404
    assert client.get(url.replace(ids[0], ids[1]), headers=person.headers).status_code == 404
    with world.app.app_context():
        (key,) = issue_keys()
        assert pictures.for_issue(key, ids[1]).startswith(b"\xff\xd8")
        with pytest.raises(NotFound):
            pictures.for_issue(key + 1, ids[1])


def _answer(world: World, picture: int, suggest: str) -> None:
    """WeChat's event about a photo."""
    from sorting_miniapp.wechat.models import MediaCheck

    with world.app.app_context(), transaction():
        trace = db.session.scalars(select(MediaCheck.trace_id).where(MediaCheck.object_id == str(picture))).one()
        body = {"trace_id": trace, "result": {"suggest": suggest, "label": "100"}}
        media_checks.on_result(Event("mini", "wxa_media_check", "", NINE, body, 1, True))


def test_a_photo_wechat_cannot_be_asked_about_is_left_to_staff(world: World) -> None:
    place, (person,) = make_place(world), make_people(world.app, 1)
    taken = upload(world, person, photo()).get_json()["id"]
    assert send(world, person, place, pictures=[taken]).status_code == 201, "a text check that fails stops nothing here"
    with world.app.app_context():
        pictures.ask_waiting()
        assert db.session.scalars(select(PlacePicture.state)).one() is MediaState.REVIEW
        (issue,) = issue_keys()
        assert [(one.id, one.photos) for one in photo_desk.waiting(world.organiser)] == [(issue, 1)]
        assert photo_desk.waiting(world.foreigner) == []
        with pytest.raises(NotFound):
            photo_desk.decide(world.foreigner, issue, taken, MediaState.PASS)
        photo_desk.decide(world.organiser, issue, taken, MediaState.PASS)
        with pytest.raises(Conflict):
            photo_desk.decide(world.organiser, issue, taken, MediaState.RISKY)
        picture = db.session.scalars(select(PlacePicture.id)).one()
        pictures.on_checked(None, media_checks.Checked(pictures.OBJECT, str(picture), MediaState.RISKY))
        assert photo_desk.waiting(world.organiser) == []
    url = f"/api/v1/me/place-reports/pictures/{taken}"
    assert world.app.test_client().get(url, headers=person.headers).status_code == 200, "a person's word stands"


def test_loose_and_old_photos_are_deleted(world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_LOOSE", 2)
    place, (person,) = make_place(world), make_people(world.app, 1)
    taken = upload(world, person, photo()).get_json()["id"]
    send(world, person, place, pictures=[taken])
    assert [upload(world, person, photo()).status_code for _ in range(3)] == [201, 201, 429]
    with world.app.app_context():
        hands.at(NINE)
        assert pictures.purge() == 2
        handling.end(world.organiser, issue_keys()[0], IssueState.DONE, "已修好")
        hands.at(NINE + timedelta(days=181))
        assert pictures.purge() == 1


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
        for job_id in running_jobs.waiting():
            running_jobs.run(job_id)
        _, pieces = jobs.fetch(world.organiser, asked)
        lines = list(openpyxl.load_workbook(io.BytesIO(b"".join(pieces))).active.values)
    assert lines[0] == exports.COLUMNS
    assert len(lines) == 3
    row = dict(zip(lines[0], lines[1], strict=True))
    assert (row["点位"], row["问题"], row["描述"], row["状态"]) == ("东门投放点", "桶满未清", "=1+1", "待受理")


def test_the_place_is_not_found_where_it_was_reported_from(world: World) -> None:
    """A report has no column for where the person stood."""
    names = {column.name for table in (PlaceReport, PlaceIssue, PlacePicture) for column in table.__table__.columns}
    assert not {name for name in names if "lat" in name or "lng" in name}
