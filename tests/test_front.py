"""The layer in front of Flask answers as Flask would, and not a moment longer."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask, Response

from sorting_miniapp import state
from sorting_miniapp.accounts.access import open_to_all
from sorting_miniapp.articles import listing
from sorting_miniapp.db import transaction

URL = "/api/v1/columns"


@pytest.fixture
def through(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The paths that reached Flask."""
    front, seen = sqlite_app.wsgi_app, []
    inner = front._inner  # type: ignore[attr-defined]

    def counted(environ: dict[str, str], start: object) -> object:
        seen.append(environ["PATH_INFO"])
        return inner(environ, start)

    front._known.clear()  # type: ignore[attr-defined]
    monkeypatch.setattr(front, "_inner", counted)
    monkeypatch.setattr(state, "MAX_AGE", 60.0)
    return seen


def but_id(answer: Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name != "X-Request-Id"}


def test_the_second_answer_is_the_same_and_does_not_reach_flask(sqlite_app: Flask, through: list[str]) -> None:
    client = sqlite_app.test_client()
    first, second = client.get(URL), client.get(URL)
    assert through == [URL]
    assert (second.status_code, second.data) == (200, first.data)
    assert but_id(second) == but_id(first)
    assert second.headers["X-Request-Id"] != first.headers["X-Request-Id"]
    assert client.get(URL, headers={"X-Request-Id": "my-request-1"}).headers["X-Request-Id"] == "my-request-1"


def test_who_has_the_bytes_is_told_so_alike(sqlite_app: Flask, through: list[str]) -> None:
    client = sqlite_app.test_client()
    has = {"If-None-Match": client.get(URL).headers["ETag"]}
    ours = client.get(URL, headers=has)
    sqlite_app.wsgi_app._known.clear()  # type: ignore[attr-defined]
    flasks = client.get(URL, headers=has)
    assert through == [URL, URL]
    assert (ours.status_code, ours.data) == (flasks.status_code, flasks.data) == (304, b"")
    assert but_id(ours) == but_id(flasks)
    assert client.get(URL, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_worker_that_is_only_asked_by_those_who_have_the_bytes_learns_all_the_same(
    sqlite_app: Flask, through: list[str]
) -> None:
    client = sqlite_app.test_client()
    whole = client.get(URL)
    sqlite_app.wsgi_app._known.clear()  # type: ignore[attr-defined]
    has = {"If-None-Match": whole.headers["ETag"]}
    flasks, ours = client.get(URL, headers=has), client.get(URL, headers=has)
    assert through == [URL, URL]
    assert (flasks.status_code, ours.status_code, flasks.data) == (304, 304, b"")
    after = client.get(URL)
    assert through == [URL, URL]
    assert (after.status_code, after.data, but_id(after)) == (200, whole.data, but_id(whole))


def test_a_change_shows_and_a_token_a_head_and_another_query_go_through(sqlite_app: Flask, through: list[str]) -> None:
    client = sqlite_app.test_client()
    client.get(URL)
    client.get(URL, headers={"Authorization": "Bearer x"})
    client.head(URL)
    client.get(f"{URL}?a=1")
    assert through == [URL] * 4
    with sqlite_app.app_context(), transaction():
        state.bump(listing.kept.version)
    client.get(URL)
    assert through == [URL] * 5
    listing.kept.forget()
    client.get(URL)
    assert through == [URL] * 6


def test_bytes_that_a_view_changes_are_never_kept_in_front(
    sqlite_app: Flask, through: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A view that makes something else of kept bytes (a calendar's text) is asked each time."""

    def shouting() -> Response:
        return Response(listing.kept.get("shout", lambda: "a")[0].upper(), mimetype="application/json")

    endpoint, _ = sqlite_app.url_map.bind("").match(URL)
    monkeypatch.setitem(sqlite_app.view_functions, endpoint, open_to_all(shouting))
    client = sqlite_app.test_client()
    assert [client.get(URL).data for _ in range(2)] == [b'"A"'] * 2
    assert through == [URL] * 2
