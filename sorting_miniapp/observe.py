"""What surrounds every request: its id, its log line, its metrics, and the security headers of its answer."""

from __future__ import annotations

import re
import secrets

import structlog
from flask import Flask, Response, g, request

from sorting_miniapp import clock, logs, metrics

REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
QUIET = frozenset({"operations.healthz", "operations.readyz", "operations.metrics"})


def csp_nonce() -> str:
    """This answer's nonce for inline scripts and styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(16)
    nonce: str = g.csp_nonce
    return nonce


def request_id(given: str) -> str:
    """The caller's own id where it is one, else a new one."""
    return given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)


def count(request_id: str, method: str, endpoint: str, path: str, status: int, seconds: float) -> None:
    """An answered request in the metrics and the log."""
    metrics.REQUESTS.labels(method, endpoint, str(status)).inc()
    metrics.LATENCY.labels(endpoint).observe(seconds)
    if endpoint not in QUIET:
        logs.access_line(request_id, method, path, status, seconds * 1000)


def _begin() -> None:
    g.started = clock.perf()
    g.request_id = request_id(request.headers.get("X-Request-Id", ""))
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id)


def _security_headers(answer: Response) -> None:
    headers = answer.headers
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "same-origin"
    headers["X-Frame-Options"] = "DENY"
    if answer.mimetype == "text/html":
        nonce = csp_nonce()
        headers["Content-Security-Policy"] = (
            f"default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; "
            "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        headers.setdefault("Cache-Control", "no-store")
    else:
        headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        if request.headers.get("Authorization"):
            headers.setdefault("Cache-Control", "no-store")


def _finish(answer: Response) -> Response:
    answer.headers["X-Request-Id"] = g.get("request_id", "")
    _security_headers(answer)
    if request.is_secure:
        answer.headers["Strict-Transport-Security"] = "max-age=31536000"
    elapsed = clock.perf() - g.get("started", clock.perf())
    count(
        g.get("request_id", ""), request.method, request.endpoint or "none", request.path, answer.status_code, elapsed
    )
    return answer


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_finish)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
