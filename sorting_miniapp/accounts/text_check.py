"""WeChat's opinion of what a resident writes, before others see it (rules.md, Personal data).

Who would see it decides what a doubt is worth. For everybody: only `pass` goes through; `review`, and a check that
could not be made, are refused with the reason, because nobody is there to look first. For staff: only `risky` is
refused, since the staff member who reads it is the review.
"""

from __future__ import annotations

from enum import StrEnum

import structlog

from sorting_miniapp import wechat
from sorting_miniapp.errors import Conflict, Invalid, Unavailable
from sorting_miniapp.wechat.errors import WeChatError
from sorting_miniapp.wechat.mini_program import Scene, Suggest

log = structlog.get_logger(__name__)
# The openid was not seen for two hours, is unknown, or belongs to another account: a new login puts it right.
LOG_IN_AGAIN = frozenset({61010, 40003, 43104})


class Readers(StrEnum):
    """Who sees the text without anybody looking at it first."""

    EVERYBODY = "everybody"
    STAFF = "staff"


def require_fit(openid: str, text: str, scene: Scene, readers: Readers, field: str) -> None:
    """Let a text pass that is fit to be shown. Not inside a transaction: WeChat is asked, for at most 3 seconds.

    Raises Invalid with the name of the field, Conflict when the resident must log in again, Unavailable.
    """
    if not text.strip():
        return
    try:
        verdict = wechat.mini().check_text(openid, text, scene)
    except WeChatError as error:
        log.warning("text_not_checked", errcode=error.errcode, outcome=error.outcome.value, rid=error.rid)
        if readers is Readers.STAFF:
            return
        if error.errcode in LOG_IN_AGAIN:
            raise Conflict("login_again", "请退出小程序重新进入，再提交一次") from None
        raise Unavailable("text_check_unavailable", "内容检查暂时不可用，请稍后再试") from None
    if verdict.suggest is Suggest.RISKY:
        words = "含有不适合公开的内容，请修改"
        raise Invalid("text_refused", "内容没有通过检查，请修改后再提交", {"fields": {field: [words]}})
    if verdict.suggest is Suggest.REVIEW and readers is Readers.EVERYBODY:
        raise Invalid("text_doubtful", "内容可能不适合公开，请换一种说法", {"fields": {field: ["请换一种说法"]}})
