"""The timetable: name, seconds, plain function. The only file with APScheduler, which is the clock and keeps no state.

Several schedulers may run: they only find work and wake the worker, or do what the database lets one of them do.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from sorting_miniapp import clock, epoch, idempotency, operations
from sorting_miniapp.accounts import sessions
from sorting_miniapp.articles import account_tags, autosave, column_slots, phone, push_claim, push_watch
from sorting_miniapp.articles import search as article_search
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import account_templates, claims, ends, fan_out, retention, subscriptions
from sorting_miniapp.events import closing, reminders
from sorting_miniapp.events import service as events
from sorting_miniapp.faults import crash_point
from sorting_miniapp.guide import lookups
from sorting_miniapp.hours import service as hours
from sorting_miniapp.jobs import running as jobs
from sorting_miniapp.orgs import settings
from sorting_miniapp.places import pictures as place_pictures
from sorting_miniapp.quiz import boards, question_stats, submission, traces
from sorting_miniapp.wechat import events as wechat_events
from sorting_miniapp.wechat import media_checks
from sorting_miniapp.worker import Work

log = structlog.get_logger(__name__)
JUMP_SECONDS = 5.0
AGAIN_SECONDS = 2.0  # a wake-up that may have been lost is given again after this


@dataclass(frozen=True)
class Job:
    """A plain function and how often it runs."""

    name: str
    seconds: float
    function: Callable[[], object]


class Guard:
    """Compares the wall with the monotonic clock: APScheduler goes silent after a step back."""

    def __init__(self) -> None:
        self._base = self._difference()

    @staticmethod
    def _difference() -> float:
        return clock.wall_now().timestamp() - clock.monotonic()

    def jump(self) -> float:
        """Seconds the wall has jumped since the last look, 0 when it ran evenly."""
        now = self._difference()
        jumped, self._base = now - self._base, now
        return jumped if abs(jumped) >= JUMP_SECONDS else 0.0


# What may wait for the worker, by task: each row for itself, or whatever there is together.
NUMBERED: dict[str, Callable[[], Iterable[int]]] = {
    "push": push_claim.waiting,
    "fan_out": fan_out.waiting,
    "phone_preview": phone.waiting,
    "job": jobs.waiting,
}
WHOLE: dict[str, Callable[[], bool]] = {
    "notices": claims.notices_waiting,
    "tags": account_tags.reading.waiting,
    "templates": account_templates.reading.waiting,
    "events": wechat_events.waiting,
    "results": boards.waiting,
    "pictures": place_pictures.waiting,
}


class Timetable:
    """The jobs of one scheduler process."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.work = Work(app)
        self._woken: dict[tuple[str, tuple[int, ...]], float] = {}
        self.guard = Guard()
        self._guarding = threading.Lock()
        self.jumped = threading.Event()
        self.jobs = (
            Job("wake_worker", 1, self.wake_worker),
            Job("column_slots", 5, column_slots.take_due),
            Job("overdue_pushes", 5, push_watch.hold_overdue),
            Job("finished_pushes", 1, push_watch.settle),
            Job("lost_deliveries", 2, ends.sweep),
            Job("finished_fan_outs", 2, fan_out.settle),
            Job("lapsed_offers", 5, events.lapse_offers),
            Job("forgotten_check_outs", 30, closing.close_forgotten),
            Job("reminders", 60, reminders.send_reminders),
            Job("question_statistics", 60, question_stats.run),
            Job("attempts_out_of_time", 10, submission.collect),
            Job("old_traces", 3600, traces.purge),
            Job("old_job_files", 3600, jobs.purge),
            Job("ended_sessions", 3600, sessions.purge),
            Job("old_answers", 3600, idempotency.purge),
            Job("silent_picture_checks", 60, media_checks.give_up),
            Job("old_wechat_events", 3600, lambda: wechat_events.purge(int(settings.read("wechat_event_days")))),
            Job("old_accepts", 3600, subscriptions.purge),
            Job("old_deliveries", 600, lambda: retention.purge(int(settings.read("delivery_days")))),
            Job("old_unsaved_texts", 3600, autosave.purge),
            Job("unindexed_articles", 3600, article_search.catch_up),
            Job("old_look_ups", 3600, lookups.purge),
            Job("loose_pictures", 3600, hours.purge_pictures),
            Job("old_place_pictures", 3600, place_pictures.purge),
        )

    def wake_worker(self) -> None:
        """Find what is ready, or whose lease ran out, and wake the worker for it; never claim."""
        if epoch.behind():
            log.error("database_was_restored", say="flask restored")
            return
        for kind, numbers in NUMBERED.items():
            for number in numbers():
                self._wake(kind, number)
        for kind, waiting in WHOLE.items():
            if waiting():
                self._wake(kind)

    def _wake(self, kind: str, *number: int) -> None:
        now = clock.monotonic()
        if now - self._woken.get((kind, number), -AGAIN_SECONDS) < AGAIN_SECONDS:
            return
        if len(self._woken) > 10_000:
            self._woken.clear()
        self._woken[kind, number] = now
        self.work.wake(kind, *number)
        crash_point("work_enqueued")

    def mind_the_clock(self) -> None:
        """Before any work: what fell due inside a jump of the clock is left to a person."""
        with self._guarding:
            jumped = self.guard.jump()
            if abs(jumped) > operations.CLOCK_TOLERANCE_SECONDS:
                self.jumped.set()
                column_slots.take_due()  # slots inside the jump become pushes, to be held with the rest
                held = push_watch.hold_jumped(jumped)
                log.error("clock_jumped", seconds=round(jumped), held=held)

    def runner(self, job: Job) -> Callable[[], None]:
        """The job inside the app's context; what goes wrong is logged and tried again at the next turn."""

        def run() -> None:
            with self.app.app_context():
                try:
                    if operations.clock_skew() > operations.CLOCK_TOLERANCE_SECONDS:
                        log.error("clock_differs_from_database")
                        return
                    self.mind_the_clock()
                    job.function()
                except SQLAlchemyError as error:
                    log.warning("job_failed", job=job.name, error=type(error).__name__)
                except Exception:
                    log.exception("job_failed", job=job.name)
                finally:
                    db.session.remove()

        return run


def _arm(scheduler: BackgroundScheduler, timetable: Timetable) -> None:
    for job in timetable.jobs:
        scheduler.add_job(
            timetable.runner(job),
            "interval",
            seconds=job.seconds,
            id=job.name,
            replace_existing=True,
            next_run_time=clock.local(clock.wall_now()) + timedelta(milliseconds=50),
        )


def run(app: Flask) -> None:
    """Keep the timetable until SIGTERM or SIGINT."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    timetable = Timetable(app)
    scheduler = BackgroundScheduler(
        timezone=clock.LOCAL, job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
    )
    scheduler.start()
    _arm(scheduler, timetable)
    log.info("scheduler_started", jobs=len(timetable.jobs))
    while not stop.wait(1.0):
        with app.app_context():
            timetable.mind_the_clock()
        if timetable.jumped.is_set():
            timetable.jumped.clear()
            _arm(scheduler, timetable)
    scheduler.shutdown(wait=True)
