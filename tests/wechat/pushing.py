"""Pushes as WeChat makes them: encrypted, signed, in XML or JSON."""

from __future__ import annotations

import json
import secrets
from typing import Any
from xml.sax.saxutils import escape

import xmltodict
from flask.testing import FlaskClient
from wechatpy.crypto import WeChatCrypto
from werkzeug.test import TestResponse

from sorting_miniapp import clock
from tests.conftest import MINI, OFFICIAL

ACCOUNTS = {"mini": ("mini-token", "A" * 43, MINI), "official": ("official-token", "B" * 43, OFFICIAL)}


def xml(value: Any, tag: str = "xml") -> str:
    """A dict as WeChat writes it; a list repeats its element."""
    if isinstance(value, list):
        return "".join(xml(one, tag) for one in value)
    inside = "".join(xml(inner, key) for key, inner in value.items()) if isinstance(value, dict) else escape(str(value))
    return f"<{tag}>{inside}</{tag}>"


def sealed(account: str, text: str, moment: int | None = None, as_json: bool = False) -> tuple[dict[str, str], bytes]:
    """(query, body) of a push in safe mode."""
    nonce, timestamp = secrets.token_hex(5), str(moment or int(clock.wall_now().timestamp()))
    envelope = WeChatCrypto(*ACCOUNTS[account]).encrypt_message(text, nonce, timestamp)
    made = xmltodict.parse(envelope)["xml"]
    query = {"timestamp": timestamp, "nonce": nonce, "encrypt_type": "aes", "msg_signature": made["MsgSignature"]}
    outer = {"ToUserName": "gh_0", "Encrypt": made["Encrypt"]}
    return query, (json.dumps(outer) if as_json else xml(outer)).encode()


def push(
    client: FlaskClient, account: str, event: dict[str, Any], *, as_json: bool = False, **more: Any
) -> TestResponse:
    """Post an event; FromUserName, CreateTime and MsgType are filled in."""
    head = {"ToUserName": "gh_0", "FromUserName": "oNobody", "CreateTime": int(clock.wall_now().timestamp())}
    said = {**head, "MsgType": "event", **event}
    text = json.dumps(said) if as_json else xml(said)
    query, body = sealed(account, text, as_json=as_json)
    return client.post(f"/wechat/callback/{account}", query_string=query, data=body)
