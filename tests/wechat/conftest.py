"""A simulator for each module, emptied for each test, with one person in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.conftest import base_environ
from tests.simulator_process import Simulator, running
from tests.wechat.gateway_helpers import Line, pointed
from tests.wechat.office import office
from tests.wechat.simulator_world import World

__all__ = ["office"]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


@pytest.fixture
def world(simulator: Simulator) -> World:
    """Many mass sends a day are allowed, and jobs end when they are looked at: what a test is not about stays away."""
    simulator.reset()
    simulator.settings(mass_daily_quota=100, job_seconds=600.0)
    return World(simulator)


@pytest.fixture
def line(sqlite_app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    simulator.reset()
    with sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, simulator.url)
        person = simulator.call("POST", "/_sim/users", {})
        both.mini.code_to_session(simulator.code(person["openid"]))
        yield Line(both, simulator, person)
