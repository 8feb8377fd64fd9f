"""The places of a shift: taken by a conditional UPDATE, never oversold, freed to the head of the waiting list.

Locks are taken in one order: the resident's row, the shift's row, the sign-up's row. (Who holds the shift may lock
residents that have a live sign-up on it: those are refused before they come to the shift.) Rows are locked by their
keys: MariaDB also locks what a search passes by, first in the search's index and then in the table, so that a search
for one shift's offers met another shift's withdrawal in a deadlock.

While people wait (`waiting` > 0) nobody takes a place past them. A party at the head that needs more places than are
free keeps its turn.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import orjson
import psycopg
from sqlalchemy import Select, Table, bindparam, insert, select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.accounts.locking import lock_resident as lock_resident
from sorting_miniapp.clock import local_text as local_text
from sorting_miniapp.db import UTCDateTime, after_commit, db
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.errors import Conflict
from sorting_miniapp.events import quiet, sold_out
from sorting_miniapp.events.models import Event, Shift, ShiftState, SignUp, SignUpState
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node

LIVE_KEY = "uq_sign_up_shift_id_resident_id_live"

# Built once, over the tables themselves: what is done while a shift's row or SQLite's one writer is held is short.
_shift, _sign_up = cast(Table, Shift.__table__), cast(Table, SignUp.__table__)
_ADD = insert(_sign_up)

# Elsewhere than on PostgreSQL: a place is taken where nobody waits and enough are free, then the sign-up is written.
_free = (
    (_shift.c.id == bindparam("p_shift"))
    & (_shift.c.state == ShiftState.OPEN)
    & (_shift.c.waiting == 0)
    & (_shift.c.places_taken + bindparam("p_places") <= _shift.c.capacity)
)
_take = update(_shift).where(_free).values(places_taken=_shift.c.places_taken + bindparam("p_places"))
_overlapping = (
    select(_sign_up.c.id)
    .join(_shift, _shift.c.id == _sign_up.c.shift_id)
    .where(
        _sign_up.c.resident_id == bindparam("p_resident"),
        _sign_up.c.live == 1,
        _shift.c.starts_at < bindparam("p_ends_at", type_=UTCDateTime()),
        _shift.c.ends_at > bindparam("p_starts_at", type_=UTCDateTime()),
    )
    .limit(1)
)

# On PostgreSQL both are one statement, sent together with the lock before it and, where the sign-up is all there is to
# do, the commit after it: the shift's row is then held no longer than the database needs, and not until this process
# gets to run again (with 64 clients that was most of the time). The unique violation is let raise: ON CONFLICT DO
# NOTHING would burn the place.
_LOCK = "SELECT 1 FROM resident WHERE id = %(resident)s FOR NO KEY UPDATE"
_RUSH = """
WITH taken AS (
    UPDATE shift SET places_taken = places_taken + %(places)s
    WHERE id = %(shift)s AND state = 'open' AND waiting = 0 AND places_taken + %(places)s <= capacity
      AND NOT EXISTS (
        SELECT 1 FROM sign_up AS o JOIN shift AS s ON s.id = o.shift_id
        WHERE o.resident_id = %(resident)s AND o.live = 1
          AND s.starts_at < %(ends_at)s AND s.ends_at > %(starts_at)s)
    RETURNING id)
INSERT INTO sign_up (public_id, shift_id, resident_id, places, companions, age, guardian_consent_at, risk_version,
    risk_accepted_at, group_id, signed_by, created_at, state, live, reminded, reason)
SELECT %(public_id)s, id, %(resident)s, %(places)s, %(companions)s, %(age)s, %(guardian_consent_at)s,
    %(risk_version)s, %(now)s, %(group)s, %(signed_by)s, %(now)s, 'confirmed', 1, 0, ''
FROM taken
"""


def lock_shift(session: Session, shift_id: int) -> Shift:
    """The shift's row, held until the transaction ends and read afresh."""
    return session.get_one(Shift, shift_id, with_for_update=True, populate_existing=True)


def lock_sign_ups(session: Session, keys: Select[int]) -> list[SignUp]:
    """The sign-ups of these keys, held and read afresh, in the order of their turn; the caller holds their shift's row.

    They are found without a lock and then locked by key: one that no longer fits the search may be among them.
    """
    found = session.scalars(keys).all()
    if not found:
        return []
    query = select(SignUp).where(SignUp.id.in_(found)).order_by(SignUp.id)
    rows = session.scalars(query.with_for_update().execution_options(populate_existing=True))
    return sorted(rows, key=lambda row: (row.queue_number or 0, row.id))


def overlapping(session: Session, values: dict[str, Any]) -> bool:
    """Whether the resident has a live sign-up at the time, the same shift's included."""
    chosen = _named({name: values[name] for name in ("resident", "starts_at", "ends_at")})
    return session.execute(_overlapping, chosen).first() is not None


def refuse_overlap(session: Session, values: dict[str, Any]) -> None:
    """Raises Conflict already_signed_up or shifts_overlap. The resident's row is locked by the caller."""
    if not overlapping(session, values):
        return
    same = (SignUp.shift_id == values["shift"], SignUp.resident_id == values["resident"], SignUp.live == 1)
    if session.scalar(select(SignUp.id).where(*same)):
        raise already_signed_up()
    raise Conflict("shifts_overlap", "您已报名的其他场次与这个场次时间冲突")


