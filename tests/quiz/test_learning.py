"""Days in a row with their repair, badges, points beside stars: counted once, whoever counts."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from sorting_miniapp.db import db, transaction
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import badges, bank, boards, effects, folding, streaks
from sorting_miniapp.quiz.models import Attempt, PointsLedger
from sorting_miniapp.quiz.models_learning import BadgeAward, Knowledge, Learner, Pending, StudyDay
from tests.events.helpers import NINE, Hands, Person, World, at_once, make_people
from tests.few_content import few
from tests.quiz.helpers import add_result, begin, call, count, get, quiz_id, study_on, submit

DAY = NINE.date()
ONE = timedelta(days=1)


@pytest.fixture
def school(school: World) -> World:
    return _with_badges(school)


@pytest.fixture
def one_school(one_school: World) -> World:
    return _with_badges(one_school)


def _with_badges(world: World) -> World:
    with world.app.app_context():
        badges.load(few())
    return world


@given(st.sets(st.integers(0, 40)), st.integers(0, 41))
def test_runs_of_days_are_those_of_a_naive_count(offsets: set[int], now: int) -> None:
    start = date(2026, 5, 1)
    days, today = {start + n * ONE for n in offsets}, start + now * ONE
    naive = 0
    day = today if today in days else today - ONE
    while day in days:
        naive, day = naive + 1, day - ONE
    assert streaks.current(days, today) == naive
    runs = [sum(1 for n in range(a, b + 1)) for a in range(41) for b in range(a, 41) if set(range(a, b + 1)) <= offsets]
    assert streaks.longest(days) == max(runs, default=0)
    gap = streaks.missed(days, today, 7)
    if gap is not None:
        assert gap not in days
        assert gap - ONE in days
        assert today - 7 * ONE <= gap < today


def test_days_in_a_row_and_one_repair_a_month(school: World, hands: Hands) -> None:
    (person,) = make_people(school.app, 1)
    study_on(school, person.id, [DAY - 4 * ONE, DAY - 3 * ONE, DAY - ONE])
    found = get(school, person, "/me/streak")
    assert (found["days"], found["longest"], found["today"]) == (1, 2, False)
    assert found["repair"] == {"available": True, "day": (DAY - 2 * ONE).isoformat(), "days_after": 4}
    repaired = call(school, person, "POST", "/me/streak/repair")
    assert (repaired.status_code, repaired.json["days"], repaired.json["longest"]) == (201, 4, 4)
    assert [one["repaired"] for one in repaired.json["recent"]] == [False, False, True, False]
    hands.at(NINE + 2 * ONE)
    assert call(school, person, "POST", "/me/streak/repair").json["code"] == "repair_used"
    assert get(school, person, "/me/streak")["repair"]["available"] is False
    hands.at(NINE.replace(month=7, day=1))
    assert call(school, person, "POST", "/me/streak/repair").json["code"] == "nothing_to_repair"
    study_on(school, person.id, [date(2026, 6, 29)])
    assert call(school, person, "POST", "/me/streak/repair").json["days"] == 2


def test_repairs_at_once_mend_one_day(school: World) -> None:
    (person,) = make_people(school.app, 1)
    study_on(school, person.id, [DAY - 6 * ONE, DAY - 4 * ONE, DAY - 2 * ONE])
    statuses = at_once([lambda: call(school, person, "POST", "/me/streak/repair").status_code] * 6)
    assert sorted(statuses) == [201] + [409] * 5
    with school.app.app_context():
        assert db.session.scalar(select(func.count()).where(StudyDay.repaired_in.is_not(None))) == 1


def test_without_lock_and_month_repairs_at_once_mend_several(
    one_school: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: nobody looks at the month, and the row does not carry it."""
    (person,) = make_people(one_school.app, 1)
    study_on(one_school, person.id, [DAY - 6 * ONE, DAY - 4 * ONE, DAY - 2 * ONE])
    real = streaks._days
    monkeypatch.setattr(streaks, "_days", lambda *where: dict.fromkeys(real(*where)))
    real_insert = streaks.insert

    class Loose:
        def __init__(self, table: Any) -> None:
            self.made = real_insert(table)

        def values(self, **values: Any) -> Any:
            return self.made.values(**values | {"repaired_in": None})

    monkeypatch.setattr(streaks, "insert", Loose)
    statuses = at_once([lambda: call(one_school, person, "POST", "/me/streak/repair").status_code] * 3)
    assert statuses.count(201) > 1


