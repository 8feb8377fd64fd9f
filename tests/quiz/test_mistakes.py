"""The mistakes book with its intervals, and what is known by topic and class."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from sorting_miniapp import clock
from sorting_miniapp.db import transaction
from sorting_miniapp.quiz import knowledge, mistakes
from sorting_miniapp.quiz.marking import Version
from sorting_miniapp.quiz.models import Mistake, Question, QuestionVersion
from tests.events.helpers import NINE, Hands, Person, World, make_people
from tests.quiz.helpers import begin, call, get, submit


def review(world: World, person: Person, **query: str) -> Any:
    words = "&".join(f"{key}={value}" for key, value in query.items())
    return call(world, person, "POST", f"/me/mistakes/review?{words}")


def test_mistakes_come_again_at_growing_intervals_until_they_are_right_twice(school: World, hands: Hands) -> None:
    (person,) = make_people(school.app, 1)
    assert review(school, person).json["code"] == "no_mistakes"
    submit(school, person, begin(school, person), wrong=2)
    book = get(school, person, "/me/mistakes")
    assert (book["total"], book["due"], book["uncleared"]) == (2, 0, 2)
    assert all(one["right"] and one["explanation"] and one["topic"] for one in book["items"])
    assert book["next_due_at"].startswith("2026-06-10T09:10:")
    hands.at(NINE + timedelta(minutes=11))
    assert get(school, person, "/me/mistakes?due=true")["due"] == 2
    paper = review(school, person).json
    assert len(paper["questions"]) == 2
    assert submit(school, person, paper, wrong=1).json["result"]["points"] == 0
    book = get(school, person, "/me/mistakes")
    assert sorted((one["times"], one["right_in_row"]) for one in book["items"]) == [(1, 1), (2, 0)]
    first = datetime.fromisoformat(max(one["due_at"] for one in book["items"]))
    assert first - NINE > timedelta(hours=12), "right once: it comes again on another day"
    hands.at(first.astimezone(clock.LOCAL) + timedelta(minutes=1))
    assert get(school, person, "/me/mistakes")["due"] == 2
    submit(school, person, review(school, person).json)
    book = get(school, person, "/me/mistakes")
    assert [(one["times"], one["right_in_row"]) for one in book["items"]] == [(2, 1)], "right twice in a row: out"


def test_until_cleared_asks_only_what_was_wrong_the_last_time(school: World) -> None:
    (person,) = make_people(school.app, 1)
    submit(school, person, begin(school, person), wrong=3)
    paper = review(school, person, mode="until_cleared").json
    assert len(paper["questions"]) == 3
    submit(school, person, paper, wrong=1)
    paper = review(school, person, mode="until_cleared").json
    assert len(paper["questions"]) == 1
    submit(school, person, paper)
    assert review(school, person, mode="until_cleared").json["code"] == "all_cleared"
    assert get(school, person, "/me/mistakes")["total"] == 3
    assert review(school, person, mode="never").status_code == 422


def test_the_book_keeps_to_a_topic_and_to_questions_that_are_still_asked(school: World) -> None:
    (person,) = make_people(school.app, 1)
    submit(school, person, begin(school, person), wrong=5)
    items = get(school, person, "/me/mistakes")["items"]
    topic = items[0]["topic"]
    same = sum(one["topic"] == topic for one in items)
    assert get(school, person, f"/me/mistakes?topic={topic}")["total"] == same
    assert len(review(school, person, topic=topic).json["questions"]) == same
    with school.app.app_context(), transaction() as session:
        gone = select(QuestionVersion.question_id).where(QuestionVersion.text == items[0]["text"])
        session.execute(update(Question).where(Question.id.in_(gone)).values(active=False))
    assert get(school, person, "/me/mistakes")["total"] == 4


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60 * 24 * 40)), max_size=12))
def test_a_card_survives_its_columns_and_wrong_answers_come_soon(answers: list[tuple[bool, int]]) -> None:
    """The whole numbers in the table lead to the dates that the library's own cards have, within a day in a hundred."""
    now = datetime(2026, 6, 10, 1, 0, tzinfo=UTC)
    columns = mistakes.reviewed(None, False, now)
    row = Mistake(last_at=now, **columns)
    for good, minutes in answers:
        now += timedelta(minutes=minutes)
        columns = mistakes.reviewed(row, good, now)
        again = mistakes.reviewed(row, good, now)
        assert columns == again, "no fuzzing"
        wait = columns["due_at"] - now
        assert wait == timedelta(minutes=10) if not good else timedelta(days=1) <= wait <= timedelta(days=365)
        assert columns["due_at"].utcoffset() == timedelta(0)
        row = Mistake(last_at=now, **columns)


def test_knowledge_by_topic_and_class(school: World) -> None:
    (person,) = make_people(school.app, 1)
    empty = get(school, person, "/me/knowledge")
    assert empty["topics"] == []
    assert [one["name"] for one in empty["classes"]] == ["可回收物", "厨余垃圾", "有害垃圾", "其他垃圾"]
    assert {one["mastery"] for one in empty["classes"]} == {"还没答过"}
    submit(school, person, begin(school, person), wrong=2)
    found = get(school, person, "/me/knowledge")
    assert (sum(one["asked"] for one in found["topics"]), sum(one["right"] for one in found["topics"])) == (5, 3)
    assert [one["recent"] for one in found["topics"]] == sorted(one["recent"] for one in found["topics"])


def test_the_classes_of_a_question() -> None:
    def version(kind: str, *options: tuple[str, Any]) -> Version:
        return Version(1, 1, kind, "", options, "", "")

    sorting = version("sort", ("香蕉皮", "food"), ("纸箱", "recyclable"))
    assert knowledge.classes_of(sorting, "生活常识") == {"厨余垃圾", "可回收物"}
    single = version("single", ("其他垃圾", True), ("有害垃圾", False))
    assert knowledge.classes_of(single, "生活常识") == {"其他垃圾"}
    assert knowledge.classes_of(version("true_false", ("对", True)), "有害垃圾") == {"有害垃圾"}
    assert knowledge.classes_of(version("true_false", ("对", True)), "法规") == set()


@given(st.lists(st.booleans(), min_size=1, max_size=60))
def test_the_recent_share_stays_a_share_and_follows_the_latest(answers: list[bool]) -> None:
    recent = 0
    for asked, good in enumerate(answers):
        recent = knowledge.after(recent, asked, good)
        assert 0 <= recent <= 1000
    if len(answers) > 40 and all(answers[-40:]):
        assert recent > 900
    assert knowledge.mastery(3, 1000) == "刚开始"
    assert knowledge.mastery(20, 950) == "熟练"
