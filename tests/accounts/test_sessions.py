"""A resident's session is kept for a moment in each process, and no longer than it lives."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import delete

from sorting_miniapp import clock, state
from sorting_miniapp.accounts import sessions
from sorting_miniapp.accounts.models import ResidentSession
from sorting_miniapp.db import transaction
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from tests.events.helpers import World, make_person


def status(world: World, headers: dict[str, str]) -> int:
    return world.app.test_client().get("/api/v1/me", headers=headers).status_code


def test_a_session_that_was_closed_is_over_at_once(world: World) -> None:
    person = make_person(world.app, "openid-1")
    assert [status(world, person.headers) for _ in range(2)] == [200, 200]
    assert world.app.test_client().delete("/api/v1/sessions/current", headers=person.headers).status_code == 204
    assert status(world, person.headers) == 401


def test_one_closed_in_another_process_is_over_when_the_version_is_read_again(world: World) -> None:
    """The other process is played by a change that this one's memory does not hear of."""
    person = make_person(world.app, "openid-1")
    assert status(world, person.headers) == 200
    with world.app.app_context():
        with transaction() as session:
            session.execute(delete(ResidentSession))
        assert sessions.find_resident(person.token), "kept, as long as nobody says that something changed"
        state.bump(sessions.VERSION)
        assert sessions.find_resident(person.token) is None


def test_what_is_kept_ends_with_the_session_itself(world: World) -> None:
    person = make_person(world.app, "openid-1")
    assert status(world, person.headers) == 200
    with time_machine.travel(clock.wall_now() + sessions.RESIDENT_IDLE + timedelta(days=1)):
        assert status(world, person.headers) == 401


def test_a_new_community_is_the_residents_own_at_once(world: World) -> None:
    person = make_person(world.app, "openid-1")
    with world.app.app_context():
        community = orgs.add(world.town, "东门社区", NodeKind.COMMUNITY, "test").id
        found = sessions.find_resident(person.token)
        assert found is not None
        assert found.node_id is None
    client = world.app.test_client()
    assert client.patch("/api/v1/me", json={"community_id": community}, headers=person.headers).status_code == 200
    with world.app.app_context():
        found = sessions.find_resident(person.token)
        assert found is not None
        assert found.node_id == community


def test_memory_is_bounded(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "MOST_KEPT", 3)
    for number in range(5):
        assert status(sqlite_world, make_person(sqlite_world.app, f"openid-{number}").headers) == 200
        assert len(sessions._kept) <= 3
