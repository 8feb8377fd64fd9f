"""Faults by path and count of calls, the file that outlives a restart, and where it does not start (wechat.md §5)."""

from __future__ import annotations

import subprocess
import sys
import threading
import urllib.error
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import base_environ
from tests.simulator_process import ROOT, SEND, running
from tests.wechat.simulator_world import TEMPLATE, World, errcode_of

CHECK = "/wxa/msg_sec_check"
LOST = (RemoteDisconnected, ConnectionResetError, urllib.error.URLError)


def check(world: World) -> Any:
    return world.mini(CHECK, {"version": 2, "openid": world.openid, "scene": 2, "content": "好"})


def message(world: World, openid: str = "", **more: object) -> dict[str, Any]:
    return {
        "touser": openid or world.openid,
        "template_id": TEMPLATE,
        "data": {"thing1": {"value": "题"}},
        "miniprogram_state": "formal",
        "lang": "zh_CN",
        **more,
    }


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("busy", 0, -1),
        ("bad_token", 0, 40001),
        ("quota", 0, 45009),
        ("minute_quota", 0, 45011),
        ("errcode", 50002, 50002),
    ],
)
def test_a_code_for_some_calls(world: World, kind: str, value: float, code: int) -> None:
    world.simulator.fault(CHECK, kind, times=2, after=1, value=value)
    assert [errcode_of(check(world)) for _ in range(4)] == [0, code, code, 0]


def test_a_fault_keeps_to_its_path_and_ends_when_it_is_cleared(world: World) -> None:
    world.simulator.fault("/cgi-bin/token", "busy")
    assert errcode_of(check(world)) == 0
    token = world.token("mini")
    world.simulator.fault("/*", "busy")
    body = {"version": 2, "openid": world.openid, "scene": 2, "content": "好"}
    assert errcode_of(world.simulator.wechat("POST", CHECK, body, token=token)) == -1
    world.simulator.call("DELETE", "/_sim/faults")
    assert errcode_of(check(world)) == 0


def test_reset_before_the_answer_nothing_happened(world: World) -> None:
    world.simulator.fault(SEND, "reset_before", times=1)
    with pytest.raises(LOST):
        world.mini(SEND, message(world))
    assert world.simulator.phone(world.openid) == []
    assert errcode_of(world.mini(SEND, message(world))) == 0


def test_accepted_then_dropped_it_did_happen(world: World) -> None:
    world.simulator.fault(SEND, "accepted_then_dropped", times=1)
    with pytest.raises(LOST):
        world.mini(SEND, message(world))
    assert len(world.simulator.phone(world.openid)) == 1
    assert world.simulator.summary(SEND)["by_openid"] == {world.openid: 1}
    assert errcode_of(world.mini(SEND, message(world))) == 43101


@pytest.mark.parametrize(("value", "status"), [(0, 500), (503, 503)])
def test_a_server_error(world: World, value: float, status: int) -> None:
    world.simulator.fault(CHECK, "http_500", times=1, value=value)
    with pytest.raises(urllib.error.HTTPError) as caught:
        check(world)
    assert caught.value.code == status
    caught.value.close()


def test_answers_of_another_shape(world: World) -> None:
    world.simulator.fault(CHECK, "not_json", times=1)
    assert check(world).startswith(b"<html>")
    world.simulator.fault(CHECK, "errcode_string", times=1)
    assert check(world)["errcode"] == "0"
    world.simulator.fault("/cgi-bin/freepublish/submit", "drift", times=1)
    publish = world.done("/cgi-bin/freepublish/submit", {"media_id": world.draft()})
    assert isinstance(publish["publish_id"], int)
    world.simulator.fault("/wxa/business/getuserphonenumber", "drift", times=1)
    phone = world.mini("/wxa/business/getuserphonenumber", {"code": world.place("phone_code", "mini")})
    assert phone["phone_info"]["countryCode"] == 86


def test_two_messages_to_one_person_at_once(world: World) -> None:
    """43108 for the second while the first is on its way; to two people at once both go out."""
    world.simulator.subscribe(world.openid, TEMPLATE, times=5)
    other = world.simulator.new_user()
    world.simulator.subscribe(other, TEMPLATE)
    token = world.token("mini")
    world.simulator.fault(SEND, "latency", value=0.5)

    def at_once(*openids: str) -> list[int]:
        found: list[int] = []

        def work(openid: str) -> None:
            found.append(errcode_of(world.simulator.wechat("POST", SEND, message(world, openid), token=token)))

        threads = [threading.Thread(target=work, args=(one,)) for one in openids]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return sorted(found)

    assert at_once(world.openid, world.openid) == [0, 43108]
    assert at_once(world.openid, other) == [0, 0]


