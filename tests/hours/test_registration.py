"""Registration: document and age checked, sealed and masked, consent by purpose, guardians, i志愿 numbers by sheet."""

from __future__ import annotations

import html
import io
import re
from datetime import date
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sorting_miniapp.accounts import consents, groups
from sorting_miniapp.accounts.models import Consent, Purpose, Resident
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.hours import identity, ivolunteer_numbers, volunteers
from sorting_miniapp.hours.models import DocumentKind, Volunteer
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import Person, World, make_person
from tests.hours.helpers import make_group, register

CARD = {"document_kind": "id_card"}


def card(first: str) -> str:
    """A number of 18 digits with its right check digit."""
    total = sum(int(d) * w for d, w in zip(first, identity.WEIGHTS, strict=True))
    return first + identity.CHECK[total % 11]


def test_personal_data_is_masked_sealed_and_registered_once_per_document(world: World) -> None:
    people = [make_person(world.app, name) for name in ("a1", "a2")]
    made = register(world, people[0], phone="13812345678", org_id=world.town, ivolunteer_number="GZ20260001").get_json()
    assert (made["name"], made["document"], made["phone"]) == ("张**", "441*************1X", "138****5678")
    assert (made["ivolunteer_number"], made["birth_year"]) == ("GZ2*****01", 1990)
    assert made["number"].startswith("LZ")
    assert (made["minutes"], made["stars"], made["org"]["name"]) == (0, 0, "星子镇")
    twin = register(world, people[1])
    assert (twin.status_code, twin.get_json()["code"]) == (409, "document_registered")
    twin = register(world, people[1], document="E7654321", ivolunteer_number="GZ20260001")
    assert (twin.status_code, twin.get_json()["code"]) == (409, "ivolunteer_registered")
    changed = register(world, people[0], document="e1234 5678").get_json()
    assert changed["number"] == made["number"]
    with world.app.app_context():
        raw = str(db.session.connection().exec_driver_sql("SELECT * FROM volunteer").fetchall())
    for secret in ("张三丰", "E12345678", "13812345678", "44188219900101001X", "1990-01-01", "GZ20260001"):
        assert secret not in raw
    assert world.app.test_client().get("/api/v1/me/volunteer", headers=people[1].headers).status_code == 404


def test_community_skills_and_groups_come_with_the_registration(world: World) -> None:
    person, group = make_person(world.app, "a"), make_group(world)
    made = register(world, person, community_id=world.town, skills=["photo", "dialect"], group_ids=[group]).get_json()
    assert (made["org"]["id"], made["skills"]) == (world.town, ["photo", "dialect"])
    me = world.app.test_client().get("/api/v1/me", headers=person.headers).get_json()
    assert me["community"]["id"] == world.town
    with world.app.app_context():
        assert [row.resident_id for row in groups.requests(group)] == [person.id]
    assert register(world, person, skills=["flying"]).status_code == 422
    unknown = register(world, person, group_ids=[world.town])
    assert (unknown.status_code, unknown.get_json()["code"]) == (404, "group_not_found")


def test_a_phone_number_by_wechat_goes_before_a_typed_one(world: World) -> None:
    person = make_person(world.app, "a")
    typed = register(world, person, phone="13811110000").get_json()
    assert (typed["phone"], typed["phone_verified"]) == ("138****0000", False)
    with world.app.app_context(), transaction() as session:
        session.get_one(Resident, person.id).phone = "13922223333"
    found = register(world, person, phone="13811110000").get_json()
    assert (found["phone"], found["phone_verified"]) == ("139****3333", True)


def test_registration_needs_the_consent_text_in_force(world: World) -> None:
    person = make_person(world.app, "a")
    answer = register(world, person, consent_version="2019-01")
    assert (answer.status_code, answer.get_json()["code"]) == (409, "consent_outdated")
    with world.app.app_context():
        assert db.session.scalars(select(Volunteer.id)).all() == []


@pytest.mark.parametrize(
    ("kind", "number", "fits"),
    [
        ("id_card", card("44188219900101001"), True),
        ("id_card", "441882199001010011", False),
        ("id_card", card("44188219901301001"), False),
        ("hk_macau", "H12345678", True),
        ("hk_macau", "H1234567", False),
        ("hk_macau", card("81000019900101001"), True),
        ("hk_macau", card("81000019900101001")[:17] + "#", False),
        ("taiwan", "12345678", True),
        ("taiwan", card("83000019900101001"), True),
        ("taiwan", "A2345678", False),
        ("passport", "E12345678", True),
        ("passport", "E1", False),
        ("other", "军官-1234", False),
        ("other", "J-1234", True),
    ],
)
def test_documents_are_checked_by_kind(kind: str, number: str, fits: bool) -> None:
    assert identity.check_document(DocumentKind(kind), number)[0] is fits


