"""Opaque sessions of 256 bits, stored hashed, revocable (design.md §4 and §6, Sessions)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Table, bindparam, delete, insert, select, update

from sorting_miniapp import clock, state
from sorting_miniapp.accounts.access import Grant, ResidentActor, StaffActor
from sorting_miniapp.accounts.models import Resident, ResidentSession, Staff, StaffRole, StaffSession
from sorting_miniapp.db import after_commit, db, transaction
from sorting_miniapp.orgs.models import Node

RESIDENT_IDLE = timedelta(days=30)
RESIDENT_DEVICES = 10
VERSION = "resident_sessions_version"
KEPT_SECONDS, MOST_KEPT = 30.0, 20_000
STAFF_IDLE = timedelta(minutes=30)
STAFF_LIFE = timedelta(hours=10)
# A session's last use is written at most this often, so that a read stays a read.
RESIDENT_TOUCH = timedelta(hours=12)
STAFF_TOUCH = timedelta(minutes=1)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def open_resident(resident_id: int) -> tuple[str, datetime]:
    """A new session in the caller's transaction: (token, when it ends unused). The oldest beyond ten devices ends."""
    token, now = secrets.token_urlsafe(32), clock.wall_now()
    with transaction() as session:
        session.execute(
            insert(ResidentSession).values(
                token_hash=_hash(token), resident_id=resident_id, created_at=now, seen_at=now
            )
        )
        kept = session.scalars(
            select(ResidentSession.token_hash)
            .where(ResidentSession.resident_id == resident_id)
            .order_by(ResidentSession.created_at.desc(), ResidentSession.token_hash)
            .offset(RESIDENT_DEVICES)
            .limit(100)
        ).all()
        if kept:
            session.execute(delete(ResidentSession).where(ResidentSession.token_hash.in_(kept)))
            changed()
    return token, now + RESIDENT_IDLE


# Built once, over the tables themselves: every request of a resident asks this first.
_residents, _sessions = cast(Table, Resident.__table__), cast(Table, ResidentSession.__table__)
_HOLDER = (
    select(
        _residents.c.id,
        _residents.c.public_id,
        _residents.c.openid,
        _residents.c.node_id,
        _residents.c.no_time_limit,
        _residents.c.school_id,
        _sessions.c.seen_at,
    )
    .join_from(_sessions, _residents, _residents.c.id == _sessions.c.resident_id)
    .where(
        _sessions.c.token_hash == bindparam("hashed"),
        _sessions.c.seen_at > bindparam("since"),
        _residents.c.erased_at.is_(None),
    )
)


@dataclass(frozen=True)
class _Kept:
    """Whose a session is, as it was read under this version; good until this moment of the monotonic clock."""

    version: int
    until: float
    seen_at: datetime
    actor: ResidentActor


_kept: dict[str, _Kept] = {}


def forget() -> None:
    """Ask the database about every session again."""
    _kept.clear()


def changed() -> None:
    """In the caller's transaction: a session ended or its owner changed. Every process sees it within half a second."""
    with transaction():
        state.bump(VERSION)
        after_commit(state.forget)
        after_commit(forget)


def find_resident(token: str) -> ResidentActor | None:
    """Who holds this token, or None when it is unknown, ended or its owner erased.

    A rush is the same people asking again and again: what was found is kept for a few seconds in each process, but no
    longer than until `changed` is called anywhere.
    """
    if not token:
        return None
    now, hashed, version = clock.wall_now(), _hash(token), state.get(VERSION)
    known = _kept.get(hashed)
    if known and known.version == version and clock.monotonic() < known.until and known.seen_at > now - RESIDENT_TOUCH:
        return known.actor
    row = db.session().execute(_HOLDER, {"hashed": hashed, "since": now - RESIDENT_IDLE}).first()
    if row is None or row.openid is None:
        return None
    if row.seen_at < now - RESIDENT_TOUCH:
        with transaction() as session:
            session.execute(update(ResidentSession).where(ResidentSession.token_hash == hashed).values(seen_at=now))
    actor = ResidentActor(row.id, row.public_id, row.openid, row.node_id, row.no_time_limit, row.school_id)
    if len(_kept) >= MOST_KEPT:
        _kept.clear()
    _kept[hashed] = _Kept(version, clock.monotonic() + KEPT_SECONDS, row.seen_at, actor)
    return actor


def close_resident(token: str) -> None:
    with transaction() as session:
        session.execute(delete(ResidentSession).where(ResidentSession.token_hash == _hash(token)))
        changed()


def open_staff(staff_id: int) -> str:
    """A new console session in the caller's transaction; returns its token."""
    token, now = secrets.token_urlsafe(32), clock.wall_now()
    with transaction() as session:
        session.execute(
            insert(StaffSession).values(token_hash=_hash(token), staff_id=staff_id, created_at=now, seen_at=now)
        )
    return token


def find_staff(token: str) -> StaffActor | None:
    """Who holds this console session with which grants, or None when it ended."""
    if not token:
        return None
    now, hashed = clock.wall_now(), _hash(token)
    row = (
        db.session()
        .execute(
            select(Staff.id, Staff.username, Staff.name, StaffSession.seen_at)
            .join(Staff, Staff.id == StaffSession.staff_id)
            .where(
                StaffSession.token_hash == hashed,
                StaffSession.seen_at > now - STAFF_IDLE,
                StaffSession.created_at > now - STAFF_LIFE,
                Staff.active,
            )
        )
        .first()
    )
    if row is None:
        return None
    if row.seen_at < now - STAFF_TOUCH:
        with transaction() as session:
            session.execute(update(StaffSession).where(StaffSession.token_hash == hashed).values(seen_at=now))
    return StaffActor(row.id, row.username, row.name, grants_of(row.id))


def grants_of(staff_id: int) -> tuple[Grant, ...]:
    """The roles a person holds at units that still exist."""
    rows = db.session().execute(
        select(StaffRole.role, StaffRole.level, Node.path)
        .join(Node, Node.id == StaffRole.node_id)
        .where(StaffRole.staff_id == staff_id, Node.active)
        .order_by(Node.path, StaffRole.role, StaffRole.level)
    )
    return tuple(Grant(row.role, row.level, row.path) for row in rows)


def close_staff(token: str) -> None:
    with transaction() as session:
        session.execute(delete(StaffSession).where(StaffSession.token_hash == _hash(token)))


def close_all_staff(staff_id: int) -> None:
    """End every console session of one person, in the caller's transaction."""
    with transaction() as session:
        session.execute(delete(StaffSession).where(StaffSession.staff_id == staff_id))


def purge() -> int:
    """Delete ended sessions. Returns how many."""
    now = clock.wall_now()
    with transaction() as session:
        done = session.execute(delete(ResidentSession).where(ResidentSession.seen_at <= now - RESIDENT_IDLE)).rowcount  # type: ignore[attr-defined]
        done += session.execute(delete(StaffSession).where(StaffSession.seen_at <= now - STAFF_IDLE)).rowcount  # type: ignore[attr-defined]
    return int(done)
