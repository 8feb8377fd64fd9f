"""WeChat's answers in one vocabulary: what a caller may do about a failure (wechat.md §2, "Retry class").

Every failure is a `WeChatError` of one of five kinds, decided by the one table in codes.py. Nothing here carries a
secret: `errcode` and `rid` are kept, WeChat's own words are cleaned, request and response bodies are dropped.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import ClassVar

from sorting_miniapp.logs import scrub

_FIELD = re.compile(r"data\.(\w+)\.value")  # 47003 names the field whose value breaks its rule
ALREADY_SENT = 45065  # the answer carries the first job's msg_id
TOKEN_CODES = frozenset({40001, 40014, 42001})
# Tokens, secrets, session keys and openids are all longer than any word WeChat uses.
_LONG_RUN = re.compile(r"[A-Za-z0-9_+/=-]{20,}")


class Outcome(StrEnum):
    RETRY = "retry"  # known not to have happened, may be tried again
    REFUSED = "refused"  # known not to have happened, will not be different next time
    UNKNOWN = "unknown"  # it may have happened
    QUOTA = "quota"  # the day's quota is used up: not before midnight in Asia/Shanghai
    PERSON = "person"  # somebody must do something in WeChat's console


DEFAULT_WORDS = {
    Outcome.RETRY: "微信暂时没有回应，稍后会再试",
    Outcome.REFUSED: "微信拒绝了这次请求",
    Outcome.UNKNOWN: "没有收到微信的回答，是否已经成功不明",
    Outcome.QUOTA: "微信接口今天的次数已经用完",
    Outcome.PERSON: "微信后台的设置需要管理员处理",
}


def cleaned(text: str) -> str:
    """WeChat's own words without anything secret or personal, 200 characters at most."""
    return scrub(_LONG_RUN.sub("***", text))[:200].strip()


class WeChatError(Exception):
    """A call that did not succeed. `errcode` is 0 where WeChat gave none; `extra` holds fields such as msg_id."""

    outcome: ClassVar[Outcome]

    def __init__(
        self, errcode: int = 0, reason: str = "", rid: str = "", extra: dict[str, object] | None = None
    ) -> None:
        self.errcode, self.reason, self.rid = errcode, cleaned(reason), rid
        self.extra = extra or {}
        super().__init__(f"{self.outcome.value} errcode={errcode} {self.reason}".strip())

    @property
    def explanation(self) -> str:
        """What it means and what to do, in Chinese for staff."""
        from sorting_miniapp.wechat.codes import CODES  # the table names the kinds that are defined here

        found = CODES.get(self.errcode)
        words = found.words if found else DEFAULT_WORDS[self.outcome]
        field = _FIELD.search(self.reason)
        return f"{words}（{field.group(1)}）" if field else words


class Retryable(WeChatError):
    """Known not to have happened; the same call may be made again after a pause."""

    outcome = Outcome.RETRY


class Permanent(WeChatError):
    """Known not to have happened, and the same call will not fare better."""

    outcome = Outcome.REFUSED


class UnknownOutcome(WeChatError):
    """The call may have had its effect; it must not be repeated by itself."""

    outcome = Outcome.UNKNOWN


class QuotaUsedUp(WeChatError):
    """Known not to have happened; not before the next day, or the next month of a mass send."""

    outcome = Outcome.QUOTA


class NeedsPerson(WeChatError):
    """Known not to have happened; an administrator must act in WeChat's console first."""

    outcome = Outcome.PERSON


KINDS: dict[Outcome, type[WeChatError]] = {
    kind.outcome: kind for kind in (Retryable, Permanent, UnknownOutcome, QuotaUsedUp, NeedsPerson)
}
