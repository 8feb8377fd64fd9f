"""The fixtures of events' helpers for this folder; a filled school and two editors."""

from __future__ import annotations

import pytest

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.quiz import content
from tests.events.helpers import NINE, Hands, World, hands, make_staff, sqlite_world, world
from tests.few_content import few

__all__ = ["hands", "sqlite_world", "world"]


def filled(world: World, hands: Hands) -> World:
    """The world at nine with a few questions and quizzes."""
    hands.at(NINE)
    with world.app.app_context():
        content.load(few())
        db.session().commit()
    return world


@pytest.fixture
def school(world: World, hands: Hands) -> World:
    return filled(world, hands)


@pytest.fixture
def one_school(sqlite_world: World, hands: Hands) -> World:
    """For what does not depend on the database."""
    return filled(sqlite_world, hands)


@pytest.fixture
def editors_there(one_school: World, monkeypatch: pytest.MonkeyPatch) -> tuple[StaffActor, StaffActor]:
    return two_editors(one_school, monkeypatch)


@pytest.fixture
def editors(school: World, monkeypatch: pytest.MonkeyPatch) -> tuple[StaffActor, StaffActor]:
    return two_editors(school, monkeypatch)


def two_editors(school: World, monkeypatch: pytest.MonkeyPatch) -> tuple[StaffActor, StaffActor]:
    """Two of the city; no other process has to be waited for."""
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)
    with school.app.app_context():
        return make_staff("editor1", Role.EDITOR, school.city), make_staff("editor2", Role.EDITOR, school.city)
