"""The day's number of subscribe messages is used up (45009): nothing is sent before midnight in Asia/Shanghai.

One shared number says until when, so that every worker stops and none asks again and again.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sorting_miniapp import clock, state
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import after_commit

NAME = "messages_blocked_until_ms"
WORDS = "微信接口今天的调用次数已经用完，明天零点后自动继续"


def use_up() -> None:
    """Stop until the next midnight, in the caller's transaction. WeChat counts its days by the wall, whatever the
    declared offset of a rehearsal.
    """
    tomorrow = clock.local_midnight(clock.local(database_now()).date() + timedelta(days=1))
    state.put(NAME, int(tomorrow.timestamp() * 1000))
    after_commit(state.forget)


def try_again() -> None:
    """A person goes on before that, in the caller's transaction."""
    if state.get(NAME):
        state.put(NAME, 0)
        after_commit(state.forget)


def used_up() -> bool:
    """Whether messages wait for midnight."""
    return clock.wall_now() < datetime.fromtimestamp(state.get(NAME) / 1000, UTC)
