"""How questions fare: counted once, from what was answered, and the same as counted by hand."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.quiz import content, desk, question_stats
from sorting_miniapp.quiz.models import Question, QuestionVersion
from sorting_miniapp.quiz.models_sets import OptionTally, QuestionMonth, QuestionTally
from tests.console.helpers import sign_in
from tests.events.helpers import NINE, Hands, World, at_once, make_people, make_staff
from tests.few_content import few
from tests.quiz.helpers import begin, submit


def play(world: World, hands: Hands, people: int = 6) -> dict[str, Counter[str]]:
    """Papers with 0 to 4 wrong answers; {question's text: asked, wrong} as the residents saw it."""
    seen: dict[str, Counter[str]] = {}
    for place, person in enumerate(make_people(world.app, people)):
        paper = begin(world, person)
        hands.at(clock.now() + timedelta(minutes=1))
        result: dict[str, Any] = submit(world, person, paper, wrong=place % 5).json
        for question in result["questions"]:
            seen.setdefault(question["text"], Counter()).update(asked=1, wrong=int(not question["right"]))
    hands.at(clock.now() + timedelta(minutes=5))
    return seen


def counted() -> dict[str, Counter[str]]:
    rows = db.session.execute(
        select(QuestionVersion.text, QuestionTally.asked, QuestionTally.right).join(
            QuestionVersion, QuestionVersion.id == QuestionTally.version_id
        )
    )
    return {row[0]: Counter(asked=row[1], wrong=row[1] - row[2]) for row in rows}


def test_what_is_counted_is_what_was_answered_and_only_once(school: World, hands: Hands) -> None:
    seen = play(school, hands)
    with school.app.app_context():
        assert question_stats.run() == 6
        assert counted() == seen
        assert question_stats.run() == 0
        assert counted() == seen
        month = select(func.sum(QuestionMonth.asked), func.sum(QuestionMonth.wrong))
        total = Counter[str]()
        for one in seen.values():
            total.update(one)
        assert tuple(map(int, db.session.execute(month).one())) == (total["asked"], total["wrong"])


def test_many_count_at_once_and_nothing_is_doubled(school: World, hands: Hands) -> None:
    seen = play(school, hands)

    def count() -> int:
        with school.app.app_context():
            return question_stats.run()

    assert sum(at_once([count] * 4)) == 6
    with school.app.app_context():
        assert counted() == seen


def test_a_correction_counts_everything_anew(school: World, hands: Hands) -> None:
    seen = play(school, hands, 3)
    with school.app.app_context():
        question_stats.run()
        with transaction():
            question_stats.restart()
        assert counted() == {}
        assert question_stats.run() == 3
        assert counted() == seen


def test_what_was_just_submitted_waits_until_it_is_surely_on_disk(school: World, hands: Hands) -> None:
    first, second = make_people(school.app, 2)
    submit(school, first, begin(school, first))
    hands.at(clock.now() + timedelta(minutes=3))
    submit(school, second, begin(school, second))
    with school.app.app_context():
        assert question_stats.run() == 1
        hands.at(clock.now() + timedelta(minutes=3))
        assert question_stats.run() == 1


def test_options_and_blanks_are_counted(school: World, hands: Hands) -> None:
    play(school, hands, 2)
    with school.app.app_context():
        question_stats.run()
        blanks = db.session.scalar(select(func.sum(QuestionTally.blank)))
        assert blanks == 1, "the second person left one question out"
        version = db.session.scalars(
            select(QuestionTally.version_id).join(QuestionVersion).where(QuestionVersion.kind != "sort")
        ).first()
        assert version is not None
        fare = question_stats.of_version(version)
        rows = dict(
            db.session.execute(
                select(OptionTally.place, OptionTally.chosen).where(OptionTally.version_id == version)
            ).all()
        )
        assert {place: chosen[0][1] for place, (_, _, chosen) in enumerate(fare.options) if chosen[0][1]} == rows


@pytest.mark.parametrize(
    ("knowing", "guessing", "low", "high"),
    [(900, 100, 0.9, 1.0), (500, 500, -0.01, 0.01), (100, 900, -1.0, -0.9)],
)
def test_discrimination_says_whether_those_who_know_get_it_right(
    knowing: int, guessing: int, low: float, high: float
) -> None:
    """50 who got the question right with a rest of `knowing`, 50 who did not with `guessing` (thousandths)."""
    sums = {"rest": 50 * (knowing + guessing), "rest_right": 50 * knowing}
    squares = 50 * (knowing**2 + guessing**2) + 1
    tally = QuestionTally(version_id=1, asked=100, right=50, blank=0, duration_ms=0, rest_squared=squares, **sums)
    found = question_stats.discrimination(tally)
    assert found is not None
    assert low <= found <= high


def test_too_few_answers_say_nothing() -> None:
    few_answers = QuestionTally(
        version_id=1, asked=5, right=2, blank=0, duration_ms=0, rest=3000, rest_squared=2_000_000, rest_right=1000
    )
    assert question_stats.discrimination(few_answers) is None


def test_the_month_names_what_was_missed_most(school: World, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question_stats, "ENOUGH", 3)
    play(school, hands)
    with school.app.app_context():
        question_stats.run()
        month = question_stats.months()[0]
        assert month == f"{clock.today():%Y-%m}"
        found = question_stats.most_missed(month)
        assert found
        assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)
        assert question_stats.most_missed("2020-01") == []


def test_the_console_shows_the_figures(sqlite_world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.at(NINE)
    with sqlite_world.app.app_context():
        content.load(few())
        db.session().commit()
    monkeypatch.setattr(question_stats, "ENOUGH", 3)
    client = sign_in(sqlite_world, "admin")
    assert "这个月作答还不多" in client.get("/console/question-stats").text
    play(sqlite_world, hands)
    with sqlite_world.app.app_context():
        question_stats.run()
        key = db.session.scalar(
            select(Question.id).join(QuestionVersion, QuestionVersion.question_id == Question.id).join(QuestionTally)
        )
    page = client.get("/console/question-stats").text
    assert "可以写的文章" in page
    assert "答对率" in page
    url = f"/console/questions/{key}/stats"
    assert "各选项被选的次数" in client.get(url).text
    with sqlite_world.app.app_context():
        row, version = desk.question(key)
        draft = replace(desk.draft_of(desk.row_of(row, version)), text="换了一种问法的题目？")
        desk.save(make_staff("keeper", Role.EDITOR, sqlite_world.city), key, draft)
    assert "这一版题目还没有人答过" in client.get(url).text
    assert "各选项被选的次数" in client.get(f"{url}?version=1").text
    assert client.get("/console/question-stats/missed.xlsx").data[:2] == b"PK"
