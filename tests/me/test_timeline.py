"""The timeline from the account and the first quiz to stars and certificates, in pages, one's own only."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import event as sql_event
from sqlalchemy import insert

from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.hours import issuing, ledger
from sorting_miniapp.hours.models import RecordState, ServiceRecord, Source, Tier
from sorting_miniapp.quiz import content as quizzes
from sorting_miniapp.quiz.models import Attempt, Quiz
from tests.events.helpers import NINE, Hands, Person, World, make_event, make_people
from tests.few_content import few
from tests.hours.helpers import make_group, make_member, register, serve, volunteer_of


def timeline(world: World, person: Person, **query: Any) -> Any:
    answer = world.app.test_client().get("/api/v1/me/timeline", query_string=query, headers=person.headers)
    assert answer.status_code == 200, answer.get_json()
    return answer.get_json()


def make_record(world: World, person: Person, minutes: int, at: Any) -> None:
    with world.app.app_context(), transaction() as session:
        record = ServiceRecord(
            public_id=new_public_id(), resident_id=person.id, node_id=world.town, source=Source.CLAIM,
            source_id=int(at.timestamp()), served_on=date(2026, 6, 1), title="长期服务", place="东门", content="督导",
            person_in_charge="李主任", minutes=minutes, longest=minutes, state=RecordState.EFFECTIVE, tier=Tier.OWN,
            served="", round=1, created_at=at,
        )  # fmt: skip
        session.add(record)
        session.flush()
        ledger.bring_to(record, minutes, "属实", "verifier")


def make_attempt(world: World, person: Person, at: Any, slot: str) -> None:
    with world.app.app_context():
        if not db.session.query(Quiz.id).first():
            quizzes.load(few())
        quiz = db.session.query(Quiz.id).filter(Quiz.slug == "daily").scalar()
        with transaction() as session:
            session.execute(
                insert(Attempt).values(
                    public_id=new_public_id(),
                    quiz_id=quiz,
                    resident_id=person.id,
                    slot=slot,
                    seed="0" * 32,
                    versions=[],
                    started_at=at,
                    deadline=at,
                    submitted_at=at,
                    right=4,
                    total=5,
                    score=4,
                    points=8,
                    duration_ms=1,
                    flag="",
                )  # fmt: skip
            )


def test_a_timeline_from_the_first_quiz_to_a_certificate(world: World, hands: Hands) -> None:
    event, people = make_event(world), make_people(world.app, 2)
    person, group = people[0], make_group(world)
    hands.at(NINE - timedelta(days=3) + timedelta(minutes=1))
    make_attempt(world, person, NINE - timedelta(days=3) + timedelta(minutes=1), "2026-06-07")
    make_attempt(world, person, NINE - timedelta(days=2), "2026-06-08")
    register(world, person, org_id=world.town)
    make_member(world, group, person)
    serve(world, hands, person, event, 60)
    hands.at(NINE + timedelta(days=1))
    make_record(world, person, 100 * 60, NINE + timedelta(days=1))
    hands.at(NINE + timedelta(days=2))
    with world.app.app_context():
        key = volunteer_of(world, person)
        issuing.issue_as_staff(world.verifier, key, world.town, date(2026, 6, 1), date(2026, 6, 12))
    steps = timeline(world, person)["items"]
    assert [step["at"] for step in steps] == sorted((step["at"] for step in steps), reverse=True)
    kinds = [step["kind"] for step in steps]
    assert kinds[0] == "certificate"
    assert set(kinds) == {
        "certificate", "star", "service", "sign_up", "group", "registered", "first_quiz", "joined",
    }  # fmt: skip
    assert kinds.count("first_quiz") == 1
    by_kind = {step["kind"]: step for step in steps}
    assert by_kind["first_quiz"]["detail"].endswith("答对 4/5")
    assert by_kind["star"]["title"] == "达到一星志愿者"
    assert {step["kind"] for step in timeline(world, people[1])["items"]} == {"joined"}


def test_pages_hold_every_step_once(world: World, hands: Hands) -> None:
    (person,) = make_people(world.app, 1)
    for number in range(45):
        make_record(world, person, 10, NINE - timedelta(hours=number // 2, seconds=number))
    seen: list[str] = []
    cursor: dict[str, Any] = {}
    for _ in range(10):
        page = timeline(world, person, **cursor)
        seen += [step["reference"] for step in page["items"] if step["kind"] == "service"]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert len(seen) == len(set(seen)) == 45


def test_the_timeline_takes_a_bounded_number_of_statements(sqlite_world: World, hands: Hands) -> None:
    (person,) = make_people(sqlite_world.app, 1)
    make_record(sqlite_world, person, 1500 * 60, NINE)
    said: list[str] = []

    def listen(*args: Any) -> None:
        said.append(args[2])

    with sqlite_world.app.app_context():
        engine = db.engine
    sql_event.listen(engine, "before_cursor_execute", listen)
    try:
        timeline(sqlite_world, person)
    finally:
        sql_event.remove(engine, "before_cursor_execute", listen)
    assert sum(one.startswith("SELECT") for one in said) <= 16, said


def test_bad_cursors_are_refused(sqlite_world: World) -> None:
    (person,) = make_people(sqlite_world.app, 1)
    client = sqlite_world.app.test_client()
    for cursor in ("x", "-1", str(2**70)):
        answer = client.get(f"/api/v1/me/timeline?cursor={cursor}", headers=person.headers)
        assert answer.status_code == 422
    assert client.get("/api/v1/me/timeline").status_code == 401
