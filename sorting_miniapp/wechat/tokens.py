"""stable_token, shared by every process through one row (wechat.md §2.1; wechatpy's own way recurses and races).

A token that WeChat refuses is fetched anew once; when the new one is refused as well, calls of that account stop for
a minute instead of asking again and again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.db import database_now, db, transaction
from sorting_miniapp.metrics import BREAKER
from sorting_miniapp.wechat.errors import Outcome, WeChatError
from sorting_miniapp.wechat.models import WeChatToken

MARGIN = timedelta(seconds=300)  # the platform keeps the old token alive this long beside the new one
SHORTEST = timedelta(seconds=60)
TOO_SOON = timedelta(seconds=20)
BLOCKED = timedelta(seconds=60)
REREAD = 30.0  # a process looks into the row at least this often
Fetch = Callable[[], tuple[str, int]]


class Tokens:
    """One account's token. `fetch` asks WeChat and gives (token, seconds it lives)."""

    def __init__(self, account: str, fetch: Fetch, lease_seconds: float) -> None:
        self.account = account
        self._fetch = fetch
        self._lease = timedelta(seconds=lease_seconds)
        self._cached: tuple[str, float] | None = None

    def current(self) -> str:
        """A token to call with. Raises WeChatError (RETRY) while the breaker is open or nobody can get one."""
        if self._cached and self._cached[1] > clock.monotonic():
            return self._cached[0]
        deadline = clock.monotonic() + self._lease.total_seconds()
        while True:
            token = self._from_row() or (self._renew() if self._claim() else None)
            if token:
                return token
            if clock.monotonic() > deadline:
                raise WeChatError(Outcome.RETRY, reason="token busy")
            clock.sleep(0.05)

    def refuse(self, token: str) -> None:
        """WeChat did not accept `token`. Raises WeChatError (RETRY) when a fresh one was refused: the breaker opens."""
        self._cached = None
        now = clock.wall_now()
        row = self._read()
        if row is None or row.token != token:
            return
        if row.fetched_at and now - row.fetched_at < TOO_SOON:
            self._write(blocked_until=now + BLOCKED)
            BREAKER.labels(self.account).set(1)
            raise WeChatError(Outcome.RETRY, 40001, "token refused, breaker open")
        self._write(expires_at=now)

    def _read(self) -> WeChatToken | None:
        row = db.session().scalar(
            select(WeChatToken).where(WeChatToken.account == self.account).execution_options(populate_existing=True)
        )
        db.session().commit()
        return row

    def _from_row(self) -> str | None:
        row, now = self._read(), clock.wall_now()
        if row is None:
            return None
        if row.blocked_until and row.blocked_until > now:
            raise WeChatError(Outcome.RETRY, 40001, "breaker open")
        if not row.token or row.expires_at is None or row.expires_at <= now:
            return None
        BREAKER.labels(self.account).set(0)
        left = min((row.expires_at - now).total_seconds(), REREAD)
        self._cached = (row.token, clock.monotonic() + left)
        return row.token

    def _claim(self) -> bool:
        """Whether this process is the one to fetch."""
        try:
            with transaction() as session:
                now = database_now()
                free = or_(WeChatToken.lease_until.is_(None), WeChatToken.lease_until < now)
                values = {"lease_until": now + self._lease}
                done = session.execute(
                    update(WeChatToken).where(WeChatToken.account == self.account, free).values(**values)
                )
                if done.rowcount == 1:  # type: ignore[attr-defined]
                    return True
                if session.scalar(select(WeChatToken.account).where(WeChatToken.account == self.account)):
                    return False
                session.execute(insert(WeChatToken).values(account=self.account, **values))
                return True
        except IntegrityError:
            return False

    def _renew(self) -> str:
        try:
            token, lives = self._fetch()
        except WeChatError:
            self._write(lease_until=None)
            raise
        now = clock.wall_now()
        until = now + max(timedelta(seconds=lives) - MARGIN, SHORTEST)
        self._write(token=token, fetched_at=now, expires_at=until, lease_until=None)
        self._cached = (token, clock.monotonic() + min((until - now).total_seconds(), REREAD))
        return token

    def _write(self, **values: str | datetime | None) -> None:
        with transaction() as session:
            session.execute(update(WeChatToken).where(WeChatToken.account == self.account).values(**values))
