"""The ceilings: a bare Flask hello, and the hot paths' own statements, written with Core in bare Flask views.

Served by the same gunicorn configuration over the same database. No middleware, no checks, no schema: only what the
database is asked for. The hello behind the service's own middleware is in bench/hello.py.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta
from typing import Any

import orjson
from flask import Flask, Response, request
from sqlalchemy import insert, select, text, update

from sorting_miniapp import clock, config
from sorting_miniapp.accounts.models import Resident, ResidentSession
from sorting_miniapp.db import db, transaction
from sorting_miniapp.engines import engine_options
from sorting_miniapp.events.models import CheckHow, CheckIn, Shift, SignUp, SignUpState
from sorting_miniapp.quiz.models import Attempt, PointsLedger, QuizDay
from sorting_miniapp.quiz.models_learning import Pending

ATTEMPT: Any = Attempt.__table__
PENDING: Any = Pending.__table__
CHECK_IN: Any = CheckIn.__table__


def hello() -> Response:
    return Response(b'{"hello":"world"}', mimetype="application/json")


def _who() -> int:
    token = request.headers["Authorization"].removeprefix("Bearer ")
    hashed = hashlib.sha256(token.encode()).hexdigest()
    found = select(ResidentSession.resident_id).where(ResidentSession.token_hash == hashed)
    return int(db.session().scalars(found).one())


def start(quiz_id: int) -> Response:
    """Starting an attempt of ten questions: count it, insert it."""
    resident_id, now, day = _who(), clock.now(), clock.today()
    paper = list(range(1, 11))
    with transaction() as session:
        mine = (QuizDay.resident_id == resident_id, QuizDay.day == day)
        raised = session.execute(update(QuizDay).where(*mine).values(attempts=QuizDay.attempts + 1))
        if raised.rowcount == 0:  # type: ignore[attr-defined]
            session.execute(insert(QuizDay).values(resident_id=resident_id, day=day, attempts=1, points=0))
        session.execute(
            insert(ATTEMPT).values(
                public_id=secrets.token_urlsafe(16), quiz_id=quiz_id, resident_id=resident_id, slot=None,
                seed=secrets.token_hex(16), versions=paper, started_at=now, deadline=now + timedelta(minutes=15),
                total=10, right_count=0, score=0, points=0, duration_ms=0, flag="",
            )
        )  # fmt: skip
    return Response(orjson.dumps({"questions": paper}), status=201, mimetype="application/json")


def submit(public_id: str) -> Response:
    """A submission: read it, close it, give points, ask for the rest to be counted."""
    resident_id, now = _who(), clock.now()
    row = db.session().execute(select(ATTEMPT).where(ATTEMPT.c.public_id == public_id)).one()
    answers = orjson.loads(request.get_data())
    with transaction() as session:
        mine = (QuizDay.resident_id == resident_id, QuizDay.day == clock.today())
        session.scalar(select(QuizDay.points).where(*mine).with_for_update())
        session.execute(update(QuizDay).where(*mine).values(points=QuizDay.points + 2))
        session.execute(
            update(ATTEMPT)
            .where(ATTEMPT.c.id == row.id, ATTEMPT.c.submitted_at.is_(None))
            .values(submitted_at=now, answers=answers, right_count=1, score=20, points=2, duration_ms=9)
        )
        session.execute(
            insert(PointsLedger).values(resident_id=resident_id, attempt_id=row.id, amount=2, reason="x", at=now)
        )
        session.execute(insert(PENDING).values(resident_id=resident_id, quiz_id=row.quiz_id, attempt_id=row.id))
    return Response(b"{}", mimetype="application/json")


# PostgreSQL takes the place and writes the sign-up in one statement, three times as fast as two (performance.md).
ONE = text(
    "WITH taken AS (UPDATE shift SET places_taken = places_taken + 1 "
    "WHERE id = :shift AND places_taken + 1 <= capacity RETURNING id) "
    "INSERT INTO sign_up (public_id, shift_id, resident_id, places, companions, state, live, risk_version, "
    "risk_accepted_at, reminded, reason, created_at) "
    "SELECT :public, id, :resident, 1, '[]', 'confirmed', 1, 1, :now, 0, '', :now FROM taken"
)


def sign_up(shift_id: int) -> Response:
    """Taking a place."""
    resident_id, now, public_id = _who(), clock.now(), secrets.token_urlsafe(16)
    with transaction() as session:
        if session.get_bind().dialect.name == "postgresql":
            values = {"shift": shift_id, "public": public_id, "resident": resident_id, "now": now}
            taken = session.execute(ONE, values)
        else:
            taken = session.execute(
                update(Shift)
                .where(Shift.id == shift_id, Shift.places_taken + 1 <= Shift.capacity)
                .values(places_taken=Shift.places_taken + 1)
            )
            if taken.rowcount:  # type: ignore[attr-defined]
                session.execute(
                    insert(SignUp).values(
                        public_id=public_id, shift_id=shift_id, resident_id=resident_id, live=1, places=1,
                        companions=[], state=SignUpState.CONFIRMED, created_at=now, risk_version=1,
                        risk_accepted_at=now, reminded=0, reason="",
                    )
                )  # fmt: skip
        status = 201 if taken.rowcount else 409  # type: ignore[attr-defined]
    return Response(b"{}", status=status, mimetype="application/json")


def check_in(shift_id: int) -> Response:
    """A scan: whose sign-up, the person's row, the last pair, then the state and the pair."""
    resident_id, now = _who(), clock.now()
    own = (SignUp.shift_id == shift_id, SignUp.resident_id == resident_id, SignUp.live == 1)
    query = select(SignUp.id, Shift.event_id, Shift.starts_at).join(Shift, Shift.id == SignUp.shift_id).where(*own)
    row = db.session().execute(query).one()
    with transaction() as session:
        session.execute(select(Resident.id).where(Resident.id == resident_id).with_for_update(key_share=True))
        mine = (CHECK_IN.c.resident_id == resident_id, CHECK_IN.c.event_id == row.event_id)
        session.execute(select(CHECK_IN).where(*mine).order_by(CHECK_IN.c.id.desc()).limit(1)).first()
        session.execute(update(SignUp).where(SignUp.id == row.id).values(state=SignUpState.ATTENDED))
        session.execute(
            insert(CHECK_IN).values(
                sign_up_id=row.id, resident_id=resident_id, event_id=row.event_id, day=clock.today(), pair=1, open=1,
                in_at=now, in_how=CheckHow.QR, in_step=1, out_step=0, reason="", closed_by_system=False,
            )
        )  # fmt: skip
    return Response(b"{}", mimetype="application/json")


def _app() -> Flask:
    settings = config.load()
    found = Flask("bare", instance_path=str(settings.instance_path))
    found.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url, int(settings.pool_size)),
    )
    db.init_app(found)
    found.add_url_rule("/hello", view_func=hello)
    found.add_url_rule("/start/<int:quiz_id>", view_func=start, methods=["POST"])
    found.add_url_rule("/submit/<string:public_id>", view_func=submit, methods=["POST"])
    found.add_url_rule("/sign-up/<int:shift_id>", view_func=sign_up, methods=["POST"])
    found.add_url_rule("/check-in/<int:shift_id>", view_func=check_in, methods=["POST"])
    return found


app = _app()
