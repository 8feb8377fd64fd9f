"""`flask wechat check`: one screen in Chinese, and nothing sent to anybody."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.serving import make_server

from sorting_miniapp.db import transaction
from sorting_miniapp.deliveries import content
from sorting_miniapp.deliveries.models import NoticeTemplate
from tests.conftest import base_environ
from tests.simulator_process import Simulator, running
from tests.wechat.gateway_helpers import pointed
from tests.wechat.odd_server import serving
from tests.wechat.pushing import push

FOLDER = Path(__file__).resolve().parents[2] / "content"
READS = {
    "/cgi-bin/stable_token", "/wxaapi/newtmpl/gettemplate", "/wxa/business/getuserphonenumber", "/wxa/msg_sec_check",
    "/cgi-bin/freepublish/batchget", "/cgi-bin/user/get", "/cgi-bin/openapi/quota/get",
}  # fmt: skip


@dataclass(frozen=True)
class Desk:
    app: Flask
    simulator: Simulator

    def check(self) -> tuple[str, int]:
        """(what the administrator sees, exit status)."""
        result = self.app.test_cli_runner().invoke(args=["wechat", "check"])
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return result.output, result.exit_code


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with running(base_environ(tmp_path_factory.mktemp("simulator"))) as found:
        yield found


@pytest.fixture
def desk(sqlite_app: Flask, simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The service reachable at its public address, its notices with the simulator's templates."""
    simulator.reset()
    with sqlite_app.app_context():
        pointed(sqlite_app, monkeypatch, simulator.url)
        content.load(FOLDER)
        with transaction() as session:
            for notice in session.query(NoticeTemplate):
                notice.template_id = f"sim_{notice.key}"
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = sqlite_app.extensions["settings"]
    monkeypatch.setitem(
        sqlite_app.extensions, "settings", replace(settings, public_url=f"http://127.0.0.1:{server.port}")
    )
    try:
        yield Desk(sqlite_app, simulator)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_all_is_well(desk: Desk) -> None:
    push(desk.app.test_client(), "mini", {"Event": "x"})
    seen, status = desk.check()
    assert status == 0, seen
    lines = seen.splitlines()
    assert len(lines) <= 30, "one screen"
    assert "有问题" not in seen
    for words in (
        "[正常] 访问凭证：可以取得", "[正常] IP 白名单", "[正常] 消息推送", "[正常] 收到的推送", "[正常] 消息模板",
        "[正常] 手机号", "[正常] 文本检查", "[正常] 发布权限", "[正常] 群发额度", "全部可用", "安全模式",
    ):  # fmt: skip
        assert words in seen, (words, seen)


def test_nothing_is_sent_to_anybody(desk: Desk) -> None:
    desk.check()
    assert {one["path"] for one in desk.simulator.received()} <= READS
    assert not any("force_refresh" in (one["body"] or {}) for one in desk.simulator.received())


def test_what_is_wrong_is_said(desk: Desk) -> None:
    desk.simulator.settings(freepublish_right=False)
    with desk.app.app_context(), transaction() as session:
        session.execute(
            update(NoticeTemplate).where(NoticeTemplate.key == "new_article").values(template_id="not there")
        )
        session.execute(update(NoticeTemplate).where(NoticeTemplate.key == "event_offer").values(template_id=""))
    seen, status = desk.check()
    assert status == 1
    assert "[有问题] 消息模板：“新文章提醒”：这个模板编号在小程序里没有" in seen
    assert "没有选用模板，发不出去，请在控制台的“通知模板”里选：候补名额通知" in seen
    assert "[提醒] 发布权限：没有" in seen
    assert "手动发布" in seen


def test_a_template_whose_fields_differ(desk: Desk) -> None:
    with desk.app.app_context(), transaction() as session:
        notice = session.get_one(NoticeTemplate, "new_article")
        notice.fields = [*notice.fields, {"key": "phrase9", "label": "x", "value": "x"}]
    seen, status = desk.check()
    assert status == 1
    assert "“新文章提醒”：微信的模板没有字段 phrase9" in seen


REFUSALS: list[tuple[dict[str, Any], str]] = [
    (
        {"errcode": 40164, "errmsg": "invalid ip 203.0.113.9 ipv6 ::ffff:203.0.113.9, not in whitelist rid: 1-2-3"},
        "[有问题] IP 白名单：请在微信后台加上本机的出口地址 203.0.113.9",
    ),
    (
        {"errcode": 40125, "errmsg": "invalid appsecret rid: 1-2-3"},
        "[有问题] 访问凭证：AppSecret 不对，请核对配置（40125 1-2-3）",
    ),
    ({"errcode": 40243, "errmsg": "secret frozen"}, "[有问题] 访问凭证：AppSecret 已被冻结"),
]


@pytest.mark.parametrize(("answer", "words"), REFUSALS)
def test_a_token_that_cannot_be_had(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, answer: dict[str, Any], words: str
) -> None:
    with serving(lambda _: answer) as server:
        with desk.app.app_context():
            pointed(desk.app, monkeypatch, server.url)
        for _ in range(2):  # an administrator who has just put it right need not wait for the breaker
            seen, status = desk.check()
            assert status == 1
            assert words in seen, seen
            assert "mini-secret" not in seen
        assert len(server.asked) == 4


def test_notices_that_were_never_loaded_and_an_address_nobody_knows(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    with desk.app.app_context(), transaction() as session:
        session.query(NoticeTemplate).delete()
    settings = desk.app.extensions["settings"]
    monkeypatch.setitem(desk.app.extensions, "settings", replace(settings, public_url="", wechat_mode="live"))
    seen, status = desk.check()
    assert status == 1
    assert "还没有载入通知文案，请运行 flask content load" in seen
    assert seen.count("没有设置 PUBLIC_URL，微信找不到本服务") == 2


def test_no_network_and_no_web_server(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = desk.app.extensions["settings"]
    monkeypatch.setitem(
        desk.app.extensions, "settings", replace(settings, public_url="http://127.0.0.1:9", official_token="")
    )
    with desk.app.app_context():
        pointed(desk.app, monkeypatch, "http://127.0.0.1:9")
    seen, status = desk.check()
    assert status == 1
    assert "连不上微信的服务器" in seen
    assert "打不开 http://127.0.0.1:9/wechat/callback/mini" in seen
    assert "没有配置 WECHAT_OFFICIAL_TOKEN" in seen
