"""Volunteers, service records, the ledger of minutes, and certificates of service."""

from __future__ import annotations


def init_app() -> None:
    """Listen for check-outs; calling it twice connects once."""
    from sorting_miniapp.events.signals import checked_out
    from sorting_miniapp.hours.records import on_check_out

    checked_out.connect(on_check_out)
