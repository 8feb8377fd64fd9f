"""Subscribe messages in numbers: one aiohttp connection pool, the same token row and judgement as every other call."""

from __future__ import annotations

from dataclasses import dataclass

import aiohttp
import orjson

from sorting_miniapp import metrics
from sorting_miniapp.wechat.answers import Answer, check, payload_of
from sorting_miniapp.wechat.errors import Outcome, Retryable, UnknownOutcome, WeChatError
from sorting_miniapp.wechat.mini_program import MiniProgram

PATH = "/cgi-bin/message/subscribe/send"
HEADERS = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Message:
    """One subscribe message: {field: value} by WeChat's value rules, the page it opens."""

    openid: str
    template_id: str
    page: str
    data: dict[str, str]


class Sender:
    """Use as an async context manager, inside one event loop. `most` calls may be in flight."""

    def __init__(self, mini: MiniProgram, most: int) -> None:
        self._url = mini.client.base + PATH
        self._body = mini.message_body
        connect, read = mini.client.timeout
        self._timeout = aiohttp.ClientTimeout(total=connect + read, connect=connect, sock_connect=connect)
        self._most = most
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Sender:
        connector = aiohttp.TCPConnector(limit=self._most, keepalive_timeout=30)
        self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout)
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session:
            await self._session.close()

    async def send(self, token: str, message: Message) -> str:
        """Send one; returns WeChat's msgid ('' where it gives none). Raises WeChatError; a lost answer is UNKNOWN."""
        try:
            found = await self._post(token, message)
        except WeChatError as error:
            metrics.WECHAT_CALLS.labels(PATH, error.outcome.value).inc()
            raise
        metrics.WECHAT_CALLS.labels(PATH, "ok").inc()
        return str(found.get("msgid", ""))

    async def _post(self, token: str, message: Message) -> Answer:
        body = orjson.dumps(self._body(message.openid, message.template_id, message.data, message.page))
        assert self._session is not None
        try:
            async with self._session.post(
                self._url, params={"access_token": token}, data=body, headers=HEADERS, allow_redirects=False
            ) as answer:
                status, raw = answer.status, await answer.read()
        except aiohttp.ClientConnectorError as error:
            raise Retryable(reason=type(error).__name__) from None
        except aiohttp.ConnectionTimeoutError as error:
            raise Retryable(reason=type(error).__name__) from None
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnknownOutcome(reason=type(error).__name__) from None
        return check(payload_of(status, raw, lost=Outcome.UNKNOWN), lost=Outcome.UNKNOWN)
