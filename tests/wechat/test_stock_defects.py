"""Each measured defect of wechatpy 1.8.18 (wechat.md §1): shown on the stock client, and gone in ours.

The stock client is only pointed at a local server; nothing else of it is changed.
"""

from __future__ import annotations

import inspect
import io
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import requests
from flask import Flask
from wechatpy import WeChatClient
from wechatpy.client.api import WeChatWxa
from wechatpy.exceptions import WeChatClientException

from sorting_miniapp.db import db
from sorting_miniapp.wechat.errors import NeedsPerson, Retryable, WeChatError
from sorting_miniapp.wechat.mini_program import Scene
from tests.wechat.gateway_helpers import TOKEN, pointed, with_tokens
from tests.wechat.odd_server import Asked, serving

OLD_TOKEN = "/cgi-bin/token"
SECRET = "canary-secret-0123456789abcdef"
REFUSED = {"errcode": 40001, "errmsg": "invalid credential"}


def stock(monkeypatch: pytest.MonkeyPatch, url: str, **more: Any) -> WeChatClient:
    """wechatpy as it is installed, with WeChat's host replaced wherever it names it."""

    class Local(WeChatClient):
        API_BASE_URL = f"{url}/cgi-bin/"

        def _fetch_access_token(self, url: str, params: dict[str, str]) -> Any:
            return super()._fetch_access_token(url.replace("https://api.weixin.qq.com", base), params)

    base = url
    monkeypatch.setattr(WeChatWxa, "API_BASE_URL", f"{url}/")
    return Local("wxstock", SECRET, **more)


@contextmanager
def shallow(frames: int = 300) -> Iterator[None]:
    """A call that never ends meets the limit after `frames` more frames: the usual 1,000 take 40 s of real calls."""
    usual = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack(0)) + frames)
    try:
        yield
    finally:
        sys.setrecursionlimit(usual)


def test_1_a_token_that_is_always_refused(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: REFUSED)) as server, sqlite_app.app_context():
        client = stock(monkeypatch, server.url)
        with shallow(), pytest.raises(RecursionError):
            client.get("user/get")
        assert len(server.at(OLD_TOKEN)) > 20
        ours = pointed(sqlite_app, monkeypatch, server.url)
        for _ in range(20):
            with pytest.raises(Retryable):
                ours.official.followers()
        assert len(server.at(TOKEN)) <= 2


