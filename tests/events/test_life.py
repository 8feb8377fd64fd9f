"""An event's life as a state machine: whatever people and staff do, in whatever order, design.md §5 holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import DomainError
from sorting_miniapp.events import closing, places, planning, scanning, service, shifts, tokens
from sorting_miniapp.events.conditions import Wish
from sorting_miniapp.events.models import CheckIn, Event, EventState, Shift, ShiftState, SignUp, SignUpState
from tests.conftest import empty
from tests.events.helpers import DRAFT, NINE, Hands, Made, make_event, make_people, make_world

PEOPLE = st.integers(0, 4)
PICK = st.integers(0, 9)
WHICH = st.integers(0, 1)
ENDED = (SignUpState.WITHDRAWN, SignUpState.LAPSED, SignUpState.CANCELLED)


class Life(RuleBasedStateMachine):
    """Two overlapping shifts, five residents, the organiser, the scheduler and time. Refusals are part of life."""

    app: Flask
    hands: Hands

    @initialize(first=st.integers(1, 3), second=st.integers(1, 3))
    def begin(self, first: int, second: int) -> None:
        empty(self.app)
        self.now = NINE - timedelta(days=3)
        self.hands.at(self.now)
        self.world = make_world(self.app)
        self.people = make_people(self.app, 5)
        self.events: list[Made] = [
            make_event(self.world, first, NINE),
            make_event(self.world, second, NINE + timedelta(minutes=30)),
        ]
        self.ended: dict[int, SignUpState] = {}

    def _do(self, act: Any) -> None:
        with self.app.app_context():
            try:
                act()
            except DomainError as error:
                if error.status not in (404, 409, 422):
                    raise
            finally:
                db.session.remove()

    def _live(self, pick: int) -> SignUp | None:
        """One of the live sign-ups."""
        with self.app.app_context():
            found = db.session.scalars(select(SignUp).where(SignUp.live == 1).order_by(SignUp.id)).all()
            return found[pick % len(found)] if found else None

    @rule(who=PEOPLE, which=WHICH)
    def sign_up(self, who: int, which: int) -> None:
        wish = Wish(risk_accepted=True)
        self._do(lambda: service.sign_up(self.people[who].id, self.events[which].event_id, wish))

    @rule(who=PEOPLE, which=WHICH, companions=st.integers(0, 2), wait=st.booleans())
    def sign_up_a_party(self, who: int, which: int, companions: int, wait: bool) -> None:
        wish = Wish(companions=(30,) * companions, risk_accepted=True, wait=wait)
        self._do(lambda: service.sign_up(self.people[who].id, self.events[which].event_id, wish))

    @rule(pick=PICK)
    def withdraw(self, pick: int) -> None:
        if one := self._live(pick):
            self._do(lambda: service.withdraw(one.resident_id, one.public_id, "有事"))

    @rule(pick=PICK)
    def confirm(self, pick: int) -> None:
        if one := self._live(pick):
            self._do(lambda: service.confirm(one.resident_id, one.public_id))

    @rule(pick=PICK)
    def scan(self, pick: int) -> None:
        if one := self._live(pick):
            event = next(e for e in self.events if e.shift == one.shift_id)
            token = tokens.qr(event.shift_id, event.secret, tokens.step_of(clock.now()))
            self._do(lambda: scanning.scan(one.resident_id, token))

    @rule(pick=PICK)
    def staff_takes_somebody_off(self, pick: int) -> None:
        if one := self._live(pick):
            self._do(lambda: shifts.remove_sign_up(self.world.organiser, one.id, "名单有误"))

    @rule(which=WHICH, capacity=st.integers(1, 6), later=st.integers(0, 60))
    def staff_changes_the_shift(self, which: int, capacity: int, later: int) -> None:
        start = NINE + timedelta(minutes=30 * which + later)
        end = start + timedelta(hours=2)
        self._do(lambda: shifts.change(self.world.organiser, self.events[which].shift, start, end, capacity))

    @rule(which=WHICH)
    def staff_withdraws_and_publishes_again(self, which: int) -> None:
        self._do(lambda: planning.withdraw_publication(self.world.organiser, self.events[which].event))
        self._do(lambda: planning.publish(self.world.organiser, self.events[which].event))

    @rule(which=WHICH)
    def staff_rewrites_the_risks(self, which: int) -> None:
        draft = replace(DRAFT, risks=f"第 {self.now:%d%H%M} 版风险")
        self._do(lambda: planning.change(self.world.organiser, self.events[which].event, draft))

    @precondition(lambda self: self.now > NINE - timedelta(hours=6))
    @rule(which=WHICH)
    def staff_cancels(self, which: int) -> None:
        self._do(lambda: planning.cancel(self.world.organiser, self.events[which].event, "暴雨"))

    @rule(minutes=st.sampled_from([1, 30, 121, 600, 2_000]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        self.hands.at(self.now)

    @rule()
    def the_scheduler_runs(self) -> None:
        self._do(service.lapse_offers)
        self._do(closing.close_forgotten)

    @invariant()
    def what_must_always_be_true(self) -> None:
        if not hasattr(self, "events"):
            return
        with self.app.app_context():
            rows = db.session.scalars(select(SignUp).order_by(SignUp.queue_number, SignUp.id)).all()
            for event in self.events:
                shift = db.session.get_one(Shift, event.shift)
                live = [row for row in rows if row.shift_id == shift.id and row.live]
                self._places(shift, live)
            self._people(rows)
            self._ends_are_ends(rows)
            self._attendance(rows)
            finished = db.session.scalars(select(Event).where(Event.state == EventState.CANCELLED)).all()
            for event_row in finished:
                own = [e.shift for e in self.events if e.event == event_row.id]
                assert not [row for row in rows if row.shift_id in own and row.live], (
                    "nobody is left on what is cancelled"
                )
            db.session.remove()

    @staticmethod
    def _places(shift: Shift, live: list[SignUp]) -> None:
        waiting = [row for row in live if row.state is SignUpState.WAITING]
        held = sum(row.places for row in live) - sum(row.places for row in waiting)
        assert shift.places_taken == held <= shift.capacity
        assert shift.waiting == len(waiting)
        if waiting and shift.state is ShiftState.OPEN and shift.starts_at > clock.now():
            assert shift.capacity - held < waiting[0].places, "a place is free while its head would fit"
        for row in live:
            assert (row.state is SignUpState.OFFERED) == (row.offer_until is not None)

    def _people(self, rows: Any) -> None:
        live = [row for row in rows if row.live]
        people = {row.resident_id for row in live}
        assert len(people) == len(live), "one live sign-up for each, for the two shifts overlap"
        for row in live:
            assert 1 <= row.risk_version <= self._risk_version(row.shift_id), "a version that was in force"

    def _risk_version(self, shift_id: int) -> int:
        own = select(Event.risk_version).join(Shift, Shift.event_id == Event.id).where(Shift.id == shift_id)
        return int(db.session.scalar(own) or 0)

    def _ends_are_ends(self, rows: Any) -> None:
        for row in rows:
            if row.id in self.ended:
                assert row.state is self.ended[row.id], "what has ended does not begin again"
            if row.live is None:
                assert row.state in ENDED
                self.ended[row.id] = row.state

    @staticmethod
    def _attendance(rows: Any) -> None:
        states = {row.id: row.state for row in rows}
        for pair in db.session.scalars(select(CheckIn)):
            assert states[pair.sign_up_id] is SignUpState.ATTENDED
            assert (pair.minutes is None) == (pair.out_at is None)
            assert pair.minutes is None or 0 <= pair.minutes <= 120
        most = db.session.execute(
            select(func.count(CheckIn.id)).group_by(CheckIn.resident_id, CheckIn.event_id, CheckIn.day)
        ).scalars()
        assert all(number <= 3 for number in most)


@pytest.fixture
def life(sqlite_app: Flask, hands: Hands) -> type[Life]:
    """The machine over the migrated database; SQLite, for the rules do not depend on it (the races run on three)."""
    Life.app, Life.hands = sqlite_app, hands
    return Life


def test_whatever_happens_the_invariants_hold(life: type[Life]) -> None:
    run_state_machine_as_test(
        life,
        settings=settings(
            max_examples=15, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )


@pytest.mark.parametrize("guarded", [True, False])
def test_control_a_freed_place_that_nobody_is_offered_is_found(
    life: type[Life], monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    if not guarded:
        monkeypatch.setattr(places, "pass_on", lambda _session, _shift: 0)
    machine = life()
    machine.begin(first=1, second=1)
    machine.sign_up(0, 0)
    machine.sign_up(1, 0)
    machine.withdraw(0)
    if guarded:
        machine.what_must_always_be_true()
    else:
        with pytest.raises(AssertionError, match="a place is free"):
            machine.what_must_always_be_true()
