"""News of hours for the features above, sent inside the transaction that makes it true."""

from __future__ import annotations

from blinker import Signal

minutes_changed = Signal("a resident's effective minutes have changed; sent with resident_id: int")
