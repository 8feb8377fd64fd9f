"""Holding a resident's row, so that what one person does at once on two phones happens one after the other."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.errors import NotFound

# Built once, over the table itself: every sign-up and every scan begins with it.
_residents = cast(Table, Resident.__table__)
_HOLD = select(_residents.c.id).where(_residents.c.id == bindparam("resident")).with_for_update(key_share=True)


def lock_resident(session: Session, resident_id: int) -> None:
    """Hold the resident's row until the transaction ends. Raises NotFound for an unknown one.

    PostgreSQL's weaker lock leaves foreign keys to the row usable, so that a notice to this person does not wait.
    """
    if session.execute(_HOLD, {"resident": resident_id}).scalar() is None:
        raise NotFound()
