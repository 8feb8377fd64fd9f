"""i志愿 has no public API: a sheet in the clerk's order, a flag on each record, totals compared."""

from __future__ import annotations

import io
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import select

from sorting_miniapp.accounts import consents
from sorting_miniapp.accounts.models import Purpose
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, NotFound
from sorting_miniapp.hours import ivolunteer, review, sheet_ivolunteer
from sorting_miniapp.hours.models import ServiceRecord
from sorting_miniapp.imports.sheet import Action
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs.models import Node
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import NINE, Hands, Person, World, made_sheet, make_event, make_people, scan, sign_up
from tests.hours.helpers import register, serve


def make_served(world: World, hands: Hands) -> list[Person]:
    """Four with an hour each: one may be handed over, one has not agreed, one has no number there, one is nobody."""
    event, people = make_event(world), make_people(world.app, 4)
    for number, person in enumerate(people):
        serve(world, hands, person, event, 60)
        more = {} if number == 2 else {"ivolunteer_number": f"GZ000{number}"}
        if number < 3:
            register(world, person, document=f"E123456{number}", org_id=world.town, **more)
    with world.app.app_context():
        for person in (people[0], people[2]):
            consents.give(person.id, Purpose.HAND_TO_IVOLUNTEER, "2026-01")
    hands.at(NINE + timedelta(days=30))
    return people


def keys(world: World) -> list[int]:
    return list(db.session.scalars(select(ServiceRecord.id).order_by(ServiceRecord.id)))


def test_the_sheet_holds_only_who_agreed_in_the_clerks_order(world: World, hands: Hands) -> None:
    make_served(world, hands)
    with world.app.app_context():
        town = db.session.get_one(Node, world.town)
        asked = jobs.ask(world.verifier, ivolunteer.KIND, town, {}, "录入表")
        lines = made_sheet(world.verifier, asked)
        assert lines[0] == ivolunteer.COLUMNS
        assert len(lines) == 2
        row = dict(zip(lines[0], lines[1], strict=True))
        assert (row["i志愿编号"], row["姓名"], row["证件号码"]) == ("GZ0000", "张三丰", "E1234560")
        assert (row["时长（小时）"], row["时长（分钟）"], row["录入方式"]) == ("1", 60, "新录入")
        audited = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "hours.export")).one()
        assert audited.after == {"count": 1, "left_out": 3}
        page = ivolunteer.listed(world.verifier.branches(), entered=False)["items"]
        assert [ivolunteer.obstacle(row) for row in page] == [
            "", "本人没有同意提供给i志愿", "没有i志愿编号", "未登记为志愿者",
        ]  # fmt: skip
        assert ivolunteer.listed(world.foreigner.branches(), entered=False)["items"] == []


def test_a_flag_on_each_record_says_entered_and_a_later_correction_shows(world: World, hands: Hands) -> None:
    make_served(world, hands)
    with world.app.app_context():
        first, second = keys(world)[:2]
        ivolunteer.mark(world.verifier, first, True)
        with pytest.raises(Conflict, match="not_to_hand_over"):
            ivolunteer.mark(world.verifier, second, True)
        with pytest.raises(NotFound):
            ivolunteer.mark(world.foreigner, first, True)
        with pytest.raises(Forbidden):
            ivolunteer.mark(world.organiser, first, True)
        branches = world.verifier.branches()
        assert [row.ServiceRecord.id for row in ivolunteer.listed(branches, entered=True)["items"]] == [first]
        assert first not in [row.ServiceRecord.id for row in ivolunteer.listed(branches, entered=False)["items"]]
        review.settle(world.verifier, first, 45, "早退")
        row = ivolunteer.listed(branches, entered=False)["items"][0]
        assert (row.ServiceRecord.id, ivolunteer.way(row.ServiceRecord)) == (first, "更正（原录入 60 分钟）")
        ivolunteer.mark(world.verifier, first, True)
        review.void(world.second_verifier, first, "查无此事")
        row = ivolunteer.listed(branches, entered=False)["items"][0]
        assert ivolunteer.way(row.ServiceRecord) == "删除（原录入 45 分钟）"
        ivolunteer.mark(world.verifier, first, True)
        assert first not in [row.ServiceRecord.id for row in ivolunteer.listed(branches, entered=False)["items"]]
        ivolunteer.mark(world.verifier, first, False)
        assert db.session.get_one(ServiceRecord, first).ivolunteer_minutes is None


