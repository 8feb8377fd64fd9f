"""Subscribe messages in numbers: kept connections, the same token row and judgement as every other call."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote

import orjson

from sorting_miniapp import metrics
from sorting_miniapp.wechat.answers import check, payload_of
from sorting_miniapp.wechat.connections import Connections, Lost, NotSent
from sorting_miniapp.wechat.errors import Outcome, Retryable, UnknownOutcome, WeChatError
from sorting_miniapp.wechat.mini_program import MiniProgram

PATH = "/cgi-bin/message/subscribe/send"
NOBODY = b'{"touser":""'


class Body(NamedTuple):
    """A message's JSON before and after its receiver: made once for all who get the same text."""

    before: bytes
    after: bytes


class Sender:
    """Use as an async context manager, inside one event loop."""

    def __init__(self, mini: MiniProgram) -> None:
        self._message_body = mini.message_body
        connect, read = mini.client.timeout
        self._connections = Connections(mini.client.base, connect, read)
        self._heads: dict[str, bytes] = {}
        self._count = metrics.WECHAT_CALLS.labels(PATH, "ok").inc

    async def __aenter__(self) -> Sender:
        await self._connections.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connections.__aexit__()

    def body(self, template_id: str, page: str, values: dict[str, str]) -> Body:
        """{field: value} by WeChat's value rules, and the page the message opens."""
        whole = orjson.dumps(self._message_body("", template_id, values, page))
        assert whole.startswith(NOBODY)
        return Body(NOBODY[:-2], whole[len(NOBODY) :])

    async def send(self, token: str, openid: str, body: Body) -> str:
        """Send one; returns WeChat's msgid ('' where it gives none). Raises WeChatError; a lost answer is UNKNOWN."""
        try:
            found = await self._post(token, body.before + orjson.dumps(openid) + body.after)
        except WeChatError as error:
            metrics.WECHAT_CALLS.labels(PATH, error.outcome.value).inc()
            raise
        self._count()
        return found

    async def _post(self, token: str, body: bytes) -> str:
        try:
            status, raw = await self._connections.post(self._head(token), body)
        except NotSent as error:
            raise Retryable(reason=str(error)) from None
        except Lost as error:
            raise UnknownOutcome(reason=str(error)) from None
        return str(check(payload_of(status, raw, lost=Outcome.UNKNOWN), lost=Outcome.UNKNOWN).get("msgid", ""))

    def _head(self, token: str) -> bytes:
        if token not in self._heads:
            self._heads = {token: self._connections.head(f"{PATH}?access_token={quote(token, safe='')}")}
        return self._heads[token]
