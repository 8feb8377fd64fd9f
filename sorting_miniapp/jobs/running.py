"""Doing a job in the worker: claimed by id with a lease and a fence, its file written chunk by chunk.

Every write checks the fence, in a session of its own, so that the function's session (a cursor that streams a million
rows) is left alone. A worker that lost its lease writes nothing more.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.exc import SQLAlchemyError

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Staff
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import DomainError
from sorting_miniapp.faults import crash_point
from sorting_miniapp.jobs import kinds
from sorting_miniapp.jobs.models import Job, JobChunk, JobState
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node

log = structlog.get_logger(__name__)
CHUNK = 512 * 1024
TRIES = 5  # a job that kills its worker every time is not tried for ever
EVERY_SECONDS = 0.5


class Superseded(Exception):  # noqa: N818  not an error: another worker does the job now
    """The lease ran out and another worker took the job over."""


def waiting() -> list[int]:
    """Jobs that are ready, or whose worker is gone: for the scheduler's tick."""
    gone = and_(Job.state == JobState.RUNNING, Job.lease_until < database_now())
    return list(db.session().scalars(select(Job.id).where(or_(Job.state == JobState.READY, gone)).order_by(Job.id)))


def take(job_id: int) -> int | None:
    """Claim a job: the fence to run under, or None when another has it or it is over."""
    with transaction() as session:
        now = database_now()
        free = or_(Job.state == JobState.READY, and_(Job.state == JobState.RUNNING, Job.lease_until < now))
        done = session.execute(
            update(Job)
            .where(Job.id == job_id, free)
            .values(
                state=JobState.RUNNING,
                lease_until=now + timedelta(seconds=_lease()),
                fence=Job.fence + 1,
                attempts=Job.attempts + 1,
            )
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            return None
        return session.scalar(select(Job.fence).where(Job.id == job_id))


def _lease() -> float:
    return float(current_app.extensions["settings"].lease_seconds)


class Hold:
    """A claimed job: says how far it is, writes its file, ends it."""

    def __init__(self, job_id: int, fence: int) -> None:
        self.job_id, self.fence = job_id, fence
        self._said = -EVERY_SECONDS
        self._number, self._size, self._buffer = 0, 0, bytearray()

    def _write(self, values: dict[str, Any], chunk: JobChunk | None = None) -> None:
        """Write under the fence, in a session of its own. Raises Superseded."""
        with current_app.app_context(), transaction() as session:
            if values.get("state") is None:
                values = {**values, "lease_until": database_now() + timedelta(seconds=_lease())}
            mine = (Job.id == self.job_id, Job.fence == self.fence, Job.state == JobState.RUNNING)
            done = session.execute(update(Job).where(*mine).values(**values))
            if done.rowcount == 0:  # type: ignore[attr-defined]
                raise Superseded
            if chunk is not None:
                session.add(chunk)
            if "expires_at" in values:
                others = JobChunk.fence != self.fence if values["state"] is JobState.DONE else JobChunk.fence >= 0
                session.execute(delete(JobChunk).where(JobChunk.job_id == self.job_id, others))

    def progress(self, done: int, total: int, message: str = "") -> None:
        """How far it is; written at most twice a second. Raises Superseded."""
        now = clock.monotonic()
        if now - self._said < EVERY_SECONDS:
            return
        self._said = now
        self._write({"done": done, "total": total, "message": message[:200]})

    def keep(self, file: kinds.File) -> None:
        """Write the file's bytes in chunks as they come, and close the job."""
        for piece in file.pieces:
            self._buffer += piece
            while len(self._buffer) >= CHUNK:
                self._store(CHUNK)
        if self._buffer:
            self._store(len(self._buffer))
        crash_point("job_before_done")
        named = {"file_name": file.name[:120], "file_type": file.mimetype, "file_size": self._size}
        self._end(JobState.DONE, "", **named)

    def _store(self, length: int) -> None:
        data = bytes(self._buffer[:length])
        del self._buffer[:length]
        chunk = JobChunk(job_id=self.job_id, fence=self.fence, number=self._number, data=data)
        self._write({}, chunk)
        self._number, self._size = self._number + 1, self._size + length
        crash_point("job_after_chunk")

    def fail(self, message: str) -> None:
        """End it with what went wrong, in Chinese."""
        self._end(JobState.FAILED, message[:200])

    def _end(self, state: JobState, message: str, **more: Any) -> None:
        now = clock.now()
        until = now + timedelta(days=int(settings.read("job_file_days")))
        values = {"state": state, "message": message, "lease_until": None, "finished_at": now, "expires_at": until}
        self._write({**values, **more})


def run(job_id: int) -> None:
    """Do one job, if it can be claimed. What the database refuses is tried again when the lease has run out."""
    fence = take(job_id)
    if fence is None:
        return
    hold = Hold(job_id, fence)
    try:
        kind, asked, attempts = _asked(job_id)
        if attempts > TRIES:
            hold.fail("任务多次中断，请联系管理员")
            return
        hold.keep(kind.make(asked, hold.progress))
    except Superseded:
        log.warning("job_superseded", job=job_id)
    except DomainError as error:
        hold.fail(error.message)
    except SQLAlchemyError:
        raise
    except Exception:
        log.exception("job_failed", job=job_id)
        hold.fail("系统出错，任务没有完成，请重试；再次失败请联系管理员")


def _asked(job_id: int) -> tuple[kinds.Kind, kinds.Asked, int]:
    query = (
        select(Job, Node.path, Staff.username)
        .join(Node, Node.id == Job.node_id)
        .join(Staff, Staff.id == Job.asked_by)
        .where(Job.id == job_id)
    )
    job, path, username = db.session().execute(query).one()
    asked = kinds.Asked(job.node_id, path, job.asked_by, username, job.parameters)
    return kinds.get(job.kind), asked, job.attempts


def purge() -> int:
    """Delete jobs past their time with their files. Returns how many."""
    with transaction() as session:
        old = list(session.scalars(select(Job.id).where(Job.expires_at < clock.now()).limit(200)))
        session.execute(delete(JobChunk).where(JobChunk.job_id.in_(old)))
        session.execute(delete(Job).where(Job.id.in_(old)))
    return len(old)
