"""Reading WeChat's answers: one judgement for wechatpy's calls and for the bulk sender."""

from __future__ import annotations

import re
from typing import Any

import orjson

from sorting_miniapp.wechat.errors import Outcome, WeChatError, outcome_of

RID = re.compile(r"rid: ?([0-9A-Za-z-]+)")
KEPT = frozenset({"msg_id", "msg_data_id", "publish_id"})


def payload_of(status: int, raw: bytes, *, lost: Outcome) -> dict[str, Any]:
    """The JSON object of an answer. Raises WeChatError(`lost`) where the answer does not say what happened."""
    if status >= 500:
        raise WeChatError(lost, reason=f"http {status}")
    if status >= 400:
        raise WeChatError(Outcome.PERSON, reason=f"http {status}")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise WeChatError(lost, reason="not json") from error
    if not isinstance(found, dict):
        raise WeChatError(lost, reason="not an object")
    return found


def check(payload: dict[str, Any], *, lost: Outcome) -> dict[str, Any]:
    """The payload when WeChat says it went well. errcode may come as text. Raises WeChatError."""
    try:
        errcode = int(payload.get("errcode") or 0)
    except (TypeError, ValueError) as error:
        raise WeChatError(lost, reason="errcode not a number") from error
    if errcode == 0:
        return payload
    errmsg = str(payload.get("errmsg", ""))[:200]
    rid = RID.search(errmsg)
    extra = {key: payload[key] for key in KEPT if key in payload}
    raise WeChatError(outcome_of(errcode), errcode, RID.sub("", errmsg).strip(), rid.group(1) if rid else "", extra)
