"""Events about pictures that WeChat looked at, and about followers who come and go."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from flask import Flask
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.wechat import followers, media_checks
from sorting_miniapp.wechat.media_checks import Checked, media_checked
from sorting_miniapp.wechat.mini_program import Scene
from sorting_miniapp.wechat.models import EventState, Follower, MediaState, WeChatEvent
from tests.wechat.gateway_helpers import pointed, with_tokens
from tests.wechat.odd_server import serving
from tests.wechat.office import work
from tests.wechat.pushing import push

# pictures


NEW_SHAPE = {"version": 2, "result": {"suggest": "risky", "label": 20002}, "detail": []}


@pytest.mark.parametrize(
    ("told", "state"),
    [
        (NEW_SHAPE, MediaState.RISKY),
        ({"result": {"suggest": "pass", "label": 100}, "detail": [{"strategy": "x"}]}, MediaState.PASS),
        ({"result": {"suggest": "new word", "label": "x"}}, MediaState.REVIEW),
        ({"isrisky": 0, "status_code": 0}, MediaState.PASS),
        ({"isrisky": "1", "status_code": 0}, MediaState.RISKY),
        ({"isrisky": 0, "status_code": 4294966288}, MediaState.REVIEW),
        ({}, MediaState.REVIEW),
    ],
)
def test_a_picture_s_verdict(
    sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch, told: dict[str, Any], state: MediaState
) -> None:
    heard: list[Checked] = []

    def hear(_: object, checked: Checked) -> None:
        heard.append(checked)

    with (
        serving(with_tokens(lambda _: {"errcode": 0, "trace_id": "tr1"})) as server,
        sqlite_app.app_context(),
        media_checked.connected_to(hear),
    ):
        pointed(sqlite_app, monkeypatch, server.url)
        media_checks.ask("oResident", "https://example.org/a.jpg", Scene.SOCIAL, "photo", 7)
        asked = server.asked[-1].json
        assert (asked["media_type"], asked["version"], asked["scene"]) == (2, 2, 4)
        assert media_checks.state_of("photo", 7) is MediaState.PENDING
        push(sqlite_app.test_client(), "mini", {"Event": "wxa_media_check", "trace_id": "tr1", **told}, as_json=True)
        work()
        assert media_checks.state_of("photo", 7) is state
    assert heard == [Checked("photo", "7", state)]


def test_silence_about_a_picture_is_never_a_pass(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(with_tokens(lambda _: {"errcode": 0, "trace_id": "tr1"})) as server, app.app_context():
        pointed(app, monkeypatch, server.url)
        media_checks.ask("oResident", "https://example.org/a.jpg", Scene.SOCIAL, "photo", 7)
        assert media_checks.give_up() == 0
        with time_machine.travel(clock.wall_now() + timedelta(minutes=31), tick=True):
            assert media_checks.give_up() == 1
            assert media_checks.state_of("photo", 7) is MediaState.REVIEW
            push(app.test_client(), "mini", {"Event": "wxa_media_check", "trace_id": "tr1", **NEW_SHAPE})
            work()
            assert media_checks.state_of("photo", 7) is MediaState.RISKY, "late, and still worth knowing"


def test_a_verdict_that_overtakes_the_row_comes_again(sqlite_app: Flask) -> None:
    with sqlite_app.app_context():
        push(sqlite_app.test_client(), "mini", {"Event": "wxa_media_check", "trace_id": "tr1", **NEW_SHAPE})
        work()
        (event,) = db.session().scalars(select(WeChatEvent))
        assert (event.state, event.attempts) == (EventState.READY, 1)


# followers


def test_follow_and_unfollow_in_any_order(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"user_info_list": [{"openid": "f1", "subscribe": 1, "unionid": "u1"}]}
    with serving(with_tokens(lambda _: known)) as server, app.app_context():
        pointed(app, monkeypatch, server.url)
        client = app.test_client()
        push(client, "official", {"Event": "subscribe", "FromUserName": "f1", "CreateTime": 1_700_000_000})
        work()
        row = db.session().scalars(select(Follower)).one()
        assert (row.openid, row.unionid, row.follows, followers.count()) == ("f1", "u1", True, 1)
        push(client, "official", {"Event": "unsubscribe", "FromUserName": "f1", "CreateTime": 1_700_000_100})
        push(client, "official", {"Event": "subscribe", "FromUserName": "f1", "CreateTime": 1_700_000_050})
        work()
        assert followers.count() == 0, "the newest event counts"


def test_a_follower_without_unionid_is_kept_all_the_same(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {"errcode": 48001, "errmsg": "api unauthorized rid: 1-2-3"}
    with serving(with_tokens(lambda _: refused)) as server, sqlite_app.app_context():
        pointed(sqlite_app, monkeypatch, server.url)
        push(sqlite_app.test_client(), "official", {"Event": "subscribe", "FromUserName": "f1"})
        work()
        assert (followers.count(), db.session().scalars(select(Follower.unionid)).one()) == (1, None)
