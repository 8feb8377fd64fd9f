"""The bulk sender judges every answer as the client does, uses the same token row, and says nothing secret."""

from __future__ import annotations

import asyncio
import socket

import pytest
from flask import Flask

from sorting_miniapp.wechat.bulk import Sender
from sorting_miniapp.wechat.errors import (
    NeedsPerson,
    Permanent,
    QuotaUsedUp,
    Retryable,
    UnknownOutcome,
    WeChatError,
)
from sorting_miniapp.wechat.mini_program import MiniProgram
from tests.wechat.gateway_helpers import pointed, with_tokens
from tests.wechat.odd_server import Asked, serving

OPENID = "oAbCdEfGhIjKlMnOpQrStUvWxYz12"
PAGE, VALUES = "pages/index/index", {"thing1": "厨余垃圾怎么分"}


def send(mini: MiniProgram, token: str) -> str:
    async def run() -> str:
        async with Sender(mini) as sender:
            return await sender.send(token, OPENID, sender.body("tmpl", PAGE, VALUES))

    return asyncio.run(run())


ANSWERS: list[tuple[tuple[int, bytes] | None, type[WeChatError]]] = [
    ((200, b'{"errcode": 43101, "errmsg": "refuse rid: 1-2-3"}'), Permanent),
    ((200, b'{"errcode": "47003", "errmsg": "argument invalid! data.thing1.value invalid rid: 1-2-3"}'), Permanent),
    ((200, b'{"errcode": -1}'), Retryable),
    ((200, b'{"errcode": 40001}'), Retryable),
    ((200, b'{"errcode": 43108}'), Retryable),
    ((200, b'{"errcode": 45009}'), QuotaUsedUp),
    ((200, b'{"errcode": 43107}'), NeedsPerson),
    ((200, b'{"errcode": 48001}'), NeedsPerson),
    ((200, b"<html>"), UnknownOutcome),
    ((200, b"[]"), UnknownOutcome),
    ((200, b""), UnknownOutcome),
    ((502, b""), UnknownOutcome),
    ((302, b""), UnknownOutcome),
    ((429, b""), Retryable),
    ((404, b""), NeedsPerson),
    (None, UnknownOutcome),
]


@pytest.mark.parametrize(("answer", "kind"), ANSWERS)
def test_the_same_judgement_as_the_client(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, answer: tuple[int, bytes] | None, kind: type[WeChatError]
) -> None:
    with serving(with_tokens(lambda _: answer)) as server, sqlite_app.app_context():
        mini = pointed(sqlite_app, monkeypatch, server.url).mini
        token = mini.client.tokens.current()
        with pytest.raises(WeChatError) as bulk:
            send(mini, token)
        if kind is not Retryable or b"40001" not in (answer or (0, b""))[1]:
            with pytest.raises(WeChatError) as single:
                mini.send_message(OPENID, "tmpl", VALUES, PAGE)
            assert type(single.value) is type(bulk.value)
            assert single.value.rid == bulk.value.rid
    assert type(bulk.value) is kind
    for canary in (OPENID, token, "mini-secret"):
        assert canary not in f"{bulk.value!r} {bulk.value.__dict__} {bulk.value.__cause__!r}"


def test_both_send_the_same_body(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: {"errcode": 0, "msgid": 12})) as server, sqlite_app.app_context():
        mini = pointed(sqlite_app, monkeypatch, server.url).mini
        assert send(mini, mini.client.tokens.current()) == "12"
        assert mini.send_message(OPENID, "tmpl", VALUES, PAGE) == "12"
        first, second = server.at("/cgi-bin/message/subscribe/send")
    assert first.json == second.json
    assert first.query == second.query == {"access_token": "t1"}


def test_a_message_that_could_not_be_put_through_is_retryable(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with sqlite_app.app_context(), socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        mini = pointed(sqlite_app, monkeypatch, f"http://127.0.0.1:{closed.getsockname()[1]}").mini
        with pytest.raises(Retryable):
            send(mini, "t")


def test_an_answer_that_comes_too_late_is_unknown(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_: Asked) -> dict[str, object]:
        server.closed.wait(5)
        return {}

    with serving(slow) as server, sqlite_app.app_context():
        mini = pointed(sqlite_app, monkeypatch, server.url).mini
        with pytest.raises(UnknownOutcome):
            send(mini, "t")
        server.closed.set()
