"""Attempts' life as a state machine: whatever residents, staff and time do, the marks stay honest."""

from __future__ import annotations

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.quiz import corrections, effects
from sorting_miniapp.quiz.models import Attempt
from tests.events.helpers import NINE, Hands
from tests.quiz.life import Life


def test_attempts_keep_their_promises(sqlite_app: Flask, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)

    class Here(Life):
        app = sqlite_app

    Here.hands = hands
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        Here, settings=settings(max_examples=8, stateful_step_count=30, deadline=None, suppress_health_check=checks)
    )


@pytest.mark.parametrize("guarded", [True, False])
def test_control_points_changed_without_the_ledger_are_found(
    sqlite_app: Flask, hands: Hands, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)
    if not guarded:
        monkeypatch.setattr(effects, "_correct_points", lambda _attempt, difference, _reason: difference)
    Life.app, Life.hands = sqlite_app, hands
    machine = Life()
    machine.begin()
    machine.points_are_the_sum_of_the_ledger()
    with sqlite_app.app_context():
        played = select(Attempt.versions).where(Attempt.slot == NINE.date().isoformat()).order_by(Attempt.id)
        version = db.session.scalars(played.limit(1)).one()[0]
        made = corrections.draft(machine.editors[0], version, "void", [], "题目有误")
    machine.the_worker_works()
    with sqlite_app.app_context():
        corrections.confirm(machine.editors[1], made)
    machine.the_worker_works()
    if guarded:
        machine.points_are_the_sum_of_the_ledger()
        machine.teardown()
    else:
        with pytest.raises(AssertionError):
            machine.points_are_the_sum_of_the_ledger()
