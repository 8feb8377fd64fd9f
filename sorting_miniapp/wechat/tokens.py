"""stable_token, shared by every process through one row (wechat.md §2.1; wechatpy's own way recurses and races).

A token that WeChat refuses is fetched anew once a minute at most; when the new one is refused as well, or when no token
can be had, the breaker opens: calls of that account stop for a minute instead of asking again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.wechat.codes import error_of
from sorting_miniapp.wechat.errors import Retryable, WeChatError
from sorting_miniapp.wechat.models import WeChatToken

MARGIN = timedelta(seconds=300)  # the platform keeps the old token alive this long beside the new one
SHORTEST = timedelta(seconds=60)
MINUTE = timedelta(seconds=60)
BLOCKED = timedelta(seconds=60)
RESTED = timedelta(seconds=5)  # after a fetch that got no answer, or "busy"
REREAD = 30.0  # a process looks into the row at least this often
Fetch = Callable[[float | None], tuple[str, int]]


class AccessToken(str):
    """A token and the number of its fetch: stable_token may give the same text twice."""

    __slots__ = ("generation",)
    generation: int

    def __new__(cls, text: str, generation: int) -> AccessToken:
        made = super().__new__(cls, text)
        made.generation = generation
        return made

    def __repr__(self) -> str:
        return f"AccessToken(generation={self.generation})"


class Tokens:
    """One account's token. `fetch` asks WeChat, until a deadline, and gives (token, seconds it lives)."""

    def __init__(self, account: str, fetch: Fetch, lease_seconds: float) -> None:
        self.account = account
        self._fetch = fetch
        self._lease = timedelta(seconds=lease_seconds)
        self._cached: tuple[AccessToken, float] | None = None

    def current(self, deadline: float | None = None) -> AccessToken:
        """A token to call with, by the monotonic `deadline` (default: as long as a lease lasts).

        Raises the WeChatError that opened the breaker while it is open, Retryable when nobody gets one in time.
        """
        cached = self._cached
        if cached and cached[1] > clock.monotonic():
            return cached[0]
        last = deadline or clock.monotonic() + self._lease.total_seconds()
        while True:
            token = self._from_row() or (self._renew(deadline) if self._claim() else None)
            if token:
                return token
            if clock.monotonic() > last:
                raise Retryable(reason="token busy")
            clock.sleep(0.05)

    def refuse(self, token: str) -> None:
        """WeChat did not accept `token`, which came from `current`: the next `current` gives another one.

        Raises Retryable (40001) when a fresh one was refused as well: the breaker opens.
        """
        self._cached = None
        assert isinstance(token, AccessToken)
        now = clock.wall_now()
        again = or_(WeChatToken.refused_at.is_(None), WeChatToken.refused_at <= now - MINUTE)
        mine = (WeChatToken.account == self.account, WeChatToken.generation == token.generation)
        with transaction() as session:
            refetch = update(WeChatToken).where(*mine, again).values(expires_at=now, refused_at=now)
            if session.execute(refetch).rowcount:  # type: ignore[attr-defined]
                return
            row = session.execute(
                select(WeChatToken.generation, WeChatToken.expires_at, WeChatToken.blocked_until).where(
                    WeChatToken.account == self.account
                )
            ).first()
            if row is None or row.generation != token.generation:
                return  # somebody has fetched since
            if row.expires_at is not None and row.expires_at <= clock.wall_now():
                return  # somebody has just said so too
            if row.blocked_until is None or row.blocked_until <= now:
                session.execute(
                    update(WeChatToken).where(*mine).values(**_block(now + BLOCKED, 40001, "token refused"))
                )
        raise Retryable(40001, "token refused")

    def try_again(self) -> None:
        """Close the breaker before its time: a person has put right what was wrong."""
        self._write(blocked_until=None)

    def _read(self) -> WeChatToken | None:
        row = db.session().scalar(
            select(WeChatToken).where(WeChatToken.account == self.account).execution_options(populate_existing=True)
        )
        db.session().commit()
        return row

    def _from_row(self) -> AccessToken | None:
        row, now = self._read(), clock.wall_now()
        if row is None:
            return None
        if row.blocked_until and row.blocked_until > now:
            raise error_of(row.blocked_code, row.blocked_reason) if row.blocked_code else Retryable(reason="blocked")
        if not row.token or row.expires_at is None or row.expires_at <= now:
            return None
        return self._keep(AccessToken(row.token, row.generation), row.expires_at - now)

    def _keep(self, token: AccessToken, life: timedelta) -> AccessToken:
        self._cached = (token, clock.monotonic() + min(life.total_seconds(), REREAD))
        return token

    def _claim(self) -> bool:
        """Whether this process is the one to fetch."""
        try:
            with transaction() as session:
                now = database_now()
                free = or_(WeChatToken.lease_until.is_(None), WeChatToken.lease_until < now)
                stale = or_(WeChatToken.expires_at.is_(None), WeChatToken.expires_at <= clock.wall_now())
                values = {"lease_until": now + self._lease}
                mine = update(WeChatToken).where(WeChatToken.account == self.account, free, stale)
                if session.execute(mine.values(**values)).rowcount:  # type: ignore[attr-defined]
                    return True
                if session.scalar(select(WeChatToken.account).where(WeChatToken.account == self.account)):
                    return False
                session.execute(
                    insert(WeChatToken).values(
                        account=self.account, generation=0, blocked_code=0, blocked_reason="", **values
                    )
                )
                return True
        except IntegrityError:
            return False

    def _renew(self, deadline: float | None) -> AccessToken:
        try:
            token, lives = self._fetch(deadline)
        except WeChatError as error:
            pause = RESTED if error.errcode in (0, -1) else BLOCKED
            until = clock.wall_now() + pause
            self._write(lease_until=None, **_block(until, error.errcode, error.reason))
            raise
        now = clock.wall_now()
        until = now + max(timedelta(seconds=lives) - MARGIN, SHORTEST)
        values = {"token": token, "fetched_at": now, "expires_at": until, "lease_until": None}
        self._write(generation=WeChatToken.generation + 1, **values)
        row = self._read()
        assert row is not None
        return self._keep(AccessToken(token, row.generation), until - now)

    def _write(self, **values: Any) -> None:
        with transaction() as session:
            session.execute(update(WeChatToken).where(WeChatToken.account == self.account).values(**values))


def _block(until: datetime, code: int, reason: str) -> dict[str, Any]:
    return {"blocked_until": until, "blocked_code": code, "blocked_reason": reason[:200]}


def breakers() -> dict[str, int]:
    """{account: errcode} of the accounts whose calls are held back now (0: no answer). For /readyz and /metrics."""
    rows = db.session().execute(
        select(WeChatToken.account, WeChatToken.blocked_code)
        .where(WeChatToken.blocked_until > clock.wall_now())
        .order_by(WeChatToken.account)
    )
    return {row.account: row.blocked_code for row in rows}
