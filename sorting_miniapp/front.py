"""Answers that are the same for everybody, given before Flask is asked: the kept bytes, with the headers they had.

It knows only what the service itself has answered without a token, and asks the keeper (caching.py) each time whether
that still holds. Log line, metrics and request id are as for every other answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, g, request

from sorting_miniapp import clock, observe
from sorting_miniapp.caching import KeptBytes

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

MOST_KNOWN = 2_000
LEARNT_FROM = frozenset({200, 304})  # a worker may only ever be asked by those who have the bytes
OF_A_BODY = frozenset({"content-type", "content-length"})
OF_ONE_REQUEST = "x-request-id"
Headers = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class _Known:
    """Where an address's bytes are kept, and the headers of its answers with and without them."""

    kept: KeptBytes
    name: str
    endpoint: str
    whole: Headers
    bare: Headers


class Front:
    """A WSGI layer around the app."""

    def __init__(self, app: Flask) -> None:
        self._inner: WSGIApplication = app.wsgi_app
        self._known: dict[tuple[str, str, str], _Known] = {}
        app.after_request(self._learn)

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "GET" and "HTTP_AUTHORIZATION" not in environ:
            known = self._known.get(_address(environ))
            found = known.kept.still(known.name) if known is not None else None
            if known is not None and found is not None:
                return _answer(environ, start, known, *found)
        return self._inner(environ, start)

    def _learn(self, answer: Response) -> Response:
        """Runs last of what is done after a request: the headers are complete. Only kept bytes as they are count."""
        where = g.get("kept")
        if where is None or answer.status_code not in LEARNT_FROM or request.method != "GET":
            return answer
        kept, name = where
        found, address = kept.still(name), _address(request.environ)
        if address in self._known or found is None or answer.get_data() != found[0] or _of_one_person(answer):
            return answer
        headers = [pair for pair in answer.headers if pair[0].lower() != OF_ONE_REQUEST]
        bare = [pair for pair in headers if pair[0].lower() not in OF_A_BODY]
        if len(self._known) >= MOST_KNOWN:
            self._known.clear()
        self._known[address] = _Known(kept, name, request.endpoint or "none", headers, bare)
        return answer


def _of_one_person(answer: Response) -> bool:
    """Whether somebody was known by a token, or is now by a cookie."""
    return "Authorization" in request.headers or "Set-Cookie" in answer.headers


def _address(environ: dict[str, Any]) -> tuple[str, str, str]:
    return environ["wsgi.url_scheme"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")


def _answer(environ: WSGIEnvironment, start: StartResponse, known: _Known, body: bytes, etag: str) -> Iterable[bytes]:
    begun, quoted = clock.perf(), f'"{etag}"'
    request_id = observe.request_id(environ.get("HTTP_X_REQUEST_ID", ""))
    same = environ.get("HTTP_IF_NONE_MATCH") == quoted
    own = {"ETag": quoted, "X-Request-Id": request_id} | ({} if same else {"Content-Length": str(len(body))})
    headers = [pair for pair in (known.bare if same else known.whole) if pair[0] not in own]
    start("304 NOT MODIFIED" if same else "200 OK", [*headers, *own.items()])
    observe.count(request_id, "GET", known.endpoint, environ["PATH_INFO"], 304 if same else 200, clock.perf() - begun)
    return () if same else (body,)


def init_app(app: Flask) -> None:
    """Put the layer in place; before anything else adds to what is done after a request."""
    app.wsgi_app = Front(app)  # type: ignore[method-assign, assignment]
