"""WeChat's answers in one vocabulary: what a caller may do about a failure (wechat.md §2, "Retry class").

Nothing here carries a secret: `rid` and `errcode` are kept, request and response bodies are not.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    RETRY = "retry"  # known not to have happened, may be tried again
    REFUSED = "refused"  # known not to have happened, will not be different next time
    UNKNOWN = "unknown"  # it may have happened
    QUOTA = "quota"  # the day's quota is used up: not before midnight in Asia/Shanghai
    PERSON = "person"  # somebody must do something in WeChat's console


class WeChatError(Exception):
    """A call that did not succeed. `errcode` is 0 where WeChat gave none; `extra` holds fields such as msg_id."""

    def __init__(
        self,
        outcome: Outcome,
        errcode: int = 0,
        reason: str = "",
        rid: str = "",
        extra: dict[str, object] | None = None,
    ) -> None:
        super().__init__(f"{outcome.value} errcode={errcode} {reason}".strip())
        self.outcome, self.errcode, self.reason, self.rid = outcome, errcode, reason, rid
        self.extra = extra or {}


QUOTA_CODES = frozenset({45009, 45028})
RETRY_CODES = frozenset({-1, 45011, 43108, 45066, 53501, 40001, 40014, 42001})
PERSON_CODES = frozenset(
    {40013, 40125, 40164, 61004, 40243, 48001, 48004, 50002, 89503, 89504, 89505, 89506, 89507, 53503, 53504, 53505}
)
TOKEN_CODES = frozenset({40001, 40014, 42001})


def outcome_of(errcode: int) -> Outcome:
    """What an errcode other than 0 means for the caller: it is always known that nothing happened."""
    if errcode in QUOTA_CODES:
        return Outcome.QUOTA
    if errcode in RETRY_CODES:
        return Outcome.RETRY
    if errcode in PERSON_CODES:
        return Outcome.PERSON
    return Outcome.REFUSED
