"""Certificates: numbers without gap or twin, a sheet that can be read, verification by anybody, revocation."""

from __future__ import annotations

import io
import re
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import quote

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking, service
from sorting_miniapp.certificates.models import Certificate, CertificateKind
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, NotFound
from tests.events.helpers import NINE, Hands, Person, World, at_once, make_event, make_people, make_staff
from tests.hours.helpers import register, serve
from tests.unguarded import events as unguarded

TEXT = service.Text(
    "张三", "护照", "E12***78", "LZ00000001", "2026-01-01", "2026-06-30", 90, "1.5", "半小时", 1, ("内容",), "连州市"
)


def _served(world: World, hands: Hands, minutes: int = 106) -> Person:
    event, (person,) = make_event(world), make_people(world.app, 1)
    serve(world, hands, person, event, minutes)
    assert register(world, person, org_id=world.town).status_code == 200
    return person


def _issue(world: World, person: Person, **body: Any) -> Any:
    wish = {"from": "2026-06-01"} | body
    return world.app.test_client().post("/api/v1/me/certificates", json=wish, headers=person.headers)


def test_a_certificate_is_numbered_rounded_and_verified_with_a_masked_name(world: World, hands: Hands) -> None:
    person = _served(world, hands)
    made = _issue(world, person)
    assert made.status_code == 201, made.get_json()
    found = made.get_json()
    assert re.fullmatch(r"连志证〔2026〕\d{4}第000001号", found["number"])
    assert (found["minutes"], found["hours"], found["times"], found["state"]) == (106, "2", 1, "valid")
    assert found["name"] == "张三丰"
    client = world.app.test_client()
    url = f"/api/v1/certificates/{quote(found['number'])}"
    seen = client.get(url, query_string={"code": found["code"].lower()})
    assert seen.status_code == 200
    assert (seen.get_json()["name"], seen.get_json()["hours"], seen.get_json()["state"]) == ("张**", "2", "valid")
    assert "code" not in seen.get_json()
    wrong = client.get(url, query_string={"code": "A" * 16})
    unknown = client.get("/api/v1/certificates/nothing", query_string={"code": found["code"]})
    assert (wrong.status_code, wrong.get_json()) == (unknown.status_code, unknown.get_json())
    assert wrong.status_code == 404
    page = client.get(found["verify_url"].removeprefix("http://127.0.0.1:8000"))
    assert page.status_code == 200
    assert "这份证明有效" in page.get_data(as_text=True)
    nonce = re.search(r'<style nonce="([^"]+)"', page.get_data(as_text=True))
    assert nonce, "the page has styles"
    assert f"'nonce-{nonce[1]}'" in page.headers["Content-Security-Policy"], "which the browser takes"
    assert "张**" in page.get_data(as_text=True)
    assert "张三丰" not in page.get_data(as_text=True)
    assert client.get(f"/verify/{quote(found['number'])}").status_code == 404
    for path in ("/verify", "/verify/", "/verify/a/b"):
        wrong = client.get(path)
        assert (wrong.status_code, "请重新扫描" in wrong.text) == (404, True), path
    twin = _issue(world, person)
    assert (twin.status_code, twin.get_json()["details"]) == (409, {"number": found["number"]})


def test_no_certificate_without_hours_or_registration(world: World, hands: Hands) -> None:
    (person,) = make_people(world.app, 1)
    assert _issue(world, person).get_json()["code"] == "not_a_volunteer"
    register(world, person)
    hands.at(NINE)
    assert _issue(world, person).get_json()["code"] == "no_hours"
    assert _issue(world, person, to="2026-05-01").get_json()["code"] == "period"


def test_only_the_chosen_units_records_count(world: World, hands: Hands) -> None:
    person = _served(world, hands)
    assert _issue(world, person, org_id=world.other_town).get_json()["code"] == "no_hours"
    assert _issue(world, person, org_id=world.town).get_json()["issuer"] == "星子镇"


def _issue_at_once(world: World) -> list[Any]:
    """Twelve at once, three of which fail after their number was drawn."""
    people = make_people(world.app, 12)

    def issue(person: Person, fail: bool) -> str:
        with world.app.app_context(), transaction():
            number = service.issue(CertificateKind.SERVICE, world.town, person.id, TEXT)
            if fail:
                raise LookupError("after the number was drawn")
            return number

    return at_once([partial(issue, person, number % 4 == 3) for number, person in enumerate(people)])


def test_numbers_have_no_gap_and_no_twin_when_many_ask_at_once(world: World) -> None:
    results = _issue_at_once(world)
    assert sum(isinstance(one, LookupError) for one in results) == 3
    assert len({one for one in results if isinstance(one, str)}) == 9, results
    with world.app.app_context():
        serials = db.session.scalars(select(Certificate.serial).order_by(Certificate.serial)).all()
    assert list(serials) == list(range(1, 10))


