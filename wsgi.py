"""The WSGI entry point: `gunicorn -c gunicorn.conf.py wsgi:app`, and what the `flask` command finds."""

from __future__ import annotations

from sorting_miniapp.app import create_app

app = create_app()
