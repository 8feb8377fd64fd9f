"""The console as a signed-in member of staff uses it in a test."""

from __future__ import annotations

import re
from typing import Any, Protocol

from flask import Flask
from flask.testing import FlaskClient

from tests.events.helpers import PASSWORD


def token(page: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found, page[:2000]
    return found[1]


class Place(Protocol):
    """What a test is in: a world, a desk."""

    app: Flask


def sign_in(place: Place, username: str, password: str = PASSWORD) -> FlaskClient:
    client = place.app.test_client()
    form = {"username": username, "password": password, "csrf_token": token(client.get("/console/login").text)}
    assert client.post("/console/login", data=form).status_code == 302
    return client


def post(client: FlaskClient, url: str, status: int = 302, **form: Any) -> str:
    page = client.get("/console/password").text
    answer = client.post(url, data=form | {"csrf_token": token(page)})
    assert answer.status_code == status, answer.text[:2000]
    return str(answer.headers.get("Location") or answer.text)
