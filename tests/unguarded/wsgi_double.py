"""The service that looks for overlapping shifts before it locks anything: it must give somebody two at once."""

from __future__ import annotations

from sorting_miniapp.app import create_app
from sorting_miniapp.events import places, service
from tests.unguarded import events

service.sign_up = events.look_first(service.sign_up)
places.overlapping = events.no_overlap
places._RUSH = places._RUSH.replace("o.live = 1", "o.live = 2")
app = create_app()
