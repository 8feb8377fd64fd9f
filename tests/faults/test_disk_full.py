"""SQLite's disk is full: what does not fit leaves nothing behind, is answered with 503, and works again by itself."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.exc import OperationalError

from sorting_miniapp.accounts.models import Resident, ResidentSession
from sorting_miniapp.db import Base, db
from sorting_miniapp.deliveries import fan_out
from sorting_miniapp.deliveries.models import Delivery, FanOut
from tests.deliveries.conftest import simulator, world
from tests.deliveries.helpers import TEMPLATE, make_fan_out, make_residents, send_all
from tests.simulator_process import SEND, Simulator

__all__ = ["simulator", "world"]
ROOM = 1_073_741_823  # pages
PEOPLE, MOST_LOGINS = 300, 200


@pytest.fixture
def app(sqlite_app: Flask) -> Flask:
    return sqlite_app


class Disk:
    """The number of pages the database's file may have; SQLite takes no fewer than there are."""

    pages = ROOM

    def limit(self, connection: Any, *_: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {self.pages}").close()


@pytest.fixture
def disk(world: Simulator) -> Iterator[Disk]:
    """Without the free pages that earlier tests have left."""
    made, engine = Disk(), db.engine
    db.session.remove()
    engine.dispose()
    with sqlite3.connect(str(engine.url.database)) as file:
        file.execute("VACUUM")
    file.close()
    event.listen(engine, "checkout", made.limit)
    yield made
    event.remove(engine, "checkout", made.limit)
    db.session.remove()
    engine.dispose()


def number(of: type[Base]) -> int:
    db.session.rollback()
    return int(db.session().scalar(select(func.count()).select_from(of)) or 0)


def test_a_full_disk_leaves_no_half_state_and_needs_no_restart(app: Flask, world: Simulator, disk: Disk) -> None:
    people = world.subscribers(TEMPLATE, PEOPLE)
    make_residents(people)
    disk.pages = 1
    client, entered = app.test_client(), 0
    for _ in range(MOST_LOGINS):
        openid = world.new_user()
        answer = client.post("/api/v1/sessions", json={"code": world.code(openid)})
        if answer.status_code != 201:
            break
        entered += 1
    assert (answer.status_code, answer.get_json()["code"]) == (503, "unavailable")
    assert number(ResidentSession) == entered
    with pytest.raises(OperationalError, match="full"):
        make_fan_out()
    assert (number(FanOut), number(Delivery)) == (0, 0)
    assert client.get("/api/v1/guide/categories").status_code == 200, "reading goes on"
    disk.pages = ROOM
    answer = client.post("/api/v1/sessions", json={"code": world.code(openid)})
    assert answer.status_code == 201
    assert (number(Resident), number(ResidentSession)) == (PEOPLE + entered + 1, entered + 1)
    sent = make_fan_out()
    send_all(sent)
    assert fan_out.counts(sent)["sent"] == PEOPLE
    assert world.summary(SEND)["by_openid"] == dict.fromkeys(people, 1)
