"""What is read from an account and kept: who asked for it, when it was tried, and how that ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import structlog

from sorting_miniapp import clock, state
from sorting_miniapp.wechat.errors import WeChatError

log = structlog.get_logger(__name__)
Found = TypeVar("Found")
FRESH = timedelta(hours=12)


class Reading:
    """One such list, by the name its shared numbers have."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._asked, self._tried, self._failed = f"{name}_asked", f"{name}_read", f"{name}_failed"

    def ask(self) -> None:
        """Have the worker read it again; in the caller's transaction."""
        state.put(self._asked, _seconds())

    def waiting(self) -> bool:
        """Whether the worker should read it: somebody asked since, or it was long ago."""
        tried = state.get(self._tried)
        return state.get(self._asked) > tried or _seconds() - tried > FRESH.total_seconds()

    def tried_at(self) -> datetime | None:
        """When it was tried last."""
        tried = state.get(self._tried)
        return datetime.fromtimestamp(tried, UTC) if tried else None

    def failed(self) -> int:
        """The errcode of the last reading when it did not succeed, else 0."""
        return state.get(self._failed)

    def read(self, call: Callable[[], Found]) -> Found | None:
        """What `call` got from WeChat, or None when it was refused, which is kept for people to see.

        That it was tried is written first, so that whatever goes wrong is not tried again before somebody asks.
        """
        state.put(self._tried, _seconds())
        try:
            return call()
        except WeChatError as error:
            log.warning("not_read", what=self.name, errcode=error.errcode, rid=error.rid)
            state.put(self._failed, error.errcode or -1)
            return None

    def succeeded(self) -> None:
        """What was read is kept; in the caller's transaction."""
        state.put(self._failed, 0)


def _seconds() -> int:
    return int(clock.wall_now().timestamp())
