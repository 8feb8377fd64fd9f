"""Contests, exams and levels as residents and staff meet them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.quiz import bank, board_desk, disqualifying, levels, prizes, submission, traces
from sorting_miniapp.quiz.models import Attempt, QuizKind, QuizTotal
from sorting_miniapp.quiz.models_desk import ContestPrize, Disqualification
from tests.events.helpers import NINE, Hands, World, at_once, make_people, notices
from tests.quiz.contests import begin_and_submit, ledger_fits, make_quiz, run_jobs
from tests.quiz.helpers import answers, begin, call, submit


def test_an_attempt_is_disqualified_appealed_against_and_given_back(school: World, editors: Any, hands: Hands) -> None:
    first, second = editors
    slug = make_quiz(school, first, prizes="前三名奖垃圾桶")
    people = make_people(school.app, 2)
    for wrong, person in enumerate(people):
        submit(school, person, begin(school, person, slug), wrong)
    run_jobs(school)
    with school.app.app_context():
        attempt = db.session.scalars(select(Attempt).where(Attempt.resident_id == people[0].id)).one()
        url = f"/attempts/{attempt.public_id}"
        key = attempt.id
        disqualifying.disqualify(first, key, "用时明显异常")
        with pytest.raises(Conflict):
            disqualifying.disqualify(second, key, "又一次")
    seen = call(school, people[0], "GET", url).json
    assert seen["result"]["disqualified"]
    assert seen["disqualification"]["reason"] == "用时明显异常"
    board = school.app.test_client().get(f"/api/v1/quizzes/{slug}/leaderboard").json["items"]
    assert [row["rank"] for row in board] == [1]
    assert call(school, people[1], "POST", f"{url}/appeal", {"reason": "不是我"}).status_code == 404
    appeal = call(school, people[0], "POST", f"{url}/appeal", {"reason": "我练了很久"})
    assert (appeal.status_code, appeal.json["stage"]) == (201, "pending"), appeal.text
    assert call(school, people[0], "POST", f"{url}/appeal", {"reason": "再申诉"}).json["code"] == "appeal_exists"
    with school.app.app_context():
        row = db.session.scalars(select(Disqualification)).one()
        with pytest.raises(Forbidden):
            disqualifying.decide(first, row.id, True, "自己复核自己")
        disqualifying.decide(second, row.id, True, "核对后恢复")
        with pytest.raises(Conflict):
            disqualifying.decide(second, row.id, False, "再处理一次")
    seen = call(school, people[0], "GET", url).json
    assert not seen["result"]["disqualified"]
    with school.app.app_context():
        scores = {row.resident_id: row.score for row in db.session.scalars(select(QuizTotal))}
        assert scores == {people[0].id: 100, people[1].id: 80}
        assert notices(school.app, "result_ready") == [people[0].id] * 2
        disqualifying.disqualify(first, key, "复查后再取消")
    hands.at(NINE + timedelta(days=8))
    assert call(school, people[0], "POST", f"{url}/appeal", {"reason": "太晚"}).json["code"] == "appeal_too_late"


def test_a_contest_is_taken_so_often_a_day_and_the_best_counts(school: World, editors: Any, hands: Hands) -> None:
    slug = make_quiz(school, editors[0], per_day=2, closes_at=NINE + timedelta(days=2))
    (person,) = make_people(school.app, 1)
    found = at_once([lambda: begin(school, person, slug)["id"]] * 4)
    assert len(set(found)) == 1, found
    wrongs = [1, 3]
    for wrong in wrongs:
        paper = begin(school, person, slug)
        done = submit(school, person, paper, wrong).json
        assert all("correct" not in option for q in done["questions"] for option in q["options"]), "others still answer"
    refused = call(school, person, "POST", f"/quizzes/{slug}/attempts").json
    assert (refused["code"], call(school, person, "GET", "/me/quizzes").status_code) == ("already_done", 200)
    own = next(one for one in call(school, person, "GET", "/me/quizzes").json["items"] if one["slug"] == slug)
    assert (own["left_today"], own["best"], own["open_attempt"]) == (0, 80, None)
    hands.at(NINE + timedelta(days=1))
    submit(school, person, begin(school, person, slug), 2)
    run_jobs(school)
    with school.app.app_context():
        assert [row.score for row in db.session.scalars(select(QuizTotal))] == [80]
        assert set(db.session.scalars(select(Attempt.slot))) == {"2026-06-10/1", "2026-06-10/2", "2026-06-11/1"}
    hands.at(NINE + timedelta(days=3))
    seen = call(school, person, "GET", f"/attempts/{found[0]}").json
    assert all(question["explanation"] for question in seen["questions"]), "over: everything is explained"


def test_levels_open_one_after_the_other(one_school: World) -> None:
    (person,) = make_people(one_school.app, 1)
    assert call(one_school, person, "POST", "/quizzes/chuangguan-2/attempts").json["code"] == "level_locked"
    paper = begin(one_school, person, "chuangguan-1")
    assert submit(one_school, person, paper, wrong=4).json["result"]["passed"] is False
    assert call(one_school, person, "POST", "/quizzes/chuangguan-2/attempts").json["code"] == "level_locked"
    done = submit(one_school, person, begin(one_school, person, "chuangguan-1"), wrong=1).json["result"]
    assert (done["passed"], done["stars"]) == (True, 2)
    begin(one_school, person, "chuangguan-2")
    own = {one["slug"]: one for one in call(one_school, person, "GET", "/me/quizzes").json["items"]}
    assert (own["chuangguan-1"]["stars"], own["chuangguan-2"]["locked"], own["chuangguan-3"]["locked"]) == (
        2,
        False,
        True,
    )
    with one_school.app.app_context():
        assert levels.best_scores(person.id, [bank.quiz("chuangguan-1").id]) == {bank.quiz("chuangguan-1").id: 87}


def test_a_passed_exam_gives_one_certificate_of_learning(school: World, editors: Any) -> None:
    slug = make_quiz(school, editors[0], QuizKind.EXAM, pass_percent=80, per_day=3, closes_at=None, opens_at=None)
    (person,) = make_people(school.app, 1)
    failed, passed, again = (begin_and_submit(school, person, slug, wrong) for wrong in (2, 1, 0))
    asked = {"name": "陈小明"}
    assert call(school, person, "POST", f"/attempts/{failed}/certificate", asked).json["code"] == "not_passed"
    made = at_once([lambda: call(school, person, "POST", f"/attempts/{passed}/certificate", asked)] * 3)
    assert sorted(one.status_code for one in made) == [201, 409, 409], [one.text for one in made]
    found = next(one.json for one in made if one.status_code == 201)
    assert found["number"].startswith("连学证〔2026〕")
    assert (found["score"], found["minutes"]) == (80, 0)
    assert call(school, person, "POST", f"/attempts/{again}/certificate", asked).json["code"] == "certificate_exists"
    assert len(call(school, person, "GET", "/me/learning-certificates").json["items"]) == 1
    assert call(school, person, "GET", "/me/certificates").json["items"] == [], "no service"
    pdf = call(school, person, "GET", f"/me/certificates/{found['number']}/pdf")
    assert pdf.data.startswith(b"%PDF")
    checked = school.app.test_client().get(f"/api/v1/certificates/{found['number']}?code={found['code']}").json
    assert (checked["title"], checked["name"], checked["state"]) == ("垃圾分类学习证明", "陈**", "valid")


def test_saved_answers_are_handed_in_when_the_time_is_over(school: World, hands: Hands) -> None:
    people = make_people(school.app, 2)
    with school.app.app_context():
        settings.write(school.city, "attempt_grace_seconds", 60, "test")
    paper, empty = begin(school, people[0]), begin(school, people[1])
    deadline = datetime.fromisoformat(empty["deadline"])
    url = f"/attempts/{paper['id']}"
    saved = call(school, people[0], "PUT", f"{url}/answers", answers(school, paper, wrong=1))
    assert (saved.status_code, saved.json["saved"]) == (200, 4), saved.text
    resumed = call(school, people[0], "GET", url).json
    assert resumed["state"] == "open"
    assert len(resumed["answers"]) == 4
    assert call(school, people[1], "PUT", f"{url}/answers", {"answers": []}).status_code == 404
    hands.at(deadline + timedelta(seconds=1))
    assert call(school, people[0], "PUT", f"{url}/answers", answers(school, paper, wrong=1)).status_code == 200, "grace"
    with school.app.app_context():
        assert submission.collect() == 0, "within the grace it is the owner's"
    hands.at(deadline + timedelta(seconds=61))
    assert call(school, people[0], "PUT", f"{url}/answers", {"answers": []}).json["code"] == "attempt_expired"
    with school.app.app_context():
        assert sorted(at_once([lambda: collect_once(school)] * 3)) == [0, 0, 1]
    done = call(school, people[0], "GET", url).json
    assert (done["state"], done["result"]["score"], done["result"]["points"]) == ("submitted", 80, 8)
    assert done["result"]["duration_ms"] == 300_000
    assert call(school, people[1], "GET", f"/attempts/{empty['id']}").json["state"] == "expired"
    ledger_fits(school)


def collect_once(world: World) -> int:
    with world.app.app_context():
        return submission.collect()


def lasts(paper: dict[str, Any]) -> timedelta:
    """How long an attempt has."""
    return datetime.fromisoformat(paper["deadline"]) - datetime.fromisoformat(paper["started_at"])


def test_who_needs_time_has_it_but_not_in_a_contest(one_school: World, editors_there: Any) -> None:
    (person,) = make_people(one_school.app, 1)
    assert call(one_school, person, "PATCH", "/me", {"no_time_limit": True}).json["no_time_limit"] is True
    calm = begin(one_school, person)
    assert (calm["timed"], lasts(calm)) == (False, timedelta(hours=24))
    closed = begin(one_school, person, make_quiz(one_school, editors_there[0], question_seconds=20))
    assert closed["timed"] is True
    assert lasts(closed) == timedelta(seconds=100), "five questions of twenty seconds"
    kind = begin(one_school, person, make_quiz(one_school, editors_there[0], untimed_allowed=True))
    assert kind["timed"] is False
    assert kind["deadline"] == "2026-06-10T17:00:00+08:00", "but not longer than the contest"


def test_a_contest_of_units_asks_for_the_unit(one_school: World, editors_there: Any) -> None:
    slug = make_quiz(one_school, editors_there[0], entry="unit")
    (person,) = make_people(one_school.app, 1)
    assert call(one_school, person, "POST", f"/quizzes/{slug}/attempts").json["code"] == "unit_needed"
    assert call(one_school, person, "PATCH", "/me", {"community_id": one_school.town}).status_code == 200
    begin(one_school, person, slug)
    with one_school.app.app_context():
        assert db.session.scalars(select(Attempt.node_id)).one() == one_school.town
        primary = orgs.add(one_school.town, "星子小学", NodeKind.SCHOOL, "test").id
    (_, pupil) = make_people(one_school.app, 2)
    assert call(one_school, pupil, "PATCH", "/me", {"school_id": primary}).status_code == 200
    begin(one_school, pupil, slug)
    with one_school.app.app_context():
        assert sorted(db.session.scalars(select(Attempt.node_id))) == [one_school.town, primary]


def test_prizes_are_recorded_after_the_end_and_handed_over_once(
    one_school: World, editors_there: Any, hands: Hands
) -> None:
    slug = make_quiz(one_school, editors_there[0])
    with one_school.app.app_context():
        board_desk.freeze(editors_there[0], bank.quiz(slug).id, NINE + timedelta(hours=4))
    (person,) = make_people(one_school.app, 1)
    submit(one_school, person, begin(one_school, person, slug))
    run_jobs(one_school)
    with one_school.app.app_context():
        quiz_id = bank.quiz(slug).id
        with pytest.raises(Conflict):
            prizes.record(editors_there[0], quiz_id, person.id, "厨余桶")
    hands.at(NINE + timedelta(hours=9))
    with one_school.app.app_context():
        with pytest.raises(Conflict):
            prizes.record(editors_there[0], quiz_id, person.id, "厨余桶")
        board_desk.reveal(editors_there[0], quiz_id)
        prizes.record(editors_there[0], quiz_id, person.id, "厨余桶")
        with pytest.raises(Conflict):
            prizes.record(editors_there[1], quiz_id, person.id, "厨余桶")
        made = db.session.scalars(select(ContestPrize)).one()
        prizes.hand_over(editors_there[1], made.id, "陈小明", "本人领取")
        with pytest.raises(Conflict):
            prizes.hand_over(editors_there[0], made.id, "别人", "")
        with pytest.raises(Conflict):
            prizes.remove(editors_there[0], made.id)
        row = prizes.recorded(quiz_id)[0]
        assert (row.ContestPrize.place, row.ContestPrize.winner, row.giver) == (1, "陈小明", "editor2")
    assert notices(one_school.app, "result_ready") == [person.id]


def test_traces_are_hashes_of_one_contest_and_go_away(one_school: World, editors_there: Any, hands: Hands) -> None:
    slugs = [make_quiz(one_school, editors_there[0]) for _ in range(2)]
    (person,) = make_people(one_school.app, 1)
    for slug in (*slugs, "daily"):
        begin(one_school, person, slug)
    with one_school.app.app_context():
        rows = db.session.execute(select(Attempt.address_mark, Attempt.device_mark).order_by(Attempt.id)).all()
        assert rows[2] == (None, None), "only contests"
        assert len({mark for row in rows[:2] for mark in row}) == 4, "nobody can be followed from one to the other"
        assert not any("127.0.0.1" in str(row) for row in rows)
        assert traces.purge() == 0
    hands.at(NINE + timedelta(days=31))
    with one_school.app.app_context():
        assert traces.purge() == 2
        assert set(db.session.scalars(select(Attempt.device_mark))) == {None}
