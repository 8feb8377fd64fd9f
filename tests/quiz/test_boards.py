"""Leaderboards: weeks, units, freezing and revealing, names by consent, counting at once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts import consents
from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.accounts.models import Purpose, Resident, Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings as rules
from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.quiz import bank, board_desk, boards, leaderboards, tallies
from sorting_miniapp.quiz.leaderboards import By, Span
from sorting_miniapp.quiz.models import Attempt, Quiz, QuizTotal
from sorting_miniapp.quiz.models_learning import RankCount, UnitTotal
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, World, at_once, make_people, make_staff
from tests.quiz.helpers import add_result, call, count, public, quiz_id

DAY = NINE.date()


@pytest.fixture
def school(school: World) -> World:
    return _with_contest(school)


@pytest.fixture
def one_school(one_school: World) -> World:
    return _with_contest(one_school)


def _with_contest(world: World) -> World:
    with world.app.app_context(), transaction() as session:
        session.execute(update(Quiz).where(Quiz.slug == "week-2026").values(active=True))
        bank.changed()
    return world


def test_the_weeks_board_adds_up_the_days(school: World) -> None:
    first, second = make_people(school.app, 2)
    with school.app.app_context():
        daily = quiz_id("daily")
        for day, score in ((0, 60), (1, 80)):
            add_result(daily, first.id, score, 30_000, NINE + timedelta(days=day))
        add_result(daily, second.id, 100, 10_000, NINE)
        add_result(daily, second.id, 100, 10_000, NINE + timedelta(days=7))
    count(school)
    board = public(school, span="week", on="2026-06-10")
    assert board["period"] == "2026-W24"
    assert [(row["rank"], row["score"], row["duration_ms"]) for row in board["items"]] == [
        (1, 140, 60_000), (2, 100, 10_000),
    ]  # fmt: skip
    assert [row["score"] for row in public(school, on="2026-06-10")["items"]] == [100, 60]
    mine = call(school, second, "GET", "/me/ranks/daily?span=week&on=2026-06-10").json
    assert (mine["rank"], mine["of"], [row["mine"] for row in mine["around"]]) == (2, 2, [False, True])
    assert public(school, on="2026-06-30")["code"] == "on", "a day to come"


def test_the_best_of_several_attempts_counts_in_a_contest(school: World) -> None:
    (person,) = make_people(school.app, 1)
    with school.app.app_context():
        contest = quiz_id("week-2026")
        for number, (score, ms) in enumerate(((70, 9_000), (90, 50_000), (90, 40_000), (10, 1_000))):
            add_result(contest, person.id, score, ms, NINE + timedelta(minutes=number), f"2026-06-10/{number}")
    count(school)
    (row,) = public(school, "week-2026")["items"]
    assert (row["score"], row["duration_ms"]) == (90, 40_000)
    with school.app.app_context():
        assert db.session.scalar(select(func.sum(RankCount.people)).where(RankCount.of_score == -1)) == 1


def test_units_are_ranked_by_the_average_of_enough_people(school: World) -> None:
    people = make_people(school.app, 6)
    with school.app.app_context():
        rules.write(school.city, "board_min_people", 2, "test")
        east = orgs.add(school.town, "东门社区", NodeKind.COMMUNITY, "test").id
        west = orgs.add(school.other_town, "西门社区", NodeKind.COMMUNITY, "test").id
        primary = orgs.add(school.town, "星子小学", NodeKind.SCHOOL, "test").id
        for person, home, pupil in zip(
            people, [east, east, west, west, west, None], [True] * 3 + [False] * 3, strict=True
        ):
            accounts.change(person.id, {"community_id": home, "school_id": primary if pupil else None})
        with pytest.raises(Invalid):
            accounts.change(people[0].id, {"school_id": east})
        daily = quiz_id("daily")
        for person, score in zip(people, [80, 60, 100, 50, 60, 100], strict=True):
            add_result(daily, person.id, score, 30_000, NINE)
    count(school)
    assert [(row["name"], row["score"], row["people"]) for row in public(school, by="community")["items"]] == [
        ("西门社区", 70.0, 3), ("东门社区", 70.0, 2),
    ]  # fmt: skip
    assert [(row["name"], row["score"]) for row in public(school, by="school")["items"]] == [("星子小学", 80.0)]
    assert [row["name"] for row in public(school, by="town")["items"]] == ["东陂镇", "星子镇"]
    assert "满 2 人" in public(school, by="town")["rule"]
    with school.app.app_context():
        accounts.change(people[2].id, {"community_id": east})
        boards.rebuild(daily, [people[2].id])
        with transaction() as session:
            session.execute(update(Attempt).where(Attempt.resident_id == people[2].id).values(score=90))
            boards.rebuild(daily, [one.id for one in people])
    moved = {row["name"]: (row["people"], row["score"]) for row in public(school, by="community")["items"]}
    assert moved == {"西门社区": (3, 66.7), "东门社区": (2, 70.0)}, "the unit of the first result stays"


def test_a_frozen_board_stands_still_until_staff_reveal_it(school: World, hands: Hands) -> None:
    early, late = make_people(school.app, 2)
    with school.app.app_context():
        editor = make_staff("city_editor", Role.EDITOR, school.city)
        town_editor = make_staff("town_editor", Role.EDITOR, school.town)
        contest, freeze = quiz_id("week-2026"), NINE + timedelta(hours=1)
        with pytest.raises(Forbidden):
            board_desk.freeze(town_editor, contest, freeze)
        with pytest.raises(Invalid):
            board_desk.freeze(editor, contest, NINE - timedelta(hours=1))
        with pytest.raises(Conflict):
            board_desk.reveal(editor, contest)
        add_result(contest, early.id, 50, 30_000, NINE, "2026-06-10/1")
        board_desk.freeze(editor, contest, freeze)
        add_result(contest, early.id, 100, 30_000, freeze + timedelta(minutes=1), "2026-06-10/2")
        add_result(contest, late.id, 90, 30_000, freeze + timedelta(minutes=2), "2026-06-10/1")
    hands.at(freeze + timedelta(minutes=5))
    count(school)
    board = public(school, "week-2026")
    assert (board["frozen"], [row["score"] for row in board["items"]]) == (True, [50])
    assert call(school, early, "GET", "/me/ranks/week-2026").json["score"] == 50
    hidden = call(school, late, "GET", "/me/ranks/week-2026")
    assert (hidden.status_code, "封存" in hidden.json["message"]) == (404, True)
    with school.app.app_context():
        live = leaderboards.page(leaderboards.board("week-2026", live=True), By.PERSON)
        assert [row["score"] for row in live["items"]] == [100, 90]
        with pytest.raises(Conflict):
            board_desk.freeze(editor, contest, None)
    jobs = [lambda: _reveal(school, contest)] * 3
    assert sorted(at_once(jobs)) == ["board_not_frozen", "board_not_frozen", "done"]
    board = public(school, "week-2026")
    assert (board["frozen"], [row["score"] for row in board["items"]]) == (False, [100, 90])
    assert board["revealed_at"]


def _reveal(world: World, contest: int) -> str:
    from sorting_miniapp.accounts import sessions
    from sorting_miniapp.accounts.models import Staff

    with world.app.app_context():
        key = db.session.scalars(select(Staff.id).where(Staff.username == "city_editor")).one()
        actor = sessions.find_staff(sessions.open_staff(key))
        assert actor
        try:
            board_desk.reveal(actor, contest)
        except Conflict as error:
            return error.code
        return "done"


def test_names_come_and_go_with_consent(school: World) -> None:
    named, nameless = make_people(school.app, 2)
    with school.app.app_context():
        accounts.change(named.id, {"nickname": "小明"})
        accounts.change(nameless.id, {"nickname": "小红"})
        version = next(one.version for one in consents.texts() if one.key == Purpose.NAMES_ON_LEADERBOARD)
        consents.give(named.id, Purpose.NAMES_ON_LEADERBOARD, version)
        for person in (named, nameless):
            add_result(quiz_id("daily"), person.id, 60, 30_000, NINE)
    count(school)
    assert [row["name"] for row in public(school)["items"]] == ["小明", "匿名用户"]
    assert [row["rank"] for row in public(school)["items"]] == [1, 1]
    with school.app.app_context():
        consents.withdraw(named.id, Purpose.NAMES_ON_LEADERBOARD)
    client = school.app.test_client()
    url, end = "/api/v1/quizzes/daily/leaderboard", clock.monotonic() + 2.5
    while "小明" in client.get(url).text and clock.monotonic() < end:
        clock.sleep(0.1)
    assert "小明" not in client.get(url).text, "kept bytes live for a second"
    with school.app.app_context(), transaction() as session:
        session.execute(update(Resident).where(Resident.id == named.id).values(erased_at=clock.now()))
    assert [row["name"] for row in public(school)["items"]] == ["匿名用户", "匿名用户"]


def test_counting_at_once_adds_up(school: World) -> None:
    """Many workers and owners count the same rows: each result is counted once."""
    people = make_people(school.app, 12)
    with school.app.app_context():
        town = orgs.add(school.town, "东门社区", NodeKind.COMMUNITY, "test").id
        for number, person in enumerate(people):
            accounts.change(person.id, {"community_id": town})
            add_result(quiz_id("daily"), person.id, number % 3 * 20, 30_000 + number, NINE)

    def job() -> None:
        count(school)

    at_once([job] * 2 + [lambda p=p: call(school, p, "GET", "/me/ranks/daily") for p in people[:2]])  # type: ignore[misc]
    count(school)
    with school.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(QuizTotal)) == 24
        everybody = (RankCount.period == DAY.isoformat(), RankCount.of_score == tallies.EVERYBODY)
        assert dict(
            tuple(row) for row in db.session.execute(select(RankCount.value, RankCount.people).where(*everybody))
        ) == {0: 4, 20: 4, 40: 4}
        unit = db.session.scalars(select(UnitTotal).where(UnitTotal.period == DAY.isoformat())).all()
        assert {(one.kind, one.people, one.score) for one in unit} == {("community", 12, 240), ("town", 12, 240)}


def test_staff_freeze_and_reveal_in_the_console(one_school: World, hands: Hands) -> None:
    with one_school.app.app_context():
        make_staff("city_editor", Role.EDITOR, one_school.city)
        contest = quiz_id("week-2026")
        (person,) = make_people(one_school.app, 1)
        add_result(contest, person.id, 90, 30_000, NINE, "2026-06-10/1")
    client = sign_in(one_school, "city_editor")
    assert "2026年宣传周知识竞赛" in client.get("/console/boards").text
    page = client.get(f"/console/boards/{contest}").text
    assert "1 个成绩还没有计入" in page
    count(one_school)
    assert "90" in client.get(f"/console/boards/{contest}").text
    url = f"/console/boards/{contest}/freeze"
    assert "须晚于现在" in post(client, url, 422, freezes_at="2026-06-10T08:00")
    post(client, url, freezes_at="2026-06-10T10:00")
    hands.at(NINE + timedelta(hours=2))
    assert "已封榜" in client.get(f"/console/boards/{contest}").text
    post(client, f"/console/boards/{contest}/reveal")
    assert "已公布" in client.get(f"/console/boards/{contest}").text
    assert "公布排行榜" in sign_in(one_school, "admin").get("/console/audit").text
    daily = client.get("/console/boards/1?by=town&span=week").text
    assert "周榜" in daily
    assert Span.WEEK in leaderboards.SPAN_NAMES
