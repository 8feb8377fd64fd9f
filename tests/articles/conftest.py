"""An editor, three reviewers, and the app talking to an empty simulator."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from sorting_miniapp.accounts import sessions, staff
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import content, reviews, writing
from sorting_miniapp.articles.writing import Text
from sorting_miniapp.deliveries import content as notices
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from tests.conftest import base_environ
from tests.events.helpers import CHEAP, CONTENT, NINE, PASSWORD, Hands
from tests.simulator_process import Simulator, running
from tests.wechat.gateway_helpers import pointed

TEMPLATE = "sim_new_article"
TEXT = Text("厨余垃圾怎么分", "## 先沥干\n\n再投放。", "市住建局", "三步分好厨余垃圾", "《清远市城市生活垃圾管理条例》")


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


@dataclass(frozen=True)
class Desk:
    """The people and the places of an editorial office."""

    app: Flask
    simulator: Simulator
    hands: Hands
    city: int
    town: int
    column: int
    editor: StaffActor
    reviewers: tuple[StaffActor, ...]

    def approved(self, text: Text = TEXT) -> int:
        article = writing.create(self.editor, self.city, self.column, text)
        writing.submit(self.editor, article)
        for reviewer in self.reviewers:
            reviews.decide(reviewer, article, 1, True, "")
        return article


def person(username: str, role: Role, node_id: int, level: int = 0) -> StaffActor:
    staff_id = staff.create(username, username, PASSWORD, "test")
    staff.grant(staff_id, node_id, role, level, "test")
    actor = sessions.find_staff(sessions.open_staff(staff_id))
    assert actor is not None
    return actor


def make_desk(app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Desk:
    simulator.reset()
    monkeypatch.setattr(staff, "_hasher", CHEAP)
    hands = Hands(monkeypatch)
    hands.at(NINE)
    with app.app_context():
        pointed(app, monkeypatch, simulator.url)
        notices.load(CONTENT, {"new_article": TEMPLATE})
        city = orgs.add(None, "连州市", NodeKind.CITY, "test", key="city").id
        town = orgs.add(city, "星子镇", NodeKind.TOWN, "test", key="town").id
        content.load(CONTENT)
        editor = person("editor", Role.EDITOR, city)
        people = tuple(person(f"reviewer{level}", Role.REVIEWER, city, level) for level in (1, 2, 3))
        return Desk(app, simulator, hands, city, town, writing.columns()[0].id, editor, people)


@pytest.fixture
def desk(app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """On each database, inside the app's context."""
    made = make_desk(app, simulator, monkeypatch)
    with app.app_context():
        yield made


@pytest.fixture
def sqlite_desk(sqlite_app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    made = make_desk(sqlite_app, simulator, monkeypatch)
    with sqlite_app.app_context():
        yield made


@pytest.fixture
def page_desk(sqlite_app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """For tests of pages, outside the app's context: each request has one of its own."""
    return make_desk(sqlite_app, simulator, monkeypatch)


__all__ = ["NINE", "TEMPLATE", "TEXT", "Desk", "person"]
