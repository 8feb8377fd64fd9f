"""The common ground of the tables behaves alike on the three databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock, state
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import after_commit, db, new_public_id, transaction, violated


def _resident(openid: str, **values: object) -> Resident:
    return Resident(public_id=new_public_id(), openid=openid, created_at=clock.now(), **values)


def test_moments_keep_microseconds_and_their_zone(app: Flask) -> None:
    moment = datetime(2026, 5, 24, 9, 0, 0, 123456, tzinfo=clock.LOCAL)
    with app.app_context():
        with transaction() as session:
            resident = _resident("o1")
            resident.created_at = moment
            session.add(resident)
        db.session.expire_all()
        found = db.session.scalar(select(Resident.created_at))
    assert found == moment
    assert found.tzinfo is UTC


def test_emoji_and_case_survive_and_compare_by_byte(app: Flask) -> None:
    with app.app_context():
        with transaction() as session:
            session.add_all([_resident("oAbC", nickname="小\U0001f33f明"), _resident("oabc")])
        found = db.session.execute(select(Resident.nickname).where(Resident.openid == "oAbC")).all()
    assert [row.nickname for row in found] == ["小\U0001f33f明"]


def test_a_violated_constraint_has_its_name_everywhere(app: Flask) -> None:
    with app.app_context():
        with pytest.raises(IntegrityError) as caught, transaction() as session:
            session.add_all([_resident("same"), _resident("same")])
        assert violated(caught.value) == "uq_resident_openid"


def _write_and_fail(done: list[str]) -> None:
    with transaction() as session:
        session.add(_resident("lost"))
        session.flush()
        after_commit(lambda: done.append("lost"))
        _ = 1 / 0


def test_what_follows_a_commit_does_not_follow_a_rollback(app: Flask) -> None:
    done: list[str] = []
    with app.app_context():
        with transaction():
            after_commit(lambda: done.append("kept"))
            with transaction() as inner:
                inner.add(_resident("inner"))
        with pytest.raises(ZeroDivisionError):
            _write_and_fail(done)
        assert db.session.scalars(select(Resident.openid)).all() == ["inner"]
    assert done == ["kept"]


def test_the_databases_time_is_utc_and_now(app: Flask) -> None:
    with app.app_context():
        assert abs(database_now() - clock.wall_now()) < timedelta(seconds=30)


def test_a_shared_number_is_bumped_and_read(app: Flask) -> None:
    with app.app_context():
        assert state.get("guide") == 0
        state.bump("guide")
        state.bump("guide")
        assert state.get("guide") == 2


def test_readyz_says_what_it_checked(app: Flask) -> None:
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 200, answer.get_json()
    checks = ("database", "migrations", "queue", "clock", "wechat")
    assert answer.get_json()["checks"] == dict.fromkeys(checks, "ok")