def test_badges_show_their_progress_and_are_awarded_once(school: World) -> None:
    (person,) = make_people(school.app, 1)
    found = {one["key"]: one for one in get(school, person, "/me/badges")["items"]}
    assert len(found) == 17
    assert found["chuci-dati"]["awarded_at"] is None
    submit(school, person, begin(school, person))
    answer = get(school, person, "/me/badges")
    found = {one["key"]: one for one in answer["items"]}
    assert {key for key, one in found.items() if one["awarded_at"]} == {"chuci-dati", "manfen-1"}
    assert (found["lianxu-3"]["progress"], found["shici"]["progress"], found["jifen-100"]["progress"]) == (1, 1, 10)
    assert answer["level"] == {
        "number": 0, "name": "", "points": 10, "next_name": "分类新手", "next_points": 100,
    }  # fmt: skip
    study_on(school, person.id, [DAY - 2 * ONE, DAY - ONE])
    found = {one["key"]: one for one in get(school, person, "/me/badges")["items"]}
    assert found["lianxu-3"]["awarded_at"]
    steps = get(school, person, "/me/timeline")["items"]
    assert {one["title"] for one in steps if one["kind"] == "badge"} == {
        "获得徽章“初次答题”", "获得徽章“首个满分”", "获得徽章“三天不断”",
    }  # fmt: skip
    with school.app.app_context():
        assert badges.load(few()) == {"added": 0, "changed": 0, "same": 17}


def _ready_for_badges(world: World) -> Person:
    (person,) = make_people(world.app, 1)
    with world.app.app_context():
        for number in range(10):
            add_result(quiz_id("yifencuo-lianxi"), person.id, 60, 60_000, NINE, f"{number}")
    return person


def test_a_badge_reached_on_many_devices_at_once_is_awarded_once(school: World) -> None:
    person = _ready_for_badges(school)
    found = at_once([lambda: call(school, person, "GET", "/me/badges").status_code] * 3 + [lambda: count(school)])
    assert found.count(200) == 3
    with school.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(BadgeAward)) == 2, "初次答题, 十次练习"
        assert db.session.scalar(select(Learner.attempts)) == 10
        assert db.session.scalar(select(func.count()).select_from(Pending)) == 0


