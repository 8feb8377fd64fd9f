"""People with sessions, events, attempts and subscribers, written straight into the database."""

from __future__ import annotations

import hashlib
import json
import os
import statistics
import time
from datetime import timedelta

import requests
from sqlalchemy import func, insert, select

from sorting_miniapp import clock, config
from sorting_miniapp.accounts import sessions, staff
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, ResidentSession, Role
from sorting_miniapp.app import create_app
from sorting_miniapp.articles import listing, writing
from sorting_miniapp.articles.models import Article
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.deliveries import fan_out, subscriptions
from sorting_miniapp.deliveries.models import Subscription
from sorting_miniapp.events import planning, shifts, tokens
from sorting_miniapp.events.drafts import Draft
from sorting_miniapp.events.models import Event, Shift, SignUp, SignUpState
from sorting_miniapp.guide import cache, names, search
from sorting_miniapp.guide.models import Item, WasteClass
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.quiz import attempts
from sorting_miniapp.quiz.models import Quiz
from tests.demo.actors import simulate
from tests.demo.processes import Instance

PEOPLE = 3_000
TEMPLATE = "sim_new_article"
CHARACTERS = "纸塑金玻布果皮骨壳叶茶药灯管瓶罐盒袋箱杯碗盘刀剪针线球笔本书衣鞋帽包伞灰土砖瓦木竹草花"


def _token(number: int) -> str:
    return f"bench-{number:06d}"


