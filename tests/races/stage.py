"""Where a race is run: a database, gunicorn's workers over it, people with sessions, events with few places."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import requests
from flask_migrate import upgrade
from sqlalchemy import insert, select

from sorting_miniapp import clock, config
from sorting_miniapp.accounts import staff
from sorting_miniapp.accounts.models import Resident, ResidentSession
from sorting_miniapp.app import create_app
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.deliveries import content as notice_texts
from sorting_miniapp.events import tokens
from sorting_miniapp.events.models import Event, EventState, Shift, ShiftState
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from tests.conftest import base_environ, close_connections, new_database
from tests.demo.processes import ROOT, free_port, wait_for

CONTENT = ROOT / "content"
WORKERS = 2
AHEAD = timedelta(minutes=45)  # sign-up is open until the start, check-in from an hour before it
GUARDED = "wsgi:app"


@dataclass(frozen=True)
class Place:
    """One of a race's two shifts, which overlap."""

    shift: int
    shift_id: str
    event_id: str
    secret: str
    capacity: int


@dataclass(frozen=True)
class Runner:
    """A resident with a session."""

    id: int
    token: str


class Stage:
    """A database made by the migrations, and the means to set up races on it."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.environ = base_environ(folder) | {
            "DATABASE_URL": database_url,
            "WEB_WORKERS": str(WORKERS),
            "DB_POOL_SIZE": "8",
            "LOG_LEVEL": "ERROR",
        }
        self.folder = folder
        self.app = create_app(config.load(self.environ))
        with self.app.app_context():
            upgrade()
            notice_texts.load(CONTENT)
            self.node = orgs.add(None, "连州市", NodeKind.CITY, "races", key="city").id
            self.staff = staff.create("races", "races", "a long password for nobody", "races")
        self._people = 0

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            close_connections()

    @contextmanager
    def serving(self, target: str = GUARDED) -> Iterator[str]:
        """gunicorn with two workers over the database; yields its address."""
        port = str(free_port())
        environ = {**os.environ, **self.environ, "PORT": port}
        command = [str(Path(sys.executable).parent / "gunicorn"), "-c", "gunicorn.conf.py", target]
        with (self.folder / "web.log").open("ab") as log:
            process = subprocess.Popen(command, env=environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
        url = f"http://127.0.0.1:{port}"
        try:
            wait_for(lambda: _answers(url), 60, url)
            yield url
        finally:
            process.terminate()
            process.wait(30)

    def people(self, count: int) -> list[Runner]:
        """New residents: nobody runs in two races, whose shifts all lie in the same hour."""
        now, first = clock.wall_now(), self._people
        self._people += count
        keys = [f"race-{number}" for number in range(first, self._people)]
        with self.app.app_context(), transaction() as session:
            session.execute(
                insert(Resident),
                [
                    {
                        "public_id": new_public_id(),
                        "openid": key,
                        "nickname": "",
                        "large_type": False,
                        "created_at": now,
                    }
                    for key in keys
                ],
            )
            ids = dict(session.execute(select(Resident.openid, Resident.id).where(Resident.openid.in_(keys))).all())
            session.execute(
                insert(ResidentSession),
                [
                    {"token_hash": hashlib.sha256(key.encode()).hexdigest(), "resident_id": ids[key],
                     "created_at": now, "seen_at": now}
                    for key in keys
                ],
            )  # fmt: skip
        return [Runner(ids[key], key) for key in keys]

    def places(self, chance: random.Random) -> tuple[Place, Place]:
        """Two published events of one shift each, at overlapping times."""
        made = []
        with self.app.app_context(), transaction() as session:
            for number in range(2):
                start = clock.now() + AHEAD + timedelta(minutes=5 * number)
                end, now = start + timedelta(hours=2), clock.now()
                event_id, shift_id, secret = new_public_id(), new_public_id(), tokens.new_secret()
                event = session.execute(
                    insert(Event).values(
                        public_id=event_id, node_id=self.node, title="抢名额", kind="volunteer", place="广场",
                        risks="x", state=EventState.PUBLISHED, starts_at=start, ends_at=end, published_at=now,
                        created_by=self.staff, created_at=now, changed_at=now,
                    )
                ).inserted_primary_key[0]  # type: ignore[attr-defined]  # fmt: skip
                capacity = chance.randint(3, 9)  # the largest party fits
                shift = session.execute(
                    insert(Shift).values(
                        public_id=shift_id, event_id=event, starts_at=start, ends_at=end, capacity=capacity,
                        state=ShiftState.OPEN, secret=secret, created_at=now,
                    )
                ).inserted_primary_key[0]  # type: ignore[attr-defined]  # fmt: skip
                made.append(Place(shift, shift_id, event_id, secret, capacity))
        return made[0], made[1]


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=2).status_code == 200
    except requests.RequestException:
        return False


@contextmanager
def staged(kind: str, folder: Path, suffix: str = "_races") -> Iterator[Stage]:
    """A stage on a new database of this kind."""
    databases = new_database(kind, folder, suffix)
    stage = Stage(folder, next(databases))
    try:
        yield stage
    finally:
        stage.close()
        for _ in databases:
            pass
