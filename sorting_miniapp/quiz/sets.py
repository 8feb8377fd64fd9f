"""组卷: questions put together by hand or drawn by a plan, for a contest or an exam, and looked at before it is sat.

A set stays as it is once somebody has begun a quiz that uses it; a copy can be changed.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound, Unavailable
from sorting_miniapp.quiz import bank, desk, question_list
from sorting_miniapp.quiz.models import DIFFICULTY_NAMES, Attempt, Pool, Question, QuestionVersion, Quiz
from sorting_miniapp.quiz.models_sets import QuestionSet, QuestionSetMember, QuestionTally
from sorting_miniapp.quiz.question_list import Filters, Standing

MOST, PAGE = 100, 25
_lot = random.SystemRandom()


@dataclass(frozen=True)
class Member:
    """A question of a set: its newest version, and the share that got it right so far (None: never asked)."""

    question: Question
    version: QuestionVersion
    share: float | None


@dataclass(frozen=True)
class Blueprint:
    """How many questions of each difficulty (1 to 3) to draw, for whom, of which topics (none: all)."""

    counts: tuple[int, int, int]
    audience: str = "all"
    topics: tuple[str, ...] = ()


def make(actor: StaffActor, title: str, pool: Pool, copied: int | None = None) -> int:
    """A new set, empty or with another's questions; returns its key. Raises Invalid, Forbidden, NotFound."""
    desk.require_editor(actor)
    _check_title(title)
    with transaction() as session:
        if copied is not None:
            pool = get(copied).pool
        now = clock.now()
        row = QuestionSet(title=title.strip(), pool=pool, made_by=actor.id, made_at=now, changed_at=now)
        session.add(row)
        session.flush()
        _write(session, row.id, _ids(copied) if copied is not None else [])
        audit.record(actor.username, "question_set.create", "question_set", row.id, after={"title": row.title})
        return row.id


def _check_title(title: str) -> None:
    if not 1 <= len(title.strip()) <= 40:
        raise Invalid("title", "名称须为 1 到 40 个字")


def rename(actor: StaffActor, set_id: int, number: int, title: str) -> None:
    """Raises Invalid, Conflict, Forbidden, NotFound."""
    _check_title(title)
    with transaction() as session:
        row = _change(actor, set_id, number)
        audit.record(
            actor.username, "question_set.rename", "question_set", set_id,
            before={"title": row.title}, after={"title": title.strip()},
        )  # fmt: skip
        session.execute(update(QuestionSet).where(QuestionSet.id == set_id).values(title=title.strip()))


def add(actor: StaffActor, set_id: int, number: int, question_ids: Sequence[int]) -> int:
    """Put questions at the end; returns how many were new. Raises Invalid, Conflict, Forbidden, NotFound."""
    with transaction() as session:
        row = _change(actor, set_id, number)
        have = _ids(set_id)
        fresh = [one for one in dict.fromkeys(question_ids) if one not in have]
        fits = (Question.id.in_(fresh), Question.pool == row.pool, Question.active.is_(True))
        if not fresh or len(list(session.scalars(select(Question.id).where(*fits)))) != len(fresh):
            raise Invalid("questions", "请勾选本题库里正在使用、还没有加入的题目")
        if len(have) + len(fresh) > MOST:
            raise Invalid("questions", f"一份试卷最多 {MOST} 道题")
        _store(actor, session, set_id, have, have + fresh)
        return len(fresh)


def remove(actor: StaffActor, set_id: int, number: int, question_id: int) -> None:
    """Take a question out. Raises Conflict, Forbidden, NotFound."""
    with transaction() as session:
        _change(actor, set_id, number)
        have = _ids(set_id)
        _store(actor, session, set_id, have, [one for one in have if one != question_id])


