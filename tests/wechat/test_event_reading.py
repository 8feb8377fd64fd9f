"""Pushed events are read: lists in every shape, any bytes; what the stock parser does with them."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
import wechatpy
from hypothesis import given
from hypothesis import settings as budget
from hypothesis import strategies as st

from sorting_miniapp.wechat import events, payloads
from tests.wechat.pushing import xml

# stock wechatpy, defects 10 and 11 (wechat.md §1)


@pytest.mark.parametrize("bad", ["<xml><MsgType>", "<a></a>", "<xml></xml>", "<xml><MsgType/></xml>"])
def test_10_stock_parser_raises_anything_on_bad_input(bad: str) -> None:
    from xml.parsers.expat import ExpatError

    with pytest.raises((ExpatError, KeyError, TypeError, AttributeError)):
        wechatpy.parse_message(bad)
    with pytest.raises(payloads.Unreadable):
        payloads.event(payloads.read(bad.encode()))


@pytest.mark.parametrize("name", ["PUBLISHJOBFINISH", "subscribe_msg_popup_event"])
def test_10_stock_parser_does_not_know_our_events(name: str) -> None:
    said = {"MsgType": "event", "Event": name, "FromUserName": "o", "CreateTime": 1}
    assert wechatpy.parse_message(xml(said)).type == "unknown"
    assert payloads.kind_of(payloads.event(payloads.read(xml(said).encode()))) == name.lower()
    assert name.lower() in events._handlers
    with pytest.raises(Exception, match="not well-formed"):
        wechatpy.parse_message(json.dumps(said))
    assert payloads.event(payloads.read(json.dumps(said).encode()))["Event"] == name


# shapes


def test_list_is_a_list_in_every_shape() -> None:
    row = {"TemplateId": "t", "SubscribeStatusString": "accept", "PopupScene": 1}
    for listed in (row, [row], [row, row]):
        for raw in (
            xml({"MsgType": "event", "SubscribeMsgPopupEvent": {"List": listed}}),
            json.dumps({"MsgType": "event", "SubscribeMsgPopupEvent": {"List": listed}}),
            json.dumps({"MsgType": "event", "List": listed}),
        ):
            found = payloads.rows(payloads.event(payloads.read(raw.encode())), "SubscribeMsgPopupEvent")
            assert len(found) == (2 if isinstance(listed, list) and len(listed) == 2 else 1), raw
            assert found[0] == {"TemplateId": "t", "SubscribeStatusString": "accept", "PopupScene": "1"}
    assert payloads.rows({"MsgType": "event", "SubscribeMsgPopupEvent": "text"}, "SubscribeMsgPopupEvent") == []


@budget(max_examples=200, deadline=None)
@given(st.binary(max_size=300) | st.text(alphabet='<>/&;!{}[]":, axml', max_size=200).map(str.encode))
def test_any_bytes_are_read_or_refused(raw: bytes) -> None:
    with suppress(payloads.Unreadable):
        assert isinstance(payloads.event(payloads.read(raw)), dict)
