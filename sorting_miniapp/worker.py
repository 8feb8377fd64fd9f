"""The queue: Huey carries wake-ups only ("look in the database"); the truth is in the tables. The only file with Huey.

Due pushes have a queue and threads of their own, so that a long fan-out never keeps one waiting; so have the jobs
people ask for, so that a report never keeps a message waiting, and the counting of quiz results.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable
from dataclasses import dataclass
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
QUEUES = ("due", "bulk", "jobs", "counting")


@dataclass(frozen=True)
class Task:
    """What one wake-up does. A function that answers True has more to do now, and its task is queued again."""

    queue: str
    function: Callable[..., bool | None]
    sends: bool = False  # not on a host whose clock is wrong (design.md §6, Clock)


TASKS = {
    "push": Task("due", push_run.run, sends=True),
    "fan_out": Task("bulk", sender.run_fan_out, sends=True),
    "notices": Task("bulk", sender.send_notices, sends=True),
    "events": Task("bulk", events.run_ready),
    "tags": Task("bulk", account_tags.refresh),
    "templates": Task("bulk", account_templates.refresh),
    "pictures": Task("bulk", pictures.ask_waiting),
    "job": Task("jobs", running.run),
    "phone_preview": Task("jobs", phone.run),
    "results": Task("counting", folding.run),
}


def _huey(settings: Settings, name: str) -> Huey:
    if settings.redis_url:
        return RedisHuey(name, url=settings.redis_url, results=False)
    return SqliteHuey(name, filename=str(settings.instance_path / f"queue-{name}.db"), results=False)


class Work:
    """The queues and what can be asked of the worker. Made alike in the scheduler and in the worker."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.queues = {name: _huey(app.extensions["settings"], name) for name in QUEUES}
        self._calls = {name: self._call(name, task) for name, task in TASKS.items()}

    def _call(self, name: str, task: Task) -> Callable[..., Any]:
        @functools.wraps(task.function)
        def in_app(*args: Any) -> None:
            structlog.contextvars.clear_contextvars()
            structlog.contextvars.bind_contextvars(task=name)
            with self.app.app_context():
                try:
                    if task.sends and operations.clock_skew() > operations.CLOCK_TOLERANCE_SECONDS:
                        log.error("clock_differs_from_database")
                        return
                    if task.function(*args):
                        self._calls[name](*args)
                    metrics.TASKS.labels(name, "ok").inc()
                except Exception:
                    metrics.TASKS.labels(name, "error").inc()
                    log.exception("task_failed", args=args)
                finally:
                    db.session.remove()

        return self.queues[task.queue].task(name=name)(in_app)  # type: ignore[no-any-return]

    def wake(self, name: str, *args: int) -> None:
        """Queue one of TASKS, unless so many wait already that one more would say nothing new."""
        if self.queues[TASKS[name].queue].pending_count() < FULL:
            self._calls[name](*args)


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
    threads = {"due": 2, "bulk": int(settings.worker_threads), "jobs": 2, "counting": 1}
    consumers = {name: work.queues[name].create_consumer(workers=threads[name], **options) for name in QUEUES}
    main = consumers.pop("bulk")  # runs in the main thread and takes the signals
    for consumer in consumers.values():
        consumer.start()
    log.info("worker_started")
    try:
        main.run()
    finally:
        for consumer in consumers.values():
            consumer.stop(graceful=True)
