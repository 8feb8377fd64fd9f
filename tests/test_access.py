"""Who may call what: a table of every route that must match the URL map, and calls by those who may not."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from sorting_miniapp.accounts.access import Access
from sorting_miniapp.accounts.models import Role
from tests.console.helpers import sign_in
from tests.events.helpers import Hands, World, make_person, make_staff

TABLE = Path(__file__).parent / "access.txt"
FILES = re.compile(r"<path:filename>")


def routes(app: Flask) -> list[tuple[str, str, Access]]:
    """(method, rule, access) of every route but files, sorted."""
    found = []
    for rule in app.url_map.iter_rules():
        if FILES.search(rule.rule):
            continue
        access: Access = app.view_functions[rule.endpoint].access  # type: ignore[union-attr]
        found += [(method, rule.rule, access) for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}]
    return sorted(found, key=lambda one: (one[1], one[0]))


def line(method: str, rule: str, access: Access) -> str:
    roles = ",".join(sorted(role.value for role in access.roles)) or ("any" if access.kind == "staff" else "")
    return f"{method:<6} {rule:<70} {access.kind} {roles}".rstrip()


def filled(rule: str) -> str:
    """The rule as an address: keys that no row has."""
    rule = re.sub(r"<any\(([^,)]+)[^>]*>", r"\1", rule)
    return re.sub(r"<int:[^>]+>", "999999", re.sub(r"<string:[^>]+>|<[a-z_]+>", "nothing", rule))


def test_the_table_names_every_route_and_its_access(sqlite_app: Flask) -> None:
    """After adding a route, look at its line and put it into access.txt."""
    found = [line(*route) for route in routes(sqlite_app)]
    assert found == TABLE.read_text("utf-8").splitlines()


@pytest.fixture
def people(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    from sorting_miniapp.accounts import staff
    from tests.events.helpers import CHEAP, NINE, make_world

    monkeypatch.setattr(staff, "_hasher", CHEAP)
    Hands(monkeypatch).at(NINE)
    world = make_world(sqlite_app)
    with sqlite_app.app_context():
        for role in Role:
            if role is not Role.REVIEWER:  # needs a level; its pages are in tests/articles
                make_staff(f"only_{role.value}", role, world.city)
    return world


def send(client: FlaskClient, method: str, rule: str, **more: object) -> int:
    return client.open(filled(rule), method=method, **more).status_code  # type: ignore[arg-type]


def test_nobody_gets_in_without_a_session(people: World) -> None:
    client = people.app.test_client()
    person = make_person(people.app, "openid-x")
    for method, rule, access in routes(people.app):
        status = send(client, method, rule, json={} if method != "GET" else None)
        bearer = send(client, method, rule, json={} if method != "GET" else None, headers=person.headers)
        if access.kind == "resident":
            assert status == 401, (method, rule)
        elif access.kind == "staff":
            assert status in (302, 400), (method, rule, status)
            assert bearer in (302, 400), (method, rule, "a resident's token opens no console page")
        else:
            assert status not in (401, 500), (method, rule, status)
        wrong = send(client, method, rule, headers={"Authorization": "Bearer nothing"}, json={})
        assert wrong != 500, (method, rule)


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.REVIEWER])
def test_a_role_opens_its_own_pages_only(people: World, role: Role) -> None:
    client = sign_in(people, f"only_{role.value}")
    csrf = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/console/password").text)
    assert csrf
    for method, rule, access in routes(people.app):
        if access.kind != "staff" or rule.endswith("/logout"):
            continue
        form = {"csrf_token": csrf[1]} if method == "POST" else None
        status = send(client, method, rule, data=form)
        if access.roles and role not in access.roles:
            assert status == 403, (method, rule, status)
        else:
            assert status in (200, 302, 400, 404, 409, 422), (method, rule, status)