def _named(values: dict[str, Any]) -> dict[str, Any]:
    """Parameters under names that are no column's: SQLAlchemy would set a column of the same name."""
    return {f"p_{name}": value for name, value in values.items()}


def take(session: Session, values: dict[str, Any]) -> bool:
    """Try to take the places at once and store the confirmed sign-up; False when they are not free or times overlap.

    In the caller's transaction, with the resident's row locked by it.
    """
    if session.get_bind().dialect.name == "postgresql":
        return _rush(session, values, commit=False)
    if overlapping(session, values):
        return False
    chosen = _named({"shift": values["shift"], "places": values["places"]})
    if session.execute(_take, chosen).rowcount == 0:  # type: ignore[attr-defined]
        return False
    add(session, values, SignUpState.CONFIRMED, None)
    return True


def take_alone(values: dict[str, Any]) -> bool:
    """The same as a transaction of its own, committed when it returns, where the database can do it in one go.

    False also where it cannot, or another transaction is open: the caller then goes the longer way.
    """
    session = db.session()
    if session.info.get("writing") or session.get_bind().dialect.name != "postgresql":
        return False
    return _rush(session, values, commit=True)


def _rush(session: Session, values: dict[str, Any], commit: bool) -> bool:
    raw = cast(Any, session.connection().connection.driver_connection)
    sent = values | {"companions": orjson.dumps(values["companions"]).decode()}
    try:
        with raw.pipeline():
            raw.execute(_LOCK, sent)
            done = raw.execute(_RUSH, sent)
            if commit:
                raw.commit()
    except psycopg.errors.UniqueViolation as error:
        if error.diag.constraint_name != LIVE_KEY:
            raise
        session.rollback()
        raise already_signed_up() from error
    return bool(done.rowcount)


def already_signed_up() -> Conflict:
    return Conflict("already_signed_up", "您已报名这个场次")


def add(session: Session, values: dict[str, Any], state: SignUpState, queue_number: int | None) -> None:
    """Store a live sign-up; the shift's counters are the caller's."""
    own = {
        "public_id": values["public_id"],
        "shift_id": values["shift"],
        "resident_id": values["resident"],
        "places": values["places"],
        "companions": values["companions"],
        "age": values["age"],
        "guardian_consent_at": values["guardian_consent_at"],
        "risk_version": values["risk_version"],
        "risk_accepted_at": values["now"],
        "group_id": values["group"],
        "signed_by": values["signed_by"],
        "created_at": values["now"],
        "queue_number": queue_number,
    }
    session.execute(_ADD, own | {"state": state, "live": 1, "reminded": 0, "reason": ""})


def pass_on(session: Session, shift: Shift) -> int:
    """Offer free places to the head of the waiting list, in order; `shift` is locked by the caller. Returns offers.

    An offer counts in `places_taken` and stands for `offer_minutes` of non-quiet time, at most until the shift begins.
    """
    now = clock.now()
    session.flush()
    if shift.state is not ShiftState.OPEN or shift.starts_at <= now or not shift.waiting:
        return 0
    event, path = session.execute(
        select(Event, Node.path).join(Node, Node.id == Event.node_id).where(Event.id == shift.event_id)
    ).one()
    until = min(_offer_end(now, path), shift.starts_at)
    queue = select(SignUp.id).where(SignUp.shift_id == shift.id, SignUp.state == SignUpState.WAITING)
    first = queue.order_by(SignUp.queue_number).limit(max(shift.capacity - shift.places_taken, 0))
    offers = 0
    for head in lock_sign_ups(session, first):
        if shift.places_taken + head.places > shift.capacity:
            break
        shift.places_taken += head.places
        shift.waiting -= 1
        head.state, head.offer_until = SignUpState.OFFERED, until
        tell("event_offer", head.resident_id, event, shift, deadline=clock.local_text(until))
        offers += 1
    session.flush()
    return offers


def _offer_end(now: datetime, path: str) -> datetime:
    minutes = settings.read("offer_minutes", path)
    return quiet.add_minutes(now, minutes, settings.read("quiet_from", path), settings.read("quiet_to", path))


def release(session: Session, shift: Shift, sign_up: SignUp, state: SignUpState, reason: str = "") -> None:
    """End a live sign-up and pass its places on; both rows are locked by the caller."""
    if sign_up.state is SignUpState.WAITING:
        shift.waiting -= 1
    else:
        shift.places_taken -= sign_up.places
    sign_up.state, sign_up.live, sign_up.offer_until = state, None, None
    sign_up.ended_at, sign_up.reason = clock.now(), reason
    session.flush()
    after_commit(sold_out.forget)
    pass_on(session, shift)


def tell(
    key: str, resident_id: int, event: Event, shift: Shift, *, remark: str = "", deadline: str = "", status: str = ""
) -> None:
    """A notice about a shift to one person, in the caller's transaction."""
    values = {
        "title": event.title,
        "time": clock.local_text(shift.starts_at),
        "place": event.place,
        "remark": remark,
        "status": status,
        "deadline": deadline,
    }
    urgent = key == "event_cancelled"
    deliveries.notify(
        key, resident_id, values, object_type="shift", object_id=shift.id, page_id=event.public_id, urgent=urgent
    )
