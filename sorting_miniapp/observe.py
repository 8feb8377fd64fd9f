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


def _begin() -> None:
    g.started = clock.perf()
    given = request.headers.get("X-Request-Id", "")
    g.request_id = given if REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
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
    endpoint = request.endpoint or "none"
    elapsed = clock.perf() - g.get("started", clock.perf())
    metrics.REQUESTS.labels(request.method, endpoint, str(answer.status_code)).inc()
    metrics.LATENCY.labels(endpoint).observe(elapsed)
    if endpoint not in QUIET:
        logs.access_line(g.get("request_id", ""), request.method, request.path, answer.status_code, elapsed * 1000)
    return answer


def init_app(app: Flask) -> None:
    app.before_request(_begin)
    app.after_request(_finish)
    app.jinja_env.globals["csp_nonce"] = csp_nonce
