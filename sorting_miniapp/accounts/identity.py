"""Who is asking, as WeChat says it: a login code or, inside WeChat CloudRun, the platform's headers; and their phone.

session_key is not kept. Nothing here needs it (the phone number comes by code, no encrypted data is read), and what is
not kept cannot leak; our own opaque session says who is asking from then on.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable

import structlog
from flask import current_app

from sorting_miniapp import wechat
from sorting_miniapp.config import Settings
from sorting_miniapp.errors import BadRequest, DomainError, Forbidden, Invalid, TooMany, Unauthorized, Unavailable
from sorting_miniapp.wechat.errors import Outcome, WeChatError
from sorting_miniapp.wechat.mini_program import Phone

log = structlog.get_logger(__name__)
Header = Callable[[str], str]  # a request header by its name; "" where there is none
USED = (40029, 40163)
# wx.cloud.callContainer on a phone and in the developer tools; plain HTTP through the public address is wx_http.
CLOUDRUN_SOURCES = frozenset({"wx_client", "wx_devtools"})


def who(code: str, header: Header) -> tuple[str, str | None]:
    """(openid, unionid or None) of the caller: by the code of wx.login, in CloudRun by the platform's headers only.

    Raises Invalid without a code, BadRequest for a wrong or used one, Unauthorized, Forbidden, TooMany, Unavailable.
    """
    settings: Settings = current_app.extensions["settings"]
    if settings.cloudrun:
        return by_cloudrun(header, settings.mini_appid, settings.cloudrun_env)
    if not code:
        raise Invalid("invalid", "填写的内容有误", {"fields": {"code": ["请填写此项"]}})
    return by_code(code)


def by_cloudrun(header: Header, appid: str, env: str) -> tuple[str, str | None]:
    """The caller that CloudRun's gateway names. Anybody who reaches this process past the gateway can write the same
    headers, so every mark the gateway leaves must be there (wechat.md §3). Raises Unauthorized.
    """
    marks = (("X-WX-APPID", appid), ("X-WX-ENV", env))
    right = all(wanted and hmac.compare_digest(header(name).encode(), wanted.encode()) for name, wanted in marks)
    openid = header("X-WX-OPENID")
    if not right or header("X-WX-SOURCE") not in CLOUDRUN_SOURCES or not 20 <= len(openid) <= 64:
        log.warning("cloudrun_identity_refused", source=header("X-WX-SOURCE")[:20], marks=right)
        raise Unauthorized("login_failed", "登录失败，请在微信小程序中打开")
    return openid, header("X-WX-UNIONID") or None


def by_code(code: str) -> tuple[str, str | None]:
    """(openid, unionid or None) behind a code of wx.login.

    Raises BadRequest for a wrong or used code, Forbidden, TooMany, Unavailable.
    """
    try:
        found = wechat.mini().code_to_session(code)
    except WeChatError as error:
        if error.errcode in USED:
            raise BadRequest("login_code_invalid", "登录凭证无效或已经用过，请退出小程序重新进入") from None
        if error.errcode == 40226:
            raise Forbidden("login_blocked", "微信限制了该账号登录") from None
        raise _unavailable(error, "登录") from None
    return found.openid, found.unionid


def phone_by_code(code: str, openid: str) -> Phone:
    """The number that WeChat vouches for. Raises BadRequest for a wrong, used or foreign code, TooMany, Unavailable."""
    try:
        return wechat.mini().phone_number(code, openid)
    except WeChatError as error:
        if error.errcode in (*USED, 40003, 43104):
            raise BadRequest("phone_code_invalid", "手机号凭证无效或已经用过，请重新点击授权按钮") from None
        raise _unavailable(error, "获取手机号") from None


def _unavailable(error: WeChatError, what: str) -> DomainError:
    if error.errcode == 45011:
        return TooMany("too_many_requests", f"{what}太频繁，请稍后再试")
    if error.outcome in (Outcome.PERSON, Outcome.QUOTA, Outcome.REFUSED):
        return Unavailable("wechat_refused", f"微信{what}暂时不可用，请联系管理员")
    return Unavailable("wechat_unavailable", "微信暂时没有回应，请稍后再试")
