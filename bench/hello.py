"""The service with one more view: a hello behind its own middleware, the ceiling of what it can answer."""

from __future__ import annotations

from flask import Response

from sorting_miniapp.accounts.access import open_to_all
from sorting_miniapp.app import create_app


def _hello() -> Response:
    return Response(b'{"hello":"world"}', mimetype="application/json")


app = create_app()
app.add_url_rule("/hello", "bench_hello", open_to_all(_hello))
