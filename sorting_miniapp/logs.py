"""Structured JSON logs with a request id, and the one scrubber that keeps secrets and personal data out of them."""

from __future__ import annotations

import logging
import re
import sys
from typing import Any

import orjson
import structlog

from sorting_miniapp import clock

_access = logging.getLogger("request")
_SECRET_KEYS = re.compile(
    r"secret|token|password|passwd|session_key|openid|unionid|phone|authorization|cookie|aes_key|data_keys|js_code"
    r"|document|real_name",
    re.IGNORECASE,
)
_IN_TEXT = (
    (
        re.compile(r"((?:access_token|secret|js_code|session_key|appsecret|openid|password|token)=)[^&\s\"']+", re.I),
        r"\1***",
    ),
    (
        re.compile(
            r"(\"(?:access_token|secret|appsecret|session_key|openid|touser|phoneNumber)\"\s*:\s*\")[^\"]+", re.I
        ),
        r"\1***",
    ),
    (re.compile(r"(?<!\d)1[3-9]\d{9}(?!\d)"), "1**********"),
    (re.compile(r"(?<!\d)\d{17}[\dXx](?!\d)"), "******************"),
    (re.compile(r"(://[^:/@\s]+:)[^@/\s]+@"), r"\1***@"),
)


def scrub(text: str) -> str:
    """The text without tokens, secrets, phone numbers, document numbers and passwords in URLs."""
    for pattern, replacement in _IN_TEXT:
        text = pattern.sub(replacement, text)
    return text


def _scrub_value(value: Any) -> Any:
    if isinstance(value, str):
        return scrub(value)
    if isinstance(value, dict):
        return {k: "***" if _SECRET_KEYS.search(str(k)) else _scrub_value(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_scrub_value(item) for item in value]
    return value


def _scrubber(_logger: Any, _name: str, event: Any) -> Any:
    return _scrub_value(event)


def _dumps(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def access_line(request_id: str, method: str, path: str, status: int, milliseconds: float) -> None:
    """One line for an answered request, made without the long way through structlog: it is written for each of them.

    Only the path comes from outside, so only the path is scrubbed.
    """
    if not _access.isEnabledFor(logging.INFO):
        return
    line = {
        "method": method,
        "path": scrub(path),
        "status": status,
        "ms": round(milliseconds, 1),
        "event": "answered",
        "request_id": request_id,
        "level": "info",
        "logger": "request",
        "timestamp": clock.wall_now().isoformat().replace("+00:00", "Z"),
    }
    sys.stderr.write(orjson.dumps(line).decode() + "\n")


def configure(level: str) -> None:
    """Send every log line of this process, ours and the libraries', through the scrubber to standard error."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _scrubber,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.ExtraAdder(), *shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    for noisy in ("werkzeug", "urllib3", "apscheduler", "huey", "alembic", "fontTools", "fpdf"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
