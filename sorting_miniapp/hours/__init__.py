"""Volunteers, service records, the ledger of minutes, and certificates of service."""

from __future__ import annotations


def init_app(base_url: str) -> None:
    """Listen for check-outs and name the worker's jobs; calling it twice does it once. `base_url` is for QR codes."""
    from sorting_miniapp.events.signals import checked_out
    from sorting_miniapp.hours import batch, exports, ivolunteer
    from sorting_miniapp.hours.records import on_check_out
    from sorting_miniapp.jobs import kinds

    checked_out.connect(on_check_out)
    for kind in (batch.kind(base_url), ivolunteer.JOB, *exports.JOBS):
        kinds.register(kind)
