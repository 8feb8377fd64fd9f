"""stable_token in one row: shared, leased, refetched once, and a breaker in place of a storm."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select, text, update

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.wechat.errors import NeedsPerson, Retryable
from sorting_miniapp.wechat.models import WeChatToken
from sorting_miniapp.wechat.tokens import AccessToken, Tokens, breakers
from tests.conftest import base_environ, close_connections, migrate
from tests.simulator_process import ROOT, Simulator, running
from tests.wechat.gateway_helpers import TOKEN, pointed, with_tokens
from tests.wechat.odd_server import Asked, serving

MASS_GET = "/cgi-bin/message/mass/get"
REFUSED = {"errcode": 40001, "errmsg": "invalid credential"}


@pytest.fixture
def fetches() -> list[str]:
    return []


@pytest.fixture
def tokens(app: Flask, fetches: list[str]) -> Iterator[Tokens]:
    """An account's tokens on each database; WeChat gives the same token each time, as stable_token does."""

    def fetch(_: float | None) -> tuple[str, int]:
        fetches.append("same")
        return "same", 7200

    with app.app_context():
        yield Tokens("mini", fetch, 3.0)


def test_the_row_is_encrypted_and_shared(tokens: Tokens, fetches: list[str]) -> None:
    assert tokens.current() == "same"
    assert Tokens("mini", tokens._fetch, 3.0).current() == "same"
    assert len(fetches) == 1
    raw = db.session().execute(text("SELECT token FROM wechat_token")).scalar_one()
    assert "same" not in raw


def test_a_token_is_kept_300_seconds_less_than_it_lives(tokens: Tokens, fetches: list[str]) -> None:
    tokens.current()
    row = db.session().scalars(select(WeChatToken)).one()
    assert row.expires_at is not None
    assert row.fetched_at is not None
    assert row.expires_at - row.fetched_at == timedelta(seconds=6900)


def test_a_refusal_of_an_older_fetch_changes_nothing(tokens: Tokens, fetches: list[str]) -> None:
    first = tokens.current()
    tokens.refuse(first)
    second = tokens.current()
    assert second == first, "stable_token gives the same text"
    assert second.generation == first.generation + 1
    tokens.refuse(first)  # another call's answer that took long
    assert tokens.current().generation == second.generation
    assert len(fetches) == 2
    assert breakers() == {}


def test_the_breaker_opens_for_a_minute_and_then_tries_once(tokens: Tokens, fetches: list[str]) -> None:
    with time_machine.travel(clock.wall_now(), tick=True) as travel:
        tokens.refuse(tokens.current())
        with pytest.raises(Retryable):
            tokens.refuse(tokens.current())
        assert breakers() == {"mini": 40001}
        for _ in range(5):
            with pytest.raises(Retryable):
                tokens.current()
        assert len(fetches) == 2
        travel.shift(61)
        assert breakers() == {}
        tokens.refuse(tokens.current())
        with pytest.raises(Retryable):
            tokens.refuse(tokens.current())
        assert len(fetches) == 3


def test_the_breaker_shows_on_readyz_and_metrics(tokens: Tokens, app: Flask) -> None:
    client = app.test_client()
    ready = client.get("/readyz")
    assert (ready.status_code, ready.json["checks"]["wechat"]) == (200, "ok")
    tokens.refuse(tokens.current())
    with pytest.raises(Retryable):
        tokens.refuse(tokens.current())
    ready = client.get("/readyz")
    assert ready.status_code == 200, "everything but WeChat still works"
    assert ready.json["checks"]["wechat"] == "mini: calls held back (40001)"
    assert ready.json["status"] == "degraded"
    assert 'wechat_breaker_open{account="mini"} 1.0' in client.get("/metrics").text
    with transaction() as session:
        session.execute(update(WeChatToken).values(blocked_until=None))
    assert 'wechat_breaker_open{account="mini"} 0.0' in client.get("/metrics").text


