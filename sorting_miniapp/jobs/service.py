"""What people do with jobs: ask, look, fetch the file, try again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, func, or_, select, update

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Staff
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Forbidden, NotFound
from sorting_miniapp.jobs import kinds
from sorting_miniapp.jobs.models import OPEN_STATES, Job, JobChunk, JobState
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains, within

MOST_OPEN = 5
PAGE = 20


def ask(actor: StaffActor, kind_key: str, node: Node, parameters: dict[str, Any], title: str) -> str:
    """Ask for a job; returns its public id. The same one, asked again before it is done, is not made twice.

    Raises Forbidden, NotFound, and Conflict when the person has too many open.
    """
    kind = kinds.get(kind_key)
    if not any(contains(branch, node.path) for branch in actor.branches(*kind.roles)):
        raise Forbidden()
    with transaction() as session:
        open_ones = session.scalars(select(Job).where(Job.asked_by == actor.id, Job.state.in_(OPEN_STATES))).all()
        for job in open_ones:
            if (job.kind, job.node_id, job.parameters) == (kind_key, node.id, parameters):
                return job.public_id
        if len(open_ones) >= MOST_OPEN:
            raise Conflict("jobs_open", f"您已有 {MOST_OPEN} 个任务没有完成，请稍后再试")
        job = Job(public_id=new_public_id(), kind=kind_key, title=title[:120], node_id=node.id, asked_by=actor.id)
        job.parameters, job.state, job.created_at = parameters, JobState.READY, clock.now()
        session.add(job)
        session.flush()
        audit.record(actor.username, "job.ask", "job", job.id, node_path=node.path, after={"title": job.title})
        return job.public_id


def _seen_by(actor: StaffActor) -> ColumnElement[bool]:
    """Own jobs, and those of shared kinds in the branches where the person holds a role of the kind."""
    others = [
        and_(Job.kind == kind.key, within(Node.path, actor.branches(*kind.roles)))
        for kind in kinds.shared()
        if actor.branches(*kind.roles)
    ]
    return or_(Job.asked_by == actor.id, *others)


def listed(actor: StaffActor, before: int | None = None) -> tuple[Sequence[Row[Any]], int | None]:
    """Jobs (Job, node_name, staff_name) the person may see, newest first, a page at a time, and where to go on."""
    query = (
        select(Job, Node.name.label("node_name"), Staff.name.label("staff_name"))
        .join(Node, Node.id == Job.node_id)
        .join(Staff, Staff.id == Job.asked_by)
        .where(_seen_by(actor))
        .order_by(Job.id.desc())
        .limit(PAGE + 1)
    )
    if before is not None:
        query = query.where(Job.id < before)
    rows: list[Any] = list(db.session().execute(query))
    return rows[:PAGE], rows[PAGE - 1].Job.id if len(rows) > PAGE else None


def latest(kind_key: str, parameters: dict[str, Any]) -> Job | None:
    """The newest job of a kind that was asked for with these parameters: for the page of what it works on."""
    mine = select(Job).where(Job.kind == kind_key, Job.parameters == parameters).order_by(Job.id.desc()).limit(1)
    return db.session().scalar(mine.execution_options(populate_existing=True))


def count_open(actor: StaffActor) -> int:
    """How many of the person's own jobs are not over."""
    own = select(func.count()).where(Job.asked_by == actor.id, Job.state.in_(OPEN_STATES))
    return db.session().scalar(own) or 0


def get(actor: StaffActor, public_id: str) -> Job:
    """A job the person may see. Raises NotFound."""
    query = select(Job).join(Node, Node.id == Job.node_id).where(Job.public_id == public_id, _seen_by(actor))
    job = db.session().scalar(query)
    if job is None:
        raise NotFound("job_not_found", "没有找到这个任务")
    return job


def fetch(actor: StaffActor, public_id: str) -> tuple[Job, Iterator[bytes]]:
    """A finished job and its file's bytes; audited. Who lost the role since may no longer fetch.

    Raises NotFound, Forbidden, Conflict.
    """
    with transaction():
        job = get(actor, public_id)
        path = db.session().get_one(Node, job.node_id).path
        if not any(contains(branch, path) for branch in actor.branches(*kinds.get(job.kind).roles)):
            raise Forbidden()
        if job.state is not JobState.DONE:
            raise Conflict("job_not_done", "任务还没有完成")
        audit.record(actor.username, "job.download", "job", job.id, node_path=path, after={"title": job.title})
    return job, _bytes_of(job.id, job.fence)


def _bytes_of(job_id: int, fence: int) -> Iterator[bytes]:
    number = 0
    while True:
        here = (JobChunk.job_id == job_id, JobChunk.fence == fence, JobChunk.number == number)
        data = db.session().scalar(select(JobChunk.data).where(*here))
        if data is None:
            return
        yield data
        number += 1


def retry(actor: StaffActor, public_id: str) -> None:
    """Do a failed job of one's own again. Raises NotFound, Forbidden, Conflict."""
    with transaction() as session:
        job = get(actor, public_id)
        if job.asked_by != actor.id:
            raise Forbidden("not_your_job", "只有提出任务的人可以重试")
        again = {"state": JobState.READY, "attempts": 0, "done": 0, "total": 0, "message": "", "expires_at": None}
        done = session.execute(update(Job).where(Job.id == job.id, Job.state == JobState.FAILED).values(**again))
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("job_not_failed", "只有没有完成的任务可以重试")
        path = session.get_one(Node, job.node_id).path
        audit.record(actor.username, "job.retry", "job", job.id, node_path=path, after={"title": job.title})
