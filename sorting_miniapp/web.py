"""What every API module stands on: schemas that refuse unknown fields, JSON bodies, pages, bytes.

The OpenAPI document, the envelope of errors and the Chinese texts of marshmallow are settled here once.
"""

from __future__ import annotations

import hashlib
from datetime import date, datetime
from typing import Any

import marshmallow as ma
import orjson
from flask import Flask, Response, request
from flask.json.provider import JSONProvider
from flask_smorest import Api, Blueprint
from webargs.flaskparser import FlaskParser

from sorting_miniapp import clock
from sorting_miniapp.errors import BadRequest, Invalid, UnsupportedMedia

PAGE_SIZE = 20

ma.fields.Field.default_error_messages.update(required="请填写此项", null="此项不能为空", validator_failed="填写有误")
for _kind, _messages in {
    ma.fields.String: {"invalid": "须为文字", "invalid_utf8": "文字编码有误"},
    ma.fields.Integer: {"invalid": "须为整数", "too_large": "数字太大"},
    ma.fields.Boolean: {"invalid": "须为 true 或 false"},
    ma.fields.DateTime: {"invalid": "时间格式有误", "invalid_awareness": "时间须带时区", "format": "时间格式有误"},
    ma.fields.Date: {"invalid": "日期格式有误", "format": "日期格式有误"},
    ma.fields.List: {"invalid": "须为列表"},
    ma.fields.Nested: {"type": "格式有误"},
    ma.fields.Dict: {"invalid": "格式有误"},
    ma.fields.Enum: {"unknown": "不是可以选择的值，可以填：{choices}"},
    ma.fields.Mapping: {"invalid": "格式有误"},
}.items():
    _kind.default_error_messages.update(_messages)  # type: ignore[attr-defined]
ma.validate.OneOf.default_message = "不是可以选择的值，可以填：{choices}"


class Text(ma.fields.String):
    """A string without null bytes and lone surrogates, of bounded length; spaces around it are cut off."""

    default_error_messages = {"control": "含有不能使用的字符"}

    def __init__(self, *, low: int = 0, high: int, **kwargs: Any) -> None:
        super().__init__(validate=ma.validate.Length(low, high, error=f"须为 {low} 到 {high} 个字"), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        found = str(super()._deserialize(value, attr, data, **kwargs))
        if any((ord(c) < 32 and c not in "\n\t\r") or 0xD800 <= ord(c) <= 0xDFFF for c in found):
            raise self.make_error("control")
        return found.strip()


class Number(ma.fields.Integer):
    """A whole number within bounds that every database's integer column holds; "5", 5.0 and true are refused."""

    def __init__(self, *, low: int = 0, high: int = 2**31 - 1, **kwargs: Any) -> None:
        bounds = ma.validate.Range(low, high, error=f"须为 {low} 到 {high} 的整数")
        super().__init__(strict=True, validate=bounds, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool):
            raise self.make_error("invalid", input=value)
        return value


class QueryNumber(ma.fields.Integer):
    """A whole number in a query string, within bounds."""

    def __init__(self, *, low: int = 0, high: int = 2**31 - 1, **kwargs: Any) -> None:
        bounds = ma.validate.Range(low, high, error=f"须为 {low} 到 {high} 的整数")
        super().__init__(validate=bounds, **kwargs)


class LocalTime(ma.fields.DateTime):
    """RFC 3339 with +08:00 on the way out."""

    def _serialize(self, value: datetime | None, attr: str | None, obj: Any, **kwargs: Any) -> str | None:
        return None if value is None else clock.local(value).isoformat(timespec="seconds")


class Schema(ma.Schema):
    """A body or an answer: unknown fields are refused."""

    error_messages = {"unknown": "没有这个字段", "type": "格式有误，须为 JSON 对象"}

    class Meta:
        unknown = ma.RAISE


class ErrorSchema(Schema):
    code = ma.fields.String(required=True, metadata={"example": "event_full"})
    message = ma.fields.String(required=True, metadata={"example": "名额已满"})
    details = ma.fields.Dict(required=True)


class JsonParser(FlaskParser):
    """Bodies must be JSON: 415 for another type, 400 for an empty or broken one."""

    def load_json(self, req: Any, schema: ma.Schema) -> Any:
        if req.mimetype != "application/json" and not req.mimetype.endswith("+json"):
            raise UnsupportedMedia("unsupported_media_type", "请使用 JSON 格式")
        raw = req.get_data(cache=True)
        if not raw.strip():
            raise BadRequest("empty_body", "请求内容为空")
        try:
            return orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise BadRequest("invalid_json", "请求内容不是有效的 JSON") from error

    def handle_error(
        self, error: ma.ValidationError, req: Any, schema: ma.Schema, *, error_status_code: Any, error_headers: Any
    ) -> Any:
        """422 in our envelope; details.fields says which field and why."""
        messages = error.messages
        fields = next(iter(messages.values())) if isinstance(messages, dict) and len(messages) == 1 else messages
        raise Invalid("invalid", "填写的内容有误", {"fields": fields})


class ApiBlueprint(Blueprint):
    """A smorest blueprint with our parser."""

    ARGUMENTS_PARSER = JsonParser()

    def arguments(self, schema: Any, **kwargs: Any) -> Any:
        """The schema is made once: webargs would make one of the class with each request, and copy all its fields."""
        return super().arguments(schema() if isinstance(schema, type) else schema, **kwargs)


class OurApi(Api):
    """The OpenAPI document with our envelope; errors themselves are answered in errors_web.py."""

    ERROR_SCHEMA = ErrorSchema

    def _register_error_handlers(self) -> None:
        """Errors are handled for the whole app in one place, console and API alike."""


def api_config() -> dict[str, Any]:
    return {
        "API_TITLE": "连州市生活垃圾分类小程序接口",
        "API_VERSION": "v1",
        "OPENAPI_VERSION": "3.1.0",
        "OPENAPI_URL_PREFIX": "/api",
        "OPENAPI_JSON_PATH": "openapi.json",
        "API_SPEC_OPTIONS": {
            "security": [{"resident": []}],
            "components": {"securitySchemes": {"resident": {"type": "http", "scheme": "bearer"}}},
            "servers": [{"url": "/"}],
        },
    }


class OrjsonProvider(JSONProvider):
    """JSON by orjson: Chinese stays readable, moments carry +08:00."""

    def dumps(self, obj: Any, **kwargs: Any) -> str:
        return json_bytes(obj).decode()

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)


def _default(value: Any) -> Any:
    if isinstance(value, datetime):
        return clock.local(value).isoformat(timespec="seconds")
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)


def json_bytes(value: Any) -> bytes:
    return orjson.dumps(value, default=_default, option=orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS)


def cached_answer(body: bytes, etag: str) -> Response:
    """Bytes that are the same for everybody, with an ETag; 304 when the caller has them."""
    answer = Response(body, mimetype="application/json")
    if request.headers.get("If-None-Match") == f'"{etag}"':
        answer.status_code = 304  # the body is not sent, but front.py learns from it
    answer.headers["ETag"] = f'"{etag}"'
    answer.headers["Cache-Control"] = "no-cache"
    return answer


def etag_of(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=10).hexdigest()


def init_app(app: Flask) -> Api:
    app.json = OrjsonProvider(app)
    app.config.update(api_config())
    return OurApi(app)
