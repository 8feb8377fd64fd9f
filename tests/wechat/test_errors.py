"""One vocabulary of errors: every code, odd answer and broken connection; nothing secret in any of them."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from sorting_miniapp.wechat import Gateway
from sorting_miniapp.wechat.codes import CODES, error_of, outcome_of
from sorting_miniapp.wechat.errors import (
    NeedsPerson,
    Outcome,
    Permanent,
    QuotaUsedUp,
    Retryable,
    UnknownOutcome,
    WeChatError,
)
from tests.wechat.gateway_helpers import pointed, with_tokens
from tests.wechat.odd_server import Asked, serving

OPENID = "oAbCdEfGhIjKlMnOpQrStUvWxYz12"
# wechat.md §2, "Retry class", and the codes whose cause only a person can take away.
EXPECTED: list[tuple[type[WeChatError], tuple[int, ...]]] = [
    (Retryable, (-1, 45011, 40001, 40014, 42001, 43108, 45066, 53501)),
    (QuotaUsedUp, (45009, 45028)),
    (NeedsPerson, (40013, 40125, 40164, 61004, 40243, 48001, 48004, 50002, 89503, 89504, 89505, 89506, 89507, 53503)),
    (Permanent, (43101, 40003, 47003, 40037, 41030, 40029, 40163, 61010, 45065, 45067, 40007, 47001, 123456)),
]
CALLS: dict[str, tuple[Callable[[Gateway], Any], type[WeChatError]]] = {
    "a read": (lambda both: both.official.mass_get("1"), Retryable),
    "a call with clientmsgid": (lambda both: both.official.mass_send_all("m", "c"), Retryable),
    "publishing": (lambda both: both.official.publish_submit("m"), UnknownOutcome),
    "a subscribe message": (lambda both: both.mini.send_message(OPENID, "t", {"thing1": "x"}), UnknownOutcome),
}


@pytest.mark.parametrize(("kind", "codes"), EXPECTED)
def test_one_table_decides_what_a_code_means(kind: type[WeChatError], codes: tuple[int, ...]) -> None:
    for code in codes:
        assert type(error_of(code)) is kind, code


def test_every_code_has_words_for_staff_and_an_unknown_one_too() -> None:
    for code in [*CODES, 123456]:
        words = error_of(code).explanation
        assert len(words) >= 4
        assert not words.isascii()
    assert outcome_of(123456) is Outcome.REFUSED
    for outcome in (Retryable(), Permanent(), UnknownOutcome(), QuotaUsedUp(), NeedsPerson()):
        assert not outcome.explanation.isascii()


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    "odd",
    [(500, b"oops"), (502, b"<html>"), (200, b"<html>"), (200, b"[]"), (200, b""), (200, b"{}"), None],
    ids=["500", "502", "html", "a list", "empty", "no fields", "hung up"],
)
def test_a_lost_answer_is_retried_only_where_that_is_harmless(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, name: str, odd: tuple[int, bytes] | None
) -> None:
    call, kind = CALLS[name]
    with serving(with_tokens(lambda _: odd)) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        if odd == (200, b"{}") and name == "a subscribe message":
            assert call(both) == ""  # success may omit errcode, and WeChat does not always give a msgid
            return
        with pytest.raises(WeChatError) as caught:
            call(both)
    assert type(caught.value) is kind


@pytest.mark.parametrize("name", CALLS)
def test_an_answer_that_comes_too_late_is_lost(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    call, kind = CALLS[name]

    def slow(_: Asked) -> dict[str, Any]:
        server.closed.wait(5)
        return {}

    with serving(with_tokens(slow)) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        with pytest.raises(kind):
            call(both)
        server.closed.set()


def test_a_refused_connection_is_known_not_to_have_happened(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: {})) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        both.mini.client.tokens.current()
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))
            monkeypatch.setattr(both.mini.client, "base", f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(Retryable):
            both.mini.send_message(OPENID, "t", {"thing1": "x"})


def test_errcode_as_text_a_client_error_and_a_redirect(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answers: list[tuple[int, bytes]] = [
        (200, b'{"errcode": "43101", "errmsg": "refuse rid: 61-abc-2"}'),
        (200, b'{"errcode": "0", "msgid": 7}'),
        (404, b""),
        (429, b""),
        (302, b""),
        (200, b'{"errcode": "x"}'),
    ]
    kinds: list[type[WeChatError] | None] = [Permanent, None, NeedsPerson, Retryable, UnknownOutcome, UnknownOutcome]
    with serving(with_tokens(lambda _: answers.pop(0))) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        for kind in kinds:
            if kind is None:
                assert both.mini.send_message(OPENID, "t", {"thing1": "x"}) == "7"
                continue
            with pytest.raises(WeChatError) as caught:
                both.mini.send_message(OPENID, "t", {"thing1": "x"})
            assert type(caught.value) is kind
            if kind is Permanent:
                assert caught.value.errcode == 43101
                assert caught.value.rid == "61-abc-2"


def test_nothing_secret_or_personal_is_in_an_error_or_a_log_line(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """WeChat's own words may repeat what it was sent."""
    token, secret = "70_" + "tOkEn" * 30, "0123456789abcdef0123456789abcdef"
    phone = "13912345678"

    def tell_all(asked: Asked) -> dict[str, Any]:
        if asked.path == "/cgi-bin/stable_token":
            return {"access_token": token, "expires_in": 7200}
        return {"errcode": 40037, "errmsg": f"{token} {secret} {OPENID} {phone} session_key=abc bad rid: 1-2-3"}

    caplog.set_level(logging.DEBUG)
    with serving(tell_all) as server, sqlite_app.app_context():
        both = pointed(sqlite_app, monkeypatch, server.url)
        for call in (
            lambda: both.mini.send_message(OPENID, "t", {"thing1": "x"}),
            lambda: both.mini.code_to_session("a-login-code"),
            lambda: both.mini.phone_number("a-phone-code", OPENID),
            lambda: both.official.mass_get("1"),
        ):
            with pytest.raises(WeChatError) as caught:
                call()
            error = caught.value
            seen = f"{error!s} {error!r} {error.__dict__} {error.__cause__!r} {error.__context__!r}"
            for canary in (token, secret, OPENID, phone, "session_key=abc", "a-login-code"):
                assert canary not in seen
            assert not hasattr(error, "request")
            assert not hasattr(error, "response")
        assert token not in repr(both.mini.client.tokens.current())
    said = " ".join(record.getMessage() for record in caplog.records if record.name.startswith("sorting_miniapp"))
    assert token not in said