def test_a_secret_that_is_wrong_is_not_tried_again_for_a_minute(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = {"errcode": 40164, "errmsg": "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 1-2-3"}
    with serving(lambda _: wrong) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        for _ in range(5):
            with pytest.raises(NeedsPerson) as caught:
                both.official.mass_get("1")
            assert caught.value.errcode == 40164
            assert "203.0.113.9" in caught.value.reason, "the administrator needs the address"
        assert len(server.asked) == 1


def test_never_force_refresh(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: REFUSED)) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        with pytest.raises(Retryable):
            both.official.mass_get("1")
    for asked in server.at(TOKEN):
        assert "force_refresh" not in asked.json
    assert not server.at("/cgi-bin/clear_quota")


def test_a_refused_token_is_replaced_and_the_call_made_once_more(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def old_one_dead(asked: Asked) -> dict[str, Any]:
        return REFUSED if asked.query["access_token"] == "t1" else {"msg_status": "SENDING"}

    with serving(with_tokens(old_one_dead)) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        assert both.official.mass_get("1") == "SENDING"
        assert [one.path for one in server.asked] == [TOKEN, MASS_GET, TOKEN, MASS_GET]


def test_a_call_within_a_request_does_not_outlast_its_time(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process holds the lease and never finishes: the caller gives up at its own deadline."""
    with serving(with_tokens(lambda _: {})) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        tokens = both.mini.client.tokens
        assert tokens._claim()
        with pytest.raises(Retryable):
            tokens.current(clock.monotonic() + 0.2)
        assert server.asked == []


def test_control_without_the_breaker_every_call_fetches_again(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What eight processes would do eight times over: a refusal only throws the token away."""

    def throw_away(tokens: Tokens, _token: str) -> None:
        tokens._cached = None
        tokens._write(expires_at=clock.wall_now())

    with serving(with_tokens(lambda _: REFUSED)) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        for guarded in (True, False):
            server.asked.clear()
            with monkeypatch.context() as patch:
                if not guarded:
                    patch.setattr(Tokens, "refuse", throw_away)
                    both.official.client.tokens.try_again()
                for _ in range(8):
                    with pytest.raises(Retryable):
                        both.official.mass_get("1")
            assert (len(server.at(TOKEN)) <= 3) is guarded


def test_a_token_s_text_is_in_no_repr() -> None:
    assert "abc" not in repr(AccessToken("abc", 4))


CALLER = """
import sys, time
from sorting_miniapp.app import create_app
from sorting_miniapp.wechat import official
from sorting_miniapp.wechat.errors import WeChatError
app = create_app()
print("ready", flush=True)
sys.stdin.readline()
end = time.monotonic() + float(sys.argv[1])
calls = 0
with app.app_context():
    while time.monotonic() < end:
        calls += 1
        try:
            official().mass_get("1")
        except WeChatError:
            time.sleep(0.01)
print(calls, flush=True)
"""


def call_from_processes(number: int, seconds: float, environ: dict[str, str]) -> list[int]:
    """How many calls each of `number` processes made, all beginning together."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, str(seconds)],
            env=environ, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )
        for _ in range(number)
    ]  # fmt: skip
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        return [int(process.communicate(timeout=60)[0]) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.communicate()


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[tuple[Simulator, dict[str, str]]]:
    """A simulator and the environment of processes that share one database."""
    import os

    from sorting_miniapp import config
    from sorting_miniapp.app import create_app

    environ = base_environ(tmp_path)
    with running(environ) as simulator:
        environ |= {"WECHAT_API_BASE": simulator.url, "WECHAT_CONNECT_TIMEOUT": "1", "WECHAT_READ_TIMEOUT": "2"}
        environ |= {"LEASE_SECONDS": "6"}
        app = create_app(config.load(environ))
        migrate(app)
        with app.app_context():
            close_connections()
        yield simulator, {**os.environ, **environ}


def test_eight_processes_under_a_permanent_40001(shared: tuple[Simulator, dict[str, str]]) -> None:
    simulator, environ = shared
    simulator.fault(MASS_GET, "bad_token")
    calls = call_from_processes(8, 6, environ)
    assert len(calls) == 8
    assert min(calls) > 20, "each of them went on asking"
    assert 1 <= simulator.summary(TOKEN)["count"] <= 3


def test_two_processes_that_need_a_token_at_once_fetch_it_once(shared: tuple[Simulator, dict[str, str]]) -> None:
    simulator, environ = shared
    simulator.fault(TOKEN, "latency", value=0.5)
    call_from_processes(2, 2, environ)
    assert simulator.summary(TOKEN)["count"] == 1
