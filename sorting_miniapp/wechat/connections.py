"""Many POSTs to one host over kept HTTP/1.1 connections: what a fan-out needs of HTTP, at a third of a client's CPU.

One request at a time on each connection. Whether a request can have arrived is told apart: `NotSent` or `Lost`.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Any
from urllib.parse import urlsplit

LONGEST = 1024 * 1024  # bytes of an answer
LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,10})[ \t]*(?=\r\n|$)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:[^\r]*chunked", re.IGNORECASE)
CLOSE = re.compile(rb"\r\nconnection:[^\r]*close", re.IGNORECASE)
STATUS = re.compile(rb"HTTP/1\.[01] (\d{3})")


class NotSent(Exception):
    """No connection could be made: nothing has happened."""


class Lost(Exception):
    """The request went out and no whole answer came in time: it may have happened."""


class _Connection(asyncio.Protocol):
    """One connection. `waiter` is there while a request is under way, `deadline` its end by the loop's clock."""

    __slots__ = ("_buffer", "deadline", "open", "transport", "waiter")

    def __init__(self) -> None:
        self._buffer = b""
        self.waiter: asyncio.Future[tuple[int, bytes]] | None = None
        self.deadline = 0.0
        self.open = False
        self.transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.open = transport, True

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        if self.waiter is None or len(self._buffer) > LONGEST:
            self.fail("unexpected bytes")
            return
        try:
            found = _answer(self._buffer, ended=False)
        except ValueError as error:
            self.fail(str(error))
            return
        if found is not None:
            self._give(*found)

    def eof_received(self) -> None:
        try:
            found = _answer(self._buffer, ended=True) if self.waiter and self._buffer else None
        except ValueError:
            found = None
        if found is not None:
            self._give(found[0], found[1], False)

    def connection_lost(self, exc: Exception | None) -> None:
        self.fail(type(exc).__name__ if exc else "closed")

    def _give(self, status: int, body: bytes, keep: bool) -> None:
        waiter, self.waiter, self._buffer = self.waiter, None, b""
        if not keep:
            self.shut()
        if waiter is not None and not waiter.done():
            waiter.set_result((status, body))

    def shut(self) -> None:
        if self.open:
            self.open = False
            self.transport.abort()

    def fail(self, reason: str) -> None:
        """The request under way has no answer; the connection is of no more use."""
        self.shut()
        waiter, self.waiter = self.waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_exception(Lost(reason))


def _answer(raw: bytes, *, ended: bool) -> tuple[int, bytes, bool] | None:
    """(status, body, whether the connection may be kept), or None while it is not whole. Raises ValueError."""
    end = raw.find(b"\r\n\r\n")
    if end < 0:
        return None
    head, body = raw[:end], raw[end + 4 :]
    first = STATUS.match(head)
    if first is None:
        raise ValueError("not HTTP")
    status, keep = int(first[1]), head.startswith(b"HTTP/1.1") and not CLOSE.search(head)
    if CHUNKED.search(head):
        whole = _chunks(body)
        return None if whole is None else (status, whole, keep)
    length = LENGTH.search(head)
    if length is not None or status in (204, 304):
        size = int(length[1]) if length else 0
        return None if len(body) < size else (status, body[:size], keep and len(body) == size)
    return (status, body, False) if ended else None


def _chunks(raw: bytes) -> bytes | None:
    """The body of a chunked answer, None while it is not whole. Raises ValueError."""
    parts: list[bytes] = []
    at = 0
    while True:
        end = raw.find(b"\r\n", at)
        if end < 0:
            return None
        size = int(raw[at:end].partition(b";")[0], 16)
        if size == 0:
            return b"".join(parts) if raw.endswith(b"\r\n\r\n") else None
        parts.append(raw[end + 2 : end + 2 + size])
        at = end + 2 + size + 2
        if at > len(raw):
            return None


class Connections:
    """Use as an async context manager. Times in seconds; `base` is http(s)://host[:port]."""

    def __init__(self, base: str, connect: float, read: float) -> None:
        parts = urlsplit(base)
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._tls else 80)
        self._prefix, self._netloc = parts.path.rstrip("/"), parts.netloc
        self._connect, self._read = connect, read
        self._idle: list[_Connection] = []
        self._all: set[_Connection] = set()
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Connections:
        self._watch = asyncio.create_task(self._watch_deadlines())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watch:
            self._watch.cancel()
        for one in list(self._all):
            one.fail("closed")

    async def _watch_deadlines(self) -> None:
        """One look at all requests now and then costs less than a timer for each."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(min(0.1, self._read / 4))
            now = loop.time()
            for one in list(self._all):
                if one.waiter is not None and one.deadline < now:
                    one.fail("timeout")
            self._all = {one for one in self._all if one.open}

    def head(self, target: str) -> bytes:
        """The part of a JSON POST to `target` (/path?query) that all have in common."""
        return (
            f"POST {self._prefix}{target} HTTP/1.1\r\nHost: {self._netloc}\r\nAccept: application/json\r\n"
            "Content-Type: application/json\r\nContent-Length: "
        ).encode("ascii")

    async def post(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """(status, body) of the answer. Raises NotSent, Lost."""
        connection = await self._free()
        loop = asyncio.get_running_loop()
        waiter = connection.waiter = loop.create_future()
        connection.deadline = loop.time() + self._read
        connection.transport.write(b"%b%d\r\n\r\n%b" % (head, len(body), body))
        found: tuple[int, bytes] = await waiter
        if connection.open:
            self._idle.append(connection)
        return found

    async def _free(self) -> _Connection:
        while self._idle:
            found = self._idle.pop()
            if found.open and not found.transport.is_closing():
                return found
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect):
                _, made = await loop.create_connection(_Connection, self._host, self._port, ssl=self._tls)
        except (OSError, TimeoutError) as error:
            raise NotSent(type(error).__name__) from None
        self._all.add(made)
        return made
