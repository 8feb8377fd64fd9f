"""The simulator against the contract table, over raw HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.wechat.contract import CALLS
from tests.wechat.contract_terms import BOTH, PLACES, Call
from tests.wechat.simulator_world import World, errcode_of

TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str, "int": int, "bool": bool, "object": dict, "list": list, "id": (int, str),
}  # fmt: skip
WRONG: dict[str, Any] = {"text": 5, "int": "5", "bool": "yes", "object": "x", "list": "x", "id": ["x"]}
PAIRS = [
    (call, account) for call in CALLS for account in (("mini", "official") if call.account == BOTH else (call.account,))
]
TOKEN_PAIRS = [(call, account) for call, account in PAIRS if call.token]


def name_of(value: object) -> str:
    return value.path if isinstance(value, Call) else str(value)


def found_at(answer: Any, path: str) -> list[Any]:
    """What stands at "a.b", going into every element of a list on the way."""
    rows = [answer]
    for name in path.split("."):
        rows = [one for row in rows for one in (row if isinstance(row, list) else [row])]
        rows = [row[name] for row in rows if isinstance(row, dict) and name in row]
    return rows


@pytest.mark.parametrize("call", CALLS, ids=name_of)
def test_the_table_is_whole(call: Call) -> None:
    """Each example holds every required field except the file, nothing undeclared, and known places only."""
    required = {name for name, field in call.request.items() if field.required and field.type != "file"}
    assert required <= set(call.example) <= set(call.request)
    places = re.findall(r"<([a-z_]+)>", repr(call.example))
    assert {place for place in places if place != "p"} <= set(PLACES)


@pytest.mark.parametrize(("call", "account"), PAIRS, ids=name_of)
def test_a_good_call_is_answered_as_declared(world: World, call: Call, account: str) -> None:
    if call.path.endswith("batchget"):
        world.place("draft", "official")
        world.place("publish_id", "official")
    answer = world.call(call, world.filled(call.example, account), world.token(account) if call.token else "")
    assert errcode_of(answer) == 0, answer
    assert isinstance(answer, bytes) == call.image
    for path, kind in call.answer.items():
        found = found_at(answer, path)
        assert found or kind.endswith("?"), (path, answer)
        for value in found:
            assert isinstance(value, TYPES[kind.rstrip("?")]), (path, value)
            assert not isinstance(value, bool) or kind.startswith("bool"), (path, value)


@pytest.mark.parametrize(("call", "account"), PAIRS, ids=name_of)
def test_a_missing_field_gets_its_code(world: World, call: Call, account: str) -> None:
    for name, field in call.request.items():
        if not field.required:
            continue
        fields = world.filled(call.example, account)
        fields.pop(name, None)
        if field.type == "file":
            fields["media"] = b""
        if call.where == "json" and not fields:
            fields = {"unknown": 1}
        answer = world.call(call, fields, world.token(account) if call.token else "")
        assert errcode_of(answer) == field.missing, (name, answer)


@pytest.mark.parametrize(
    ("call", "account"), [(call, account) for call, account in PAIRS if call.where == "json"], ids=name_of
)
def test_another_type_does_not_fit(world: World, call: Call, account: str) -> None:
    for name, field in call.request.items():
        fields = world.filled(call.example, account) | {name: WRONG[field.type]}
        answer = world.call(call, fields, world.token(account) if call.token else "")
        assert errcode_of(answer) == field.wrong, (name, answer)


@pytest.mark.parametrize(("call", "account"), TOKEN_PAIRS, ids=name_of)
def test_whose_token_it_is_matters(world: World, call: Call, account: str) -> None:
    """None at all 41001, an invented one 40001, the other account's 48001."""
    fields = world.filled(call.example, account)
    assert errcode_of(world.call(call, fields, "")) == 41001
    assert errcode_of(world.call(call, fields, "invented")) == 40001
    if call.account != BOTH:
        other = "official" if account == "mini" else "mini"
        assert errcode_of(world.call(call, fields, world.token(other))) == 48001


@pytest.mark.parametrize("call", [call for call in CALLS if call.where == "json"], ids=name_of)
def test_what_is_no_json_object(world: World, call: Call) -> None:
    account = "mini" if call.account == BOTH else call.account
    token = world.token(account) if call.token else ""
    for body, code in ((b"", 44002), (b"{", 47001), (b"[1]", 47001)):
        answer = world.simulator.wechat("POST", call.path, body, token=token)
        assert errcode_of(answer) == code, body
    assert errcode_of(world.simulator.wechat("GET", call.path, token=token)) == 43002