@given(st.dates(date(1900, 1, 1), date(2026, 1, 1)), st.integers(0, 999), st.integers(0, 17), st.integers(1, 9))
def test_one_changed_digit_of_an_identity_number_is_seen(birth: date, serial: int, place: int, by: int) -> None:
    number = card(f"441882{birth:%Y%m%d}{serial:03d}")
    assert identity.id_card_birth(number) == birth
    digit = "10" if number[place] == "X" else number[place]
    changed = number[:place] + str((int(digit) + by) % 10) + number[place + 1 :]
    assert identity.id_card_birth(changed) is None


def test_minors_register_with_a_guardian_and_under_14_through_the_guardians_account(world: World) -> None:
    person = make_person(world.app, "minor")
    young, child = card("44188220110601001"), card("44188220150601001")
    refused = register(world, person, document=young, birth_date="2011-06-01", **CARD)
    assert refused.get_json()["code"] == "guardian_consent_needed"
    refused = register(world, person, document=young, birth_date="2011-06-01", guardian_consent=True, **CARD)
    assert refused.get_json()["code"] == "guardian_name"
    guardian = {"guardian_consent": True, "guardian_name": "张父", "guardian_phone": "13900001111"}
    made = register(world, person, document=young, birth_date="2011-06-01", **CARD, **guardian)
    assert (made.status_code, made.get_json()["guardian"]) == (200, "张*")
    with world.app.app_context():
        assert volunteers.ages_on([person.id, person.id + 1000], date(2026, 5, 31)) == {person.id: 14}
        assert volunteers.ages_on([person.id], date(2026, 6, 1)) == {person.id: 15}
    own = register(world, make_person(world.app, "child"), document=child, birth_date="2015-06-01", **CARD, **guardian)
    assert (own.status_code, own.get_json()["code"]) == (422, "guardian_account_needed")


def test_the_birth_date_must_fit_the_document_and_be_known(world: World) -> None:
    person, number = make_person(world.app, "a"), card("44188219900101001")
    assert register(world, person, document=number, birth_date="1991-01-01", **CARD).get_json()["code"] == "document"
    assert register(world, person, birth_date="2999-01-01").get_json()["code"] == "birth_date"
    body = {"name": "张三", "document_kind": "passport", "document": "E123456", "consent_version": "2026-01"}
    client = world.app.test_client()
    assert client.put("/api/v1/me/volunteer", json=body, headers=person.headers).get_json()["code"] == "birth_date"
    body |= {"document": number, "document_kind": "id_card"}
    assert client.put("/api/v1/me/volunteer", json=body, headers=person.headers).status_code == 200


def consent(world: World, person: Person, purpose: str, **body: Any) -> Any:
    return world.app.test_client().put(f"/api/v1/me/consents/{purpose}", json=body, headers=person.headers)


def test_each_purpose_is_agreed_to_and_withdrawn_by_itself(world: World) -> None:
    person, client = make_person(world.app, "a"), world.app.test_client()
    texts = {row["key"]: row for row in client.get("/api/v1/consents").get_json()["items"]}
    assert {purpose.value for purpose in Purpose} < set(texts)
    assert consent(world, person, "photos", given=True).status_code == 422
    assert consent(world, person, "photos", given=True, version="1999").get_json()["code"] == "consent_outdated"
    assert consent(world, person, "sell_my_data", given=True, version="2026-01").status_code == 404
    version = texts["photos"]["version"]
    for _ in range(2):
        assert consent(world, person, "photos", given=True, version=version).status_code == 200
    state = {
        row["purpose"]: row["given"]
        for row in consent(world, person, "photos", given=True, version=version).json["items"]
    }
    assert state == {purpose.value: purpose is Purpose.PHOTOS for purpose in Purpose}
    with world.app.app_context():
        assert consents.has(person.id, Purpose.PHOTOS)
        assert not consents.has(person.id, Purpose.HAND_TO_IVOLUNTEER)
        assert consents.holders([person.id, person.id + 1], Purpose.PHOTOS) == {person.id}
    assert consent(world, person, "photos", given=False).status_code == 200
    assert consent(world, person, "photos", given=True, version=version).status_code == 200
    with world.app.app_context():
        rows = db.session.scalars(select(Consent).order_by(Consent.id)).all()
        assert [(row.live, row.withdrawn_at is None) for row in rows] == [(None, False), (1, True)], "kept for proof"


