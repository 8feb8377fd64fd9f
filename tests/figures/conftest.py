"""The units and the figures of content/, and people of the housing bureau, the union and the city."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest
import yaml
from flask import Flask

from sorting_miniapp import clock
from sorting_miniapp.accounts import staff
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import content as notices
from sorting_miniapp.events import content as events
from sorting_miniapp.figures import definitions
from sorting_miniapp.figures.models import Figure
from sorting_miniapp.orgs import service as orgs
from tests.events.helpers import CHEAP, Hands, make_staff

CONTENT = Path(__file__).parents[2] / "content"
JANUARY = datetime(2026, 1, 6, 9, 0, tzinfo=clock.LOCAL)


@dataclass(frozen=True)
class Bureau:
    """The people: two of the union, two of the housing bureau (one its administrator), readers, another unit's."""

    app: Flask
    hands: Hands
    city: int
    union: int
    housing: int
    clerk: StaffActor
    colleague: StaffActor
    lead: StaffActor
    lead_clerk: StaffActor
    analyst: StaffActor
    foreigner: StaffActor

    def figure(self, key: str) -> int:
        return int(db.session.query(Figure.id).filter_by(key=key).scalar())


def make_bureau(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    monkeypatch.setattr(staff, "_hasher", CHEAP)
    hands = Hands(monkeypatch)
    hands.at(datetime(2025, 1, 2, 9, 0, tzinfo=clock.LOCAL))
    with app.app_context():
        notices.load(CONTENT)
        orgs.load(yaml.safe_load((CONTENT / "orgs.yaml").read_text("utf-8")))
        events.load(CONTENT)
        definitions.load(CONTENT)
        nodes = {key: orgs.by_key(key) for key in ("lianzhou", "zonggonghui", "zhujianju", "xingzi")}
        city, union, housing, town = (node.id for node in nodes.values() if node)
        made = Bureau(
            app,
            hands,
            city,
            union,
            housing,
            make_staff("clerk", Role.ORGANISER, union),
            make_staff("colleague", Role.VERIFIER, union),
            make_staff("lead", Role.ADMIN, housing),
            make_staff("leadclerk", Role.ORGANISER, housing),
            make_staff("analyst", Role.ANALYST, city),
            make_staff("foreigner", Role.ORGANISER, town),
        )
    hands.at(JANUARY)
    return made


@pytest.fixture
def bureau(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    """On each database."""
    return make_bureau(app, monkeypatch)


@pytest.fixture
def sqlite_bureau(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Bureau:
    return make_bureau(sqlite_app, monkeypatch)
