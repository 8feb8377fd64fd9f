"""Quizzes as residents meet them: no key before the submission, one submission, marks and points that add up."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import bank, content, desk, effects, figures, marking
from sorting_miniapp.quiz.models import Attempt, PointsLedger, QuestionVersion, Quiz, QuizDay, QuizTotal
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, World, at_once, make_people, make_staff
from tests.few_content import few
from tests.quiz.helpers import answers, begin, call, count, submit


def test_the_daily_quiz_is_the_same_for_everybody_and_done_once(school: World, hands: Hands) -> None:
    first, second = make_people(school.app, 2)
    mine, yours = begin(school, first), begin(school, second)
    assert len(mine["questions"]) == 5
    assert {q["text"] for q in mine["questions"]} == {q["text"] for q in yours["questions"]}
    assert not {q["id"] for q in mine["questions"]} & {q["id"] for q in yours["questions"]}, "ids are the attempt's own"
    assert begin(school, first)["id"] == mine["id"], "begun again: the same attempt"
    result = submit(school, first, mine, wrong=2)
    assert result.status_code == 200, result.text
    assert result.json["result"] | {"score": 60, "right": 3, "total": 5, "points": 6} == result.json["result"]
    for question in result.json["questions"]:
        assert question["explanation"]
        assert question["source"]
    assert call(school, first, "POST", "/quizzes/daily/attempts").json["code"] == "already_done"
    hands.at(NINE + timedelta(days=1))
    tomorrow = begin(school, first)
    assert {q["text"] for q in tomorrow["questions"]} != {q["text"] for q in mine["questions"]}


def test_a_second_submission_changes_nothing(school: World) -> None:
    (person,) = make_people(school.app, 1)
    paper = begin(school, person)
    given = answers(school, paper, wrong=1)
    url, idem = f"/attempts/{paper['id']}/submission", "key-of-this-submission"
    first = call(school, person, "POST", url, given, **{"Idempotency-Key": idem})
    replay = call(school, person, "POST", url, given, **{"Idempotency-Key": idem})
    assert replay.data == first.data
    assert replay.headers["Idempotency-Replayed"] == "true"
    again = call(school, person, "POST", url, answers(school, paper))
    assert (again.status_code, again.json["code"]) == (409, "already_submitted")
    assert call(school, person, "GET", f"/attempts/{paper['id']}").json == first.json
    assert call(school, person, "GET", "/me/points").json["balance"] == 8


def test_submissions_at_once_make_one(school: World) -> None:
    (person,) = make_people(school.app, 1)
    paper = begin(school, person)
    given = answers(school, paper)

    def job() -> Any:
        return call(school, person, "POST", f"/attempts/{paper['id']}/submission", given).status_code

    assert sorted(at_once([job] * 8)) == [200] + [409] * 7
    count(school)
    with school.app.app_context():
        assert db.session.scalar(select(func.sum(PointsLedger.amount))) == 10
        assert db.session.scalar(select(func.count()).select_from(QuizTotal)) == 2, "a day and its week"


def test_without_the_condition_submissions_at_once_make_several(
    sqlite_world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: the same race on an attempt whose update does not ask whether it was submitted."""
    world = sqlite_world
    hands.at(NINE)
    with world.app.app_context():
        content.load(few())
    (person,) = make_people(world.app, 1)
    paper = begin(world, person, "yifencuo-lianxi")
    given = answers(world, paper, wrong=1)
    from sorting_miniapp.quiz import attempts, submission

    monkeypatch.setattr(attempts.TABLE.c.submitted_at, "is_", lambda _none: attempts.TABLE.c.id > 0, raising=False)
    seen = []
    real = submission._mark

    def all_have_read(*args: Any) -> None:
        seen.append(1)
        end = clock.monotonic() + 5
        while len(seen) < 4 and clock.monotonic() < end:
            clock.sleep(0.01)
        real(*args)

    monkeypatch.setattr(submission, "_mark", all_have_read)
    monkeypatch.setattr(effects, "after_submission", lambda *_args: None)  # its row can be there once only
    url = f"/attempts/{paper['id']}/submission"
    statuses = at_once([lambda: call(world, person, "POST", url, given).status_code] * 4)
    assert statuses.count(200) > 1


def test_starts_at_once_give_one_daily_attempt(school: World) -> None:
    (person,) = make_people(school.app, 1)
    found = at_once([lambda: begin(school, person)["id"]] * 6)
    assert len(set(found)) == 1, found
    with school.app.app_context():
        assert db.session.scalar(select(QuizDay.attempts)) == 1


