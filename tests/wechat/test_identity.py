"""Who is asking, their phone, and what they may show to others: through our own API, with WeChat behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from sorting_miniapp import config
from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.app import create_app
from sorting_miniapp.db import db
from sorting_miniapp.wechat.models import WeChatEvent
from tests.conftest import MINI, base_environ, close_connections, migrate
from tests.simulator_process import Simulator, running
from tests.wechat.gateway_helpers import pointed, with_tokens
from tests.wechat.odd_server import serving
from tests.wechat.pushing import push

OPENID = "oAbCdEfGhIjKlMnOpQrStUvWxYz12"
ENV = "prod-1a2b3c"


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


@dataclass(frozen=True)
class Phone:
    """Somebody's phone: the API with their token, and WeChat's side of them."""

    client: FlaskClient
    simulator: Simulator
    openid: str
    headers: dict[str, str]

    def call(self, method: str, path: str, body: dict[str, Any]) -> Any:
        return self.client.open(f"/api/v1{path}", method=method, json=body, headers=self.headers)

    def phone_code(self, openid: str = "") -> str:
        return str(self.simulator.call("POST", f"/_sim/users/{openid or self.openid}/phone-codes", {})["code"])


@pytest.fixture
def phone(app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Phone:
    simulator.reset()
    with app.app_context():
        pointed(app, monkeypatch, simulator.url)
        db.session.remove()
    client, openid = app.test_client(), simulator.new_user()
    answer = client.post("/api/v1/sessions", json={"code": simulator.code(openid)})
    assert answer.status_code == 201, answer.text
    assert "session_key" not in answer.text
    assert openid not in answer.text
    return Phone(client, simulator, openid, {"Authorization": f"Bearer {answer.json['token']}"})


def test_log_in_needs_a_code_that_is_good(phone: Phone) -> None:
    def log_in(body: dict[str, Any]) -> Any:
        return phone.client.post("/api/v1/sessions", json=body)

    used = phone.simulator.code(phone.openid)
    assert log_in({"code": used}).status_code == 201
    for body, status in (({"code": used}, 400), ({"code": "x"}, 400), ({}, 422)):
        assert log_in(body).status_code == status
    phone.simulator.fault("/sns/jscode2session", "http_500", times=1)
    answer = log_in({"code": phone.simulator.code(phone.openid)})
    assert (answer.status_code, answer.json["code"]) == (503, "wechat_unavailable")


def test_a_phone_number_is_kept_encrypted(phone: Phone) -> None:
    assert phone.call("GET", "/me", {}).json["phone_verified"] is False
    answer = phone.call("POST", "/me/phone", {"code": phone.phone_code()})
    assert answer.status_code == 200, answer.text
    number = answer.json["phone"]
    assert len(number) == 11
    assert phone.call("GET", "/me", {}).json["phone_verified"] is True
    with phone.client.application.app_context():
        raw = db.session().execute(text("SELECT phone FROM resident")).scalar_one()
        assert number not in raw
        assert accounts.phone_of(db.session().scalars(select(Resident.id)).one()) == number


def test_a_phone_code_of_somebody_else_is_refused(phone: Phone) -> None:
    other = phone.simulator.new_user()
    for code in (phone.phone_code(other), "x", phone.simulator.code(phone.openid)):
        answer = phone.call("POST", "/me/phone", {"code": code})
        assert (answer.status_code, answer.json["code"]) == (400, "phone_code_invalid")
    assert phone.call("GET", "/me", {}).json["phone_verified"] is False
    assert phone.client.post("/api/v1/me/phone", json={"code": "x"}).status_code == 401


NICKNAMES = [
    ("小明", 200, ""),
    ("", 200, ""),
    ("违规测试", 422, "text_refused"),
    ("待审测试", 422, "text_doubtful"),
]


@pytest.mark.parametrize(("nickname", "status", "code"), NICKNAMES)
def test_a_nickname_is_checked_before_others_see_it(phone: Phone, nickname: str, status: int, code: str) -> None:
    phone.call("PATCH", "/me", {"nickname": "原名"})
    answer = phone.call("PATCH", "/me", {"nickname": nickname})
    assert answer.status_code == status, answer.text
    if code:
        assert answer.json["code"] == code
        assert "nickname" in answer.json["details"]["fields"]
    kept = phone.call("GET", "/me", {}).json["nickname"]
    assert kept == (nickname if status == 200 else "原名")


@pytest.mark.parametrize("fault", ["http_500", "quota", "accepted_then_dropped"])
def test_without_a_check_a_nickname_stays_as_it_was(phone: Phone, fault: str) -> None:
    phone.simulator.fault("/wxa/msg_sec_check", fault, times=1)
    answer = phone.call("PATCH", "/me", {"nickname": "小明"})
    assert (answer.status_code, answer.json["code"]) == (503, "text_check_unavailable")
    assert phone.call("GET", "/me", {}).json["nickname"] == ""
    assert phone.call("PATCH", "/me", {"large_type": True}).status_code == 200, "what needs no check still works"


def test_somebody_not_seen_for_two_hours_logs_in_again(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    late = {"errcode": 61010, "errmsg": "code is expired rid: 1-2-3"}
    with serving(with_tokens(lambda _: late)) as server:
        with sqlite_app.app_context():
            pointed(sqlite_app, monkeypatch, server.url)
            token, _, _ = accounts.log_in("x", lambda _: (OPENID, None))
            db.session.remove()
        headers = {"Authorization": f"Bearer {token}"}
        answer = sqlite_app.test_client().patch("/api/v1/me", json={"nickname": "小明"}, headers=headers)
    assert (answer.status_code, answer.json["code"]) == (409, "login_again")


def test_a_word_for_staff_is_refused_only_when_it_is_risky(phone: Phone) -> None:
    def ask(term: str) -> int:
        return int(phone.call("POST", "/guide/requests", {"term": term}).status_code)

    assert ask("违规测试") == 422
    assert ask("待审测试") == 201
    phone.simulator.fault("/wxa/msg_sec_check", "http_500", times=1)
    assert ask("旧风扇") == 201


# WeChat CloudRun (wechat.md §3)


@pytest.fixture
def cloudrun(tmp_path: Path) -> Iterator[Flask]:
    environ = base_environ(tmp_path) | {"WECHAT_MODE": "cloudrun", "CBR_ENV_ID": ENV}
    app = create_app(config.load(environ))
    migrate(app)
    yield app
    with app.app_context():
        close_connections()


HEADERS = {"X-WX-OPENID": OPENID, "X-WX-UNIONID": "u1", "X-WX-APPID": MINI, "X-WX-ENV": ENV, "X-WX-SOURCE": "wx_client"}


def test_cloudrun_headers_log_in(cloudrun: Flask) -> None:
    client = cloudrun.test_client()
    answer = client.post("/api/v1/sessions", json={}, headers=HEADERS)
    assert answer.status_code == 201, answer.text
    headers = {"Authorization": f"Bearer {answer.json['token']}"}
    assert client.get("/api/v1/me", headers=headers).status_code == 200
    assert client.get("/api/v1/me", headers=HEADERS).status_code == 401, "the headers are good for a login only"
    with cloudrun.app_context():
        row = db.session().scalars(select(Resident)).one()
        assert (row.openid, row.unionid) == (OPENID, "u1")


WRONG: list[dict[str, str | None]] = [
    {"X-WX-SOURCE": None},
    {"X-WX-SOURCE": "wx_http"},
    {"X-WX-APPID": "wxanother"},
    {"X-WX-APPID": None},
    {"X-WX-ENV": "prod-other"},
    {"X-WX-ENV": None},
    {"X-WX-OPENID": None},
    {"X-WX-OPENID": "short"},
    {"X-WX-OPENID": None, "X-WX-FROM-OPENID": OPENID},
]


@pytest.mark.parametrize("change", WRONG)
def test_cloudrun_headers_with_a_mark_missing_are_nobody(cloudrun: Flask, change: dict[str, str | None]) -> None:
    headers = {name: value for name, value in {**HEADERS, **change}.items() if value is not None}
    answer = cloudrun.test_client().post("/api/v1/sessions", json={"code": "x"}, headers=headers)
    assert answer.status_code == 401, "nor does a code open the door in that mode"


def test_the_headers_are_nothing_outside_cloudrun(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    assert client.post("/api/v1/sessions", json={}, headers=HEADERS).status_code == 422
    assert client.get("/api/v1/me", headers=HEADERS).status_code == 401
    with sqlite_app.app_context():
        assert db.session().scalars(select(Resident)).all() == []


EVENT = {"FromUserName": OPENID, "CreateTime": 1, "MsgType": "event", "Event": "subscribe_msg_popup_event", "List": []}


def test_cloudrun_takes_pushes_without_a_signature_from_its_network_only(cloudrun: Flask) -> None:
    client, url, source = cloudrun.test_client(), "/wechat/callback/mini", {"X-WX-SOURCE": "wx_push"}
    assert client.post(url, json=EVENT).status_code == 403
    for _ in range(2):
        assert client.post(url, json=EVENT, headers=source).text == "success"
    for probe in (b'{"action": "CheckContainerPath"}', b"<xml><action>CheckContainerPath</action></xml>"):
        answer = client.post(url, data=probe, headers=source)
        assert (answer.status_code, answer.text) == (200, "success")
    assert client.post(url, data=b"<a>" * 9000, headers=source).status_code == 400
    assert push(client, "mini", {"Event": "signed"}).status_code == 200, "the signed way stays open"
    with cloudrun.app_context():
        assert sorted(db.session().scalars(select(WeChatEvent.kind))) == ["signed", "subscribe_msg_popup_event"]


def test_elsewhere_a_push_without_a_signature_is_refused(sqlite_app: Flask) -> None:
    client = sqlite_app.test_client()
    for headers in ({}, {"X-WX-SOURCE": "wx_push"}, HEADERS):
        assert client.post("/wechat/callback/mini", json=EVENT, headers=headers).status_code == 403
        probe = client.post("/wechat/callback/mini", json={"action": "CheckContainerPath"}, headers=headers)
        assert probe.status_code == 403


def test_cloudrun_does_not_start_elsewhere(environ: dict[str, str]) -> None:
    with pytest.raises(config.ConfigError, match="CBR_ENV_ID"):
        config.load(environ | {"WECHAT_MODE": "cloudrun"})


def test_cloudrun_reads_its_own_variables(environ: dict[str, str]) -> None:
    given = {"WECHAT_MODE": "cloudrun", "CBR_ENV_ID": ENV, "MYSQL_ADDRESS": "10.0.0.3:3306", "PORT": "80"}
    given |= {"MYSQL_USERNAME": "root", "MYSQL_PASSWORD": "p@ss/word"}
    settings = config.load(environ | given)
    assert settings.database_url == "mysql+pymysql://root:p%40ss%2Fword@10.0.0.3:3306/sorting"
    assert settings.port == "80"
    named = config.load(environ | given | {"DATABASE_URL": "postgresql://u@h/d", "MYSQL_DATABASE": "x"})
    assert named.database_url == "postgresql+psycopg://u@h/d"
    assert config.load(environ | given | {"WECHAT_MODE": "simulator"}).database_url.startswith("sqlite")


def test_cloudrun_calls_wechat_with_tokens_of_its_own(cloudrun: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of what we call is not open to cloud calls, so all of it takes the same way (README)."""
    with serving(with_tokens(lambda _: {"errcode": 0, "data": []})) as server, cloudrun.app_context():
        pointed(cloudrun, monkeypatch, server.url).mini.templates()
        assert server.asked[-1].query["access_token"] == "t1"
