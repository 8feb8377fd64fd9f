"""What WeChat pushes to us: is it WeChat, is it new, what does it say; store it and answer at once (wechat.md §2.7).

Safe mode only: a body without Encrypt is refused, and so is a signature over less than the encrypted text. Inside
CloudRun the platform's own network carries pushes without a signature; that door is open in that mode only (§3).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError
from wechatpy.crypto import PrpCrypto
from wechatpy.exceptions import InvalidAppIdException
from wechatpy.utils import WeChatSigner

from sorting_miniapp import clock
from sorting_miniapp.db import transaction
from sorting_miniapp.errors import BadRequest, Forbidden, NotFound
from sorting_miniapp.metrics import EVENTS
from sorting_miniapp.wechat import payloads
from sorting_miniapp.wechat.events import label
from sorting_miniapp.wechat.models import EventState, WeChatEvent
from sorting_miniapp.wechat.payloads import Unreadable

log = structlog.get_logger(__name__)
MOST_BYTES = 64 * 1024
FRESH = timedelta(minutes=5)
ANSWER = "success"


@dataclass(frozen=True)
class Channel:
    """One account's callback, as it is configured here and in WeChat's console."""

    account: str
    appid: str
    token: str = field(repr=False)
    aes_key: str = field(repr=False)

    def require(self) -> None:
        """Raises NotFound where no callback is configured."""
        if not self.token or len(self.aes_key) != 43:
            raise NotFound("callback_not_configured", "没有配置这个账号的消息推送")


def echo(channel: Channel, query: Mapping[str, str]) -> str:
    """WeChat's check of the address: its `echostr` back. Raises Forbidden, NotFound."""
    channel.require()
    _check(channel, query, "signature")
    return query.get("echostr", "")[:512]


def receive(channel: Channel, query: Mapping[str, str], body: bytes) -> None:
    """Store an encrypted push, once. Raises Forbidden, BadRequest, NotFound."""
    channel.require()
    try:
        outer = payloads.read(body)
        sealed = outer.get("Encrypt")
        if not isinstance(sealed, str) or not sealed:
            raise Forbidden("callback_not_encrypted", "只接受安全模式的推送")
        _check(channel, query, "msg_signature", sealed)
        said = payloads.event(payloads.read(_open(channel, sealed)))
    except Unreadable as error:
        raise BadRequest("callback_unreadable", "推送的内容读不懂") from error
    _store(channel.account, said, query["msg_signature"].lower())


def receive_plain(account: str, body: bytes) -> None:
    """Store a push that CloudRun delivered inside its network, once; its probe stores nothing. Raises BadRequest."""
    try:
        found = payloads.read(body)
        if found.get("action") == "CheckContainerPath":
            return
        said = payloads.event(found)
    except Unreadable as error:
        raise BadRequest("callback_unreadable", "推送的内容读不懂") from error
    _store(account, said, None)


def signature(*parts: str) -> str:
    """sha1 over the sorted parts, in hex."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def _check(channel: Channel, query: Mapping[str, str], name: str, *more: str) -> None:
    """Raises Forbidden unless the signature is right and the moment is now, give or take five minutes."""
    moment, nonce, given = (query.get(key, "") for key in ("timestamp", "nonce", name))
    wanted = signature(channel.token, moment, nonce, *more)
    if not hmac.compare_digest(wanted.encode(), given.lower().encode("utf-8", "replace")):
        raise Forbidden("callback_forged", "签名不对")
    if not moment.isascii() or not moment.isdigit() or len(moment) > 12:
        raise Forbidden("callback_forged", "签名不对")
    if abs(clock.wall_now().timestamp() - int(moment)) > FRESH.total_seconds():
        raise Forbidden("callback_stale", "推送的时间相差太久")


def _open(channel: Channel, sealed: str) -> bytes:
    """The decrypted text, whose appid is ours. Raises Unreadable, Forbidden."""
    key = base64.b64decode(channel.aes_key + "=")
    try:
        text: str = PrpCrypto(key).decrypt(sealed, channel.appid)
    except InvalidAppIdException:
        raise Forbidden("callback_foreign", "推送不属于这个账号") from None
    except (binascii.Error, ValueError, IndexError, struct.error) as error:
        raise Unreadable from error
    return text.encode()


def _store(account: str, said: dict[str, Any], signed: str | None) -> None:
    kind = payloads.kind_of(said)
    payload = orjson.dumps(said, option=orjson.OPT_SORT_KEYS)
    # A message has an id of its own; an event is the same when it says the same at the same second.
    own = said.get("MsgId") if said.get("MsgType") != "event" else None
    dedup = hashlib.sha256(f"{account}:{own}".encode() if own else account.encode() + payload).hexdigest()
    values = {"account": account, "kind": kind, "payload": payload.decode(), "signature": signed, "dedup": dedup}
    try:
        with transaction() as session:
            session.execute(
                insert(WeChatEvent).values(
                    **values, state=EventState.READY, reason="", attempts=0, fence=0, received_at=clock.wall_now()
                )
            )
    except IntegrityError:
        EVENTS.labels(account, label(kind), "repeated").inc()
        return
    EVENTS.labels(account, label(kind), "stored").inc()
