"""What can go wrong in the domain, and the JSON envelope it is told in (design.md §4).

Codes are English and stable, messages are Chinese and for people. The console renders the same errors as pages.
"""

from __future__ import annotations

from typing import Any


class DomainError(Exception):
    """A refusal that a caller can act on.

    `code` is stable English, `message` Chinese, `details` a JSON object, `status` the HTTP status.
    """

    status = 400

    def __init__(self, code: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.message = message
        self.details = details or {}

    def envelope(self) -> dict[str, Any]:
        return {"code": self.code, "message": self.message, "details": self.details}


class BadRequest(DomainError):
    status = 400


class Unauthorized(DomainError):
    status = 401

    def __init__(self, code: str = "unauthorized", message: str = "请先登录") -> None:
        super().__init__(code, message)


class Forbidden(DomainError):
    status = 403

    def __init__(self, code: str = "forbidden", message: str = "您没有权限做这件事") -> None:
        super().__init__(code, message)


class NotFound(DomainError):
    status = 404

    def __init__(self, code: str = "not_found", message: str = "没有找到您要的内容") -> None:
        super().__init__(code, message)


class Conflict(DomainError):
    status = 409


class TooLarge(DomainError):
    status = 413


class UnsupportedMedia(DomainError):
    status = 415


class Invalid(DomainError):
    status = 422


class TooMany(DomainError):
    status = 429


class Unavailable(DomainError):
    status = 503


HTTP_MESSAGES: dict[int, tuple[str, str]] = {
    400: ("bad_request", "请求的格式不对"),
    401: ("unauthorized", "请先登录"),
    403: ("forbidden", "您没有权限做这件事"),
    404: ("not_found", "没有找到您要的内容"),
    405: ("method_not_allowed", "这个地址不支持这种操作"),
    406: ("not_acceptable", "无法按要求的格式回答"),
    408: ("timeout", "请求超时，请再试一次"),
    409: ("conflict", "与现有内容冲突"),
    412: ("precondition_failed", "内容已被他人修改"),
    413: ("too_large", "内容太大"),
    414: ("uri_too_long", "地址太长"),
    415: ("unsupported_media_type", "请使用 JSON 格式"),
    422: ("invalid", "填写的内容有误"),
    429: ("too_many_requests", "操作太频繁，请稍后再试"),
    431: ("headers_too_large", "请求头太大"),
    500: ("internal_error", "系统出错了，我们已记录，请稍后再试"),
    503: ("unavailable", "服务暂时不可用，请稍后再试"),
}
