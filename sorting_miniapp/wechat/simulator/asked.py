"""Reading what the control URLs are given: 400 for what does not fit."""

from __future__ import annotations

from typing import Any

import orjson
from aiohttp import web

from sorting_miniapp.wechat.simulator.server import STATE

MOST = 10**9


async def given(request: web.Request) -> dict[str, Any]:
    """The JSON object of a request, empty without a body."""
    request.app[STATE].changes += 1
    raw = await request.read()
    try:
        found = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError:
        raise web.HTTPBadRequest(text="not json") from None
    if not isinstance(found, dict):
        raise web.HTTPBadRequest(text="not an object")
    return found


def number(body: dict[str, Any], name: str, default: float) -> float:
    found = body.get(name, default)
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < MOST:
        raise web.HTTPBadRequest(text=f"{name} is not a number")
    return found


def texts(body: dict[str, Any], name: str) -> list[str]:
    found = body.get(name) or []
    if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
        raise web.HTTPBadRequest(text=f"{name} is not a list of texts")
    return found


def text(body: dict[str, Any], name: str, default: str = "") -> str:
    found = body.get(name, default)
    if not isinstance(found, str) or not found:
        raise web.HTTPBadRequest(text=f"{name} is not a text")
    return found


def fits(value: Any, current: Any) -> bool:
    """Whether a setting may take `value` in place of `current`."""
    if isinstance(current, bool) or isinstance(value, bool):
        return isinstance(current, bool) and isinstance(value, bool)
    if isinstance(current, list):
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if isinstance(current, dict):
        return isinstance(value, dict) and all(isinstance(one, int) for one in value.values())
    if isinstance(value, int | float) and not 0 <= value < MOST:
        return False
    return isinstance(value, int | float if isinstance(current, float) else type(current))
