"""Where a run takes place: a database, the simulator, and processes that are forked, killed, frozen and replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask_migrate import upgrade
from PIL import Image
from sqlalchemy import delete, insert, select, text
from sqlalchemy.exc import OperationalError

from sorting_miniapp import clock, config, state
from sorting_miniapp.accounts import sessions, staff
from sorting_miniapp.accounts.models import Resident, Role
from sorting_miniapp.app import create_app
from sorting_miniapp.articles import content as articles
from sorting_miniapp.articles import pushes, writing
from sorting_miniapp.articles.models import Article, ArticleState, ArticleVersion, Channel, Push, PushState
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.deliveries import content as notices
from sorting_miniapp.deliveries import quota
from sorting_miniapp.deliveries.models import Subscription
from sorting_miniapp.media.models import RemotePicture
from sorting_miniapp.media.service import store as keep_picture
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.wechat import gateway
from tests.conftest import base_environ, close_connections, new_database
from tests.demo.processes import ROOT
from tests.faults.judge import Work
from tests.faults.patches import CLOCK
from tests.faults.processes import Zygote
from tests.faults.servers import OwnRedis
from tests.simulator_process import SEND, Simulator, running

CONTENT = ROOT / "content"
TEMPLATE = "sim_new_article"
IN_FLIGHT, CREDITS = 4, 3  # credits: a second message to one person would arrive, and be seen
LEASE, READ_TIMEOUT = 3.0, 1.0
LATENCY = 0.06
SETTINGS = {"mass_quota_daily": 100, "send_in_flight": IN_FLIGHT, "quiet_from": 0, "quiet_to": 0}


class Stage:
    """A database made by the migrations, an editorial office in it, and the simulator."""

    def __init__(
        self, kind: str, folder: Path, database_url: str, simulator: Simulator, redis: OwnRedis | None
    ) -> None:
        self.kind, self.folder, self.simulator, self.redis = kind, folder, simulator, redis
        self.clock_file = folder / "clock"
        self._plans = 0
        self.environ = base_environ(folder) | {
            "DATABASE_URL": database_url, "WECHAT_API_BASE": simulator.url, "LEASE_SECONDS": str(LEASE),
            "WECHAT_CONNECT_TIMEOUT": "0.5", "WECHAT_READ_TIMEOUT": str(READ_TIMEOUT), "WORKER_THREADS": "2",
            "REDIS_URL": redis.url if redis else "", CLOCK: str(self.clock_file),
        }  # fmt: skip
        self.app = create_app(config.load(self.environ))
        with self.app.app_context():
            upgrade()
            self.engine = db.engine
            self._office()
        self.zygote = Zygote(self.environ, folder / "processes.log")

    def _office(self) -> None:
        notices.load(CONTENT, {"new_article": TEMPLATE})
        self.city = orgs.add(None, "连州市", NodeKind.CITY, "faults", key="city").id
        articles.load(CONTENT)
        self.column = writing.columns()[0].id
        for key, value in SETTINGS.items():
            settings.write(self.city, key, value, "faults")
        self.editor_id = staff.create("faults", "编辑", "a long password for nobody", "faults")
        staff.grant(self.editor_id, self.city, Role.EDITOR, 0, "faults")
        actor = sessions.find_staff(sessions.open_staff(self.editor_id))
        assert actor is not None
        self.editor = actor
        picture = self.folder / "picture.png"
        Image.new("RGB", (40, 40), (20, 140, 60)).save(picture)
        self.picture = keep_picture(picture.read_bytes(), "faults")
        db.session.remove()

    def close(self) -> None:
        self.zygote.close()
        with self.app.app_context():
            db.session.remove()
            close_connections()

    def begin(self) -> None:
        """An empty platform; nothing of the run before is left in the way."""
        self.zygote.kill_all()
        self.clock_file.write_text("0")
        self.simulator.reset()
        self.simulator.settings(mass_daily_quota=100, job_polls=1, sent_events=False, daily_quota={}, minute_quota={})
        self.simulator.fault(SEND, "latency", value=LATENCY)
        with self.app.app_context():
            with transaction() as session:
                session.execute(delete(RemotePicture))
                state.put(quota.NAME, 0, first=0)
            self.put_right()

    def plan(self, name: str, people: int, channels: tuple[Channel, ...], seconds: float = 0.0) -> Work:
        """Approved articles, due `seconds` from now, each by one channel; `people` subscribers for the message."""
        openids: dict[int, str] = {}
        titles: dict[int, tuple[str, str]] = {}
        fan_out_push = 0
        self._plans += 1
        name = f"{self._plans} {name}"  # a title has 32 characters
        with self.app.app_context():
            node = orgs.add(self.city, name, NodeKind.TOWN, "faults").id
            branch = str(db.session().scalar(select(Node.path).where(Node.id == node)))
            if Channel.SUBSCRIBE in channels:
                openids = self._people(people, node)
            with transaction() as session:
                for channel in channels:
                    push = self._push(session, f"{name[:20]}-{channel.value}", channel, branch, seconds)
                    if channel is Channel.SUBSCRIBE:
                        fan_out_push = push
                    else:
                        titles[push] = (channel.value, f"{name[:20]}-{channel.value}")
            db.session.remove()
        return Work(openids, titles, fan_out_push)

    def _people(self, count: int, node: int) -> dict[int, str]:
        openids = self.simulator.subscribers(TEMPLATE, count)
        for openid in openids:
            self.simulator.subscribe(openid, TEMPLATE, CREDITS - 1)
        now = clock.wall_now()
        with transaction() as session:
            rows = [
                Resident(public_id=new_public_id(), openid=one, nickname="", node_id=node, created_at=now)
                for one in openids
            ]
            session.add_all(rows)
            session.flush()
            session.execute(
                insert(Subscription),
                [
                    {"notice_key": "new_article", "resident_id": row.id, "credits": CREDITS, "long_term": False,
                     "changed_at": now}
                    for row in rows
                ],
            )  # fmt: skip
            return {row.id: str(row.openid) for row in rows}

    def _push(self, session: Any, title: str, channel: Channel, branch: str, seconds: float) -> int:
        now = clock.now()
        article = Article(
            public_id=new_public_id(), node_id=self.city, column_id=self.column, state=ArticleState.APPROVED,
            created_at=now, changed_at=now,
        )  # fmt: skip
        session.add(article)
        session.flush()
        body = f'<p>先沥干，再投放。</p><p><img src="/media/{self.picture}.jpg"></p>'
        session.add(
            ArticleVersion(
                article_id=article.id, number=1, title=title, markdown="先沥干", html=body, created_at=now,
                submitted_at=now,
            )
        )  # fmt: skip
        push = Push(
            article_id=article.id, node_id=self.city, channel=channel, due_at=now + timedelta(seconds=seconds),
            late_at=now + timedelta(hours=2),
            branch=branch if channel is Channel.SUBSCRIBE else "", state=PushState.READY,
            clientmsgid=os.urandom(16).hex(), created_by=self.editor_id, created_at=now,
        )  # fmt: skip
        session.add(push)
        session.flush()
        return push.id

    def in_flight(self) -> int:
        """Calls marked as begun whose end is not written: what a kill at this moment may leave unknown."""
        with self.engine.connect() as connection:
            messages = connection.execute(text("SELECT count(*) FROM delivery WHERE state = 'sending'")).scalar_one()
            published = connection.execute(
                text(
                    "SELECT count(*) FROM push WHERE channel = 'publish' AND called_at IS NOT NULL "
                    "AND remote_id = '' AND state = 'sending'"
                )
            ).scalar_one()
        return int(messages) + int(published)

    def put_right(self) -> None:
        """What a person does after the trouble: WeChat answers again, the breaker is closed, midnight has come."""
        state.forget()
        with transaction():
            quota.try_again()
        for account in (gateway().mini, gateway().official):
            account.client.tokens.try_again()

    def by_hand(self, work: Work) -> None:
        """A person sends what is held and is known not to have gone out, and resumes what has paused itself."""
        keys = [*work.titles, *([work.fan_out_push] if work.fan_out_push else [])]
        with self.app.app_context():
            for push in db.session().scalars(select(Push).where(Push.id.in_(keys))).all():
                if push.state is PushState.HELD and push.called_at is None and push.fan_out_id is None:
                    pushes.send_now(self.editor, push.id)
                elif push.state is PushState.PAUSED:
                    pushes.resume(self.editor, push.id)
            db.session.remove()

    def over(self, work: Work) -> bool:
        """Whether every push and message has come to its end, or waits for a person."""
        keys = ", ".join(str(key) for key in [*work.titles, *([work.fan_out_push] if work.fan_out_push else [])])
        with self.engine.connect() as connection:
            moving = connection.execute(
                text(
                    f"SELECT count(*) FROM push WHERE id IN ({keys}) "
                    "AND (state IN ('ready', 'sending', 'awaiting_admin', 'paused') "
                    "OR (state = 'held' AND called_at IS NULL))"
                )
            ).scalar_one()
        return not moving

    def cut_connections(self) -> None:
        """The database throws everybody out, as by a restart."""
        name = self.engine.url.database
        with self.engine.connect() as connection:
            if self.kind == "postgresql":
                connection.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = :name AND pid <> pg_backend_pid()"
                    ),
                    {"name": name},
                )
            elif self.kind == "mysql":
                own = connection.execute(text("SELECT connection_id()")).scalar_one()
                rows = connection.execute(
                    text("SELECT id FROM information_schema.processlist WHERE db = :name"), {"name": name}
                ).all()
                for row in rows:
                    if row.id != own:
                        with suppress(OperationalError):  # it has gone by itself
                            connection.execute(text(f"KILL CONNECTION {int(row.id)}"))


@contextmanager
def staged(kind: str, folder: Path) -> Iterator[Stage]:
    """A stage on a new database of this kind. The queue is SQLite beside SQLite, and Redis beside the servers."""
    with ExitStack() as stack:
        databases = new_database(kind, folder, "_faults")
        url = next(databases)
        stack.callback(lambda: [None for _ in databases])
        simulator = stack.enter_context(running(base_environ(folder)))
        redis = OwnRedis(folder) if kind != "sqlite" and OwnRedis.installed() else None
        if redis:
            stack.callback(redis.close)
        stage = Stage(kind, folder, url, simulator, redis)
        stack.callback(stage.close)
        yield stage
