"""Nothing that is sent to the simulator, to WeChat's methods or to its own controls, is answered with a 500."""

from __future__ import annotations

import urllib.error
from typing import Any

import pytest

from tests.wechat.contract import CALLS
from tests.wechat.contract_terms import BOTH, Call
from tests.wechat.simulator_world import World

NASTY: tuple[Any, ...] = (
    None, True, -1, 2**63, 1.5, "", "x" * 3000, "\u0000", "一", [], [None], [[]], [{}], {}, {"a": None}, {"value": 1},
)  # fmt: skip
BODIES = [call for call in CALLS if call.where == "json"]
CONTROLS = (
    "/_sim/users", "/_sim/users/<openid>", "/_sim/users/<openid>/codes", "/_sim/users/<openid>/subscriptions",
    "/_sim/users/<openid>/follow", "/_sim/subscriptions", "/_sim/templates", "/_sim/faults", "/_sim/settings",
    "/_sim/clock", "/_sim/mass/1/confirm", "/_sim/events/1/again", "/_sim/users/nobody/codes",
)  # fmt: skip
FIELDS = ("count", "unionid", "name", "tags", "template", "templates", "times", "follow", "id", "fields", "kind",
          "path", "value", "after", "job_polls", "released_pages", "daily_quota", "seconds", "confirm")  # fmt: skip


def status_of(world: World, path: str, body: dict[str, Any]) -> int:
    try:
        world.simulator.call("POST", path, body)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code
    return 200


@pytest.mark.parametrize("call", BODIES, ids=lambda call: call.path)
def test_a_method_answers_whatever_its_fields_hold(world: World, call: Call) -> None:
    account = "mini" if call.account == BOTH else call.account
    token = world.token(account) if call.token else ""
    example = world.filled(call.example, account)
    for name in call.request:
        for value in NASTY:
            answer = world.simulator.wechat("POST", call.path, example | {name: value}, token=token)
            assert isinstance(answer, bytes) or isinstance(answer["errcode"], int), (name, value)


@pytest.mark.parametrize("path", CONTROLS)
def test_a_control_answers_whatever_it_is_given(world: World, path: str) -> None:
    address = path.replace("<openid>", world.openid)
    for name in FIELDS:
        for value in NASTY:
            status = status_of(world, address, {"template": "t", name: value})
            assert status in (200, 400, 404), (name, value, status)
