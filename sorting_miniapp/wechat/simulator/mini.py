"""The mini-program's calls: login, phone, subscribe messages, content check, codes and links."""

from __future__ import annotations

import io
import secrets
import time
from typing import Any

from sorting_miniapp.wechat.simulator.state import Account, Refused, State
from sorting_miniapp.wechat.template_values import problem

CODE_LIFE = 300.0
SEEN = 7200.0


def token(state: State, account: Account, stable: bool, force: bool = False) -> dict[str, Any]:
    """stable_token gives the same token while it lives; the old endpoint a new one each time."""
    now = time.time()
    alive = account.tokens.get(account.current, 0.0) - now
    if not account.current or alive <= 300 or not stable or force:
        if account.current in account.tokens:
            account.tokens[account.current] = min(account.tokens[account.current], now + 300)
        account.current = f"{len(account.tokens)}_{secrets.token_urlsafe(60)}"
        account.tokens[account.current] = now + state.settings.token_life
        alive = state.settings.token_life
    return {"access_token": account.current, "expires_in": int(alive)}


def log_in(state: State, query: dict[str, str]) -> dict[str, Any]:
    """sns/jscode2session."""
    if query.get("appid") != state.mini.appid:
        raise Refused(40013, "invalid appid")
    if query.get("secret") != state.mini.secret:
        raise Refused(40125, "invalid appsecret")
    code = query.get("js_code", "")
    if code in state.used_codes:
        raise Refused(40163, "code been used")
    openid, until = state.codes.pop(code, ("", 0.0))
    if until < time.time():
        raise Refused(40029, "invalid code")
    state.used_codes.add(code)
    person = state.person(openid)
    person.seen_at = time.time()
    answer = {"openid": openid, "session_key": secrets.token_urlsafe(18)}
    return answer | ({"unionid": person.unionid} if person.unionid else {})


def phone(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """wxa/business/getuserphonenumber."""
    openid, until = state.phone_codes.pop(str(body.get("code", "")), ("", 0.0))
    if until < time.time() or body.get("openid", openid) != openid:
        raise Refused(40029, "invalid code")
    number = state.person(openid).phone
    mark = {"timestamp": int(time.time()), "appid": state.mini.appid}
    return {"phone_info": {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86", "watermark": mark}}


def begin_send(state: State, body: dict[str, Any]) -> None:
    """Everything subscribe/send refuses before it takes time."""
    person = state.person(str(body.get("touser", "")))
    if person.sending:
        raise Refused(43108, "concurrent send to one user")
    data = body.get("data")
    if not isinstance(data, dict) or not data:
        raise Refused(47003, "argument invalid! data is empty")
    for key, value in data.items():
        text = value.get("value") if isinstance(value, dict) else None
        wrong = "not text" if not isinstance(text, str) else problem(key, text)
        if wrong:
            raise Refused(47003, f"argument invalid! data.{key}.value {wrong}")
    if body.get("miniprogram_state") not in ("developer", "trial", "formal") or not body.get("lang"):
        raise Refused(47001, "data format error")
    if person.credits[str(body.get("template_id", ""))] <= 0:
        raise Refused(43101, "user refuse to accept the msg")
    person.sending = True


def end_send(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """The message arrives on the phone and takes one credit."""
    person = state.person(str(body["touser"]))
    person.sending = False
    template = str(body["template_id"])
    person.credits[template] -= 1
    texts = {key: value["value"] for key, value in body["data"].items()}
    person.messages.append({"template_id": template, "page": body.get("page", ""), "data": texts, "at": time.time()})
    return {"msgid": state.next_number()}


def text_check(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """wxa/msg_sec_check, version 2: a bad text is errcode 0 with `risky`."""
    if body.get("version") != 2:
        raise Refused(40097, "invalid args version")
    if body.get("scene") not in (1, 2, 3, 4):
        raise Refused(40129, "invalid scene")
    content = body.get("content")
    if not isinstance(content, str) or not content:
        raise Refused(44002, "empty post data")
    if len(content) > 2500:
        raise Refused(45002, "content size out of limit")
    if state.person(str(body.get("openid", ""))).seen_at < time.time() - SEEN:
        raise Refused(61010, "code is expired")
    suggest, label = "pass", 100
    if "违规测试" in content:
        suggest, label = "risky", 20006
    elif "待审测试" in content:
        suggest, label = "review", 21000
    return {"trace_id": secrets.token_hex(12), "result": {"suggest": suggest, "label": label}, "detail": []}


def code_image(body: dict[str, Any]) -> bytes:
    """wxa/getwxacodeunlimit: a PNG that holds the scene."""
    import segno

    scene = str(body.get("scene", ""))
    if not 1 <= len(scene) <= 32 or not scene.isascii():
        raise Refused(40169, "invalid length for scene, or the data is not json string")
    out = io.BytesIO()
    segno.make(scene).save(out, kind="png", scale=6)
    return out.getvalue()


def url_link() -> dict[str, Any]:
    return {"url_link": f"https://wxaurl.cn/{secrets.token_urlsafe(8)}"}
