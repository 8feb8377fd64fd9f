"""How an event looks on the wire: XML or JSON, signed, encrypted in safe mode (wechat.md §2.7)."""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import struct
from collections.abc import Container
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import orjson
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from sorting_miniapp.wechat.simulator.state import Account, Event

BLOCK = 32
HOUR = 3600
SYSTEM = "o" + "0" * 27
TEXT = "text"  # what a follower writes: a message with an id, no event


@dataclass(frozen=True)
class Post:
    """One delivery: what stands behind the callback's address, the body, its type."""

    query: str
    body: bytes
    content_type: str


def signature(*parts: str) -> str:
    """sha1 over the sorted parts: token, timestamp, nonce, and the ciphertext for msg_signature."""
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def encrypt(aes_key: str, appid: str, message: bytes) -> str:
    """AES-256-CBC: 16 random bytes, the length, the message, the appid, padded to blocks of 32."""
    key = base64.b64decode(aes_key + "=")
    plain = os.urandom(16) + struct.pack(">I", len(message)) + message + appid.encode()
    fill = BLOCK - len(plain) % BLOCK
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(plain + bytes([fill]) * fill) + encryptor.finalize()).decode()


def _xml(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_xml(name, one) for one in value)
    if isinstance(value, dict):
        return f"<{name}>{''.join(_xml(key, one) for key, one in value.items())}</{name}>"
    if isinstance(value, int):
        return f"<{name}>{value}</{name}>"
    safe = str(value).replace("]]>", "]]]]><![CDATA[>")
    return f"<{name}><![CDATA[{safe}]]></{name}>"


def _texts(value: Any) -> Any:
    """The same with every number as text."""
    if isinstance(value, dict):
        return {key: _texts(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    return value if isinstance(value, str) else str(value)


def _old_shape(content: dict[str, Any]) -> dict[str, Any]:
    """Version 1 of wxa_media_check."""
    risky = int(content["result"]["suggest"] != "pass")
    kept = {key: content[key] for key in ("appid", "trace_id")}
    return {"isrisky": risky, "extra_info_json": "", **kept, "status_code": 0}


def _list(rows: list[dict[str, Any]], name: str, shape: str, flip: bool) -> Any:
    """An object or an array: Tencent's own samples show both, an array for what a person answered."""
    if len(rows) > 1:
        return rows
    array = shape == "array" or (shape == "auto" and name == "subscribe_msg_popup_event")
    return rows if array != flip else rows[0]


def _message_id(event: Event) -> int:
    """64 bits, the same when it is delivered once more."""
    return int(event.at) * 10_000 + event.number % 10_000


def message(account: Account, event: Event, form: str, shape: str, faults: Container[str]) -> bytes:
    """The plain text of an event in `form` xml or json; the same each time it is tried."""
    spelled = f"FREE{event.name}" if "event_other_spelling" in faults else event.name
    content = event.content
    if "event_old_shape" in faults and "result" in content:
        content = _old_shape(content)
    said = {"MsgType": "event", "Event": spelled}
    whole: dict[str, Any] = {
        "ToUserName": account.original_id,
        "FromUserName": event.openid or SYSTEM,
        "CreateTime": int(event.at),
        **({"MsgType": TEXT, "MsgId": _message_id(event)} if event.name == TEXT else said),
        **content,
    }
    drifted = "event_drift" in faults
    if form == "xml":
        return _xml("xml", whole | ({event.wrapper: {"List": event.rows}} if event.rows else {})).encode()
    if event.rows:
        whole["List"] = _list(event.rows, event.name, shape, drifted)
    return orjson.dumps(_texts(whole) if drifted else whole)


def post(account: Account, event: Event, now: float, form: str, shape: str, faults: Container[str]) -> Post:
    """An event as it is delivered at `now`: encrypted when the account has an EncodingAESKey, else in plain text."""
    stamp, nonce = str(int(now) - (HOUR if "event_stale" in faults else 0)), str(secrets.randbelow(10**10))
    body, token = message(account, event, form, shape, faults), account.callback_token
    query = {"signature": signature(token, stamp, nonce), "timestamp": stamp, "nonce": nonce}
    query["openid"] = event.openid or SYSTEM
    if account.aes_key:
        cipher = encrypt(account.aes_key, account.appid, body)
        sealed = {"ToUserName": account.original_id, "Encrypt": cipher}
        query |= {"encrypt_type": "aes", "msg_signature": signature(token, stamp, nonce, cipher)}
        if "event_unencrypted" not in faults:
            body = _xml("xml", sealed).encode() if form == "xml" else orjson.dumps(sealed)
    if "event_bad_signature" in faults:
        query |= {name: "0" * 40 for name in ("signature", "msg_signature") if name in query}
    return Post(urlencode(query), body, "text/xml" if form == "xml" else "application/json")


def probe(account: Account, now: float) -> tuple[str, str]:
    """(query, echostr) of the GET by which an address is checked when it is configured."""
    stamp, nonce, echo = str(int(now)), str(secrets.randbelow(10**10)), str(secrets.randbelow(10**19))
    signed = signature(account.callback_token, stamp, nonce)
    return urlencode({"signature": signed, "timestamp": stamp, "nonce": nonce, "echostr": echo}), echo
