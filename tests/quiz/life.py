"""The life of attempts as a state machine: residents, staff and time act in any order, and invariants are looked at."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.errors import DomainError
from sorting_miniapp.orgs import settings as rules
from sorting_miniapp.quiz import attempts, bank, corrections, disqualifying, order, regrading, submission
from sorting_miniapp.quiz.attempts import COLUMNS, TABLE, Open, Who
from sorting_miniapp.quiz.models import (
    Attempt,
    PointsLedger,
    QuestionVersion,
    QuizDay,
    QuizTotal,
)
from sorting_miniapp.quiz.models_desk import Correction, Disqualification
from tests.conftest import empty
from tests.events.helpers import NINE, Hands, make_people, make_staff, make_world
from tests.quiz.contests import make_bank, run_jobs

PEOPLE = st.integers(0, 2)


PICK = st.integers(0, 9)


SLUGS = ("daily", "contest", "practice")


CAP = 14  # less than two daily quizzes give


class Life(RuleBasedStateMachine):
    """Three residents, two editors, a daily quiz, a contest, a practice; and time. Refusals are part of life."""

    app: Flask
    hands: Hands

    @initialize()
    def begin(self) -> None:
        empty(self.app)
        self.now = NINE
        self.hands.at(self.now)
        self.world = make_world(self.app)
        self.people = make_people(self.app, 3)
        self.handed_in: dict[int, tuple[Any, ...]] = {}
        with self.app.app_context():
            self.editors = [make_staff(f"editor{n}", Role.EDITOR, self.world.city) for n in range(2)]
            rules.write(self.world.city, "daily_points_cap", CAP, "test")
            make_bank()
        for who in range(3):  # something to correct, to take away and to go on with
            self.play(who, "daily", 5 - who)
            self.play(who, "contest", 3 - who)
        self.start_or_resume(0, "contest")

    @rule(who=PEOPLE, slug=st.sampled_from(SLUGS), right=st.integers(0, 5))
    def play(self, who: int, slug: str, right: int) -> None:
        """Start, or go on, and hand in."""

        def act() -> None:
            paper = attempts.start(Who(self.people[who].id), slug)
            _, found = attempts.own(self.people[who].id, paper["id"])
            submission.submit(found.resident_id, found.public_id, self._answers(found, right))

        self._do(act)

    @rule(pick=PICK, action=st.sampled_from(["new_key", "everyone_right", "void"]), at_once=st.booleans())
    def staff_correct_what_was_asked(self, pick: int, action: str, at_once: bool) -> None:
        """A question of some attempt; the worker comes now or when it comes."""
        found = self._pick(pick)
        if found is None:
            return
        version = found.versions[pick % len(found.versions)]
        rights = [right for _, right in self._options(version)]
        self._do(lambda: corrections.draft(self.editors[0], version, action, rights[1:] + rights[:1], "题目有误"))
        run_jobs(self.world)
        self.staff_confirm_a_correction(0)
        if at_once:
            run_jobs(self.world)

    def _do(self, act: Any) -> None:
        with self.app.app_context():
            try:
                act()
            except DomainError as error:
                if error.status not in (403, 404, 409, 422, 503):
                    raise
            finally:
                db.session.remove()

    def _pick(self, pick: int, *conditions: Any) -> Open | None:
        with self.app.app_context():
            rows = db.session.execute(select(*COLUMNS).where(*conditions).order_by(TABLE.c.id.desc())).all()
            return Open(*tuple(rows[pick % len(rows)])) if rows else None

    def _answers(self, found: Open, right: int) -> dict[str, Any]:
        """The first `right` questions as the key has them now, the others with their first option, or left out."""
        given: dict[str, Any] = {}
        for number, one in enumerate(found.asked):
            options = one.version.options
            if one.version.kind == "sort":
                given[one.id] = {name: options[place][1] if number < right else "food" for name, place in one.options}
            elif number < right:
                given[one.id] = [name for name, place in one.options if options[place][1]]
            elif number % 2:
                given[one.id] = [one.options[0][0]]
        return given

    @rule(who=PEOPLE, slug=st.sampled_from(SLUGS))
    def start_or_resume(self, who: int, slug: str) -> None:
        self._do(lambda: attempts.start(Who(self.people[who].id), slug))

    @rule(pick=PICK, right=st.integers(0, 5))
    def save(self, pick: int, right: int) -> None:
        if found := self._pick(pick):
            self._do(lambda: submission.save(found.resident_id, found.public_id, self._answers(found, right)))

    @rule(pick=PICK, right=st.integers(0, 5))
    def submit(self, pick: int, right: int) -> None:
        if found := self._pick(pick):
            self._do(lambda: submission.submit(found.resident_id, found.public_id, self._answers(found, right)))

    @rule(pick=PICK)
    def a_stranger_tries(self, pick: int) -> None:
        if found := self._pick(pick):
            stranger = next(person.id for person in self.people if person.id != found.resident_id)
            with self.app.app_context(), pytest.raises(DomainError):
                submission.submit(stranger, found.public_id, {})

    @rule(seconds=st.sampled_from([1, 30, 304, 400, 86_400]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)
        self.hands.at(self.now)

    @rule()
    def the_scheduler_collects(self) -> None:
        self._do(submission.collect)

    @rule()
    def the_worker_works(self) -> None:
        run_jobs(self.world)

    @rule(pick=PICK, action=st.sampled_from(["new_key", "everyone_right", "void"]))
    def staff_look_at_a_correction(self, pick: int, action: str) -> None:
        with self.app.app_context():
            versions = db.session.scalars(select(QuestionVersion).order_by(QuestionVersion.id)).all()
            version = versions[pick * 7 % len(versions)]
        rights = [right for _, right in self._options(version.id)]
        moved = rights[1:] + rights[:1]
        self._do(lambda: corrections.draft(self.editors[0], version.id, action, moved, "题目有误"))

    def _options(self, version: int) -> Any:
        with self.app.app_context():
            return bank.versions([version])[0].options

    @rule(pick=PICK)
    def staff_confirm_a_correction(self, pick: int) -> None:
        with self.app.app_context():
            waiting = db.session.scalars(select(Correction.id).where(Correction.number.is_(None))).all()
        if waiting:
            self._do(lambda: corrections.confirm(self.editors[1], waiting[pick % len(waiting)]))

    @rule(pick=PICK)
    def staff_disqualify(self, pick: int) -> None:
        if found := self._pick(pick):
            self._do(lambda: disqualifying.disqualify(self.editors[0], found.id, "看过证据"))

    @rule(pick=PICK)
    def appeal(self, pick: int) -> None:
        if found := self._pick(pick, TABLE.c.disqualified):
            self._do(lambda: disqualifying.appeal(found.resident_id, found.public_id, "我没有"))

    @rule(pick=PICK, lift=st.booleans())
    def answer_or_restore(self, pick: int, lift: bool) -> None:
        if found := self._pick(pick, TABLE.c.disqualified):
            with self.app.app_context():
                one = disqualifying.latest(found.id)
            assert one is not None
            self._do(lambda: disqualifying.decide(self.editors[1], one.id, lift, "复核过"))
            if lift:
                self._do(lambda: disqualifying.restore(self.editors[1], found.id, "给回"))

    @invariant()
    def one_submission_and_marks_only_by_corrections(self) -> None:
        if not hasattr(self, "people"):
            return
        with self.app.app_context():
            for row in db.session.execute(select(*COLUMNS)).all():
                found = Open(*tuple(row))
                if found.submitted_at is None:
                    assert (found.right, found.score, found.points, found.disqualified) == (0, 0, 0, False)
                    shown = attempts.get(found.resident_id, found.public_id)
                    assert shown["result"] is None
                    assert not any({"right", "credit", "explanation"} & set(one) for one in shown["questions"])
                    continue
                assert found.submitted_at <= attempts.last_moment(found)
                said = (found.submitted_at, found.answers, found.duration_ms)
                assert self.handed_in.setdefault(found.id, said) == said, "one submission, for ever"
                marks = regrading.marks(found, bank.as_of(found.versions, found.correction))
                assert (found.right, found.total, found.score) == (marks.right, marks.total, marks.score)

    @invariant()
    def points_are_the_sum_of_the_ledger(self) -> None:
        if not hasattr(self, "people"):
            return
        with self.app.app_context():
            rows = db.session.scalars(select(PointsLedger)).all()
            first = {row.id: row.attempt_id for row in rows if row.attempt_id}
            sums: Counter[int] = Counter()
            for row in rows:
                key = row.attempt_id or first.get(row.corrects_id or 0)
                assert key is not None, "a correction says what it corrects"
                sums[key] += row.amount
            points = dict(tuple(row) for row in db.session.execute(select(Attempt.id, Attempt.points)))
            assert {key: value for key, value in points.items() if value} == {k: v for k, v in sums.items() if v}
            days: Counter[tuple[int, Any]] = Counter()
            begun: Counter[tuple[int, Any]] = Counter()
            for row in db.session.scalars(select(Attempt)):
                day = row.resident_id, clock.local(row.started_at).date()
                days[day] += row.points
                begun[day] += 1
                assert row.points >= 0
            for day_row in db.session.scalars(select(QuizDay)):
                key = day_row.resident_id, day_row.day
                assert (day_row.points, day_row.attempts) == (days[key], begun[key])
                assert 0 <= day_row.points <= CAP

    @invariant()
    def nobody_has_more_attempts_than_there_are(self) -> None:
        if not hasattr(self, "people"):
            return
        with self.app.app_context():
            used: Counter[tuple[int, int, str]] = Counter()
            for row in db.session.execute(select(Attempt.resident_id, Attempt.quiz_id, Attempt.slot)):
                if row.slot:
                    used[row.resident_id, row.quiz_id, row.slot[:10]] += 1
            for (_, quiz_id, _), count in used.items():
                assert count <= (attempts.per_day(bank.by_id(quiz_id)) or 0)
            taken = set(db.session.scalars(select(Attempt.id).where(Attempt.disqualified.is_(True))))
            assert taken == set(
                db.session.scalars(select(Disqualification.attempt_id).where(Disqualification.live == 1))
            )

    def teardown(self) -> None:
        """When the worker has done everything: all marked by the newest key, totals the best of what counts."""
        if not hasattr(self, "people"):
            return
        for _ in range(2):
            run_jobs(self.world)
        self.one_submission_and_marks_only_by_corrections()
        self.points_are_the_sum_of_the_ledger()
        with self.app.app_context():
            for row in db.session.execute(select(*COLUMNS).where(TABLE.c.submitted_at.is_not(None))).all():
                found = Open(*tuple(row))
                marks = regrading.marks(found, bank.versions(found.versions))
                assert (found.right, found.total, found.score) == (marks.right, marks.total, marks.score)
            assert (
                db.session.scalar(
                    select(func.count()).where(Correction.number.is_not(None), Correction.done_at.is_(None))
                )
                == 0
            )
            self._totals()

    def _totals(self) -> None:
        best: dict[tuple[int, int, str], list[order.Result]] = {}
        counting = select(Attempt).where(Attempt.submitted_at.is_not(None), Attempt.disqualified.is_(False))
        for one in db.session.scalars(counting):
            kind = bank.by_id(one.quiz_id).kind
            period = {"daily": one.slot or "", "contest": order.ONCE}.get(kind)
            if period is not None and one.submitted_at is not None:
                result = order.Result(one.score, one.duration_ms, one.submitted_at)
                best.setdefault((one.quiz_id, one.resident_id, period), []).append(result)
        wanted = {key: order.best(results) for key, results in best.items()}
        found = {
            (row.quiz_id, row.resident_id, row.period): order.Result(row.score, row.duration_ms, row.finished_at)
            for row in db.session.scalars(select(QuizTotal))
            if "W" not in row.period
        }
        assert found == wanted
