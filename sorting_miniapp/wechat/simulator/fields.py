"""Reading a request's fields: a missing one gets the code its page gives, another JSON type 47001."""

from __future__ import annotations

from typing import Any

from sorting_miniapp.wechat.simulator.state import Refused

WRONG_TYPE = 47001
MISSING = object()


def _refuse(code: int, name: str) -> Refused:
    words = {47001: "data format error", 40097: "invalid args", 40007: "invalid media_id", 40003: "invalid openid"}
    return Refused(code, f"{words.get(code, 'invalid parameter')} hint: [{name}]")


def text(body: dict[str, Any], name: str, missing: int = WRONG_TYPE, default: str | None = None) -> str:
    """A string; an empty one counts as missing. `default` makes it optional."""
    found = body.get(name, MISSING)
    if found is MISSING or found == "":
        if default is not None:
            return default
        raise _refuse(missing, name)
    if not isinstance(found, str):
        raise _refuse(WRONG_TYPE, name)
    return found


def whole(body: dict[str, Any], name: str, missing: int = WRONG_TYPE, default: int | None = None) -> int:
    """A number without fraction."""
    found = body.get(name, MISSING)
    if found is MISSING:
        if default is not None:
            return default
        raise _refuse(missing, name)
    if isinstance(found, bool) or not isinstance(found, int):
        raise _refuse(WRONG_TYPE, name)
    return found


def flag(body: dict[str, Any], name: str, default: bool) -> bool:
    found = body.get(name, default)
    if not isinstance(found, bool):
        raise _refuse(WRONG_TYPE, name)
    return found


def identifier(body: dict[str, Any], name: str, missing: int) -> str:
    """An id that may come as a number or as text of digits."""
    found = body.get(name, MISSING)
    if found is MISSING or found == "":
        raise _refuse(missing, name)
    if isinstance(found, bool) or not isinstance(found, str | int):
        raise _refuse(WRONG_TYPE, name)
    return str(found)


def part(body: dict[str, Any], name: str, missing: int = WRONG_TYPE) -> dict[str, Any]:
    found = body.get(name, MISSING)
    if found is MISSING:
        raise _refuse(missing, name)
    if not isinstance(found, dict):
        raise _refuse(WRONG_TYPE, name)
    return found


def several(body: dict[str, Any], name: str, missing: int = WRONG_TYPE) -> list[Any]:
    found = body.get(name, MISSING)
    if found is MISSING or found == []:
        raise _refuse(missing, name)
    if not isinstance(found, list):
        raise _refuse(WRONG_TYPE, name)
    return found
