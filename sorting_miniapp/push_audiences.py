"""Whom a push may be meant for that articles may not ask: the registered volunteers (design.md §2)."""

from __future__ import annotations

from sqlalchemy import Select, select

from sorting_miniapp.articles import audience
from sorting_miniapp.hours.models import Volunteer


def volunteers() -> Select[int]:
    """Ids of the residents who are registered volunteers."""
    return select(Volunteer.resident_id).where(Volunteer.name.is_not(None))


def register() -> None:
    audience.know_volunteers(volunteers)
