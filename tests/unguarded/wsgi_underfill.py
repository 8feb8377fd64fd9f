"""The service that frees places and offers them to nobody: it must leave places free while people wait."""

from __future__ import annotations

from sorting_miniapp.app import create_app
from sorting_miniapp.events import places
from tests.unguarded import events

places.pass_on = events.pass_on_nothing
app = create_app()