def test_2_a_token_fetch_that_gets_no_answer(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(asked: Asked) -> dict[str, Any]:
        time.sleep(2.4)  # longer than the time for an answer
        return {"access_token": "t", "expires_in": 7200}

    with serving(slow) as server, sqlite_app.app_context():
        assert stock(monkeypatch, server.url, timeout=0.1).access_token == "t", "the timeout of 0.1 s was not applied"
        ours = pointed(sqlite_app, monkeypatch, server.url)
        with pytest.raises(Retryable):
            ours.mini.client.tokens.current()
        assert stock(monkeypatch, server.url).timeout is None
        assert ours.mini.client.timeout == (1.5, 2.0)


def test_3_an_upload_after_a_refused_token(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {OLD_TOKEN: 0, "/cgi-bin/material/add_material": 0}

    def first_refused(asked: Asked) -> dict[str, Any]:
        answers[asked.path] += 1
        return REFUSED if answers[asked.path] == 1 else {"media_id": "m", "url": "u"}

    picture = b"\xff\xd8\xff" + b"picture" * 100
    with serving(with_tokens(first_refused)) as server, sqlite_app.app_context():
        stock(monkeypatch, server.url).material.add("image", ("a.jpg", io.BytesIO(picture)))
        first, second = server.asked[1].body, server.asked[3].body
        assert picture in first
        assert picture not in second, "the stream was not rewound"
        server.asked.clear()
        answers["/cgi-bin/material/add_material"] = 0
        ours = pointed(sqlite_app, monkeypatch, server.url)
        assert ours.official.upload_cover(picture, "a.jpg") == "m"
        uploads = server.at("/cgi-bin/material/add_material")
        assert [picture in one.body for one in uploads] == [True, True]


def at_once(number: int, call: Callable[[], object]) -> None:
    gate = threading.Barrier(number)

    def run() -> None:
        gate.wait()
        call()

    threads = [threading.Thread(target=run) for _ in range(number)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_4_sixteen_threads_without_a_token(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(asked: Asked) -> dict[str, Any]:
        time.sleep(0.2)
        return {"access_token": "t", "expires_in": 7200}

    with serving(slow) as server, sqlite_app.app_context():
        client = stock(monkeypatch, server.url)
        at_once(16, lambda: client.access_token)
        assert len(server.asked) > 8
        server.asked.clear()
        ours = pointed(sqlite_app, monkeypatch, server.url)

        def current() -> None:
            with sqlite_app.app_context():
                assert ours.mini.client.tokens.current() == "t"
                db.session.remove()

        at_once(16, current)
        assert len(server.asked) == 1


def test_5_secrets_in_exceptions(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with pytest.raises(requests.ConnectionError) as told:
        stock(monkeypatch, url).fetch_access_token()
    assert SECRET in str(told.value)
    with sqlite_app.app_context():
        ours = pointed(sqlite_app, monkeypatch, url)
        with pytest.raises(Retryable) as kept:
            ours.mini.code_to_session("code")
    seen = f"{kept.value!r} {kept.value.__dict__} {kept.value.__cause__!r}"
    assert "mini-secret" not in seen
    assert "code" not in kept.value.reason.lower().replace("errcode", "")


def test_6_login_sends_no_access_token(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: {"openid": "o1", "session_key": "k"})) as server, sqlite_app.app_context():
        stock(monkeypatch, server.url).wxa.code_to_session("code")
        assert [one.path for one in server.asked] == [OLD_TOKEN, "/sns/jscode2session"]
        assert "access_token" in server.asked[1].query
        server.asked.clear()
        login = pointed(sqlite_app, monkeypatch, server.url).mini.code_to_session("code")
        assert [one.path for one in server.asked] == ["/sns/jscode2session"]
        assert "access_token" not in server.asked[0].query
    assert (login.openid, login.unionid) == ("o1", None)
    assert "session_key" not in repr(login)


def test_7_one_family_of_exceptions(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: (403, b""))) as server, sqlite_app.app_context():
        with pytest.raises(WeChatClientException):
            stock(monkeypatch, server.url).get("user/get")
        ours = pointed(sqlite_app, monkeypatch, server.url)
        with pytest.raises(NeedsPerson) as http:
            ours.official.followers()
    with pytest.raises(requests.ConnectionError) as network:
        stock(monkeypatch, server.url).get("user/get")
    assert not isinstance(network.value, WeChatClientException)
    with sqlite_app.app_context(), pytest.raises(WeChatError) as ours_too:
        ours.official.followers()
    assert isinstance(http.value, WeChatError)
    assert isinstance(ours_too.value, WeChatError)


def test_8_a_mass_send_names_its_tag(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: {"errcode": 0, "msg_id": 5, "msg_data_id": 6})) as server:
        stock(monkeypatch, server.url).message.send_mass_article(3, "m")
        assert server.asked[-1].json["filter"] == {"group_id": 3, "is_to_all": False}
        with sqlite_app.app_context():
            ours = pointed(sqlite_app, monkeypatch, server.url)
            assert ours.official.mass_send_all("m", "push-1", tag_id=3) == ("5", "6")
    sent = server.asked[-1].json
    assert sent["filter"] == {"is_to_all": False, "tag_id": 3}
    assert sent["clientmsgid"] == "push-1"


def test_9_the_text_check_is_version_2(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"errcode": 0, "trace_id": "x", "result": {"suggest": "risky", "label": 20006}}
    with serving(with_tokens(lambda _: answer)) as server, sqlite_app.app_context():
        stock(monkeypatch, server.url).wxa.check_text_security("text")
        assert server.asked[-1].json == {"content": "text"}
        verdict = pointed(sqlite_app, monkeypatch, server.url).mini.check_text("o1", "text", Scene.PROFILE)
    assert server.asked[-1].json == {"version": 2, "openid": "o1", "scene": 1, "content": "text"}
    assert (verdict.suggest, verdict.label) == ("risky", 20006)
