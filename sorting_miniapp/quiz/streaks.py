"""Days in a row on which a resident answered; a day missed can be repaired once a month.

Days begin at midnight in Asia/Shanghai. A repaired day counts like any other; the unique month in its row is what
makes a second repair impossible, also on two devices at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction, violated
from sorting_miniapp.errors import Conflict
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import badges, boards
from sorting_miniapp.quiz.models_learning import Learner, StudyDay

TABLE: Any = StudyDay.__table__
ONE = timedelta(days=1)
MONTH = 31


def current(days: Collection[date], today: date) -> int:
    """How many days in a row until today, or until yesterday while today can still be done. Pure."""
    day = today if today in days else today - ONE
    count = 0
    while day in days:
        count, day = count + 1, day - ONE
    return count


def longest(days: Iterable[date]) -> int:
    """The most days in a row. Pure."""
    best, run, last = 0, 0, date.min
    for day in sorted(days):
        run = run + 1 if day - ONE == last else 1
        best, last = max(best, run), day
    return best


def missed(days: Collection[date], today: date, back: int) -> date | None:
    """The latest day of the last `back` that is missing after one that is not: what a repair would mend. Pure."""
    for step in range(1, back + 1):
        day = today - step * ONE
        if day not in days and day - ONE in days:
            return day
    return None


def _days(session: Session, resident_id: int) -> dict[date, str | None]:
    rows = session.execute(select(TABLE.c.day, TABLE.c.repaired_in).where(TABLE.c.resident_id == resident_id))
    return {row.day: row.repaired_in for row in rows}


def record(session: Session, resident_id: int, on: Collection[date]) -> int | None:
    """Take days of submissions in; returns the most days in a row when it may have grown. Under the learner's lock."""
    days = _days(session, resident_id)
    new = sorted(set(on) - set(days))
    if not new:
        return None
    session.execute(insert(TABLE), [{"resident_id": resident_id, "day": day} for day in new])
    return longest([*days, *new])


def of_resident(resident_id: int) -> dict[str, Any]:
    """The run of days until now, the longest one, the last month's days, and what a repair would do."""
    today = clock.today()
    days = _days(db.session(), resident_id)
    gap = missed(days, today, int(settings.read("streak_repair_days")))
    free = f"{today:%Y-%m}" not in days.values()
    return {
        "days": current(days, today),
        "longest": longest(days),
        "today": today in days,
        "recent": [
            {"day": day, "repaired": days[day] is not None} for day in sorted(days) if day > today - MONTH * ONE
        ],
        "repair": {
            "available": free and gap is not None,
            "day": gap if free else None,
            "days_after": current({*days, gap}, today) if free and gap else None,
        },
    }


def repair(resident_id: int) -> dict[str, Any]:
    """Mend the latest missed day. Raises Conflict repair_used, nothing_to_repair."""
    today = clock.today()
    month = f"{today:%Y-%m}"
    try:
        with transaction() as session:
            boards.lock(session, [resident_id])
            days = _days(session, resident_id)
            if month in days.values():
                raise Conflict("repair_used", "这个月已经补过一次，下个月可以再补")
            back = int(settings.read("streak_repair_days"))
            gap = missed(days, today, back)
            if gap is None:
                raise Conflict("nothing_to_repair", f"最近 {back} 天里没有可以补的日子")
            session.execute(insert(TABLE).values(resident_id=resident_id, day=gap, repaired_in=month))
            mine = Learner.resident_id == resident_id
            session.execute(update(Learner).where(mine).values(longest_run=longest([*days, gap])))
            badges.settle(session, resident_id)
    except IntegrityError as error:
        if violated(error) not in ("uq_study_day_resident_id", "uq_study_day_resident_id_repaired_in", "pk_study_day"):
            raise
        raise Conflict("repair_used", "这个月已经补过一次，下个月可以再补") from None
    return of_resident(resident_id)
