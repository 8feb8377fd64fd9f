"""The state in a file, so that a rehearsal goes on after a restart: JSON, written aside and moved into place."""

from __future__ import annotations

import asyncio
import base64
import dataclasses
import typing
from collections import Counter, deque
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from sorting_miniapp.wechat.simulator.state import EVENTS_KEPT, LOG_SIZE, State

EVERY = 20.0
# Given by the environment at each start, never taken from a file.
GIVEN = ("appid", "secret", "callback_token", "aes_key", "callback_base")
LENGTHS = {"log": LOG_SIZE, "events": EVENTS_KEPT}


def _plain(value: Any) -> Any:
    """What JSON can hold."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [one.name for one in dataclasses.fields(value) if one.name not in GIVEN]
        return {name: _plain(getattr(value, name)) for name in names if not name.startswith("_")}
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | deque):
        return [_plain(one) for one in value]
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def _typed(kind: Any, value: Any) -> Any:
    """`value` from JSON as the type a field declares."""
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        hints = typing.get_type_hints(kind)
        return kind(**{name: _typed(hints[name], one) for name, one in value.items() if name in hints})
    if kind is bytes:
        return base64.b64decode(value)
    if origin is Counter:
        return Counter({inner[0](key): one for key, one in value.items()})
    if origin is dict:
        return {inner[0](key): _typed(inner[1], one) for key, one in value.items()}
    if origin in (list, deque):
        return [_typed(inner[0], one) for one in value]
    if origin in (set, tuple):
        return origin(value)
    return value


def restore(state: State, raw: bytes) -> None:
    """Put what a file holds into a fresh state; accounts keep what the environment gave them."""
    hints = typing.get_type_hints(State)
    for name, value in orjson.loads(raw).items():
        if name not in hints or name.startswith("_"):
            continue
        current = getattr(state, name)
        if name in ("mini", "official", "settings"):
            own = typing.get_type_hints(type(current))
            for key, one in value.items():
                if key in own:
                    setattr(current, key, _typed(own[key], one))
        elif isinstance(current, deque):
            setattr(state, name, deque(_typed(hints[name], value), maxlen=LENGTHS[name]))
        else:
            setattr(state, name, _typed(hints[name], value))
    for person in state.people.values():
        person.sending = False


class File:
    """Where the state is kept; written every few seconds when something was asked, and at the end."""

    def __init__(self, path: Path, state: State) -> None:
        self.path, self.state = path, state
        self._written = (-1, -1)
        if path.exists():
            restore(state, path.read_bytes())

    def write(self) -> None:
        mark = (self.state.sequence, self.state.changes)
        if mark == self._written:
            return
        aside = self.path.with_suffix(".new")
        aside.write_bytes(orjson.dumps(_plain(self.state)))
        aside.replace(self.path)
        self._written = mark

    async def kept(self, _app: web.Application) -> AsyncIterator[None]:
        """Keep the file for as long as the application runs."""

        async def now_and_then() -> None:
            while True:
                await asyncio.sleep(EVERY)
                self.write()

        task = asyncio.create_task(now_and_then())
        yield
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        self.write()
