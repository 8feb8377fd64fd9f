"""Callbacks: Tencent's own vectors, forgeries, replays, bombs; stored once and answered at once."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
import wechatpy
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select, text
from wechatpy.utils import check_signature

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import Forbidden
from sorting_miniapp.wechat import callback, events
from sorting_miniapp.wechat.callback import Channel
from sorting_miniapp.wechat.models import EventState, WeChatEvent
from tests.wechat.pushing import ACCOUNTS, push, sealed, xml

MINI_URL, OFFICIAL_URL = "/wechat/callback/mini", "/wechat/callback/official"
VECTOR = Channel("mini", "wxba5fad812f8e6fb9", "AAAAA", "A" * 43)
ENCRYPT = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkUyus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT"
    "740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviNrlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8Y"
    "L/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
POPUP = {"Event": "subscribe_msg_popup_event", "SubscribeMsgPopupEvent": {"List": {"TemplateId": "t"}}}


def at(moment: int) -> Any:
    return time_machine.travel(datetime.fromtimestamp(moment, UTC), tick=False)


def stored() -> list[WeChatEvent]:
    db.session().expire_all()
    return list(db.session().scalars(select(WeChatEvent).order_by(WeChatEvent.id)))


@pytest.fixture
def context(app: Flask) -> Iterator[FlaskClient]:
    with app.app_context():
        yield app.test_client()


@pytest.fixture
def one(sqlite_app: Flask) -> Iterator[FlaskClient]:
    with sqlite_app.app_context():
        yield sqlite_app.test_client()


# Tencent's vectors (wechat.md §4)


def test_vector_of_the_check() -> None:
    query = {
        "signature": "f464b24fc39322e44b38aa78f5edd27bd1441696",
        "timestamp": "1714036504",
        "nonce": "1514711492",
        "echostr": "4375120948345356249",
    }
    with at(1714036504):
        assert callback.echo(VECTOR, query) == "4375120948345356249"
        with pytest.raises(Forbidden):
            callback.echo(VECTOR, query | {"nonce": "1514711493"})


def test_vector_of_a_plain_post() -> None:
    assert callback.signature("AAAAA", "1714037059", "486452656") == "899cf89e464efb63f54ddac96b0a0a235f53aa78"


@pytest.mark.parametrize("as_json", [True, False])
def test_vector_of_the_safe_mode(one: FlaskClient, as_json: bool) -> None:
    query = {
        "timestamp": "1714112445",
        "nonce": "415670741",
        "msg_signature": "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3",
    }
    outer = {"ToUserName": "gh_97417a04a28d", "Encrypt": ENCRYPT}
    with at(1714112445):
        callback.receive(VECTOR, query, (json.dumps(outer) if as_json else xml(outer)).encode())
    (row,) = stored()
    said = json.loads(row.payload)
    assert row.kind == "debug_demo"
    assert said["debug_str"] == "hello world"


def test_vector_of_the_session_signature() -> None:
    import hashlib
    import hmac

    key, message = "o0q0otL8aEzpcZL/FT9WsQ==", b'{"foo":"bar"}'
    wanted = "654571f79995b2ce1e149e53c0a33dc39c0a74090db514261454e8dbe432aa0b"
    assert hmac.new(key.encode(), message, hashlib.sha256).hexdigest() == wanted


# what is taken


@pytest.mark.parametrize(("account", "as_json"), [("mini", False), ("mini", True), ("official", False)])
def test_an_event_is_stored_encrypted_and_answered_success(context: FlaskClient, account: str, as_json: bool) -> None:
    answer = push(context, account, {**POPUP, "FromUserName": "oSomebody"}, as_json=as_json)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "success", "text/plain")
    (row,) = stored()
    assert (row.account, row.kind, row.state) == (account, "subscribe_msg_popup_event", EventState.READY)
    raw = db.session().execute(text("SELECT payload FROM wechat_event")).scalar_one()
    assert "oSomebody" not in raw


def test_the_check_answers_echostr(one: FlaskClient) -> None:
    moment = str(int(clock.wall_now().timestamp()))
    query = {"timestamp": moment, "nonce": "7", "signature": callback.signature("mini-token", moment, "7")}
    answer = one.get(MINI_URL, query_string=query | {"echostr": "<b>123"})
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "<b>123", "text/plain")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert one.get(OFFICIAL_URL, query_string=query | {"echostr": "1"}).status_code == 403
    assert one.get(MINI_URL, query_string={"echostr": "1"}).status_code == 403
    assert one.get("/wechat/callback/other").status_code == 404


def test_a_replay_and_a_repeat_add_no_row(context: FlaskClient) -> None:
    said = {"FromUserName": "o1", "CreateTime": 1, "MsgType": "event", "Event": "subscribe"}
    query, body = sealed("official", xml(said))
    for _ in range(3):
        assert context.post(OFFICIAL_URL, query_string=query, data=body).text == "success"
    for as_json in (False, True):  # WeChat tries again, with a new signature, and may spell numbers as text
        query, body = sealed("official", json.dumps(said) if as_json else xml(said), as_json=as_json)
        assert context.post(OFFICIAL_URL, query_string=query, data=body).text == "success"
    assert len(stored()) == 1
    message = {"FromUserName": "o1", "CreateTime": 1, "MsgType": "text", "Content": "x", "MsgId": "77"}
    for content in ("你好", "你好 again"):
        query, body = sealed("official", xml(message | {"Content": content}))
        assert context.post(OFFICIAL_URL, query_string=query, data=body).text == "success"
    assert [row.kind for row in stored()] == ["subscribe", "text"]


def test_a_signature_is_used_once_for_one_account(one: FlaskClient) -> None:
    """The same event for the other account is another one."""
    for account in ("mini", "official"):
        assert push(one, account, {"Event": "x", "CreateTime": 5}).status_code == 200
    assert len(stored()) == 2


# what is refused


def test_forgeries(one: FlaskClient) -> None:
    moment = int(clock.wall_now().timestamp())
    text_ = xml({"FromUserName": "o1", "CreateTime": 1, "MsgType": "event", "Event": "x"})
    query, body = sealed("mini", text_)
    plain = callback.signature("mini-token", query["timestamp"], query["nonce"])
    refused = [
        ({}, body),
        (query | {"msg_signature": "0" * 40}, body),
        (query | {"msg_signature": ""}, body),
        (query | {"msg_signature": "签名"}, body),
        (query | {"nonce": "other"}, body),
        (query | {"timestamp": str(moment + 1)}, body),
        # `signature` says nothing about the body
        ({"timestamp": query["timestamp"], "nonce": query["nonce"], "signature": plain}, body),
        (query | {"msg_signature": plain}, body),
        # a plain body, as in the compatible mode: a downgrade
        (query, text_.encode()),
        (query | {"msg_signature": plain}, text_.encode()),
        (query, xml({"Encrypt": {"a": "b"}}).encode()),
        sealed("mini", text_, moment - 301),
        sealed("mini", text_, moment + 301),
        sealed("official", text_),
    ]
    for bad, what in refused:
        answer = one.post(MINI_URL, query_string=bad, data=what)
        assert answer.status_code == 403, (bad, answer.text)
    assert stored() == []
    for offset in (-290, 290):
        query, body = sealed("mini", xml({"MsgType": "event", "Event": f"x{offset}"}), moment + offset)
        assert one.post(MINI_URL, query_string=query, data=body).status_code == 200


def test_another_account_s_event_under_our_key_is_refused(one: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    token, key, _ = ACCOUNTS["mini"]
    monkeypatch.setitem(ACCOUNTS, "mini", (token, key, "wxanother"))
    query, body = sealed("mini", xml({"MsgType": "event", "Event": "x"}))
    assert one.post(MINI_URL, query_string=query, data=body).status_code == 403


def signed(encrypted: str) -> tuple[dict[str, str], bytes]:
    """An envelope with a right signature over any text."""
    moment = str(int(clock.wall_now().timestamp()))
    query = {"timestamp": moment, "nonce": "1"}
    query["msg_signature"] = callback.signature("mini-token", moment, "1", encrypted)
    return query, xml({"Encrypt": encrypted}).encode()


@pytest.mark.parametrize("encrypted", ["AAAA", "not base64!", "QUJDREVGR0hJSktMTU5PUFFSU1RVVg==", "é"])
def test_what_cannot_be_decrypted_is_400_or_403(one: FlaskClient, encrypted: str) -> None:
    query, body = signed(encrypted)
    assert one.post(MINI_URL, query_string=query, data=body).status_code in (400, 403)


BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + b"".join(
    b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(9)
)
BOMBS = {
    "billion laughs": BOMB + b"]><xml><Encrypt>&j;</Encrypt></xml>",
    "outside entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><xml><Encrypt>&a;</Encrypt></xml>',
    "outside dtd": b'<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd"><xml><Encrypt>a</Encrypt></xml>',
    "deep xml": b"<a>" * 20_000,
    "deep closed xml": b"<a>" * 9_000 + b"</a>" * 9_000,
    "many elements": b"<xml>" + b"<a/>" * 12_000 + b"</xml>",
    "deep json": b'{"a":' * 10_000,
    "deep closed json": b'{"Encrypt":' * 900 + b"1" + b"}" * 900,
    "broken": b"<xml><Encrypt>",
    "not text": b"\xff\xfe\x00\x01",
    "odd encoding": b'<?xml version="1.0" encoding="nothing"?><xml/>',
    "a list": b"[1]",
    "empty": b"",
    "empty root": b"<xml/>",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_and_rubbish_are_refused_at_little_cost(one: FlaskClient, name: str) -> None:
    query, _ = sealed("mini", "x")
    begun = time.process_time()
    answer = one.post(MINI_URL, query_string=query, data=BOMBS[name])
    spent = time.process_time() - begun
    assert answer.status_code in ((400, 403) if "json" in name else (400,)), answer.text
    # An expanded bomb takes gigabytes and minutes; the processor's time does not depend on who else runs.
    assert spent < 0.1, "answered in under 100 ms"


@pytest.mark.parametrize("inside", [BOMBS["billion laughs"].decode(), "<a>" * 9000, "{" * 2000, "x", '{"Event": "x"}'])
def test_what_is_encrypted_and_bad_is_refused_too(one: FlaskClient, inside: str) -> None:
    query, body = sealed("mini", inside)
    assert one.post(MINI_URL, query_string=query, data=body).status_code == 400
    assert stored() == []


def test_64_kb_and_no_more(one: FlaskClient) -> None:
    query, _ = sealed("mini", "x")
    assert one.post(MINI_URL, query_string=query, data=b"<" * (64 * 1024 + 1)).status_code == 413
    assert one.post(MINI_URL, query_string=query, data=b"<" * (64 * 1024)).status_code == 400


def test_an_account_without_a_callback_has_none(environ: dict[str, str]) -> None:
    from sorting_miniapp import config
    from sorting_miniapp.app import create_app

    app = create_app(config.load(environ | {"WECHAT_MINI_TOKEN": ""}))
    assert app.test_client().get(MINI_URL).status_code == 404


def test_11_stock_signature_check_takes_an_old_moment_and_compares_byte_by_byte() -> None:
    import inspect

    check_signature("AAAAA", "f464b24fc39322e44b38aa78f5edd27bd1441696", "1714036504", "1514711492")
    assert "compare_digest" not in inspect.getsource(wechatpy.utils) + inspect.getsource(wechatpy.crypto)
    query = {"signature": "f464b24fc39322e44b38aa78f5edd27bd1441696", "timestamp": "1714036504", "nonce": "1514711492"}
    with pytest.raises(Forbidden) as caught:
        callback.echo(VECTOR, query)
    assert caught.value.code == "callback_stale"


def test_unknown_events_are_kept_and_counted(context: FlaskClient) -> None:
    assert push(context, "mini", {"Event": "never_heard_of"}).text == "success"
    assert events.waiting()
    assert events.run_ready() is False
    (row,) = stored()
    assert (row.kind, row.state) == ("never_heard_of", EventState.IGNORED)
    assert not events.waiting()
    assert 'wechat_events_total{account="mini",kind="other",outcome="ignored"}' in context.get("/metrics").text


def test_old_events_are_purged_and_waiting_ones_kept(context: FlaskClient) -> None:
    push(context, "mini", {"Event": "one"})
    events.run_ready()
    push(context, "mini", {"Event": "two"})
    with time_machine.travel(clock.wall_now().timestamp() + 31 * 86400, tick=True):
        assert events.purge(30) == 1
    assert db.session().scalar(select(func.count()).select_from(WeChatEvent)) == 1
