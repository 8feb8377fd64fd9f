"""Certificates by rule: fields, rounding named, the unit's seal, reissue, a group's as a zip made in the worker."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date, timedelta
from typing import Any
from urllib.parse import quote

import openpyxl
import pytest
from pypdf import PdfReader
from sqlalchemy import select

from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.certificates.models import Certificate
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, NotFound
from sorting_miniapp.hours import batch, exports, issuing, review
from sorting_miniapp.hours.models import ServiceRecord
from sorting_miniapp.jobs import running
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.jobs.models import Job, JobState
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node, NodeKind
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, Person, World, made_sheet, make_event, make_people
from tests.hours.helpers import make_group, make_member, register, serve, volunteer_of

FIRST, LAST = date(2026, 6, 1), date(2026, 6, 30)


def served(world: World, hands: Hands, count: int = 1, minutes: int = 106) -> list[Person]:
    """Volunteers of the town with so many minutes in force on the tenth of June; the clock stands at its end."""
    event, people = make_event(world), make_people(world.app, count)
    for number, person in enumerate(people):
        serve(world, hands, person, event, minutes)
        assert register(world, person, document=f"E123456{number}", org_id=world.town).status_code == 200
    hands.at(NINE + timedelta(days=30))
    return people


def text_of(data: bytes) -> str:
    return re.sub(r"[\s\x00]", "", "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages))


def sheet_of(world: World, person: Person, number: str) -> str:
    url = f"/api/v1/me/certificates/{quote(number)}/pdf"
    return text_of(world.app.test_client().get(url, headers=person.headers).get_data())


def test_a_certificate_has_identity_hours_content_unit_people_contact_number_and_date(
    world: World, hands: Hands
) -> None:
    (person,) = served(world, hands)
    with world.app.app_context():
        settings.write(world.town, "certificate_contact", "0763-6600000", "admin")
        settings.write(world.town, "certificate_head", "陈主任", "admin")
        number = issuing.issue_as_staff(world.verifier, volunteer_of(world, person), world.town, FIRST, LAST)
    text = sheet_of(world, person, number)
    wanted = (
        "张三丰", "护照", "E12***60", "LZ0000", "2小时（记录106分钟）", "2026年6月1日至2026年6月30日",
        "桶边督导志愿服务",
        "东门社区投放点", "星子镇", "陈主任", "verifier", "0763-6600000", number, "2026年7月10日",
    )  # fmt: skip
    for part in wanted:
        assert part in text, part
    assert "不超过15分钟不计，15至45分钟计半小时，45分钟以上计1小时" in text, "the rounding policy is named"
    assert "加盖出具单位公章后生效" in text
    assert "不收取任何费用" in text
    assert "E1234560" not in text


def test_staff_issue_inside_their_branch_only(world: World, hands: Hands) -> None:
    (person,) = served(world, hands)
    key = volunteer_of(world, person)
    with world.app.app_context():
        with pytest.raises(NotFound):
            issuing.issue_as_staff(world.foreigner, key, world.town, FIRST, LAST)
        with pytest.raises(NotFound):
            issuing.issue_as_staff(world.verifier, key, world.city, FIRST, LAST)
        number = issuing.issue_as_staff(world.verifier, key, world.town, FIRST, LAST)
        with pytest.raises(Conflict, match="certificate_exists"):
            issuing.issue_as_staff(world.second_verifier, key, world.town, FIRST, LAST)
        actions = db.session.execute(
            select(AuditEntry.actor, AuditEntry.object_id).where(AuditEntry.action == "certificate.issue")
        )
        assert [tuple(row) for row in actions] == [("verifier", number)]


def test_a_certificate_is_revoked_and_reissued_from_corrected_records(world: World, hands: Hands) -> None:
    (person,) = served(world, hands)
    with world.app.app_context():
        old = issuing.issue_as_staff(world.verifier, volunteer_of(world, person), world.town, FIRST, LAST)
        key = db.session.scalars(select(Certificate.id)).one()
        record = db.session.scalars(select(ServiceRecord.id)).one()
        review.settle(world.verifier, record, 60, "签到表显示 10 点离开")
        with pytest.raises(Forbidden):
            issuing.reissue(world.organiser, key, "时长有误")
        with pytest.raises(NotFound):
            issuing.reissue(world.foreigner, key, "时长有误")
        new = issuing.reissue(world.second_verifier, key, "时长有误")
        with pytest.raises(Conflict, match="already_replaced"):
            issuing.reissue(world.second_verifier, key, "再来一次")
        rows = db.session.scalars(select(Certificate).order_by(Certificate.id)).all()
        assert [row.replaces_id for row in rows] == [None, key]
        assert [row.revoked_at is None for row in rows] == [False, True]
        first, second = (certificates.issued(row) for row in rows)
        assert (first.text.hours, second.text.hours) == ("2", "1")
        assert (first.text.first_day, first.text.last_day) == (second.text.first_day, second.text.last_day)
        assert second.text.remarks == f"替换{old}"
    assert new != old
    assert "已撤销" in sheet_of(world, person, old)
    assert f"替换{old}" in sheet_of(world, person, new)


def test_the_lead_department_issues_over_everybodys_records_also_when_it_is_named(
    sqlite_world: World, hands: Hands
) -> None:
    world = sqlite_world
    (person,) = served(world, hands)
    with world.app.app_context():
        lead = orgs.add(world.city, "市住房和城乡建设局", NodeKind.DEPARTMENT, "test", key="lead").id
        other = orgs.add(world.city, "市总工会", NodeKind.DEPARTMENT, "test", key="union").id
        db.session.get_one(Node, lead).lead = True
        db.session.commit()
        key = volunteer_of(world, person)
        with pytest.raises(Conflict, match="no_hours") as refused:
            issuing.issue_as_staff(world.city_verifier, key, other, FIRST, LAST)
        assert "市总工会" in refused.value.message
        number = issuing.issue_as_staff(world.city_verifier, key, lead, FIRST, LAST)
        assert certificates.own(person.id, number).text.minutes == 106


def ask_batch(world: World, people: int, actor: Any = None) -> Job:
    with world.app.app_context():
        actor = actor or world.verifier
        public_id = batch.ask(actor, batch.Wish(world.town, people, FIRST, LAST))
        for job_id in running.waiting():
            running.run(job_id)
        db.session.rollback()  # SQLite: the job ended in a session of its own, after this one's snapshot
        job = jobs.get(actor, public_id)
        assert job.state is JobState.DONE, job.message
        return job


def parts(world: World, job: Job) -> dict[str, bytes]:
    with world.app.app_context():
        _, pieces = jobs.fetch(world.verifier, job.public_id)
        data = b"".join(pieces)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_groups_certificates_are_one_zip_made_in_the_worker(world: World, hands: Hands) -> None:
    people, group = served(world, hands, 3), make_group(world)
    idle = make_people(world.app, 4)[3]
    register(world, idle, document="E7654321", name="李四光", org_id=world.town)
    for person in (*people[:2], idle):
        make_member(world, group, person)
    found = parts(world, ask_batch(world, group))
    sheets = [data for name, data in found.items() if name.endswith(".pdf")]
    assert len(sheets) == 2, "who is not in the group, or has no hours, has none"
    assert all("2小时" in text_of(data) for data in sheets)
    lines = list(openpyxl.load_workbook(io.BytesIO(found["清单.xlsx"])).active.values)
    assert [(line[1], line[4]) for line in lines[1:]] == [
        ("张三丰", "新出具"), ("张三丰", "新出具"), ("李四光", "所选期间没有由星子镇记录、已生效的服务时长"),
    ]  # fmt: skip
    again = parts(world, ask_batch(world, group))
    assert len(again) == 3, "made twice, the same certificates are handed over"
    with world.app.app_context():
        assert len(db.session.scalars(select(Certificate.id)).all()) == 2
    whole = parts(world, ask_batch(world, world.town))
    assert len([name for name in whole if name.endswith(".pdf")]) == 3


def test_a_batch_stays_inside_the_actors_branch(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    served(world, hands)
    with world.app.app_context():
        for actor, issuer, people in (
            (world.verifier, world.city, world.town),
            (world.verifier, world.town, world.other_town),
            (world.foreigner, world.town, world.town),
        ):
            with pytest.raises(NotFound):
                batch.ask(actor, batch.Wish(issuer, people, FIRST, LAST))


def test_records_and_the_register_are_exported_masked(world: World, hands: Hands) -> None:
    (person,) = served(world, hands)
    with world.app.app_context():
        issuing.issue_as_staff(world.verifier, volunteer_of(world, person), world.town, FIRST, LAST)
        sheets = []
        for kind in ("records_export", "certificates_export"):
            asked = exports.ask(world.verifier, kind, world.town, FIRST, date(2026, 7, 10))
            sheets.append(made_sheet(world.verifier, asked))
    record, certificate = sheets[0][1], sheets[1][1]
    assert (len(sheets[0]), record[1], record[4], record[10], record[11]) == (2, "2026-06-10", "张**", 106, "已生效")
    assert (len(sheets[1]), certificate[2], certificate[5], certificate[10]) == (2, "张**", "2", "有效")
    with world.app.app_context(), pytest.raises(NotFound):
        exports.ask(world.verifier, "records_export", world.city, FIRST, LAST)


def test_volunteers_are_a_sheet_with_masked_identities(world: World, hands: Hands) -> None:
    (person, _) = served(world, hands, 2)
    group = make_group(world)
    make_member(world, group, person)
    with world.app.app_context():
        with pytest.raises(NotFound):
            exports.ask_volunteers(world.verifier, world.city)
        with pytest.raises(NotFound):
            exports.ask_volunteers(world.organiser, world.town)
        asked = exports.ask_volunteers(world.verifier, world.town)
        lines = made_sheet(world.verifier, asked)
    found = [dict(zip(lines[0], line, strict=True)) for line in lines[1:]]
    assert [(one["姓名"], one["累计时长（分钟）"]) for one in found] == [("张**", 106), ("张**", 106)]
    assert found[0]["志愿团体"]
    assert not found[1]["志愿团体"]
    assert "*" in found[0]["证件号码"]
    assert "E1234560" not in str(lines)


def test_the_pages_of_certificates(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    client = sign_in(world, "verifier")
    assert "还没有证明" in client.get("/console/certificates").text
    (person,) = served(world, hands)
    with world.app.app_context():
        row = volunteer_of(world, person)
    number = world.app.test_client().get("/api/v1/me/volunteer", headers=person.headers).get_json()["number"]
    assert f'value="{number}"' in client.get(f"/console/certificates/new?number={number}").text
    form = {"number": number, "issuer": str(world.town), "first": "2026-06-01", "last": "2026-06-30"}
    kept = post(client, "/console/certificates/new", 422, **form | {"last": "2026-05-01"})
    assert 'value="2026-05-01"' in kept
    post(client, "/console/certificates/new", **form)
    page = client.get("/console/certificates").text
    assert "重新出具" in page
    assert "张三丰" not in page
    with world.app.app_context():
        key = db.session.scalars(select(Certificate.id)).one()
    assert "请填写撤销原因" in post(client, f"/console/certificates/{key}/reissue", 422, reason="")
    post(client, f"/console/certificates/{key}/reissue", reason="地址有误")
    assert client.get("/console/certificates").text.count("重新出具</a>") == 2
    assert "/console/jobs" in post(client, "/console/certificates/batch", people=str(world.town), **form)
    for kind in ("records_export", "certificates_export"):
        assert "/console/jobs" in post(client, f"/console/exports/{kind}", unit=str(world.town), **form)
    assert post(client, "/console/exports/records_export", 422, unit=str(world.city), **form)
    assert row
