"""Two transactions that wait for each other: the database undoes one of them, and nobody is refused for it."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from threading import Barrier
from typing import Any

import pytest
from flask import Flask, request
from sqlalchemy import select, update

from sorting_miniapp import retries, state
from sorting_miniapp.db import db, transaction
from sorting_miniapp.limits_storage import TableStorage
from tests.conftest import empty
from tests.events.helpers import at_once

ROWS = ("one", "other")


@pytest.fixture(params=["postgresql", "mysql"])
def server(request: pytest.FixtureRequest, apps: dict[str, Flask]) -> Flask:
    """The app where several write at once, with a row each for two who meet."""
    app = apps[request.param]
    empty(app)
    with app.app_context():
        for row in ROWS:
            state.put(row, 0)
    return app


def _crossing(barrier: Barrier, rows: tuple[str, str], tries: list[bytes]) -> Callable[[], str]:
    """Add one to both rows; at the first try it holds its first row until the other holds its own."""

    def job() -> str:
        sent = request.files["file"].read()
        with transaction() as session:
            for row in rows:
                number = state.SharedNumber
                session.execute(update(number).where(number.key == row).values(value=number.value + 1))
                if row == rows[0] and not tries:
                    tries.append(sent)
                    barrier.wait(60)
        tries.append(sent)
        return "done"

    return job


def _meet(app: Flask, wrapped: Callable[[Any], Any]) -> tuple[list[Any], list[int], list[bytes]]:
    """(what both were told, the rows' values, the bytes that each try that ended well had been sent)"""
    barrier, tries = Barrier(2), ([], [])  # type: tuple[list[bytes], list[bytes]]
    jobs = [wrapped(_crossing(barrier, rows, own)) for rows, own in zip((ROWS, ROWS[::-1]), tries, strict=True)]

    def run(job: Callable[[], Any]) -> Any:
        with app.test_request_context("/", method="POST", data={"file": (BytesIO(b"photo"), "a.jpg")}):
            return job()

    told = at_once([lambda job=job: run(job) for job in jobs])  # type: ignore[misc]
    with app.app_context():
        values = db.session().scalars(select(state.SharedNumber.value).where(state.SharedNumber.key.in_(ROWS))).all()
    return told, list(values), [one for own in tries for one in own[1:]]


@pytest.mark.parametrize("wrapped", [retries.answered, lambda job: lambda: retries.again(job)], ids=["view", "again"])
def test_both_get_through(server: Flask, wrapped: Callable[[Any], Any]) -> None:
    told, values, sent = _meet(server, wrapped)
    assert (told, values) == (["done", "done"], [2, 2])
    if wrapped is retries.answered:
        assert sent == [b"photo", b"photo"]  # what is sent along is there again at the second try


def test_control_one_of_two_is_undone(server: Flask) -> None:
    told, values, _ = _meet(server, lambda job: job)
    assert sorted(one == "done" for one in told) == [False, True]
    assert [retries.deadlocked(one) for one in told if one != "done"] == [True]
    assert values == [1, 1]


def test_every_use_of_a_new_key_is_counted(app: Flask) -> None:
    def use(key: str) -> int:
        with app.app_context():
            return TableStorage("table://").incr(key, 60)

    for key in map(str, range(8)):
        assert sorted(at_once([lambda key=key: use(key)] * 12)) == list(range(1, 13))  # type: ignore[misc]
