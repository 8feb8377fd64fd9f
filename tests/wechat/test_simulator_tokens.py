"""The simulator's access tokens: who gets one, how long it lives (wechat.md §2.1)."""

from __future__ import annotations

import pytest

from tests.wechat.simulator_world import SECRETS, World, errcode_of

MINUTE = 60
STABLE, PLAIN = "/cgi-bin/stable_token", "/cgi-bin/token"


def fetch(world: World, path: str = STABLE, account: str = "mini", **more: object) -> dict[str, object]:
    appid, secret = SECRETS[account]
    fields = {"grant_type": "client_credential", "appid": appid, "secret": secret, **more}
    if path == STABLE:
        return dict(world.simulator.wechat("POST", path, fields))
    return dict(world.simulator.wechat("GET", path, query=fields))


def good(world: World, token: object) -> int:
    return errcode_of(world.simulator.wechat("GET", "/cgi-bin/getcallbackip", token=str(token)))


def test_stable_token_is_the_same_until_five_minutes_before_its_end(world: World) -> None:
    first = fetch(world)
    world.simulator.advance(100 * MINUTE)
    again = fetch(world)
    assert again["access_token"] == first["access_token"]
    assert int(str(again["expires_in"])) < int(str(first["expires_in"])) - 99 * MINUTE
    world.simulator.advance(16 * MINUTE)
    fresh = fetch(world)
    assert fresh["access_token"] != first["access_token"]
    assert (good(world, first["access_token"]), good(world, fresh["access_token"])) == (0, 0)
    world.simulator.advance(5 * MINUTE)
    assert (good(world, first["access_token"]), good(world, fresh["access_token"])) == (40001, 0)


def test_a_token_that_nobody_renewed_is_expired(world: World) -> None:
    token = fetch(world)["access_token"]
    world.simulator.advance(121 * MINUTE)
    assert good(world, token) == 42001


def test_forced_refresh_kills_the_old_token_and_is_rationed(world: World) -> None:
    old = fetch(world)["access_token"]
    fresh = fetch(world, force_refresh=True)["access_token"]
    assert (good(world, old), good(world, fresh)) == (40001, 0)
    assert errcode_of(fetch(world, force_refresh=True)) == 45011
    for _ in range(19):
        world.simulator.advance(31)
        assert errcode_of(fetch(world, force_refresh=True)) == 0
    world.simulator.advance(31)
    assert errcode_of(fetch(world, force_refresh=True)) == 45009


def test_the_older_endpoint_gives_a_new_token_each_time_and_leaves_the_stable_one_alone(world: World) -> None:
    stable, first = fetch(world)["access_token"], fetch(world, PLAIN)["access_token"]
    second = fetch(world, PLAIN)["access_token"]
    assert first != second
    assert good(world, first) == 0
    world.simulator.advance(6 * MINUTE)
    assert [good(world, token) for token in (stable, first, second)] == [0, 40001, 0]


@pytest.mark.parametrize(
    ("wrong", "code"), [({"appid": "wxother"}, 40013), ({"secret": "no"}, 40125), ({"grant_type": "x"}, 40002)]
)
def test_who_may_not_have_a_token(world: World, wrong: dict[str, str], code: int) -> None:
    assert errcode_of(fetch(world, **wrong)) == code
    assert errcode_of(fetch(world, PLAIN, **wrong)) == code


def test_an_address_outside_the_list_gets_no_token(world: World) -> None:
    world.simulator.settings(ip_allowed=False)
    assert errcode_of(fetch(world)) == 40164