def test_control_without_the_lock_numbers_collide(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    if world.app.config["SQLALCHEMY_DATABASE_URI"].startswith("sqlite"):
        pytest.skip("SQLite has one writer, whose lock cannot be taken off")
    monkeypatch.setattr(service, "lock_node", unguarded.lock_nothing)
    monkeypatch.setattr(service, "_count", unguarded.count)
    results = _issue_at_once(world)
    assert any(isinstance(one, IntegrityError) for one in results)


def test_numbers_are_counted_per_unit_kind_and_year(world: World, hands: Hands) -> None:
    (person,) = make_people(world.app, 1)
    with world.app.app_context():
        numbers = [
            service.issue(CertificateKind.SERVICE, world.town, person.id, TEXT),
            service.issue(CertificateKind.SERVICE, world.other_town, person.id, TEXT),
            service.issue(CertificateKind.LEARNING, world.town, person.id, TEXT),
        ]
        hands.at(NINE + timedelta(days=300))
        numbers.append(service.issue(CertificateKind.SERVICE, world.town, person.id, TEXT))
    assert len(set(numbers)) == 4
    assert all(number.endswith("第000001号") for number in numbers)
    assert "〔2027〕" in numbers[3]


def test_the_sheet_is_read_back_with_its_fields(sqlite_world: World, hands: Hands) -> None:
    from pypdf import PdfReader

    person = _served(sqlite_world, hands)
    found = _issue(sqlite_world, person).get_json()
    client = sqlite_world.app.test_client()
    url = f"/api/v1/me/certificates/{quote(found['number'])}/pdf"
    answer = client.get(url, headers=person.headers)
    assert answer.mimetype == "application/pdf"
    pages = PdfReader(io.BytesIO(answer.get_data())).pages
    assert len(pages) == 1
    text = re.sub(r"[\s\x00]", "", pages[0].extract_text())
    wanted = (
        found["number"], "张三丰", "441*************1X", "2小时", "106分钟", "加盖出具单位公章后生效", found["code"],
        "桶边督导志愿服务", "连州市", "不收取任何费用",
    )  # fmt: skip
    for part in wanted:
        assert part in text, part
    assert len(pages[0].images) == 1, "the QR"
    assert len(answer.get_data()) < 200_000
    other = make_people(sqlite_world.app, 2)[1]
    assert client.get(url, headers=other.headers).status_code == 404
    listed = client.get("/api/v1/me/certificates", headers=person.headers).get_json()["items"]
    assert [item["number"] for item in listed] == [found["number"]]
    assert client.get("/api/v1/me/certificates", headers=other.headers).get_json()["items"] == []


def test_a_revoked_certificate_says_so(world: World, hands: Hands) -> None:
    person = _served(world, hands)
    found = _issue(world, person, org_id=world.town).get_json()
    with world.app.app_context():
        key = db.session.scalars(select(Certificate.id)).one()
        foreign = make_staff("foreignverifier", Role.VERIFIER, world.other_town)
        with pytest.raises(NotFound):
            service.revoke(foreign, key, "错")
        with pytest.raises(Forbidden):
            service.revoke(world.organiser, key, "错")
        service.revoke(world.verifier, key, "时长有误")
        with pytest.raises(Conflict, match="already_revoked"):
            service.revoke(world.verifier, key, "时长有误")
        assert len(service.listed(world.verifier.branches())["items"]) == 1
        assert service.listed(foreign.branches())["items"] == []
    client = world.app.test_client()
    url = f"/api/v1/certificates/{quote(found['number'])}"
    assert client.get(url, query_string={"code": found["code"]}).get_json()["state"] == "revoked"
    page = client.get(f"/verify/{quote(found['number'])}", query_string={"code": found["code"]})
    assert "已撤销" in page.get_data(as_text=True)
    assert _issue(world, person, org_id=world.town).status_code == 201, "made anew after the revocation"


def test_the_snapshot_is_sealed(world: World, hands: Hands) -> None:
    person = _served(world, hands)
    _issue(world, person)
    with world.app.app_context():
        raw = str(db.session.connection().exec_driver_sql("SELECT * FROM certificate").fetchall())
    assert "张三丰" not in raw
    assert "东门社区" not in raw


@pytest.mark.parametrize(("text", "masked"), [("张三", "张*"), ("欧阳娜娜", "欧***"), ("王", "王*"), ("", "")])
def test_masked_names(text: str, masked: str) -> None:
    assert masking.name(text) == masked


@pytest.mark.parametrize(("text", "masked"), [("44188219900101001X", "441*************1X"), ("E123", "***3"), ("", "")])
def test_masked_documents(text: str, masked: str) -> None:
    assert masking.document(text) == masked
