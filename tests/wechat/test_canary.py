"""A canary for every secret and personal value: a run of the real processes under every fault, and no log tells one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.demo.processes import Instance, wait_for
from tests.simulator_process import SEND, Simulator
from tests.wechat import pushing

FAULTS = ("http_500", "not_json", "accepted_then_dropped", "reset_before", "busy", "quota", "bad_token")
PATHS = ("/sns/jscode2session", "/wxa/business/getuserphonenumber", "/wxa/msg_sec_check", "/cgi-bin/stable_token")
SECRETS = {
    "WECHAT_MINI_SECRET": "c4na7y5ec7e7m1n10123456789abcdef",
    "WECHAT_OFFICIAL_SECRET": "c4na7y5ec7e70ff1c1a1456789abcdef",
    "WECHAT_MINI_TOKEN": "CanaryMiniCallbackToken",
    "WECHAT_OFFICIAL_TOKEN": "CanaryOfficialCallbackToken",
    "WECHAT_MINI_AES_KEY": "CanaryMiniAesKey" + "m" * 27,
    "WECHAT_OFFICIAL_AES_KEY": "CanaryOfficialAesKey" + "f" * 23,
    "SECRET_KEY": "CanarySecretKeyOfTheCookies0123456789",
    "DEMO_PASSWORD": "CanaryDemoPassword",
}


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[Instance]:
    made = Instance(tmp_path, **SECRETS, LOG_LEVEL="DEBUG")
    try:
        made.prepare()
        made.start("simulator", "web", "scheduler", "worker")
        made.wait_until_ready()
        yield made
    finally:
        made.stop()


class Person:
    """A resident who does everything that touches WeChat, whatever comes of it."""

    def __init__(self, instance: Instance, simulator: Simulator) -> None:
        self.instance, self.simulator = instance, simulator
        self.ids = simulator.call("POST", "/_sim/users", {})
        self.codes: list[str] = []
        self.bearer = ""

    def call(self, method: str, path: str, body: dict[str, Any]) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.bearer}"}
        return requests.request(method, f"{self.instance.web}/api/v1{path}", json=body, headers=headers, timeout=30)

    def log_in(self) -> None:
        self.codes.append(self.simulator.code(self.ids["openid"]))
        answer = self.call("POST", "/sessions", {"code": self.codes[-1]})
        if answer.status_code == 201:
            self.bearer = answer.json()["token"]

    def do_all(self) -> None:
        self.log_in()
        made = self.simulator.call("POST", f"/_sim/users/{self.ids['openid']}/phone-codes", {})
        self.codes.append(made["code"])
        self.call("POST", "/me/phone", {"code": made["code"]})
        self.call("PATCH", "/me", {"nickname": "CanaryNick"})
        self.call("GET", "/me", {})


def pushed(instance: Instance, openid: str) -> None:
    """Events with an openid in them: a good one, a forged one, and one that no handler can make sense of."""
    accounts = {
        name: (
            instance.environ[f"{prefix}_TOKEN"],
            instance.environ[f"{prefix}_AES_KEY"],
            instance.environ[f"{prefix}_APPID"],
        )
        for name, prefix in (("mini", "WECHAT_MINI"), ("official", "WECHAT_OFFICIAL"))
    }
    before = dict(pushing.ACCOUNTS)
    pushing.ACCOUNTS.update(accounts)
    try:
        for account, kind in (("mini", "subscribe_msg_popup_event"), ("official", "subscribe"), ("mini", "unknown")):
            said = {"MsgType": "event", "Event": kind, "FromUserName": openid, "CreateTime": int(time.time())}
            query, body = pushing.sealed(account, pushing.xml(said))
            url = f"{instance.web}/wechat/callback/{account}"
            assert requests.post(url, params=query, data=body, timeout=10).text == "success"
            assert requests.post(url, params=query | {"nonce": "x"}, data=body, timeout=10).status_code == 403
    finally:
        pushing.ACCOUNTS.update(before)


def told(instance: Instance, canaries: dict[str, str]) -> list[str]:
    """Which canaries are in a log of ours, or on a page that operators see."""
    places = {file.name: file.read_bytes() for file in instance.folder.glob("*.log") if file.name != "simulator.log"}
    for page in ("metrics", "readyz", "api/openapi.json"):
        places[page] = requests.get(f"{instance.web}/{page}", timeout=10).content
    assert {"web.log", "scheduler.log", "worker.log"} <= set(places)
    return [
        f"{name} in {place}"
        for place, seen in places.items()
        for name, value in canaries.items()
        if value.encode() in seen
    ]


def test_no_log_of_the_whole_run_holds_a_secret_or_a_person(instance: Instance) -> None:
    simulator = Simulator(instance.simulator)
    person = Person(instance, simulator)
    person.do_all()
    assert person.bearer
    phone = str(simulator.call("GET", f"/_sim/users/{person.ids['openid']}/phone")["phone"])
    simulator.subscribe(person.ids["openid"], "sim_event_reminder")
    # The simulator's own event about that tap comes to our callback and through scheduler and worker.
    wait_for(
        lambda: instance.rows("SELECT 1 FROM subscription_accept WHERE source = 'wechat'"), 30, "the popup's event"
    )
    pushed(instance, person.ids["openid"])
    wait_for(lambda: not instance.one("SELECT count(*) FROM wechat_event WHERE state = 'ready'"), 30, "events handled")
    for fault in FAULTS:
        for path in PATHS:
            simulator.fault(path, fault, times=1)
        simulator.fault(SEND, fault, times=1)
        person.do_all()
    token = str(
        simulator.call(
            "POST", "/cgi-bin/stable_token",
            {"grant_type": "client_credential", "appid": instance.environ["WECHAT_MINI_APPID"],
             "secret": instance.environ["WECHAT_MINI_SECRET"]},
        )["access_token"]
    )  # fmt: skip
    canaries = {
        **SECRETS, "DATA_KEYS": instance.environ["DATA_KEYS"], **person.ids, "phone": phone, "bearer": person.bearer,
        "access_token": token, **{f"code {number}": code for number, code in enumerate(person.codes)},
        "the word session_key with a value": '"session_key": "',
    }  # fmt: skip
    assert all(len(value) >= 11 for value in canaries.values())
    assert told(instance, canaries) == []
    # The search is not blind: what a log does hold is found, and so is a canary that is put there.
    assert "a path in web.log" in told(instance, {"a path": "/api/v1/sessions"})
    with (instance.folder / "worker.log").open("a") as log:
        log.write(f"planted {token}\n")
    assert told(instance, canaries) == ["access_token in worker.log"]
    raw = b"".join(file.read_bytes() for file in instance.folder.glob("app.db*"))
    for name in ("phone", "access_token", "bearer", *SECRETS):
        assert canaries[name].encode() not in raw, f"{name} in the database file"