def test_without_the_lock_and_the_taking_away_results_count_twice(
    one_school: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: who counts does not take the rows away."""
    person = _ready_for_badges(one_school)
    monkeypatch.setattr(folding, "delete", lambda _model: _Nothing())
    with one_school.app.app_context():
        folding.count([person.id])
        folding.count([person.id])
        assert db.session.scalar(select(Learner.attempts)) == 20


def test_a_result_that_cannot_be_counted_keeps_nobody_waiting(
    one_school: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = make_people(one_school.app, 3)
    with one_school.app.app_context():
        for person in people:
            add_result(quiz_id("daily"), person.id, 60, 60_000, NINE)
    real = folding.marks_of

    def broken(attempt: Attempt) -> Any:
        if attempt.resident_id == people[0].id:
            raise KeyError("a version that is gone")
        return real(attempt)

    monkeypatch.setattr(folding, "marks_of", broken)
    count(one_school)
    with one_school.app.app_context():
        assert list(db.session.scalars(select(Pending.resident_id))) == [people[0].id]
        assert db.session.scalar(select(func.count()).select_from(Learner)) == 2
    monkeypatch.setattr(folding, "marks_of", real)
    count(one_school)
    with one_school.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Pending)) == 0


class _Nothing:
    def where(self, _condition: Any) -> Any:
        return select(func.count())


def test_points_never_become_stars_and_hours_do(school: World) -> None:
    from sorting_miniapp.hours.signals import minutes_changed
    from sorting_miniapp.me import stars

    (person,) = make_people(school.app, 1)
    with school.app.app_context(), transaction() as session:
        session.add(PointsLedger(resident_id=person.id, amount=100_000, reason="试验", at=NINE))
    found = {one["key"]: one for one in get(school, person, "/me/badges")["items"]}
    assert found["jifen-1000"]["awarded_at"]
    assert (found["star-1"]["progress"], found["star-1"]["awarded_at"]) == (0, None)
    hours = {"now": 300}
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(badges._measures, badges.BadgeRule.SERVICE_HOURS, lambda _session, _resident: hours["now"])
        for now, held in ((300, {"star-1", "star-2"}), (150, {"star-1"}), (650, {"star-1", "star-2", "star-3"})):
            hours["now"] = now
            with school.app.app_context(), transaction():
                minutes_changed.send(None, resident_id=person.id)
            found = {one["key"]: one for one in get(school, person, "/me/badges")["items"]}
            assert {key for key, one in found.items() if key.startswith("star") and one["awarded_at"]} == held
    assert stars.STARS == (badges.BadgeRule.SERVICE_HOURS,)


def test_a_regrade_corrects_points_marks_mistakes_and_standings(school: World) -> None:
    (person,) = make_people(school.app, 1)
    submit(school, person, begin(school, person), wrong=2)
    count(school)
    assert get(school, person, "/me/mistakes")["total"] == 2
    with school.app.app_context():
        attempt = db.session.scalars(select(Attempt)).one()
        marks = folding.marks_of(attempt)
        rules = bank.quiz("daily")
        before, after = [good for _, good in marks], [True] * 5
        marked = effects.Marked(attempt.id, person.id, attempt.started_at, [one for one, _ in marks], attempt.points)
        with transaction() as session:
            given = effects.correct(rules, marked, before, after, True, "每日一练：题目更正")
            session.execute(update(Attempt).values(score=100, right=5, points=given))
            boards.rebuild(rules.id, [person.id])
        assert given == 10
        assert db.session.scalar(select(Learner.perfect)) == 1
        assert db.session.scalar(select(func.sum(Knowledge.right)).where(Knowledge.kind == "topic")) == 5
    points = get(school, person, "/me/points")
    assert (points["balance"], [one["amount"] for one in points["items"]]) == (10, [4, 6])
    assert points["items"][0]["reason"] == "每日一练：题目更正"
    assert get(school, person, "/me/mistakes")["total"] == 0
    assert get(school, person, "/me/ranks/daily")["score"] == 100
    with school.app.app_context():
        marked = effects.Marked(marked.id, person.id, marked.started_at, [], 10)
        with transaction() as session:
            session.add(PointsLedger(resident_id=person.id, amount=-3, reason="试验", at=NINE))
            assert effects.correct(rules, marked, [], [], False, "成绩取消") == 3, "seven were left to take"
        assert db.session.scalar(select(func.sum(PointsLedger.amount))) == 0, "no balance below nought"


def test_an_empty_paper_is_no_day_and_no_attempt(school: World) -> None:
    (person,) = make_people(school.app, 1)
    paper = begin(school, person)
    assert call(school, person, "POST", f"/attempts/{paper['id']}/submission", {"answers": []}).status_code == 200
    assert get(school, person, "/me/streak")["days"] == 0
    assert not any(one["awarded_at"] for one in get(school, person, "/me/badges")["items"])
    assert get(school, person, "/me/mistakes")["total"] == 5


def test_days_end_at_midnight_in_shanghai(one_school: World, hands: Hands) -> None:
    (person,) = make_people(one_school.app, 1)
    hands.at(NINE.replace(hour=23, minute=59))
    paper = begin(one_school, person)
    hands.at(NINE.replace(hour=0, minute=1) + ONE)
    submit(one_school, person, paper)
    with one_school.app.app_context():
        settings.write(one_school.city, "streak_repair_days", 3, "test")
    assert get(one_school, person, "/me/streak")["recent"] == [{"day": DAY.isoformat(), "repaired": False}]
