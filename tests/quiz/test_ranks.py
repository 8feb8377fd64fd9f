"""The written order of results, and ranks from counts beside a naive model."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select, update

from sorting_miniapp.db import db, transaction
from sorting_miniapp.quiz import bank, boards, leaderboards, order
from sorting_miniapp.quiz.models import Attempt, QuizTotal
from sorting_miniapp.quiz.models_learning import RankCount, UnitTotal
from sorting_miniapp.quiz.order import Result
from tests.events.helpers import NINE, World, make_people
from tests.quiz.helpers import add_result, count, quiz_id

DAY = NINE.date()
results = st.builds(
    Result,
    st.integers(0, 10).map(lambda tens: tens * 10),
    st.integers(0, 9_000),
    st.integers(0, 3).map(lambda minutes: datetime(2026, 6, 10, 1, minutes, tzinfo=UTC)),
)


@given(st.lists(results, max_size=40))
def test_one_number_and_the_finish_put_results_in_the_written_order(found: list[Result]) -> None:
    written = sorted(found, key=lambda one: (-one.score, one.duration_ms, one.finished_at))
    assert sorted(found, key=lambda one: (one.order_key, one.finished_at)) == written
    assert order.best(found) == (written[0] if written else None)
    keys = [(one.order_key, one.finished_at) for one in written]
    assert order.ranks(keys) == [1 + sum(other < key for other in keys) for key in keys]


@given(st.dates(date(2024, 1, 1), date(2030, 12, 31)))
def test_a_week_has_seven_days_from_monday(day: date) -> None:
    first, last = order.days_of(order.week_of(day))
    assert first <= day.isoformat() <= last
    assert date.fromisoformat(first).weekday() == 0
    assert date.fromisoformat(last) - date.fromisoformat(first) == timedelta(days=6)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.integers(0, 7), st.integers(0, 4), results), min_size=1, max_size=25),
    st.lists(st.integers(0, 24), max_size=4),
)
def test_ranks_and_counts_are_those_of_a_naive_model(
    one_school: World, submitted: list[tuple[int, int, Result]], taken_away: list[int]
) -> None:
    """Any submissions of any people on any days, some of them corrected to nothing: boards, ranks and counts agree."""
    people = [one.id for one in make_people(one_school.app, 8)]
    with one_school.app.app_context():
        for table in (RankCount, UnitTotal, QuizTotal):
            db.session.execute(table.__table__.delete())
        db.session.execute(Attempt.__table__.delete())
        db.session.commit()
        daily, kept = quiz_id("daily"), {}
        for person, day, result in submitted:
            slot = (DAY + timedelta(days=day)).isoformat()
            if (person, slot) not in kept:
                at = result.finished_at + timedelta(days=day)
                key = add_result(daily, people[person], result.score, result.duration_ms, at, slot)
                kept[person, slot] = (key, Result(result.score, result.duration_ms, at))
    count(one_school)
    with one_school.app.app_context():
        for number in taken_away:
            if number < len(kept):
                (person, slot), (key, result) = list(kept.items())[number]
                with transaction() as session:
                    session.execute(update(Attempt).where(Attempt.id == key).values(score=0))
                    boards.rebuild(daily, [people[person]])
                kept[person, slot] = (key, Result(0, result.duration_ms, result.finished_at))
        _agree(one_school, daily, people, {where: result for where, (_, result) in kept.items()})


def _agree(world: World, daily: int, people: list[int], kept: dict[tuple[int, str], Result]) -> None:
    model: dict[str, dict[int, Result]] = {}
    for (person, slot), result in kept.items():
        model.setdefault(slot, {})[people[person]] = result
    weeks: dict[tuple[str, int], list[Result]] = {}
    for (person, slot), result in kept.items():
        weeks.setdefault((order.week_of(date.fromisoformat(slot)), people[person]), []).append(result)
    for (week, person), results_ in weeks.items():
        together = order.together(results_)
        assert together
        model.setdefault(week, {})[person] = together
    assert db.session.scalar(select(func.count()).select_from(QuizTotal)) == sum(map(len, model.values()))
    assert (db.session.scalar(select(func.min(RankCount.people))) or 0) >= 0
    for period, standing in model.items():
        found = leaderboards.Board(bank.quiz("daily"), period)
        keys = {person: (-one.score, one.duration_ms, one.finished_at) for person, one in standing.items()}
        for person, key in keys.items():
            shown = leaderboards.rank(person, found)
            assert shown["rank"] == 1 + sum(other < key for other in keys.values())
            assert shown["of"] == len(keys)
            naive = sorted((key, person) for person, key in keys.items())
            at = naive.index((key, person))
            near = [1 + sum(other < one for other in keys.values()) for one, _ in naive[max(0, at - 2) : at + 3]]
            assert [row["rank"] for row in shown["around"]] == near
            assert [row["mine"] for row in shown["around"]].index(True) == min(at, 2)