def move(actor: StaffActor, set_id: int, number: int, question_id: int, steps: int) -> None:
    """Move a question up (-1) or down (1). Raises Conflict, Forbidden, NotFound."""
    with transaction() as session:
        _change(actor, set_id, number)
        have = _ids(set_id)
        if question_id not in have:
            raise NotFound("question_not_found", "试卷里没有这道题")
        here = have.index(question_id)
        there = min(max(here + steps, 0), len(have) - 1)
        order = list(have)
        order.insert(there, order.pop(here))
        _store(actor, session, set_id, have, order)


def draw(actor: StaffActor, set_id: int, number: int, plan: Blueprint) -> int:
    """Add questions by lot: for each difficulty evenly over the topics, the least asked first.

    Raises Unavailable when there are too few, and as `add`.
    """
    if not 1 <= sum(plan.counts) <= MOST or min(plan.counts) < 0:
        raise Invalid("counts", f"请填写要抽的题数，合计 1 到 {MOST}")
    row = get(set_id)
    taken: list[int] = []
    for difficulty, count in enumerate(plan.counts, start=1):
        taken += _draw(row, plan, difficulty, count)
    return add(actor, set_id, number, taken)


def _draw(row: QuestionSet, plan: Blueprint, difficulty: int, count: int) -> list[int]:
    wanted = [
        Question.pool == row.pool, Question.active.is_(True), Question.audience == plan.audience,
        Question.difficulty == difficulty, Question.id.not_in(_ids(row.id)),
    ]  # fmt: skip
    if plan.topics:
        wanted.append(Question.topic.in_(plan.topics))
    asked = func.coalesce(QuestionTally.asked, 0)
    statement = (
        select(Question.id, Question.topic, asked.label("asked"))
        .join(QuestionVersion, desk.NEWEST)
        .outerjoin(QuestionTally, QuestionTally.version_id == QuestionVersion.id)
        .where(*wanted)
    )
    rows = list(db.session().execute(statement))
    if len(rows) < count:
        raise Unavailable("too_few_questions", f"难度“{DIFFICULTY_NAMES[difficulty]}”符合条件的题目只有 {len(rows)} 道")
    by_topic: dict[str, list[int]] = defaultdict(list)
    for one in sorted(rows, key=lambda one: (-one.asked, _lot.random())):
        by_topic[one.topic].append(one.id)
    taken: list[int] = []
    while len(taken) < count:
        for topic in _lot.sample(sorted(by_topic), len(by_topic)):
            if by_topic[topic] and len(taken) < count:
                taken.append(by_topic[topic].pop())  # the least asked stand last
    return taken


