"""Events for the callbacks, handed to the couriers, and what happens later (wechat.md §2.7)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from sorting_miniapp.wechat.simulator.state import Event, State

Rows = tuple[str, list[dict[str, Any]]]


def later(state: State, seconds: float, work: Callable[[], None]) -> None:
    """Do `work` after so many seconds, unless the process ends before."""

    async def wait() -> None:
        await asyncio.sleep(seconds)
        work()

    task = asyncio.get_running_loop().create_task(wait())
    state._tasks.add(task)
    task.add_done_callback(state._tasks.discard)


def push(
    state: State,
    account: str,
    name: str,
    openid: str,
    content: dict[str, Any] | None = None,
    *,
    rows: Rows | None = None,
    wait: float = 0.0,
) -> None:
    """Hand an event to the courier. `rows`: (XML wrapper, what `List` holds) of the subscribe_msg_ events."""
    state.numbers += 1
    wrapper, told = rows or ("", [])
    event = Event(state.numbers, account, name, openid, time.time(), content or {}, wrapper, told)
    state.events.append(event)
    if wait:
        later(state, wait, lambda: state._outbox.put_nowait(event))
    else:
        state._outbox.put_nowait(event)