class Setting:
    """The rows; `instance` is prepared already."""

    def __init__(self, instance: Instance) -> None:
        os.environ.update(instance.environ)
        self.instance = instance
        self.app = create_app(config.load(instance.environ))
        self.context = self.app.app_context()
        self.context.push()
        self.city = int(db.session().scalars(select(Node.id).where(Node.parent_id.is_(None))).one())
        for key in ("daily_attempts_cap", "daily_points_cap"):
            settings.write(self.city, key, 1000, "bench")
        self.people = self._make_people(PEOPLE, "bench")
        self.organiser = self._organiser()

    def analyst(self) -> StaffActor:
        """Somebody who may ask for reports."""
        staff_id = staff.create("bench-analyst", "bench", "correct horse battery", "bench")
        staff.grant(staff_id, self.city, Role.ANALYST, 0, "bench")
        actor = sessions.find_staff(sessions.open_staff(staff_id))
        assert actor
        return actor

    def close(self) -> None:
        db.session.remove()
        for engine in db.engines.values():
            engine.dispose()
        self.context.pop()

    def _make_people(self, count: int, prefix: str) -> list[int]:
        now = clock.wall_now()
        openids = [f"{prefix}-{number}" for number in range(count)]
        self._add_residents(openids)
        rows = db.session().execute(select(Resident.id, Resident.openid).where(Resident.openid.in_(openids[:1])))
        first = rows.one().id
        ids = list(range(first, first + count))
        with transaction() as session:
            session.execute(
                insert(ResidentSession),
                [
                    {"token_hash": hashlib.sha256(_token(n).encode()).hexdigest(), "resident_id": key,
                     "created_at": now, "seen_at": now}
                    for n, key in enumerate(ids)
                ],
            )  # fmt: skip
        return ids

    @staticmethod
    def _add_residents(openids: list[str]) -> None:
        now = clock.wall_now()
        for start in range(0, len(openids), 5_000):
            with transaction() as session:
                session.execute(
                    insert(Resident),
                    [
                        {"public_id": new_public_id(), "openid": one, "nickname": "", "large_type": False,
                         "created_at": now}
                        for one in openids[start : start + 5_000]
                    ],
                )  # fmt: skip

    def _organiser(self) -> StaffActor:
        key = staff.create("bench", "bench", "a long password for nobody", "bench")
        staff.grant(key, self.city, Role.ORGANISER, 0, "bench")
        actor = sessions.find_staff(sessions.open_staff(key))
        assert actor is not None
        return actor

    def bearer(self, number: int) -> tuple[tuple[str, str]]:
        return (("Authorization", f"Bearer {_token(number % PEOPLE)}"),)

    @staticmethod
    def etag(url: str) -> str:
        return requests.get(url, timeout=10).headers["ETag"]

    @staticmethod
    def article() -> str:
        """Show one of the loaded articles to residents; returns its public id."""
        article = db.session().scalars(select(Article).order_by(Article.id).limit(1)).one()
        listing.publish(article.id, writing.newest(db.session(), article))
        return article.public_id

    @staticmethod
    def quiz_id(slug: str) -> int:
        return int(db.session().scalars(select(Quiz.id).where(Quiz.slug == slug)).one())

    def daily_attempt(self, number: int) -> tuple[str, bytes]:
        """A begun attempt of the daily quiz, and a body that answers it with nothing right."""
        paper = attempts.start(attempts.Who(self.people[number]), "daily")
        given = [
            {"question": one["id"]} | ({"sorted": {}} if one["kind"] == "sort" else {"options": []})
            for one in paper["questions"]
        ]
        return paper["id"], json.dumps({"answers": given}).encode()

    def event(self, places: int) -> tuple[str, int]:
        """(public id of a published event, key of its one shift)."""
        start = clock.now() + timedelta(days=1 + self._events())
        draft = Draft(title="bench", kind="volunteer", description="x", risks="x", place="x", contact="x")
        key = planning.create(self.organiser, self.city, draft)
        shift = shifts.add(self.organiser, key, start, start + timedelta(hours=2), places)
        planning.publish(self.organiser, key)
        return str(db.session().scalars(select(Event.public_id).where(Event.id == key)).one()), shift

    def open_shift(self, people: int) -> tuple[int, str]:
        """(key of a shift that begins soon with `people` signed up, the text of its check-in code of this moment)."""
        start = clock.now() + timedelta(minutes=10)
        draft = Draft(title="bench", kind="volunteer", description="x", risks="x", place="x", contact="x")
        event = planning.create(self.organiser, self.city, draft)
        key = shifts.add(self.organiser, event, start, start + timedelta(hours=2), people)
        planning.publish(self.organiser, event)
        now = clock.now()
        with transaction() as session:
            shift = session.get_one(Shift, key)
            shift.places_taken = people
            session.flush()
            session.execute(
                insert(SignUp),
                [
                    {"public_id": new_public_id(), "shift_id": key, "resident_id": resident, "places": 1,
                     "companions": [], "state": SignUpState.CONFIRMED, "live": 1, "risk_version": 1,
                     "risk_accepted_at": now, "reminded": 0, "reason": "", "created_at": now}
                    for resident in self.people[:people]
                ],
            )  # fmt: skip
        return key, tokens.qr(shift.public_id, shift.secret, tokens.step_of(clock.now()))

    @staticmethod
    def _events() -> int:
        return int(db.session().scalar(select(func.count()).select_from(Event)) or 0)

    def cold_search(self, count: int) -> float:
        """Milliseconds of the middle search among `count` items, each for words not asked before.

        A third are two characters, a third whole sentences about a name, a third names with a slip.
        """
        self._fill_dictionary(count)
        with transaction():
            cache.changed()
        asked: list[str] = []
        for a in CHARACTERS[:20]:
            for b in CHARACTERS[20:27]:
                asked += [a + b, f"请问家里用完的{a}{b}瓶子应该扔到哪个垃圾桶里", f"{b}料{a}袋"]
        took = []
        for word in asked:
            begun = time.perf_counter()
            search.find(word)
            db.session().rollback()
            took.append((time.perf_counter() - begun) * 1000)
        return statistics.median(took)

    @staticmethod
    def _fill_dictionary(count: int) -> None:
        have = int(db.session().scalar(select(func.count()).select_from(Item)) or 0)
        made = [a + b + c for a in CHARACTERS for b in CHARACTERS for c in CHARACTERS[:5]][: count - have]
        now = clock.now()
        with transaction() as session:
            items = [
                Item(
                    key=f"bench-{number}", name=f"{name}{number}", waste_class=WasteClass.RESIDUAL, why="x", how="x",
                    basis="x", changed_at=now,
                )
                for number, name in enumerate(made)
            ]  # fmt: skip
            session.add_all(items)
            session.flush()
            names.write(session, [(item.id, item.name, []) for item in items])

    def fan_out(self, count: int) -> int:
        """A fan-out to `count` subscribers that the simulator knows; returns its key."""
        body = {"template": TEMPLATE, "count": count}
        openids = list(simulate(self.instance, "POST", "/_sim/subscriptions", body)["openids"])
        self._add_residents(openids)
        first = db.session().scalars(select(Resident.id).where(Resident.openid == openids[0])).one()
        now = clock.wall_now()
        for start in range(0, count, 5_000):
            with transaction() as session:
                session.execute(
                    insert(Subscription),
                    [
                        {"notice_key": "new_article", "resident_id": first + number, "credits": 1, "long_term": False,
                         "changed_at": now}
                        for number in range(start, min(start + 5_000, count))
                    ],
                )  # fmt: skip
        with transaction():
            values = {"title": "bench", "time": "2026-05-20 09:00", "remark": "x"}
            return fan_out.create("new_article", values, "1", subscriptions.audience("new_article"))
