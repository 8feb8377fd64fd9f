"""The append-only ledger of minutes: sums, entries, corrections, and the totals that follow it.

All in the caller's transaction, which holds the resident's lock.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, insert, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.hours.models import HoursLedger, HoursTotal, RecordState, ServiceRecord
from sorting_miniapp.hours.signals import minutes_changed

ALL_YEARS = 0


def of_record(record_id: int) -> int:
    """The minutes a record has in the ledger."""
    total = db.session().scalar(select(func.sum(HoursLedger.minutes)).where(HoursLedger.record_id == record_id))
    return int(total or 0)


def of_resident(resident_id: int) -> int:
    """The effective minutes of a resident."""
    total = db.session().scalar(select(func.sum(HoursLedger.minutes)).where(HoursLedger.resident_id == resident_id))
    return int(total or 0)


def asked_on(resident_id: int, day: date, without: int = 0) -> int:
    """Minutes of a day that took effect or wait to, leaving out the record `without`; under the resident's lock."""
    total = db.session().scalar(
        select(func.sum(ServiceRecord.minutes)).where(
            ServiceRecord.resident_id == resident_id,
            ServiceRecord.served_on == day,
            ServiceRecord.state != RecordState.VOID,
            ServiceRecord.id != without,
        )
    )
    return int(total or 0)


def bring_to(record: ServiceRecord, minutes: int, reason: str, by: str) -> None:
    """Add the row that makes the record's sum `minutes`; none when it is that already.

    A later row corrects the one before it, with reason and person (rules.md).
    """
    with transaction() as session:
        difference = minutes - of_record(record.id)
        if not difference:
            return
        last = session.scalar(
            select(HoursLedger.id).where(HoursLedger.record_id == record.id).order_by(HoursLedger.id.desc()).limit(1)
        )
        session.add(
            HoursLedger(
                record_id=record.id,
                resident_id=record.resident_id,
                served_on=record.served_on,
                minutes=difference,
                corrects_id=last,
                reason=reason[:200],
                by=by,
                at=clock.now(),
            )
        )
        session.flush()
        for year in (ALL_YEARS, record.served_on.year):
            _add_to_total(session, record.resident_id, year, difference)
        minutes_changed.send(None, resident_id=record.resident_id)


def _add_to_total(session: Session, resident_id: int, year: int, minutes: int) -> None:
    """Under the resident's lock, which every writer of the ledger holds."""
    own = (HoursTotal.resident_id == resident_id, HoursTotal.year == year)
    moved = session.execute(update(HoursTotal).where(*own).values(minutes=HoursTotal.minutes + minutes))
    if moved.rowcount == 0:  # type: ignore[attr-defined]
        session.execute(insert(HoursTotal).values(resident_id=resident_id, year=year, minutes=minutes))


def rows(record_id: int) -> list[HoursLedger]:
    """A record's rows in their order."""
    found = db.session().scalars(select(HoursLedger).where(HoursLedger.record_id == record_id).order_by(HoursLedger.id))
    return list(found)