def test_the_clerks_sheet_comes_back_and_flags_its_rows(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    make_served(world, hands)
    with world.app.app_context():
        data, count, left_out = ivolunteer.sheet(db.session.get_one(Node, world.town).path)
        assert (count, left_out) == (1, 3)
        rows = sheet_ivolunteer.ENTERED.rows_of(data)
        outcomes = sheet_ivolunteer.ENTERED.plan([*rows, Row(3, ("nobody",))], world.verifier)
        assert [outcome.action for outcome in outcomes] == [Action.ADD, Action.WRONG]
        assert sheet_ivolunteer.run_entered(rows, world.verifier) == "已标记 1 条为已录入i志愿"
        assert sheet_ivolunteer.ENTERED.plan(rows, world.verifier)[0].action is Action.SAME
        assert sheet_ivolunteer.ENTERED.plan(rows, world.foreigner)[0].action is Action.WRONG


def test_the_totals_of_both_sides_are_compared_and_differences_listed(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    people = make_served(world, hands)
    with world.app.app_context():
        consents.give(people[1].id, Purpose.HAND_TO_IVOLUNTEER, "2026-01")
        for key in keys(world)[:2]:
            ivolunteer.mark(world.verifier, key, True)
        rows = [Row(2, ("GZ0000", "张三丰", "1.5")), Row(3, ("GZ0009", "王五", "2")), Row(4, ("GZ0001", "张三丰", "x"))]
        compared = sheet_ivolunteer.compare(rows, world.verifier)
        assert [outcome.action for outcome in compared] == [Action.CHANGE, Action.CHANGE, Action.WRONG]
        assert compared[0].note == "我方已录入 1小时，i志愿多 30分钟"
        same = sheet_ivolunteer.compare([Row(2, ("GZ0000", "张三丰", "1"))], world.verifier)
        assert [outcome.action for outcome in same] == [Action.SAME, Action.CHANGE]
        assert same[1].note == "i志愿的表里没有这个人，我方已录入 1小时"
        assert "张三丰" not in str([outcome.cells for outcome in compared])
    client = sign_in(world, "verifier")
    book = openpyxl.Workbook()
    for row in (sheet_ivolunteer.TOTALS, ("GZ0000", "张三丰", 1), ("GZ0001", "张三丰", 0.5)):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    url = "/console/ivolunteer/totals"
    form = {"csrf_token": token(client.get(url).text), "file": (out, "totals.xlsx")}
    page = client.post(url, data=form).text
    assert "一致 1 行，不一致 1 行" in page
    assert 'name="rows"' not in page, "nothing to import"


def test_the_page_for_entering(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    client = sign_in(world, "verifier")
    assert "没有待录入的记录" in client.get("/console/ivolunteer").text
    make_served(world, hands)
    page = client.get("/console/ivolunteer").text
    assert page.count("disabled") == 3
    with world.app.app_context():
        first, second = keys(world)[:2]
    assert "请选择" in post(client, "/console/ivolunteer", 422, mark="entered")
    post(client, "/console/ivolunteer", mark="entered", record=str(first))
    assert "本人没有同意提供给i志愿" in post(client, "/console/ivolunteer", 200, mark="entered", record=str(second))
    assert "1小时" in client.get("/console/ivolunteer?entered=1").text
    post(client, "/console/ivolunteer?entered=1", mark="not_entered", record=str(first))
    assert "还没有标记为已录入的记录" in client.get("/console/ivolunteer?entered=1").text
    assert "/console/jobs" in post(client, "/console/ivolunteer/sheet", unit=str(world.town))
    assert sign_in(world, "organiser").get("/console/ivolunteer").status_code == 403


def test_at_most_three_pairs_a_day_at_one_event(sqlite_world: World, hands: Hands) -> None:
    """i志愿 takes no more, so neither do we."""
    event, (person,) = make_event(sqlite_world), make_people(sqlite_world.app, 1)
    client = sqlite_world.app.test_client()
    sign_up(client, person, event)
    codes = []
    for number in range(7):
        hands.at(NINE + timedelta(minutes=10 * number))
        codes.append(scan(client, person, event).get_json().get("code"))
    assert codes == [None] * 6 + ["too_many_pairs"]
    with sqlite_world.app.app_context():
        assert list(db.session.scalars(select(ServiceRecord.minutes))) == [10, 10, 10]
