"""cgi-bin/stable_token and cgi-bin/token (wechat.md §2.1)."""

from __future__ import annotations

import secrets
from typing import Any

from sorting_miniapp.wechat.simulator import fields
from sorting_miniapp.wechat.simulator.state import Account, Refused, State

OVERLAP = 300.0
FORCED_A_DAY = 20
FORCED_APART = 30.0


def _account(state: State, wanted: dict[str, Any]) -> Account:
    if fields.text(wanted, "grant_type", 40002) != "client_credential":
        raise Refused(40002, "invalid grant_type")
    appid, secret = fields.text(wanted, "appid", 41002), fields.text(wanted, "secret", 41004)
    found = next((account for account in (state.mini, state.official) if account.appid == appid), None)
    if found is None:
        raise Refused(40013, "invalid appid")
    if found.secret != secret:
        raise Refused(40125, "invalid appsecret")
    if not state.settings.ip_allowed:
        raise Refused(40164, "invalid ip 203.0.113.7, not in whitelist")
    return found


def _make(state: State, account: Account, kind: str) -> str:
    token = f"{kind}_{len(account.tokens)}_{secrets.token_urlsafe(100)}"
    account.tokens[token] = state.now() + state.settings.token_life
    return token


def _let_go(state: State, account: Account, token: str, seconds: float) -> None:
    if token in account.tokens:
        account.tokens[token] = min(account.tokens[token], state.now() + seconds)


def _force(state: State, account: Account) -> None:
    """Raises Refused when forced refreshes come too often or too many."""
    now = state.now()
    account.forced = [at for at in account.forced if at > now - 86400]
    if len(account.forced) >= FORCED_A_DAY:
        raise Refused(45009, "reach max api daily quota limit")
    if account.forced and now - account.forced[-1] < FORCED_APART:
        raise Refused(45011, "api minute-quota reach limit, must slower retry next minute")
    account.forced.append(now)
    _let_go(state, account, account.stable, 0)
    account.stable = ""


def stable(state: State, wanted: dict[str, Any]) -> dict[str, Any]:
    """The same token while it lives, a new one five minutes before its end; forced mode kills the old one at once."""
    account = _account(state, wanted)
    if fields.flag(wanted, "force_refresh", False):
        _force(state, account)
    left = account.tokens.get(account.stable, 0.0) - state.now()
    # A life at or under the overlap is a test's wish: such a token is kept until it dies.
    if left <= min(OVERLAP, state.settings.token_life / 2):
        account.stable = _make(state, account, "s")
        left = state.settings.token_life
    return {"access_token": account.stable, "expires_in": int(left)}


def plain(state: State, wanted: dict[str, Any]) -> dict[str, Any]:
    """A new token each time; the one before lives on for five minutes."""
    account = _account(state, wanted)
    _let_go(state, account, account.plain, OVERLAP)
    account.plain = _make(state, account, "p")
    return {"access_token": account.plain, "expires_in": state.settings.token_life}


def check(state: State, token: str, wanted: str) -> Account:
    """The account the token belongs to, when it may call what `wanted` (mini, official, both) offers."""
    if not token:
        raise Refused(41001, "access_token missing")
    for account in (state.mini, state.official):
        dies = account.tokens.get(token)
        if dies is None:
            continue
        if dies < state.now():
            expired = token in (account.stable, account.plain)
            raise Refused(*(42001, "access_token expired") if expired else (40001, "access_token is not latest"))
        if wanted not in (account.name, "both"):
            raise Refused(48001, "api unauthorized")
        return account
    raise Refused(40001, "invalid credential, access_token is invalid or not latest")