def _change(actor: StaffActor, set_id: int, number: int) -> QuestionSet:
    """Lock a set for a change that was begun from its state `number`."""
    desk.require_editor(actor)
    session = db.session()
    row = session.get(QuestionSet, set_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFound("set_not_found", "没有找到这份试卷")
    if row.number != number:
        raise Conflict("changed_since", "这份试卷刚被改过，请看过现在的内容再改")
    if session.scalar(select(exists().where(Attempt.quiz_id == Quiz.id, Quiz.set_id == set_id))):
        raise Conflict("set_in_use", "已经有人用这份试卷答题，不能再改；请复制一份再改")
    session.execute(
        update(QuestionSet).where(QuestionSet.id == set_id).values(number=number + 1, changed_at=clock.now())
    )
    return row


def _store(actor: StaffActor, session: Session, set_id: int, before: list[int], after: list[int]) -> None:
    session.execute(delete(QuestionSetMember).where(QuestionSetMember.set_id == set_id))
    _write(session, set_id, after)
    bank.changed()
    audit.record(
        actor.username, "question_set.change", "question_set", set_id,
        before={"questions": before}, after={"questions": after},
    )  # fmt: skip


def _write(session: Session, set_id: int, question_ids: Sequence[int]) -> None:
    rows = [{"set_id": set_id, "question_id": one, "place": place} for place, one in enumerate(question_ids)]
    if rows:
        session.execute(insert(QuestionSetMember), rows)


def _ids(set_id: int) -> list[int]:
    mine = select(QuestionSetMember.question_id).where(QuestionSetMember.set_id == set_id)
    return list(db.session().scalars(mine.order_by(QuestionSetMember.place)))


def check_fit(set_id: int, pool: Pool | None, count: int) -> None:
    """Whether a quiz of this pool can ask `count` questions of a set. Raises Invalid with the field `set_id`."""
    try:
        row = get(set_id)
    except NotFound as error:
        raise Invalid("set_id", "没有找到这份试卷") from error
    usable = sum(member.question.active for member in members(set_id))
    if row.pool is not pool:
        raise Invalid("set_id", "竞赛用竞赛题库的试卷，学习测试用练习题库的试卷")
    if usable < count:
        raise Invalid("set_id", f"这份试卷只有 {usable} 道可用的题，不够 {count} 道")


def get(set_id: int) -> QuestionSet:
    """Raises NotFound."""
    found = db.session().get(QuestionSet, set_id)
    if found is None:
        raise NotFound("set_not_found", "没有找到这份试卷")
    return found


def listed(pool: Pool | None = None) -> list[tuple[QuestionSet, int]]:
    """Sets and how many questions each has, the last changed first."""
    many = func.count(QuestionSetMember.question_id)
    statement = select(QuestionSet, many).outerjoin(QuestionSetMember).group_by(QuestionSet.id)
    if pool is not None:
        statement = statement.where(QuestionSet.pool == pool)
    rows = db.session().execute(statement.order_by(QuestionSet.changed_at.desc(), QuestionSet.id.desc()))
    return [(row[0], int(row[1])) for row in rows]


def used_by(set_id: int) -> list[Quiz]:
    return list(db.session().scalars(select(Quiz).where(Quiz.set_id == set_id).order_by(Quiz.id)))


def members(set_id: int) -> list[Member]:
    """The questions of a set in its order."""
    return _members(
        select(Question, QuestionVersion, QuestionTally)
        .join(QuestionSetMember, QuestionSetMember.question_id == Question.id)
        .where(QuestionSetMember.set_id == set_id)
        .order_by(QuestionSetMember.place)
    )


def _members(statement: Any) -> list[Member]:
    statement = statement.join(QuestionVersion, desk.NEWEST).outerjoin(
        QuestionTally, QuestionTally.version_id == QuestionVersion.id
    )
    return [
        Member(question, version, tally.right / tally.asked if tally is not None and tally.asked else None)
        for question, version, tally in db.session().execute(statement)
    ]


def choices(set_id: int, of: Filters, page: int) -> tuple[list[Member], bool]:
    """Questions that could still be added, and whether there are more."""
    usable = replace(of, pool=get(set_id).pool, standing=Standing.USED)
    statement = (
        select(Question, QuestionVersion, QuestionTally)
        .where(*usable.conditions(), Question.id.not_in(_ids(set_id)))
        .order_by(Question.topic, Question.difficulty, Question.id)
        .offset(page * PAGE)
        .limit(PAGE + 1)
    )
    found = _members(statement)
    return found[:PAGE], len(found) > PAGE


def topics(pool: Pool) -> list[str]:
    """The topics a pool has questions of."""
    return question_list.topics(Filters(pool=pool, standing=Standing.USED))


def summary(found: Sequence[Member]) -> dict[str, Any]:
    """How a set is made up, and the share of right answers to expect where enough of it was asked before."""
    known = [member.share for member in found if member.share is not None]
    return {
        "difficulties": Counter(DIFFICULTY_NAMES[member.question.difficulty] for member in found),
        "topics": Counter(member.question.topic for member in found).most_common(),
        "kinds": Counter(member.version.asked_as for member in found),
        "inactive": sum(not member.question.active for member in found),
        "expected": round(sum(known) / len(known) * 100) if known and len(known) * 2 >= len(found) else None,
    }
