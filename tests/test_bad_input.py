"""Bad input: the right 4xx in the envelope, nothing changed; what is good comes back byte for byte."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from sqlalchemy import func, select

from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.db import Base, db
from sorting_miniapp.events import content as events
from sorting_miniapp.guide import content as guide
from sorting_miniapp.quiz import content as quiz
from sorting_miniapp.wechat import gateway
from tests.conftest import base_environ
from tests.events.helpers import Hands, World, hands, make_event, make_people, make_world, sqlite_world, world
from tests.simulator_process import running

__all__ = ["hands", "sqlite_world", "world"]

# What counts requests and sessions moves by itself.
MOVING = {"rate_count", "resident_session", "shared_number", "idempotent_answer"}
LONG = "长" * 10_000


def documented(app: Flask) -> dict[str, Any]:
    return dict(app.test_client().get("/api/openapi.json").json["paths"])


def with_bodies(app: Flask) -> list[tuple[str, str]]:
    """(method, path) of every operation that takes a JSON body, with ids that no row has."""
    return [
        (method.upper(), filled(path, operations.get("parameters", [])))
        for path, operations in documented(app).items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and "application/json" in operation.get("requestBody", {}).get("content", {})
    ]


def filled(path: str, parameters: list[dict[str, Any]]) -> str:
    """The path with values that no row has, of the types the document says."""
    for one in parameters:
        value = "999999" if one["schema"]["type"] == "integer" else one["name"]
        path = path.replace("{" + one["name"] + "}", value)
    return path


def counts(app: Flask) -> dict[str, int]:
    with app.app_context():
        return {
            name: db.session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in Base.metadata.tables.items()
            if name not in MOVING
        }


def envelope(answer: Any) -> None:
    body = answer.json
    assert set(body) == {"code", "message", "details"}, answer.text
    assert body["code"].isascii()
    assert not body["message"].isascii(), "messages are Chinese"


BODIES: list[tuple[dict[str, Any], set[int]]] = [
    ({"data": b"", "content_type": "application/json"}, {400}),
    ({"data": b"{", "content_type": "application/json"}, {400}),
    ({"data": b"a=1", "content_type": "application/x-www-form-urlencoded"}, {415}),
    ({"json": {"no_such_field": 1}}, {422}),
    ({"json": []}, {422}),
    ({"json": "text"}, {422}),
    ({"data": b'{"x": "' + b"a" * 10_485_760 + b'"}', "content_type": "application/json"}, {413}),
    ({"data": b'{"code": "\\u0000"}', "content_type": "application/json"}, {422}),
    ({"data": b"\xff\xfe", "content_type": "application/json"}, {400}),
    ({"data": b"[" * 100_000, "content_type": "application/json"}, {400}),
]
NAMED = {
    "code": LONG, "nickname": LONG, "term": LONG, "name": LONG, "token": LONG, "reason": LONG, "content": LONG,
    "answers": LONG, "risk_accepted": LONG,
}  # fmt: skip


def test_every_body_is_checked_and_nothing_changes(world: World) -> None:
    (person,) = make_people(world.app, 1)
    client = world.app.test_client()
    before = counts(world.app)
    found = with_bodies(world.app)
    assert len(found) >= 11
    for method, path in found:
        for body, statuses in BODIES:
            answer = client.open(path, method=method, headers=person.headers, **body)
            assert answer.status_code in statuses, (method, path, str(body)[:60], answer.text[:300])
            envelope(answer)
        for field, value in NAMED.items():
            for wrong in (value, 12, None, [], {"a": 1}, "a\x00b"):
                answer = client.open(path, method=method, headers=person.headers, json={field: wrong})
                assert answer.status_code in (400, 404, 422), (method, path, field, str(wrong)[:20], answer.text[:300])
                envelope(answer)
    assert counts(world.app) == before


def test_free_text_comes_back_byte_for_byte(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.app.test_client()
    with running(base_environ(tmp_path)) as simulator:
        with world.app.app_context():
            monkeypatch.setattr(gateway().mini.client, "base", simulator.url)
        login = client.post("/api/v1/sessions", json={"code": simulator.code(simulator.new_user())})
        _write_and_read(world, client, {"Authorization": f"Bearer {login.json['token']}"})


def _write_and_read(world: World, client: FlaskClient, headers: dict[str, str]) -> None:
    nickname = "小明😀👨‍👩‍👧𠮷é"
    answer = client.patch("/api/v1/me", json={"nickname": nickname}, headers=headers)
    assert answer.status_code == 200, answer.text
    assert client.get("/api/v1/me", headers=headers).json["nickname"] == nickname
    event = make_event(world, title="亲子活动😀𠮷")
    assert client.get(f"/api/v1/events/{event.event_id}").json["title"] == "亲子活动😀𠮷"


def test_what_is_unknown_is_told_in_the_envelope(sqlite_world: World) -> None:
    client = sqlite_world.app.test_client()
    for method, path, status in (
        ("GET", "/api/v1/nothing", 404),
        ("DELETE", "/api/v1/guide/items", 405),
        ("GET", "/api/v1/me", 401),
        ("GET", "/api/v1/events?from=yesterday", 422),
        ("GET", "/api/v1/events?from=9999-12-31&to=0001-01-01", 422),
        ("GET", "/api/v1/guide/items/%00", 400),
    ):
        answer = client.open(path, method=method)
        assert answer.status_code == status, (path, answer.text)
        if status >= 400:
            envelope(answer)


@pytest.fixture
def api_schema(sqlite_app: Flask, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The OpenAPI document over an app with content, an event and a resident, and the simulator behind it."""
    world = make_world(sqlite_app)
    with sqlite_app.app_context():
        for feature in (events, guide, quiz):
            feature.load(FOLDER)
        db.session().commit()
    make_event(world)
    (person,) = make_people(sqlite_app, 1)
    schema = schemathesis.openapi.from_wsgi("/api/openapi.json", sqlite_app)
    schema.config.update(headers=person.headers)
    with running(base_environ(tmp_path)) as simulator:
        with sqlite_app.app_context():
            monkeypatch.setattr(gateway().mini.client, "base", simulator.url)
        yield schema


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_nothing_the_document_allows_or_forbids_leads_to_a_500(api_schema: Any, mode: GenerationMode) -> None:
    """schemathesis makes requests that fit the document and requests that do not, for every operation."""
    tried = 0
    for found in api_schema.get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=8, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            answer = case.call()
            assert answer.status_code < 500, (case.method, case.path, case.body, answer.text)

        try:
            ask()
            tried += 1
        except Unsatisfiable:
            continue  # an operation without parameters has no wrong ones
    assert tried >= (30 if mode is GenerationMode.POSITIVE else 15)
