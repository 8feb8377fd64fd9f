"""Opaque sessions of 256 bits, stored hashed, revocable (design.md §4 and §6, Sessions)."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import Grant, ResidentActor, StaffActor
from sorting_miniapp.accounts.models import Resident, ResidentSession, Staff, StaffRole, StaffSession
from sorting_miniapp.db import db, transaction
from sorting_miniapp.orgs.models import Node

RESIDENT_IDLE = timedelta(days=30)
RESIDENT_DEVICES = 10
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
    return token, now + RESIDENT_IDLE


def find_resident(token: str) -> ResidentActor | None:
    """Who holds this token, or None when it is unknown, ended or its owner erased."""
    if not token:
        return None
    now, hashed = clock.wall_now(), _hash(token)
    row = (
        db.session()
        .execute(
            select(
                Resident.id,
                Resident.public_id,
                Resident.openid,
                Resident.node_id,
                Resident.no_time_limit,
                ResidentSession.seen_at,
            )  # fmt: skip
            .join(Resident, Resident.id == ResidentSession.resident_id)
            .where(
                ResidentSession.token_hash == hashed,
                ResidentSession.seen_at > now - RESIDENT_IDLE,
                Resident.erased_at.is_(None),
            )
        )
        .first()
    )
    if row is None or row.openid is None:
        return None
    if row.seen_at < now - RESIDENT_TOUCH:
        with transaction() as session:
            session.execute(update(ResidentSession).where(ResidentSession.token_hash == hashed).values(seen_at=now))
    return ResidentActor(row.id, row.public_id, row.openid, row.node_id, row.no_time_limit)


def close_resident(token: str) -> None:
    with transaction() as session:
        session.execute(delete(ResidentSession).where(ResidentSession.token_hash == _hash(token)))


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
