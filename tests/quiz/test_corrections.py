"""A wrong key is corrected for everybody: new marks, points that add up, certificates that are touched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from psycopg.errors import DeadlockDetected
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict
from sorting_miniapp.quiz import bank, corrections, outcomes, regrading
from sorting_miniapp.quiz.models import Attempt, PointsLedger, Question, QuestionVersion, QuizKind, QuizTotal
from sorting_miniapp.quiz.models_desk import Correction
from tests.events.helpers import NINE, Hands, World, at_once, make_people, notices
from tests.quiz.contests import correct, ledger_fits, make_quiz, run_jobs, version_of
from tests.quiz.helpers import add_result, answers, begin, call, quiz_id, submit


def one_choice(paper: dict[str, Any]) -> dict[str, Any] | None:
    """A question of the paper with one right option, if there is any."""
    return next((one for one in paper["questions"] if one["kind"] in ("single", "true_false")), None)


def a_day_with_one_choice(world: World, hands: Hands) -> None:
    """The first day whose five questions hold one with one right option: which they are follows from their keys."""
    with world.app.app_context():
        rules = bank.quiz("daily")
        for days in range(60):
            moment = NINE + timedelta(days=days)
            asked = bank.versions(bank.of_day(rules, clock.local(moment).date()))
            if any(version.kind in ("single", "true_false") for version in asked):
                hands.at(moment)
                return
    raise AssertionError("no day asks one")


def test_a_wrong_key_is_corrected_for_everybody(school: World, hands: Hands, editors: Any) -> None:
    a_day_with_one_choice(school, hands)
    people = make_people(school.app, 3)
    papers = [begin(school, person) for person in people]
    chosen = one_choice(papers[0])
    assert chosen is not None
    text = chosen["text"]
    version = version_of(school, text)
    rights = [one["right"] for one in version.options]
    moved = rights[1:] + rights[:1]
    given = [answers(school, paper) for paper in papers]
    other = next(one["text"] for one, right in zip(version.options, moved, strict=True) if right)
    question = next(q for q in papers[1]["questions"] if q["text"] == text)
    for one in given[1]["answers"]:  # the second says what will turn out to be right
        if one["question"] == question["id"]:
            one["options"] = [option["id"] for option in question["options"] if option["text"] == other]
    for person, paper, body in zip(people[:2], papers, given, strict=False):
        assert call(school, person, "POST", f"/attempts/{paper['id']}/submission", body).status_code == 200
    assert [call(school, p, "GET", "/me/points").json["balance"] for p in people] == [10, 8, 0]
    preview = correct(school, editors, version.id, "new_key", moved)
    assert {key: preview[key] for key in ("attempts", "changed", "up", "down", "points_given", "points_taken")} == {
        "attempts": 2, "changed": 2, "up": 1, "down": 1, "points_given": 2, "points_taken": 2,
    }  # fmt: skip
    assert preview["ranks"] == 2
    results = [
        call(school, p, "GET", f"/attempts/{paper['id']}").json["result"]
        for p, paper in zip(people, papers, strict=True)
    ]
    assert [(one["score"], one["points"]) for one in results[:2]] == [(80, 8), (100, 10)]
    assert [call(school, p, "GET", "/me/points").json["balance"] for p in people] == [8, 10, 0]
    # Who was still answering is marked by the right key, and the old one is asked no more.
    assert (
        call(school, people[2], "POST", f"/attempts/{papers[2]['id']}/submission", given[2]).json["result"]["score"]
        == 80
    )
    run_jobs(school)
    ledger_fits(school)
    with school.app.app_context():
        assert notices(school.app, "result_ready") == [people[0].id, people[1].id]
        totals = {row.resident_id: row.score for row in db.session.scalars(select(QuizTotal)) if "W" not in row.period}
        assert totals == {people[0].id: 80, people[1].id: 100, people[2].id: 80}
        newest = db.session.scalars(select(Question).where(Question.id == version.question_id)).one()
        assert (newest.number, newest.active) == (version.number + 1, True)
        outcome = db.session.scalars(select(Correction)).one()
        assert outcome.done_at is not None
        assert (outcome.outcome["changed"], outcome.outcome["people"]) == (2, 2)
        with pytest.raises(Conflict):
            corrections.confirm(editors[1], outcome.id)
        before = db.session.scalar(select(func.count()).select_from(PointsLedger))
    run_jobs(school)
    with school.app.app_context():
        assert db.session.scalar(select(func.count()).select_from(PointsLedger)) == before, "done once"


@pytest.mark.parametrize(("action", "scores"), [("everyone_right", [100, 80]), ("void", [100, 75])])
def test_a_question_counts_for_everybody_or_for_nobody(
    one_school: World, editors_there: Any, action: str, scores: list[int]
) -> None:
    people = make_people(one_school.app, 2)
    papers = [begin(one_school, person) for person in people]
    first = papers[0]["questions"][0]["text"]
    submit(one_school, people[0], papers[0], wrong=1)
    place = next(i for i, q in enumerate(papers[1]["questions"]) if q["text"] != first)
    body = answers(one_school, papers[1])
    body["answers"] = [one for one in body["answers"] if one["question"] != papers[1]["questions"][place]["id"]]
    call(one_school, people[1], "POST", f"/attempts/{papers[1]['id']}/submission", body)
    correct(one_school, editors_there, version_of(one_school, first).id, action)
    shown = [
        call(one_school, p, "GET", f"/attempts/{paper['id']}").json for p, paper in zip(people, papers, strict=True)
    ]
    assert [one["result"]["score"] for one in shown] == scores
    marked = next(q for q in shown[0]["questions"] if q["text"] == first)
    assert (marked["corrected"], marked["credit"]) == (action, 100 if action == "everyone_right" else None)
    ledger_fits(one_school)
    with one_school.app.app_context():
        assert (
            db.session.scalar(select(Question.active).where(Question.id == version_of(one_school, first).question_id))
            is False
        )


def test_submissions_at_once_with_a_correction_are_all_marked_by_it(school: World, editors: Any) -> None:
    people = make_people(school.app, 6)
    papers = [begin(school, person) for person in people]
    text = papers[0]["questions"][0]["text"]
    with school.app.app_context():
        key = corrections.draft(editors[0], version_of(school, text).id, "void", [], "题目有误")
    run_jobs(school)

    def hand_in(number: int) -> Any:
        body = answers(school, papers[number])
        return call(school, people[number], "POST", f"/attempts/{papers[number]['id']}/submission", body).status_code

    def confirm() -> int:
        with school.app.app_context():
            corrections.confirm(editors[1], key)
        run_jobs(school)
        return 200

    jobs = [lambda n=n: hand_in(n) for n in range(len(people))]  # type: ignore[misc]
    assert at_once([*jobs, confirm]) == [200] * 7
    run_jobs(school)
    with school.app.app_context():
        found = db.session.execute(select(Attempt.total, Attempt.right, Attempt.score, Attempt.points)).all()
        assert {tuple(row) for row in found} == {(4, 4, 100, 8)}
    ledger_fits(school)


def test_a_correction_lists_the_certificates_it_touches(one_school: World, editors_there: Any) -> None:
    slug = make_quiz(one_school, editors_there[0], QuizKind.EXAM, pass_percent=100, closes_at=None, opens_at=None)
    papers = ((person, begin(one_school, person, slug)) for person in make_people(one_school.app, 30))
    person, paper, question = next((who, paper, one) for who, paper in papers if (one := one_choice(paper)))
    submit(one_school, person, paper)
    number = call(one_school, person, "POST", f"/attempts/{paper['id']}/certificate", {"name": "陈小明"}).json["number"]
    version = version_of(one_school, question["text"])
    rights = [one["right"] for one in version.options]
    preview = correct(one_school, editors_there, version.id, "new_key", rights[1:] + rights[:1])
    assert preview["certificates"] == [number]


def test_a_batch_the_database_undid_is_marked_once_more(
    one_school: World, editors_there: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two transactions waited for each other: the job goes on with the same batch and tells of it once."""
    (person,) = make_people(one_school.app, 1)
    paper = begin(one_school, person)
    submit(one_school, person, paper, wrong=1)
    version = version_of(one_school, paper["questions"][0]["text"]).id
    with one_school.app.app_context():
        add_result(quiz_id("daily"), person.id, 0, 60_000, NINE - timedelta(days=1), versions=[version], total=1)
    monkeypatch.setattr(regrading, "AT_ONCE", 1)
    undone: list[Exception] = []
    add = outcomes.add

    def undo_the_first(*given: Any) -> None:
        add(*given)
        if not undone:
            undone.append(OperationalError("", {}, DeadlockDetected()))
            raise undone[0]

    monkeypatch.setattr(outcomes, "add", undo_the_first)
    correct(one_school, editors_there, version, "void")
    ledger_fits(one_school)
    with one_school.app.app_context():
        outcome = db.session.scalars(select(Correction.outcome)).one()
        assert (len(undone), outcome["attempts"], outcome["changed"]) == (1, 2, 2)
        assert outcome["people"] == 1, "one person's results stay together"
        assert notices(one_school.app, "result_ready") == [person.id]


def test_an_older_version_can_be_corrected_and_the_newer_one_stays(one_school: World, editors_there: Any) -> None:
    (person,) = make_people(one_school.app, 1)
    paper = begin(one_school, person)
    submit(one_school, person, paper, wrong=0)
    version = version_of(one_school, paper["questions"][0]["text"])
    with one_school.app.app_context(), transaction() as session:
        question = session.get_one(Question, version.question_id)
        session.add(
            QuestionVersion(
                question_id=question.id, number=2, kind=version.kind, text="新的一版", options=version.options,
                explanation="解析", source="依据",
            )
        )  # fmt: skip
        question.number = 2
        bank.changed()
    correct(one_school, editors_there, version.id, "void")
    with one_school.app.app_context():
        question = db.session.get_one(Question, version.question_id)
        assert (question.active, question.number) == (True, 2)
        assert db.session.scalar(select(Attempt.total)) == 4
