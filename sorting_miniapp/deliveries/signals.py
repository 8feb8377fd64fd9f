"""News of deliveries for the features above, sent inside the transaction that makes it true."""

from __future__ import annotations

from blinker import Signal

delivery_settled = Signal("WeChat told later how a fan-out's message ended; sent with fan_out_id: int")
