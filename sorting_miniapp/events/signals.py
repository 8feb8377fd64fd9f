"""News of events for the features above, sent inside the transaction that makes it true."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from blinker import Signal


@dataclass(frozen=True)
class CheckOut:
    """A finished pair of check-in and check-out. `minutes` are whole and lie inside the shift.

    `flagged`: nobody checked out and the system closed the pair at the shift's end (rules.md, forgotten check-out).
    `longest` is the shift's length in minutes; `entered_by` is the staff member who typed the times, if one did.
    """

    check_in_id: int
    sign_up_id: int
    resident_id: int
    node_id: int
    event_id: int
    event_title: str
    place: str
    content: str
    contact: str
    shift_id: int
    day: date
    minutes: int
    longest: int
    flagged: bool
    counts_hours: bool
    organiser_id: int
    entered_by: int | None


checked_out = Signal("a resident has checked out; sent with check_out: CheckOut")
