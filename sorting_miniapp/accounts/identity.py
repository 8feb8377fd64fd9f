"""Who is asking, as WeChat says it: a login code or, inside WeChat CloudRun, the platform's headers; and their phone.

session_key is not kept. Nothing here needs it (the phone number comes by code, no encrypted data is read), and what is
not kept cannot leak; our own opaque session says who is asking from then on.
"""

from __future__ import annotations

from sorting_miniapp import wechat
from sorting_miniapp.errors import BadRequest, DomainError, Forbidden, TooMany, Unavailable
from sorting_miniapp.wechat.errors import Outcome, WeChatError
from sorting_miniapp.wechat.mini_program import Phone

USED = (40029, 40163)


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
