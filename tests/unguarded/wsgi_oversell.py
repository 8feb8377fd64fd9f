"""The service whose sign-up checks, then inserts: it must oversell."""

from __future__ import annotations

from sorting_miniapp.app import create_app
from sorting_miniapp.events import service
from tests.unguarded import events

service.sign_up = events.sign_up
app = create_app()
