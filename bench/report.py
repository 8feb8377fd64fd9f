"""A year's report in one worker process: `python -m bench.report JOB` makes it and prints seconds and MiB grown.

`fill` writes what it is made of: events with head counts and tags, and service records, straight into the database.
"""

from __future__ import annotations

import resource
import sys
import threading
import time
from datetime import date, timedelta
from pathlib import Path

from sqlalchemy import insert, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.app import create_app
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.events.models import Event, EventState, EventTag, Tag
from sorting_miniapp.events.models_counts import CountKind, HeadCount
from sorting_miniapp.hours.models import RecordState, ServiceRecord, Source, Tier
from sorting_miniapp.jobs import running
from sorting_miniapp.jobs.models import Job, JobState
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.reports import making

EVENTS, RECORDS, BATCH = 10_000, 1_000_000, 10_000
KINDS = ("publicity", "volunteer", "training", "school")
YEAR = 2025


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def fill(actor: StaffActor, people: list[int]) -> int:
    """Write the year, ask for its report; returns the job's id."""
    session = db.session()
    units = list(session.scalars(select(Node.id).where(Node.kind.in_((NodeKind.TOWN, NodeKind.DEPARTMENT)))))
    tags = list(session.scalars(select(Tag.id).order_by(Tag.id)))
    with transaction() as writing:
        rows = [_event(number, units[number % len(units)], actor.id) for number in range(EVENTS)]
        writing.execute(insert(Event), rows)
        ids = list(writing.scalars(select(Event.id).where(Event.title.like("汇总活动%")).order_by(Event.id)))
        now = clock.now()
        counts = {"counted_by": "x", "how": "清点", "recorded_by": actor.id, "recorded_at": now}
        kinds = (CountKind.DIRECT, CountKind.INFLUENCED, CountKind.LEAFLETS)
        writing.execute(
            insert(HeadCount), [{"event_id": one, "kind": kind, "value": 40, **counts} for one in ids for kind in kinds]
        )
        marks = [{"event_id": one, "tag_id": tags[(one * step) % len(tags)]} for one in ids for step in (1, 2)]
        unique = {(mark["event_id"], mark["tag_id"]): mark for mark in marks}
        writing.execute(insert(EventTag), list(unique.values()))
    for start in range(0, RECORDS, BATCH):
        with transaction() as writing:
            batch = range(start, start + BATCH)
            writing.execute(insert(ServiceRecord), [_record(n, ids, units, people) for n in batch])
    city = session.scalars(select(Node.id).where(Node.parent_id.is_(None))).one()
    making.ask_period(actor, city, str(YEAR))
    return running.waiting()[0]


def _day(number: int) -> date:
    return date(YEAR, 1, 1) + timedelta(days=number % 365)


def _event(number: int, unit: int, staff: int) -> dict[str, object]:
    at = clock.local_midnight(_day(number)) + timedelta(hours=9)
    fixed = {
        "state": EventState.FINISHED,
        "counts_hours": True,
        "created_by": staff,
        "created_at": at,
        "changed_at": at,
    }
    about = {"title": f"汇总活动{number}", "kind": KINDS[number % len(KINDS)], "node_id": unit}
    return {"public_id": new_public_id(), "starts_at": at, "ends_at": at + timedelta(hours=2), **about, **fixed}


def _record(number: int, events: list[int], units: list[int], people: list[int]) -> dict[str, object]:
    place = number % len(events)
    about = {
        "event_id": events[place],
        "node_id": units[place % len(units)],
        "resident_id": people[number % len(people)],
    }
    texts = {"title": "桶边督导", "place": "社区", "content": "引导投放", "person_in_charge": "李主任"}
    fixed = {"source": Source.CHECK_IN, "source_id": number + 1, "state": RecordState.EFFECTIVE, "tier": Tier.OWN}
    times = {"served_on": _day(place), "minutes": 90, "longest": 120, "created_at": clock.wall_now()}
    return {"public_id": f"r{number:020d}", **about, **texts, **fixed, **times}


def main(job_id: int) -> None:
    app = create_app()
    with app.app_context():
        running.waiting()  # the first query's imports are not the report's
        before, begun, over = _resident_mib(), time.monotonic(), threading.Event()
        most = [before]

        def watch() -> None:
            while not over.wait(0.05):
                most[0] = max(most[0], _resident_mib())

        watcher = threading.Thread(target=watch)
        watcher.start()
        running.run(job_id)
        took = time.monotonic() - begun
        over.set()
        watcher.join()
        db.session.rollback()
        job = db.session.get_one(Job, job_id)
        assert job.state is JobState.DONE, job.message
        print(took, most[0] - before, job.file_size)


if __name__ == "__main__":
    main(int(sys.argv[1]))
