"""How often each method may be called, and the methods about that (wechat.md §2.8)."""

from __future__ import annotations

from typing import Any

from sorting_miniapp.wechat.simulator import fields
from sorting_miniapp.wechat.simulator.state import Account, Refused, State

SEND = "/cgi-bin/message/subscribe/send"
# (a day, a minute); 0: no such limit.
USUAL = (100_000, 0)
LIMITS = {
    "/cgi-bin/stable_token": (500_000, 10_000),
    "/cgi-bin/token": (2_000, 0),
    "/sns/jscode2session": (0, 0),
    SEND: (10_000_000, 0),
    "/wxa/business/getuserphonenumber": (0, 5_000),
    "/wxa/msg_sec_check": (2_000_000, 4_000),
    "/wxa/media_check_async": (200_000, 2_000),
    "/wxa/getwxacodeunlimit": (0, 5_000),
    "/wxa/generate_urllink": (500_000, 0),
    "/cgi-bin/message/mass/sendall": (100, 60),
    "/cgi-bin/message/mass/preview": (0, 0),
}
NO_MINUTE_CODE = "/wxa/getwxacodeunlimit"  # says 45009 for its minute too
CLEARS_A_MONTH = 10
RIDS_KEPT = 500


def spend_day(state: State, key: str, most: int) -> None:
    """Count one use today. Raises Refused 45009 when `most` were used; 0 is no limit."""
    name = f"{key}@d{state.day()}"
    used = state.used.get(name, 0)
    if most and used >= most:
        raise Refused(45009, "reach max api daily quota limit")
    state.used[name] = used + 1


def spend_minute(state: State, key: str, most: int, code: int = 45011) -> None:
    """Count one use in this minute."""
    if not most:
        return
    name = f"{key}@minute{int(state.now() // 60)}"
    used = state.used.get(name, 0)
    if used >= most:
        raise Refused(code, "api minute-quota reach limit, must slower retry next minute")
    if not used and len(state.used) > 2_000:
        today = f"@d{state.day()}"
        state.used = {
            old: n for old, n in state.used.items() if "@minute" not in old and (old.endswith(today) or "@d" not in old)
        }
    state.used[name] = used + 1


def limits(state: State, path: str) -> tuple[int, int]:
    """(a day, a minute) of a method, as the settings have it."""
    daily, minute = LIMITS.get(path, USUAL)
    return state.settings.daily_quota.get(path, daily), state.settings.minute_quota.get(path, minute)


def spend(state: State, account: str, path: str) -> None:
    """One call of a method."""
    daily, minute = limits(state, path)
    spend_minute(state, f"{account}{path}", minute, 45009 if path == NO_MINUTE_CODE else 45011)
    spend_day(state, f"{account}{path}", daily)


def get(state: State, body: dict[str, Any], account: Account) -> dict[str, Any]:
    """openapi/quota/get: sns paths are not counted there."""
    path = fields.text(body, "cgi_path", 76021)
    if not path.startswith("/"):
        raise Refused(76021, "cgi_path not found, please check")
    if path.startswith("/sns/"):
        raise Refused(76022, "could not use this cgi_path, no permission")
    daily, minute = limits(state, path)
    used = state.used.get(f"{account.name}{path}@d{state.day()}", 0)
    found: dict[str, Any] = {"quota": {"daily_limit": daily, "used": used, "remain": max(daily - used, 0)}}
    return found | ({"rate_limit": {"call_count": minute, "refresh_second": 60}} if minute else {})


def clear(state: State, body: dict[str, Any], account: Account) -> dict[str, Any]:
    """clear_quota: ten times a month."""
    if fields.text(body, "appid", 41002) != account.appid:
        raise Refused(40013, "invalid appid")
    month = f"clear-{account.name}@month{state.day() // 30}"
    if state.used.get(month, 0) >= CLEARS_A_MONTH:
        raise Refused(48006, "forbid to clear quota because of reaching the limit")
    kept = {name: count for name, count in state.used.items() if not name.startswith(f"{account.name}/")}
    state.used = kept | {month: state.used.get(month, 0) + 1}
    return {}


def remember(state: State, account: str, rid: str, request: dict[str, Any]) -> None:
    """Keep what rid/get tells of a refused call."""
    while len(state.rids) >= RIDS_KEPT:
        del state.rids[next(iter(state.rids))]
    state.rids[rid] = {"account": account, "at": state.now(), **request}


def rid(state: State, body: dict[str, Any], account: Account) -> dict[str, Any]:
    """openapi/rid/get: seven days, and only the account's own."""
    found = state.rids.get(fields.text(body, "rid", 76001))
    if found is None:
        raise Refused(76001, "rid not found")
    if found["account"] != account.name:
        raise Refused(76003, "rid no permission")
    if found["at"] < state.now() - 7 * 86400:
        raise Refused(76004, "rid is expired")
    told = {
        "invoke_time": int(found["at"]),
        "cost_in_ms": 3,
        "request_url": f"access_token=***&{found['path']}",
        "request_body": found["body"],
        "response_body": found["answer"],
        "client_ip": "127.0.0.1",
    }
    return {"request": told}


def addresses(_state: State, _query: dict[str, Any]) -> dict[str, Any]:
    """getcallbackip and get_api_domain_ip."""
    return {"ip_list": ["127.0.0.1"]}


def callback_check(_state: State, body: dict[str, Any]) -> dict[str, Any]:
    """callback/check: what DNS and ping find of the callback's host."""
    if fields.text(body, "action") not in ("dns", "ping", "all"):
        raise Refused(40201, "invalid action")
    operator = fields.text(body, "check_operator")
    if operator not in ("CHINANET", "UNICOM", "CAP", "DEFAULT"):
        raise Refused(40202, "invalid check_operator")
    ping = {"ip": "127.0.0.1", "from_operator": operator, "package_loss": "0%", "time": "0.1ms"}
    return {"dns": [{"ip": "127.0.0.1", "real_operator": operator}], "ping": [ping]}
