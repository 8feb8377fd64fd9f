"""Sign-ups, check-ins and certificate numbers as they would be without their guards."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.certificates.models import Certificate, CertificateKind
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict
from sorting_miniapp.events import conditions, places
from sorting_miniapp.events.conditions import Wish
from sorting_miniapp.events.models import Event, Shift, SignUp, SignUpState

PAUSE = 0.01  # what a busy server puts between a check and its use


def sign_up(resident_id: int, event: str, _wish: Wish) -> dict[str, Any]:
    """Check, then insert: the count is read before the transaction, and no conditional UPDATE stands behind it."""
    session = db.session()
    shift = session.execute(
        select(Shift.id, Shift.capacity).join(Event, Event.id == Shift.event_id).where(Event.public_id == event)
    ).one()
    taken = session.scalar(select(func.count(SignUp.id)).where(SignUp.shift_id == shift.id, SignUp.live == 1))
    time.sleep(PAUSE)
    if int(taken or 0) >= shift.capacity:
        raise Conflict("event_full", "名额已满")
    made = new_public_id()
    values = {"public_id": made, "shift": shift.id, "resident": resident_id, "places": 1, "companions": []}
    rest = {
        "age": None,
        "guardian_consent_at": None,
        "risk_version": 1,
        "now": clock.now(),
        "group": None,
        "signed_by": None,
    }
    with transaction() as writing:
        places.add(writing, values | rest, SignUpState.CONFIRMED, None)
    return {"id": made, "state": "confirmed", "queue_position": None, "places": 1, "offer_until": None}


def pass_on_nothing(_session: Session, _shift: Shift) -> int:
    """In place of places.pass_on."""
    return 0


def look_first(function: Callable[..., Any]) -> Callable[..., Any]:
    """The sign-up with the look for overlapping shifts before its transaction, and a pause after it."""
    looked = places.overlapping

    def call(resident_id: int, event: str, wish: Wish) -> dict[str, Any]:
        shift = conditions.choose(event, wish.shift)
        values = {"resident": resident_id, "starts_at": shift.starts_at, "ends_at": shift.ends_at}
        if looked(db.session(), values):
            raise Conflict("shifts_overlap", "您已报名的其他场次与这个场次时间冲突")
        time.sleep(PAUSE * 5)
        return dict(function(resident_id, event, wish))

    return call


def no_overlap(_session: Session, _values: dict[str, Any]) -> bool:
    """In place of places.overlapping."""
    return False


def lock_nothing(_session: Session, _resident_id: int) -> None:
    """In place of places.lock_resident and certificates' lock_node."""


def count(node_id: int, kind: CertificateKind, year: int) -> int:
    """The next number as the greatest so far and one, with nothing locked."""
    own = (Certificate.node_id == node_id) & (Certificate.kind == kind) & (Certificate.year == year)
    last = db.session().scalar(select(func.max(Certificate.serial)).where(own))
    time.sleep(PAUSE)
    return int(last or 0) + 1


def slowed(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same with a pause before it, between what was read and what is written."""

    def call(*args: Any, **kwargs: Any) -> Any:
        time.sleep(PAUSE)
        return function(*args, **kwargs)

    return call