@pytest.mark.parametrize(
    "body",
    [{}, {"path": "/x", "kind": "nonsense"}, {"path": "x", "kind": "busy"}, {"path": "/x", "kind": "event_lost"},
     {"path": "event:*", "kind": "busy"}, {"path": "/x", "kind": "busy", "times": "often"}],
)  # fmt: skip
def test_a_fault_that_cannot_be_is_refused(world: World, body: dict[str, Any]) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        world.simulator.call("POST", "/_sim/faults", body)
    assert caught.value.code == 400
    caught.value.close()


@pytest.mark.parametrize("body", [{"nothing": 1}, {"job_polls": "2"}, {"token_life": True}, {"sent_events": 1}])
def test_a_setting_that_cannot_be_changes_nothing(world: World, body: dict[str, Any]) -> None:
    before = world.simulator.settings_now()
    with pytest.raises(urllib.error.HTTPError) as caught:
        world.simulator.settings(**{"media_check_result": "risky", **body})
    assert caught.value.code == 400
    caught.value.close()
    assert world.simulator.settings_now() == before


def test_what_was_received_holds_no_secret(world: World) -> None:
    world.place("thumb", "official")
    rows = world.simulator.received()
    assert {row["path"] for row in rows} >= {"/cgi-bin/stable_token", "/sns/jscode2session"}
    text = repr(rows)
    assert "mini-secret" not in text
    assert world.token("mini") not in text


def test_the_file_outlives_a_restart(tmp_path: Path) -> None:
    environ = base_environ(tmp_path) | {"SIMULATOR_STATE": str(tmp_path / "simulator.json")}
    with running(environ) as simulator:
        world = World(simulator)
        simulator.fault(CHECK, "busy", times=1)
        token, media_id = world.token("mini"), world.draft()
        publish_id = world.done("/cgi-bin/freepublish/submit", {"media_id": world.draft()})["publish_id"]
        body = {"filter": {"is_to_all": True}, "msgtype": "mpnews", "mpnews": {"media_id": world.draft()}}
        msg_id = world.done("/cgi-bin/message/mass/sendall", body | {"clientmsgid": "k"})["msg_id"]
        simulator.advance(60)
        told = {name: simulator.call("GET", f"/_sim/{name}") for name in ("settings", "jobs", "received")}
        shown = simulator.call("GET", f"/_sim/overview?who={world.openid}")
    with running(environ) as simulator:
        world.simulator = simulator
        assert {name: simulator.call("GET", f"/_sim/{name}") for name in told} == told
        assert simulator.call("GET", f"/_sim/overview?who={world.openid}") == shown
        assert world.token("mini") == token
        assert errcode_of(check(world)) == -1
        assert errcode_of(world.mini(SEND, message(world))) == 0
        assert errcode_of(world.ask("/cgi-bin/draft/get", {"media_id": media_id})) == 0
        world.ask("/cgi-bin/freepublish/get", {"publish_id": publish_id})
        assert world.ask("/cgi-bin/freepublish/get", {"publish_id": publish_id})["publish_status"] == 0
        again = world.ask("/cgi-bin/message/mass/sendall", body | {"clientmsgid": "k"})
        assert (again["errcode"], again["msg_id"]) == (45065, msg_id)
    raw = (tmp_path / "simulator.json").read_text()
    assert "mini-secret" not in raw


@pytest.mark.parametrize(
    "wrong", [{"APP_ENV": "production"}, {"APP_ENV": "production", "WECHAT_MODE": "live"}, {"WECHAT_MODE": "live"}]
)
def test_it_does_not_start_in_production_nor_beside_the_real_wechat(tmp_path: Path, wrong: dict[str, str]) -> None:
    environ = base_environ(tmp_path) | {"SIMULATOR_PORT": "0", "WECHAT_API_BASE": "https://api.weixin.qq.com"} | wrong
    command = [sys.executable, "-m", "sorting_miniapp.wechat.simulator"]
    done = subprocess.run(command, env=environ, cwd=ROOT, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "listening" not in done.stdout
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
