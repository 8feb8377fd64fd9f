"""Holding a resident's row, so that what one person does at once on two phones happens one after the other."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.errors import NotFound


def lock_resident(session: Session, resident_id: int) -> None:
    """Hold the resident's row until the transaction ends. Raises NotFound for an unknown one.

    PostgreSQL's weaker lock leaves foreign keys to the row usable, so that a notice to this person does not wait.
    """
    found = session.execute(
        select(Resident.id).where(Resident.id == resident_id).with_for_update(key_share=True)
    ).scalar()
    if found is None:
        raise NotFound()
