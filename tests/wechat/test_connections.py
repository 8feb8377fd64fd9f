"""The fan-out's HTTP: whole answers however they are cut, and a clear word on whether a request can have arrived."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from sorting_miniapp.wechat.connections import Connections, Lost, NotSent

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
BODY = b'{"errcode":0}'
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(BODY), BODY)
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n"
    + BODY[:5]
    + b"\r\n8;x=1\r\n"
    + BODY[5:]
    + b"\r\n0\r\n\r\n"
)


async def _ask(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    return await reader.readexactly(length)


def talk(speak: Speak, times: int = 1, read: float = 1.0) -> list[tuple[int, bytes] | type[Exception]]:
    """The outcomes of so many POSTs, one after the other, against a server that speaks like this."""

    async def run() -> list[tuple[int, bytes] | type[Exception]]:
        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await speak(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass
            finally:
                writer.close()

        server = await asyncio.start_server(served, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        found: list[tuple[int, bytes] | type[Exception]] = []
        async with server, Connections(f"http://127.0.0.1:{port}", 0.5, read) as connections:
            head = connections.head("/send?access_token=t")
            for _ in range(times):
                try:
                    found.append(await connections.post(head, b'{"a":1}'))
                except (NotSent, Lost) as error:
                    found.append(type(error))
        return found

    return asyncio.run(run())


def answering(raw: bytes, pieces: int = 1, keep: bool = True) -> tuple[Speak, list[int]]:
    """A server that answers every request with these bytes, cut into pieces; and how many connections it had."""
    connections: list[int] = []

    async def speak(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connections.append(1)
        while True:
            assert await _ask(reader) == b'{"a":1}'
            step = -(-len(raw) // pieces)
            for start in range(0, len(raw), step):
                writer.write(raw[start : start + step])
                await writer.drain()
                await asyncio.sleep(0.002)
            if not keep:
                return

    return speak, connections


@pytest.mark.parametrize("pieces", [1, 2, 7, 60])
@pytest.mark.parametrize("raw", [PLAIN, CHUNKED])
def test_an_answer_is_whole_however_it_is_cut_and_the_connection_is_kept(raw: bytes, pieces: int) -> None:
    speak, connections = answering(raw, pieces)
    assert talk(speak, 3) == [(200, BODY)] * 3
    assert len(connections) == 1


def test_a_connection_that_is_closed_after_the_answer_is_not_used_again() -> None:
    speak, connections = answering(PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1), keep=False)
    assert talk(speak, 2) == [(200, BODY)] * 2
    assert len(connections) == 2


def test_without_a_length_the_answer_ends_with_the_connection() -> None:
    speak, _ = answering(b"HTTP/1.1 502 Bad Gateway\r\n\r\n<html>", keep=False)
    assert talk(speak) == [(502, b"<html>")]


@pytest.mark.parametrize("raw", [b"", PLAIN[:30], PLAIN[:-3], CHUNKED[:-9], b"SMTP ready\r\n\r\n"])
def test_half_an_answer_is_lost(raw: bytes) -> None:
    speak, _ = answering(raw or b" ", keep=False)
    assert talk(speak) == [Lost]


def test_no_answer_in_time_is_lost_and_the_next_one_is_not_mixed_up() -> None:
    async def slow_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _ask(reader)
        if not asked:
            asked.append(1)
            await asyncio.sleep(0.6)
        writer.write(PLAIN)
        await writer.drain()

    asked: list[int] = []
    assert talk(slow_once, 2, read=0.2) == [Lost, (200, BODY)]


def test_nobody_there_is_not_sent() -> None:
    async def run() -> None:
        async with Connections("http://127.0.0.1:9", 0.3, 0.5) as connections:
            with pytest.raises(NotSent):
                await connections.post(connections.head("/"), b"{}")

    asyncio.run(run())
