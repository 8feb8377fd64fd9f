"""Content security: msg_sec_check version 2 and media_check_async (wechat.md §2.6)."""

from __future__ import annotations

import secrets
from typing import Any

from sorting_miniapp.wechat.simulator import events, fields
from sorting_miniapp.wechat.simulator.state import Refused, State

SEEN = 7200.0
LABELS = {"pass": 100, "review": 21000, "risky": 20006}
LONGEST = 2500
WORDS = (("违规测试", "risky"), ("待审测试", "review"))


def _visitor(state: State, body: dict[str, Any]) -> str:
    """The openid of somebody who was in the mini-program within two hours."""
    openid = fields.text(body, "openid", 40003)
    if state.follower(openid) is not None:
        raise Refused(43104, "appid not match with openid")
    if state.person(openid).seen_at < state.now() - SEEN:
        raise Refused(61010, "code is expired")
    return openid


def _check_scene(body: dict[str, Any]) -> None:
    if fields.whole(body, "version", 40097) != 2:
        raise Refused(40097, "invalid args hint: [version]")
    if fields.whole(body, "scene", 40129) not in (1, 2, 3, 4):
        raise Refused(40129, "invalid scene")


def text(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """wxa/msg_sec_check: a bad text is errcode 0 with `risky`."""
    _check_scene(body)
    content = fields.text(body, "content", 44002)
    others = [fields.text(body, name, default="") for name in ("title", "nickname", "signature")]
    if len(content) > LONGEST:
        raise Refused(45002, "content size out of limit")
    _visitor(state, body)
    whole = "\n".join([content, *others])
    keyword, suggest = next(((word, said) for word, said in WORDS if word in whole), ("", "pass"))
    label = LABELS[suggest]
    detail: dict[str, Any] = {"strategy": "content_model", "errcode": 0, "suggest": suggest, "label": label, "prob": 90}
    if keyword:
        detail = {"strategy": "keyword", "errcode": 0, "suggest": suggest, "label": label, "keyword": keyword}
    result = {"suggest": suggest, "label": label}
    return {"trace_id": secrets.token_hex(12), "result": result, "detail": [detail]}


def media(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """wxa/media_check_async: only a trace_id; what came of it follows as an event."""
    _check_scene(body)
    url = fields.text(body, "media_url")
    if not url.startswith(("http://", "https://")) or fields.whole(body, "media_type") not in (1, 2):
        raise Refused(40097, "invalid args hint: [media_url, media_type]")
    openid, trace = _visitor(state, body), secrets.token_hex(12)
    said = next((word for word in ("risky", "review") if word in url), state.settings.media_check_result)
    result = {"suggest": said, "label": LABELS[said]}
    found = {
        "appid": state.mini.appid,
        "trace_id": trace,
        "version": 2,
        "detail": [{"strategy": "content_model", "errcode": 0, **result, "prob": 90}],
        "errcode": 0,
        "errmsg": "ok",
        "result": result,
    }
    events.push(state, "mini", "wxa_media_check", openid, found, wait=state.settings.media_check_seconds)
    return {"trace_id": trace}
