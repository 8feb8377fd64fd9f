"""The queue: Huey carries wake-ups only ("look in the database"); the truth is in the tables. The only file with Huey.

Due pushes have a queue and threads of their own, so that a long fan-out never keeps one waiting; so have the jobs
people ask for, so that a report never keeps a message waiting, and the counting of quiz results.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask
from huey import RedisHuey, SqliteHuey
from huey.api import Huey

from sorting_miniapp import metrics, operations
from sorting_miniapp.articles import account_tags, phone, push_run
from sorting_miniapp.config import Settings
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import account_templates, sender
from sorting_miniapp.jobs import running
from sorting_miniapp.places import pictures
from sorting_miniapp.quiz import folding
from sorting_miniapp.wechat import events

log = structlog.get_logger(__name__)
FULL = 500  # wake-ups that wait; more of them would say nothing new
IDLE_POLL = 0.25
JOB_THREADS = 2
SENDS = ("push", "fan_out", "notices")  # not on a host whose clock is wrong (design.md §6, Clock)


def _huey(settings: Settings, name: str) -> Huey:
    if settings.redis_url:
        return RedisHuey(name, url=settings.redis_url, results=False)
    return SqliteHuey(name, filename=str(settings.instance_path / f"queue-{name}.db"), results=False)


class Work:
    """The queues and what can be asked of the worker. Made alike in the scheduler and in the worker."""

    def __init__(self, app: Flask) -> None:
        settings: Settings = app.extensions["settings"]
        self.app = app
        self.due = _huey(settings, "due")
        self.bulk = _huey(settings, "bulk")
        self.jobs = _huey(settings, "jobs")
        self.counting = _huey(settings, "counting")
        self._push = self._task(self.due, "push", push_run.run)
        self._fan_out = self._task(self.bulk, "fan_out", self._run_fan_out)
        self._notices = self._task(self.bulk, "notices", self._send_notices)
        self._events = self._task(self.bulk, "events", self._run_events)
        self._tags = self._task(self.bulk, "tags", account_tags.refresh)
        self._templates = self._task(self.bulk, "templates", account_templates.refresh)
        self._job = self._task(self.jobs, "job", running.run)
        self._phone = self._task(self.jobs, "phone_preview", phone.run)
        self._results = self._task(self.counting, "results", self._count_results)
        self._pictures = self._task(self.bulk, "pictures", self._check_pictures)

    def _task(self, huey: Huey, name: str, function: Callable[..., None]) -> Callable[..., Any]:
        @functools.wraps(function)
        def in_app(*args: Any) -> None:
            structlog.contextvars.clear_contextvars()
            structlog.contextvars.bind_contextvars(task=name)
            with self.app.app_context():
                try:
                    if name in SENDS and operations.clock_skew() > operations.CLOCK_TOLERANCE_SECONDS:
                        log.error("clock_differs_from_database")
                        return
                    function(*args)
                    metrics.TASKS.labels(name, "ok").inc()
                except Exception:
                    metrics.TASKS.labels(name, "error").inc()
                    log.exception("task_failed", args=args)
                finally:
                    db.session.remove()

        return huey.task(name=name)(in_app)  # type: ignore[no-any-return]

    def push(self, push_id: int) -> None:
        if self.due.pending_count() < FULL:
            self._push(push_id)

    def fan_out(self, fan_out_id: int) -> None:
        if self.bulk.pending_count() < FULL:
            self._fan_out(fan_out_id)

    def notices(self) -> None:
        if self.bulk.pending_count() < FULL:
            self._notices()

    def tags(self) -> None:
        if self.bulk.pending_count() < FULL:
            self._tags()

    def templates(self) -> None:
        if self.bulk.pending_count() < FULL:
            self._templates()

    def job(self, job_id: int) -> None:
        if self.jobs.pending_count() < FULL:
            self._job(job_id)

    def phone(self, preview_id: int) -> None:
        if self.jobs.pending_count() < FULL:
            self._phone(preview_id)

    def events(self) -> None:
        if self.bulk.pending_count() < FULL:
            self._events()

    def results(self) -> None:
        if self.counting.pending_count() < FULL:
            self._results()

    def _count_results(self) -> None:
        if folding.run():
            self._results()

    def pictures(self) -> None:
        if self.bulk.pending_count() < FULL:
            self._pictures()

    def _check_pictures(self) -> None:
        if pictures.ask_waiting():
            self._pictures()

    def _run_events(self) -> None:
        if events.run_ready():
            self._events()

    def _run_fan_out(self, fan_out_id: int) -> None:
        if sender.run_fan_out(fan_out_id):
            self._fan_out(fan_out_id)

    def _send_notices(self) -> None:
        if sender.send_notices():
            self._notices()


def run(app: Flask) -> None:
    """Work until SIGTERM or SIGINT; what has begun is finished first."""
    settings: Settings = app.extensions["settings"]
    logging.getLogger("huey").setLevel(logging.WARNING)
    work = Work(app)
    options = {
        "worker_type": "thread",
        "periodic": False,
        "initial_delay": 0.05,
        "max_delay": IDLE_POLL,
        "backoff": 1.3,
        "graceful_signal": "TERM",
    }
    due = work.due.create_consumer(workers=2, **options)
    bulk = work.bulk.create_consumer(workers=int(settings.worker_threads), **options)
    jobs = work.jobs.create_consumer(workers=JOB_THREADS, **options)
    counting = work.counting.create_consumer(workers=1, **options)
    due.start()
    jobs.start()
    counting.start()
    log.info("worker_started")
    try:
        bulk.run()
    finally:
        due.stop(graceful=True)
        jobs.stop(graceful=True)
        counting.stop(graceful=True)
