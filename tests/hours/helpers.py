"""What tests of hours share: people who register and serve, groups, and the books that must add up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import select

from sorting_miniapp.accounts import groups
from sorting_miniapp.db import db
from sorting_miniapp.hours import (
    joining,
    ledger,
)
from sorting_miniapp.hours.models import (
    HoursLedger,
    HoursTotal,
    RecordState,
    ServiceRecord,
    Volunteer,
)
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from tests.events.helpers import (
    NINE,
    Hands,
    Made,
    Person,
    World,
    scan,
    sign_up,
)


def serve(world: World, hands: Hands, person: Person, event: Made, minutes: int | None = 120) -> None:
    """Sign up three days before, come at the start, go after so many minutes (None: never)."""
    client = world.app.test_client()
    hands.at(NINE - timedelta(days=3))
    assert sign_up(client, person, event).status_code == 201
    with world.app.app_context():
        from sorting_miniapp.events.models import Shift

        start = db.session.get_one(Shift, event.shift).starts_at
    hands.at(start)
    assert scan(client, person, event).get_json()["action"] == "in"
    if minutes is not None:
        hands.at(start + timedelta(minutes=minutes))
        assert scan(client, person, event).get_json()["action"] == "out"


def mine(world: World, person: Person) -> list[dict[str, Any]]:
    answer = world.app.test_client().get("/api/v1/me/service-records", headers=person.headers)
    return list(answer.get_json()["items"])


def key_of(world: World, public_id: str) -> int:
    with world.app.app_context():
        return db.session.scalars(select(ServiceRecord.id).where(ServiceRecord.public_id == public_id)).one()


def assert_ledger(world: World) -> None:
    """An effective record's minutes are its rows' sum; what is pending or void has none."""
    with world.app.app_context():
        for record in db.session.scalars(select(ServiceRecord)):
            total = ledger.of_record(record.id)
            if record.state is RecordState.EFFECTIVE:
                assert total == record.minutes
            elif record.state in (RecordState.PENDING, RecordState.VOID):
                assert total == 0


def claim(world: World, person: Person, **values: Any) -> Any:
    body = {
        "date": "2026-06-10",
        "content": "协助搬运展板",
        "minutes": 90,
        "evidence": "现场合影与签到表",
        "person_in_charge": "李主任",
        "place": "文化广场",
    }
    return world.app.test_client().post("/api/v1/me/service-claims", json=body | values, headers=person.headers)


def register(world: World, person: Person, document: str = "44188219900101001X", **values: Any) -> Any:
    body = {"name": "张三丰", "document_kind": "passport", "document": document, "consent_version": "2026-01"}
    body["birth_date"] = "1990-01-01"
    return world.app.test_client().put("/api/v1/me/volunteer", json=body | values, headers=person.headers)


def make_group(world: World, name: str = "星子镇垃圾分类志愿队", parent: int = 0) -> int:
    with world.app.app_context():
        return orgs.add(parent or world.town, name, NodeKind.GROUP, "test").id


def call(world: World, method: str, url: str, person: Person, **json: Any) -> Any:
    body = json or ({} if method == "POST" and not url.endswith("requests") else None)
    return world.app.test_client().open(f"/api/v1/{url}", method=method, json=body, headers=person.headers)


def make_member(world: World, group: int, person: Person, leader: bool = False) -> str:
    """A member, let in by the organiser; returns the key of the membership."""
    assert call(world, "POST", f"groups/{group}/requests", person).status_code == 201
    with world.app.app_context():
        key = next(row.id for row in groups.requests(group) if row.resident_id == person.id)
        joining.decide_as_staff(world.organiser, group, key, True)
        if leader:
            groups.appoint(world.organiser, group, key, True)
    return key


def volunteer_of(world: World, person: Person) -> int:
    with world.app.app_context():
        return db.session.scalars(select(Volunteer.id).where(Volunteer.resident_id == person.id)).one()


def assert_totals(world: World) -> None:
    """The maintained totals are the ledger's sums."""
    with world.app.app_context():
        sums: dict[tuple[int, int], int] = {}
        for row in db.session.scalars(select(HoursLedger)):
            for year in (0, row.served_on.year):
                sums[row.resident_id, year] = sums.get((row.resident_id, year), 0) + row.minutes
        found = {(row.resident_id, row.year): row.minutes for row in db.session.scalars(select(HoursTotal))}
        assert found == sums


def make_volunteer(world: World, person: Person, number: int) -> str:
    """Registered with a phone number; returns the volunteer number."""
    answer = register(world, person, f"E1234567{number}", phone=f"1380000000{number}")
    assert answer.status_code == 200, answer.get_json()
    return str(answer.get_json()["number"])
