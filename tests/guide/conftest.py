"""The fixtures of events' helpers for this folder, and a small dictionary."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from sorting_miniapp.db import db
from sorting_miniapp.guide import content
from tests.events.helpers import World, hands, sqlite_world, world
from tests.few_content import few

__all__ = ["hands", "sqlite_world", "world"]


@pytest.fixture
def dictionary(world: World) -> FlaskClient:
    with world.app.app_context():
        content.load(few())
        db.session().commit()
    return world.app.test_client()
