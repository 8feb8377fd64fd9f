"""Answers that a browser saves as a file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from urllib.parse import quote

from flask import Response, stream_with_context


def attachment(data: bytes | Iterable[bytes], name: str, mimetype: str) -> Response:
    """Bytes, or pieces as they come, under a name that may be Chinese (RFC 6266); never kept by a browser or proxy."""
    body = data if isinstance(data, bytes) else stream_with_context(iter(data))
    answer = Response(body, mimetype=mimetype)
    plain = f"file{PurePath(name).suffix}"
    answer.headers["Content-Disposition"] = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    answer.headers["Cache-Control"] = "no-store"
    return answer
