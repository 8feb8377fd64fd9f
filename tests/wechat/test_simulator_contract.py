"""The simulator against the contract table, over raw HTTP."""

from __future__ import annotations

import pytest

from tests.wechat.contract import CALLS, PLACES, Call


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.path)
def test_the_table_is_whole(call: Call) -> None:
    """Each example holds every required field except the file, nothing undeclared, and known places only."""
    required = {name for name, field in call.request.items() if field.required and field.type != "file"}
    assert required <= set(call.example) <= set(call.request)
    places = {value for value in call.example.values() if isinstance(value, str) and value.startswith("<")}
    assert {place.strip("<>") for place in places} <= set(PLACES)
