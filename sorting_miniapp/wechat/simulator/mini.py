"""The mini-program's people: login codes, session checks, phone numbers (wechat.md §2.2)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import Any

from sorting_miniapp.wechat.simulator import fields, quotas
from sorting_miniapp.wechat.simulator.state import Refused, State

CODE_LIFE = 300.0
LOGINS_A_MINUTE = 100


def new_code(state: State, openid: str) -> str:
    """wx.login on the phone: single use, five minutes."""
    code = secrets.token_urlsafe(24)
    state.codes[code] = (openid, state.now() + CODE_LIFE)
    return code


def new_phone_code(state: State, openid: str) -> str:
    """The button bindgetphonenumber: single use, five minutes, of its own kind."""
    code = secrets.token_hex(32)
    state.phone_codes[code] = (openid, state.now() + CODE_LIFE)
    return code


def log_in(state: State, query: dict[str, Any]) -> dict[str, Any]:
    """sns/jscode2session: openid, a session_key that replaces the one before, unionid when there is one."""
    if fields.text(query, "appid", 41002) != state.mini.appid:
        raise Refused(40013, "invalid appid")
    if fields.text(query, "secret", 41004) != state.mini.secret:
        raise Refused(40125, "invalid appsecret")
    code = fields.text(query, "js_code", 41008)
    if fields.text(query, "grant_type", 40002) != "authorization_code":
        raise Refused(40002, "invalid grant_type")
    if code in state.used_codes:
        raise Refused(40163, "code been used")
    openid, until = state.codes.pop(code, ("", 0.0))
    if until < state.now():
        raise Refused(40029, "invalid code")
    state.used_codes.add(code)
    person = state.person(openid)
    quotas.spend_minute(state, f"login:{openid}", LOGINS_A_MINUTE)
    if person.blocked:
        raise Refused(40226, "code blocked")
    person.seen_at = state.now()
    person.session_key = base64.b64encode(secrets.token_bytes(16)).decode()
    answer = {"openid": openid, "session_key": person.session_key}
    return answer | ({"unionid": person.unionid} if person.unionid else {})


def check_session(state: State, query: dict[str, Any]) -> dict[str, Any]:
    """wxa/checksession: hmac_sha256 of the empty text under the session_key; 87009 when it is another's."""
    person = state.person(fields.text(query, "openid", 40003))
    given = fields.text(query, "signature", 87009)
    if fields.text(query, "sig_method") != "hmac_sha256":
        raise Refused(47001, "data format error hint: [sig_method]")
    expected = hmac.new(person.session_key.encode(), b"", hashlib.sha256).hexdigest()
    if not person.session_key or not hmac.compare_digest(given.encode(), expected.encode()):
        raise Refused(87009, "invalid signature")
    return {}


def phone(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """wxa/business/getuserphonenumber. A login code is no phone code; another person's openid does not fit."""
    code, openid = fields.text(body, "code", 40029), fields.text(body, "openid", default="")
    owner, until = state.phone_codes.pop(code, ("", 0.0))
    if until < state.now() or (openid and openid != owner):
        raise Refused(40029, "invalid code")
    number = state.person(owner).phone
    mark = {"timestamp": int(state.now()), "appid": state.mini.appid}
    return {"phone_info": {"phoneNumber": number, "purePhoneNumber": number, "countryCode": "86", "watermark": mark}}