def test_nothing_that_leaves_before_the_submission_tells_the_key(school: World) -> None:
    (person,) = make_people(school.app, 1)
    for slug in ("daily", "yifencuo-lianxi", "shaoer-lianxi"):
        raw = call(school, person, "POST", f"/quizzes/{slug}/attempts").data.decode()
        for word in ("correct", "right", "explanation", "source", "chosen"):
            assert f'"{word}"' not in raw
        paper = json.loads(raw)
        for question in paper["questions"]:
            assert set(question) == {"id", "kind", "text", "picture", "options", "choices"}
            assert all(set(option) == {"id", "text"} for option in question["options"])
    places = [0, 0, 0, 0]
    with school.app.app_context():
        versions = bank.versions(bank.eligible(bank.quiz("yifencuo-lianxi")))
    single = next(one for one in versions if one.kind == "single" and len(one.options) == 4)
    for number in range(400):
        (asked,) = marking.paper(f"seed{number}", [single])
        places[next(i for i, (_, place) in enumerate(asked.options) if single.options[place][1])] += 1
    assert all(50 < count < 150 for count in places), "the right option stands anywhere"


def test_practice_never_asks_a_contest_question(school: World) -> None:
    with school.app.app_context():
        pools = {slug: set(bank.eligible(bank.quiz(slug))) for slug in ("daily", "yifencuo-lianxi", "shaoer-lianxi")}
        with transaction() as session:
            session.execute(update(Quiz).where(Quiz.slug == "week-2026").values(active=True))
        bank.forget()
        contest = set(bank.eligible(bank.quiz("week-2026")))
    assert contest
    assert not any(contest & pool for pool in pools.values())


def test_a_contest_is_open_between_its_times_and_taken_once(school: World, hands: Hands) -> None:
    with school.app.app_context(), transaction() as session:
        session.execute(
            update(Quiz)
            .where(Quiz.slug == "week-2026")
            .values(active=True, opens_at=NINE + timedelta(hours=1), closes_at=NINE + timedelta(hours=2))
        )
        bank.changed()
    people = make_people(school.app, 4)
    refused = call(school, people[0], "POST", "/quizzes/week-2026/attempts")
    assert refused.json["code"] == "quiz_not_open"
    hands.at(NINE + timedelta(hours=1))
    papers = [begin(school, person, "week-2026") for person in people]
    hands.at(NINE + timedelta(hours=1, minutes=2))
    for wrong, (person, paper) in enumerate(zip(people[:3], papers, strict=False)):
        assert submit(school, person, paper, wrong).status_code == 200
    count(school)
    board = school.app.test_client().get("/api/v1/quizzes/week-2026/leaderboard").json["items"]
    assert [(row["rank"], row["score"]) for row in board] == [(1, 100), (2, 90), (3, 80)]
    assert (
        call(school, people[2], "GET", "/me/ranks/week-2026").json | {"rank": 3, "of": 3}
        == call(school, people[2], "GET", "/me/ranks/week-2026").json
    )
    assert call(school, people[3], "GET", "/me/ranks/week-2026").status_code == 404
    assert call(school, people[0], "GET", "/me/mistakes").json["items"] == []
    assert call(school, people[1], "GET", "/me/mistakes").json["items"] == [], "a contest's key stays out of practice"
    assert call(school, people[0], "POST", "/quizzes/week-2026/attempts").json["code"] == "already_done"
    hands.at(NINE + timedelta(hours=2, minutes=1))
    late = submit(school, people[3], papers[3])
    assert late.json["code"] == "attempt_expired"
    with school.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(PointsLedger)) == 0


def test_a_late_answer_a_strangers_attempt_and_foreign_options_are_refused(school: World, hands: Hands) -> None:
    owner, stranger = make_people(school.app, 2)
    paper = begin(school, owner)
    other = begin(school, stranger)
    url = f"/attempts/{paper['id']}"
    assert call(school, stranger, "GET", url).status_code == 404
    assert call(school, stranger, "POST", f"{url}/submission", answers(school, paper)).status_code == 404
    question = next(q for q in paper["questions"] if q["kind"] != "sort")
    for bad in (
        {},
        {"answers": "x"},
        {"answers": [{"question": question["id"]}]},
        {"answers": [{"question": "none", "options": []}]},
        {"answers": [{"question": other["questions"][0]["id"], "options": []}]},
        {"answers": [{"question": question["id"], "options": ["none"]}]},
        {"answers": [{"question": question["id"], "sorted": {}}]},
        {"answers": [{"question": question["id"], "options": []}] * 2},
        {"answers": [], "score": 100},
        {"answers": [{"question": question["id"], "options": [], "right": True}]},
    ):
        answer = call(school, owner, "POST", f"{url}/submission", bad)
        assert answer.status_code == 422, (bad, answer.text)
    assert call(school, owner, "GET", url).json["state"] == "open"
    hands.at(NINE + timedelta(minutes=16))
    assert call(school, owner, "POST", f"{url}/submission", answers(school, paper)).json["code"] == "attempt_expired"
    assert call(school, owner, "GET", url).json["state"] == "expired"
    assert call(school, owner, "POST", "/quizzes/none/attempts").status_code == 404
    assert call(school, owner, "GET", "/quizzes/none/leaderboard").status_code == 404
    assert call(school, owner, "GET", "/quizzes/yifencuo-lianxi/leaderboard").status_code == 409


