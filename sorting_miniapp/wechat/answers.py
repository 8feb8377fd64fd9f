"""Reading WeChat's answers: one judgement for wechatpy's calls and for the bulk sender."""

from __future__ import annotations

import re
from typing import Any

import orjson

from sorting_miniapp.wechat.codes import error_of
from sorting_miniapp.wechat.errors import KINDS, NeedsPerson, Outcome, Retryable

RID = re.compile(r"rid: ?([0-9A-Za-z-]{1,64})")
KEPT = frozenset({"msg_id", "msg_data_id", "publish_id"})


def payload_of(status: int, raw: bytes, *, lost: Outcome) -> dict[str, Any]:
    """The JSON object of an answer. Raises a WeChatError, of kind `lost` where it does not say what happened."""
    if status == 429:
        raise Retryable(reason="http 429")
    if 400 <= status < 500:
        raise NeedsPerson(reason=f"http {status}")
    if status != 200:
        raise KINDS[lost](reason=f"http {status}")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise KINDS[lost](reason="not json") from None
    if not isinstance(found, dict):
        raise KINDS[lost](reason="not an object")
    return found


class Answer(dict[str, Any]):
    """What WeChat said when it went well. A field that is not there leaves the call in the state `lost`."""

    def __init__(self, payload: dict[str, Any], lost: Outcome) -> None:
        super().__init__(payload)
        self._lost = lost

    def need(self, *path: str) -> Any:
        """The value at `path`. Raises a WeChatError where there is none."""
        found: Any = self
        for name in path:
            if not isinstance(found, dict) or found.get(name) is None:
                raise KINDS[self._lost](reason=f"no {'.'.join(path)} in the answer")
            found = found[name]
        return found

    def text(self, *path: str) -> str:
        """As `need`, as text: ids drift between numbers and text (wechat.md §6, 25)."""
        found = self.need(*path)
        if isinstance(found, dict | list):
            raise KINDS[self._lost](reason=f"{'.'.join(path)} is not a value")
        return str(found)

    def number(self, *path: str) -> int:
        """As `need`, as a whole number."""
        try:
            return int(self.text(*path))
        except ValueError:
            raise KINDS[self._lost](reason=f"{'.'.join(path)} is not a number") from None

    def rows(self, *path: str) -> list[dict[str, Any]]:
        """The objects of a list; a single object counts as a list of one."""
        found = self.need(*path)
        listed = found if isinstance(found, list) else [found]
        if not all(isinstance(row, dict) for row in listed):
            raise KINDS[self._lost](reason=f"{'.'.join(path)} is not a list of objects")
        return listed


def check(payload: dict[str, Any], *, lost: Outcome) -> Answer:
    """The answer when WeChat says it went well. errcode may come as text. Raises a WeChatError."""
    try:
        errcode = int(payload.get("errcode") or 0)
    except (TypeError, ValueError):
        raise KINDS[lost](reason="errcode not a number") from None
    if errcode == 0:
        return Answer(payload, lost)
    errmsg = str(payload.get("errmsg", ""))
    rid = RID.search(errmsg)
    extra = {key: payload[key] for key in KEPT if key in payload}
    raise error_of(errcode, RID.sub("", errmsg), rid.group(1) if rid else "", extra)
