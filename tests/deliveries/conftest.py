"""The app talking to an empty simulator."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from sorting_miniapp.db import db
from sorting_miniapp.deliveries import claims, content
from tests.conftest import base_environ
from tests.deliveries.helpers import TEMPLATE
from tests.events.helpers import CONTENT
from tests.simulator_process import Simulator, running
from tests.wechat.gateway_helpers import pointed


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


@pytest.fixture
def world(app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """The app talks to an empty simulator; notices are loaded; it is never quiet."""
    simulator.reset()
    monkeypatch.setattr(claims, "quiet_now", lambda: False)
    with app.app_context():
        pointed(app, monkeypatch, simulator.url)
        content.load(CONTENT, {"new_article": TEMPLATE, "event_offer": "sim_event_offer"})
        db.session().commit()
        yield simulator