def test_caps_of_points_and_attempts_hold_at_once(school: World) -> None:
    with school.app.app_context():
        settings.write(school.city, "daily_points_cap", 4, "test")
        settings.write(school.city, "daily_attempts_cap", 3, "test")
    (person,) = make_people(school.app, 1)
    paper = begin(school, person)
    assert submit(school, person, paper).json["result"]["points"] == 4
    jobs = [lambda: call(school, person, "POST", "/quizzes/yifencuo-lianxi/attempts").status_code] * 6
    assert sorted(at_once(jobs)) == [201, 201, 429, 429, 429, 429]
    with school.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(Attempt)) == 3


def test_marks_stay_when_a_question_is_changed(school: World) -> None:
    (person,) = make_people(school.app, 1)
    paper = begin(school, person)
    result = submit(school, person, paper).json
    with school.app.app_context():
        editor = make_staff("city_editor", Role.EDITOR, school.city)
        version = db.session.scalars(
            select(QuestionVersion).where(QuestionVersion.text == paper["questions"][0]["text"])
        ).one()
        draft = desk.Draft(
            "true_false", "practice", "改过", "all", "新题目", (("对", True), ("错", False)), "解析", "依据"
        )
        desk.save(editor, version.question_id, draft)
    assert call(school, person, "GET", f"/attempts/{paper['id']}").json == result


def test_too_fast_is_flagged_not_refused(school: World, hands: Hands) -> None:
    fast, slow = make_people(school.app, 2)
    papers = begin(school, fast), begin(school, slow)
    submit(school, fast, papers[0])
    hands.at(NINE + timedelta(minutes=2))
    submit(school, slow, papers[1])
    with school.app.app_context():
        flags = dict(tuple(row) for row in db.session.execute(select(Attempt.resident_id, Attempt.flag)))
        assert flags == {fast.id: "too_fast", slow.id: ""}
        start = clock.local_midnight(clock.today())
        assert figures.between(start, start + timedelta(days=1), ["1/2/"]) == {"attempts": 0}
        root = db.session.scalar(select(settings.Node.path).where(settings.Node.id == school.city))
        assert figures.between(start, start + timedelta(days=1), [str(root)]) == {"attempts": 2}


def test_content_is_good_and_loading_it_twice_changes_nothing(school: World) -> None:
    with school.app.app_context():
        counts = content.load(few())
        assert (counts["added"], counts["changed"]) == (0, 0)
        days = [bank.of_day(bank.quiz("daily"), NINE.date() + timedelta(days=n)) for n in range(20)]
        asked = [version for day in days for version in day]
        assert len(set(asked)) == 100, "no question comes again within twenty days"


def test_an_editor_keeps_the_bank_and_plans_a_contest(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    hands.at(NINE)
    with world.app.app_context():
        content.load(few())
        make_staff("city_editor", Role.EDITOR, world.city)
    client = sign_in(world, "city_editor")
    assert "四类" in client.get("/console/questions?q=四类").text
    form = {
        "kind": "single", "pool": "contest", "topic": "法规", "audience": "all", "text": "新题", "explanation": "解析",
        "source": "依据", "option0": "甲", "option1": "乙", "option2": "丙",
    }  # fmt: skip
    page = post(client, "/console/questions/new", 422, **form)
    assert "正确答案的数量与题型不符" in page
    assert "丙" in page
    waiting = post(client, "/console/questions/new", **form, right1="1")
    assert "新题" in client.get(waiting).text
    with world.app.app_context():
        asked = db.session.scalar(select(func.count()).where(QuestionVersion.text.contains("新题")))
        assert asked == 0, "somebody else reads it first"
    plan = {"title": "知识竞赛", "count": "5", "minutes": "10", "per_day": "1", "opens_at": "2026-06-10T10:00"}
    assert "须晚于开始" in post(client, "/console/quizzes/new", 422, **plan, closes_at="2026-06-10T09:00")
    quiz = post(client, "/console/quizzes/new", **plan, closes_at="2026-06-10T11:00", active="1")
    assert "知识竞赛" in client.get("/console/quizzes").text
    slug = re.search(r'"(contest-\d+)"', world.app.test_client().get("/api/v1/quizzes").text)
    assert slug
    hands.at(NINE + timedelta(hours=1))
    (person,) = make_people(world.app, 1)
    begin(world, person, slug[1])
    assert "不能再改题数" in post(client, quiz, 409, **plan | {"count": "6"}, closes_at="2026-06-10T11:00", active="1")
    assert sign_in(world, "organiser").get("/console/questions").status_code == 403
