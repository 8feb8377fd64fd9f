"""What a typed method says to every fault of the simulator."""

from __future__ import annotations

import pytest

from sorting_miniapp.wechat.errors import WeChatError
from tests.wechat.gateway_helpers import TEMPLATE, TOKEN, VALUES, Line

FAULTS = {
    "reset_before": ("retry", "unknown"),
    "accepted_then_dropped": ("retry", "unknown"),
    "busy": ("retry", "retry"),
    "http_500": ("retry", "unknown"),
    "not_json": ("retry", "unknown"),
    "quota": ("quota", "quota"),
    "minute_quota": ("retry", "retry"),
    "bad_token": ("retry", "retry"),
}


@pytest.mark.parametrize("kind", FAULTS)
def test_every_fault_of_the_simulator(line: Line, kind: str) -> None:
    """What a read and a subscribe message become under each; then all is well again."""
    send = "/cgi-bin/message/subscribe/send"
    line.simulator.subscribe(line.openid, TEMPLATE, times=3)
    read, sent = FAULTS[kind]
    for path in ("/wxaapi/newtmpl/gettemplate", send):
        line.simulator.fault(path, kind, times=2 if kind == "bad_token" else 1)
    with pytest.raises(WeChatError) as one:
        line.both.mini.templates()
    assert one.value.outcome.value == read
    if kind == "bad_token":
        return  # the breaker is open now: tests/wechat/test_tokens.py
    with pytest.raises(WeChatError) as other:
        line.both.mini.send_message(line.openid, TEMPLATE, VALUES)
    assert other.value.outcome.value == sent
    line.both.mini.templates()
    line.both.mini.send_message(line.openid, TEMPLATE, VALUES)
    arrived = len(line.simulator.phone(line.openid))
    assert arrived == (2 if kind in ("accepted_then_dropped", "not_json") else 1)


def test_errcode_as_text_and_latency(line: Line) -> None:
    line.simulator.fault("/wxaapi/newtmpl/gettemplate", "errcode_string", times=1)
    assert line.both.mini.templates()
    line.simulator.fault("/wxaapi/newtmpl/gettemplate", "latency", times=1, value=0.2)
    assert line.both.mini.templates()
    assert line.simulator.summary(TOKEN)["count"] == 1