def test_a_changed_text_needs_a_new_version(sqlite_world: World, tmp_path: Any) -> None:
    from tests.events.helpers import CONTENT

    text = (CONTENT / "consents.yaml").read_text("utf-8")
    with sqlite_world.app.app_context():
        (tmp_path / "consents.yaml").write_text(text.replace("我可以随时撤回", "我不可以撤回"), "utf-8")
        with pytest.raises(Invalid, match="consent_version"):
            consents.load(tmp_path)
        (tmp_path / "consents.yaml").write_text(text.replace('version: "2026-01"', 'version: "2026-02"'), "utf-8")
        assert consents.load(tmp_path)["added"] == text.count("- key:")
        with pytest.raises(Conflict):
            consents.check_version(Purpose.PHOTOS.value, "2026-01")
        consents.check_version(Purpose.PHOTOS.value, "2026-02")
        assert consents.check(CONTENT) == []


def numbers_sheet(*rows: tuple[str, ...]) -> io.BytesIO:
    book = openpyxl.Workbook()
    for row in (ivolunteer_numbers.COLUMNS, *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def test_ivolunteer_numbers_come_by_document_or_phone_after_a_dry_run(sqlite_world: World) -> None:
    world, url = sqlite_world, "/console/volunteers/numbers"
    people = [make_person(world.app, name) for name in ("a", "b", "c")]
    register(world, people[0], document="E1234567", org_id=world.town)
    register(world, people[1], document="E7654321", name="李四光", phone="13800002222", org_id=world.town)
    register(world, people[2], document="E9999999", name="王五", org_id=world.other_town)
    client = sign_in(world, "verifier")
    data = {"csrf_token": token(client.get(url).text)}
    rows = (
        ("张三丰", "e1234567", "", "GZ0001"),
        ("李四光", "", "13800002222", "GZ0002"),
        ("李四", "E7654321", "", "GZ0003"),
        ("王五", "E9999999", "", "GZ0004"),
        ("张三丰", "E1234567", "", "GZ0005"),
        ("张三丰", "", "", "GZ0006"),
        ("张三丰", "E1234567", "", "编号"),
    )
    seen = client.post(url, data=data | {"file": (numbers_sheet(*rows), "a.xlsx")}).text
    for problem in ("姓名与登记的不一致", "没有登记这个人", "与前面的行重复", "至少填一项", "数字或字母"):
        assert problem in seen
    assert "有误 5 行" in seen
    assert "李四光" not in seen
    checked = client.post(url, data=data | {"file": (numbers_sheet(*rows[:2]), "a.xlsx")}).text
    packed = html.unescape(re.findall(r'name="rows" value="([^"]*)"', checked)[0])
    post(client, f"{url}/run", rows=packed)
    with world.app.app_context():
        found = db.session.scalars(select(Volunteer).order_by(Volunteer.id)).all()
        assert [row.ivolunteer_number for row in found] == ["GZ0001", "GZ0002", None]
        assert len(db.session.scalars(select(AuditEntry).where(AuditEntry.action == "volunteer.number")).all()) == 2
    taken = client.post(url, data=data | {"file": (numbers_sheet((*rows[1][:3], "GZ0001")), "a.xlsx")}).text
    assert "已属于另一位志愿者" in taken
    assert "没有变化 2 行" in client.post(url, data=data | {"file": (numbers_sheet(*rows[:2]), "a.xlsx")}).text


def test_volunteers_are_listed_masked_inside_the_branch_and_shown_for_a_reason(sqlite_world: World) -> None:
    world = sqlite_world
    assert "还没有人登记为志愿者" in sign_in(world, "verifier").get("/console/volunteers").text
    people = [make_person(world.app, name) for name in ("a", "b")]
    number = register(world, people[0], document="E1234567", org_id=world.town, phone="13800002222").json["number"]
    register(world, people[1], document="E9999999", name="王五", org_id=world.other_town)
    client = sign_in(world, "verifier")
    page = client.get("/console/volunteers").text
    assert (number in page, "张**" in page, "张三丰" in page, "王*" in page) == (True, True, False, False)
    for words in ("E1234567", "13800002222", number, "星子"):
        assert number in client.get(f"/console/volunteers?q={words}").text
    assert "没有找到" in client.get("/console/volunteers?q=张三丰").text
    with world.app.app_context():
        keys = db.session.scalars(select(Volunteer.id).order_by(Volunteer.id)).all()
    url = f"/console/volunteers/{keys[0]}"
    assert "13800002222" not in client.get(url).text
    assert "请填写查看的原因" in post(client, url, 422, reason="")
    assert "13800002222" in post(client, url, 200, reason="核对i志愿")
    with world.app.app_context():
        row = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "volunteer.reveal")).one()
        assert row.after == {"reason": "核对i志愿"}
    assert client.get(f"/console/volunteers/{keys[1]}").status_code == 404
