"""Rows about leaderboards: the page and the own rank among 40,000 and among 400,000 people, measured in turns."""

from __future__ import annotations

import random
import statistics
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import insert, select, text

from bench.rows import Bench, Row
from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, transaction
from sorting_miniapp.quiz import bank, leaderboards
from sorting_miniapp.quiz.models import Pool, Quiz, QuizKind, QuizTotal
from sorting_miniapp.quiz.models_learning import RankCount
from sorting_miniapp.quiz.order import ONCE, Result
from sorting_miniapp.quiz.tallies import EVERYBODY

FEW, MANY = 40_000, 400_000
SCORES, WEIGHTS = range(0, 101, 10), (1, 1, 2, 4, 6, 9, 12, 16, 20, 18, 11)
LOOKS, BATCH = 150, 5_000


def leaderboard(bench: Bench) -> list[Row]:
    """A contest with many people beside one with ten times as many; nothing cached."""
    bench.setting._add_residents([f"board-{number}" for number in range(MANY)])
    first = db.session().scalars(select(Resident.id).where(Resident.openid == "board-0")).one()
    boards = [_contest(count, first) for count in (FEW, MANY)]
    if db.engine.dialect.name == "postgresql":
        db.session().execute(text("ANALYZE"))  # what autovacuum does by itself within a minute of such a change
        db.session().commit()
    lot = random.Random(1)
    pages = _in_turns(boards, lambda found, _size: leaderboards.page(found, leaderboards.By.PERSON), lot)
    ranks = _in_turns(boards, lambda found, size: leaderboards.rank(first + lot.randrange(size), found), lot)
    titles = ("leaderboard page", "my rank and neighbours")
    return [
        Row(f"{title}, 400,000 / 40,000 people", took[1] / took[0], "x", 1.3, at_most=True, note=_note(took))
        for title, took in zip(titles, (pages, ranks), strict=True)
    ]


def _note(took: list[float]) -> str:
    return f"{took[0]:.2f} and {took[1]:.2f} ms"


def _in_turns(
    boards: list[tuple[leaderboards.Board, int]], look: Callable[[leaderboards.Board, int], Any], lot: random.Random
) -> list[float]:
    """The middle time of LOOKS at each board, in milliseconds, in a random order."""
    took: list[list[float]] = [[], []]
    for _ in range(LOOKS):
        for place in lot.sample((0, 1), 2):
            begun = time.perf_counter()
            look(*boards[place])
            db.session().rollback()
            took[place].append((time.perf_counter() - begun) * 1000)
    return [statistics.median(one) for one in took]


def _contest(people: int, first: int) -> tuple[leaderboards.Board, int]:
    """A contest in which the first `people` residents have a result, with the counts that counting would have made."""
    lot, slug = random.Random(people), f"contest-bench-{people}"
    with transaction() as session:
        row = Quiz(
            slug=slug, title="bench", kind=QuizKind.CONTEST, pool=Pool.CONTEST, topics=[], count=10, minutes=10,
        )  # fmt: skip
        session.add(row)
        session.flush()
        quiz_id = row.id
        bank.changed()
    counts: Counter[tuple[int, int]] = Counter()
    for start in range(0, people, BATCH):
        rows = []
        for resident in range(first + start, first + min(start + BATCH, people)):
            finished = clock.now() - timedelta(milliseconds=lot.randrange(10**9))
            (score,) = lot.choices(SCORES, WEIGHTS)
            result = Result(score, round(lot.triangular(40_000, 600_000, 150_000)), finished)
            counts[EVERYBODY, score] += 1
            counts[score, result.second] += 1
            rows.append(
                {"quiz_id": quiz_id, "period": ONCE, "resident_id": resident, "score": score,
                 "duration_ms": result.duration_ms, "finished_at": finished, "order_key": result.order_key}
            )  # fmt: skip
        with transaction() as session:
            session.execute(insert(QuizTotal), rows)
    with transaction() as session:
        session.execute(
            insert(RankCount),
            [
                {"quiz_id": quiz_id, "period": ONCE, "of_score": of_score, "value": value, "people": number}
                for (of_score, value), number in counts.items()
            ],
        )
    return leaderboards.board(slug), people
