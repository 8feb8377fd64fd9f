"""Sets of questions: put together, drawn by a plan, fixed once somebody sits the quiz."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from sorting_miniapp.quiz import bank, content, desk, planning, sets
from sorting_miniapp.quiz.models import Pool, Question, QuestionVersion, QuizKind
from sorting_miniapp.quiz.sets import Blueprint
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, World, make_people, make_staff
from tests.few_content import few
from tests.quiz.helpers import begin, refused


@pytest.fixture
def school(school: World) -> World:
    """With somebody who writes questions."""
    with school.app.app_context():
        make_staff("writer", Role.EDITOR, school.city)
    return school


def some(pool: Pool, count: int) -> list[int]:
    wanted = select(Question.id).where(Question.pool == pool, Question.active.is_(True)).order_by(Question.id)
    return list(db.session.scalars(wanted.limit(count)))


def order(set_id: int) -> list[int]:
    return [one.question.id for one in sets.members(set_id)]


def number(set_id: int) -> int:
    db.session.expire_all()
    return sets.get(set_id).number


def contest(set_id: int | None, count: int = 3) -> planning.Plan:
    opens, closes = clock.now() - timedelta(hours=1), clock.now() + timedelta(hours=5)
    return planning.Plan("竞赛", "", count, 10, opens, closes, True, per_day=1, set_id=set_id)


def test_questions_are_added_moved_and_taken_out(school: World) -> None:
    with school.app.app_context():
        actor = make_staff("editor2", Role.EDITOR, school.city)
        one, two, three = some(Pool.CONTEST, 3)
        key = sets.make(actor, "初赛", Pool.CONTEST)
        assert sets.add(actor, key, 1, [one, two, three]) == 3
        sets.move(actor, key, 2, three, -1)
        assert order(key) == [one, three, two]
        sets.remove(actor, key, 3, one)
        assert order(key) == [three, two]
        refused(Conflict, "changed_since", sets.remove, actor, key, 3, two)
        refused(Invalid, "questions", sets.add, actor, key, 4, [two])
        refused(Invalid, "questions", sets.add, actor, key, 4, some(Pool.PRACTICE, 1))
        refused(Forbidden, "city_editor", sets.add, make_staff("town_editor", Role.EDITOR, school.town), key, 4, [one])
        copy = sets.make(actor, "副本", Pool.CONTEST, key)
        assert order(copy) == [three, two]


def test_a_quiz_asks_the_questions_of_its_set_and_nothing_else(school: World) -> None:
    (person,) = make_people(school.app, 1)
    with school.app.app_context():
        actor = make_staff("editor2", Role.EDITOR, school.city)
        chosen = some(Pool.CONTEST, 3)
        key = sets.make(actor, "初赛", Pool.CONTEST)
        sets.add(actor, key, 1, chosen)
        quiz = planning.quiz(planning.make(actor, QuizKind.CONTEST, contest(key)))
        rules = bank.quiz(quiz.slug)
        versions = select(QuestionVersion.id).join(Question, desk.NEWEST).where(Question.id.in_(chosen))
        assert sorted(bank.eligible(rules)) == sorted(db.session.scalars(versions))
        paper = begin(school, person, quiz.slug)
        texts = set(db.session.scalars(select(QuestionVersion.text).where(QuestionVersion.question_id.in_(chosen))))
        assert {one["text"] for one in paper["questions"]} == texts
        refused(Conflict, "set_in_use", sets.remove, actor, key, number(key), chosen[0])
        refused(Conflict, "contest_begun", planning.change, actor, quiz.id, contest(None))


def test_a_quiz_refuses_a_set_that_does_not_fit(school: World) -> None:
    with school.app.app_context():
        actor = make_staff("editor2", Role.EDITOR, school.city)
        small, other = sets.make(actor, "太少", Pool.CONTEST), sets.make(actor, "练习", Pool.PRACTICE)
        sets.add(actor, small, 1, some(Pool.CONTEST, 2))
        sets.add(actor, other, 1, some(Pool.PRACTICE, 4))
        for wrong in (small, other, 999):
            refused(Invalid, "set_id", planning.make, actor, QuizKind.CONTEST, contest(wrong))


def test_a_draw_follows_its_plan(school: World) -> None:
    with school.app.app_context():
        actor = make_staff("editor2", Role.EDITOR, school.city)
        key = sets.make(actor, "抽题", Pool.PRACTICE)
        have = dict(
            db.session.execute(
                select(Question.difficulty, func.count())
                .where(Question.pool == Pool.PRACTICE, Question.audience == "all")
                .group_by(Question.difficulty)
            ).all()
        )
        wanted = tuple(min(have.get(level, 0), 2) for level in (1, 2, 3))
        assert sum(wanted)
        assert sets.draw(actor, key, 1, Blueprint(wanted)) == sum(wanted)  # type: ignore[arg-type]
        found = sets.members(key)
        assert tuple(sum(one.question.difficulty == level for one in found) for level in (1, 2, 3)) == wanted
        assert {one.question.audience for one in found} == {"all"}
        refused(Unavailable, "too_few_questions", sets.draw, actor, key, 2, Blueprint((90, 0, 0)))
        refused(Invalid, "counts", sets.draw, actor, key, 2, Blueprint((0, 0, 0)))
        refused(NotFound, "set_not_found", sets.draw, actor, 999, 1, Blueprint((1, 0, 0)))


def test_the_console_builds_previews_and_uses_a_set(sqlite_world: World, hands: Hands) -> None:
    hands.at(NINE)
    world = sqlite_world
    with world.app.app_context():
        content.load(few())
        db.session().commit()
        make_staff("writer", Role.EDITOR, world.city)
        chosen = some(Pool.CONTEST, 2)
        text = db.session.scalar(select(QuestionVersion.text).where(QuestionVersion.question_id == chosen[0]))
    writer = sign_in(world, "writer")
    assert "名称须为" in post(writer, "/console/question-sets", 422, title="", pool="contest")
    where = post(writer, "/console/question-sets", title="初赛", pool="contest")
    post(writer, where, number="1", action="add", question=[str(one) for one in chosen])
    assert "刚被改过" in post(writer, where, 409, number="1", action=f"remove.{chosen[0]}")
    assert "请填写要抽的题数" in post(writer, where, 422, number="2", action="draw", count1="", count2="0", count3="0")
    page = writer.get(where).text
    assert text in page
    preview = writer.get(f"{where}/preview").text
    assert text in preview
    assert "解析：" not in preview
    assert "解析：" in writer.get(f"{where}/preview?answers=1").text
    assert "初赛（2 道题）" in writer.get("/console/quizzes/new").text
