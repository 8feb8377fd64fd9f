"""Volunteer groups: asking to join, a leader's rights over the own group only, staff of the branch, a sheet."""

from __future__ import annotations

import html
import io
import re

import openpyxl
import pytest
from sqlalchemy import event, insert, select
from sqlalchemy.exc import DatabaseError

from sorting_miniapp import clock
from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.models import GroupMember, GroupState, VolunteerGroup
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, NotFound
from sorting_miniapp.imports import groups as groups_sheet
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import World, make_people, notices
from tests.hours.helpers import call, make_group, make_member, register


def test_units_are_listed_as_the_tree_was_written_not_by_the_digits_of_their_ids(sqlite_world: World) -> None:
    with sqlite_world.app.app_context():
        root = orgs.root()
        ids = [orgs.add(root.id, f"第{number}社区", NodeKind.COMMUNITY, "test").id for number in range(12)]
        assert sorted(map(str, ids)) != list(map(str, ids)), "digits and numbers have different orders here"
        below = orgs.add(ids[0], "第0小区", NodeKind.COMMUNITY, "test").id
        shown = [unit.id for unit in orgs.in_use([root.path]) if unit.id in {*ids, below}]
        assert shown == [ids[0], below, *ids[1:]]


def test_a_resident_asks_and_the_leader_decides(world: World) -> None:
    group, people = make_group(world), make_people(world.app, 4)
    leader, asking, other, stranger = people
    make_member(world, group, leader, leader=True)
    with world.app.app_context():
        assert (groups.is_leader(leader.id, group), groups.is_member(leader.id, group)) == (True, True)
        assert (groups.is_leader(asking.id, group), groups.is_member(asking.id, group)) == (False, False)
    made = call(world, "POST", f"groups/{group}/requests", asking)
    assert (made.status_code, made.get_json()) == (201, {"state": "requested"})
    assert call(world, "POST", f"groups/{group}/requests", asking).get_json() == {"state": "requested"}
    assert register(world, other, name="李四光").status_code == 200
    call(world, "POST", f"groups/{group}/requests", other)
    waiting = call(world, "GET", f"groups/{group}/requests", leader).get_json()["items"]
    assert [(row["name"], row["registered"]) for row in waiting] == [("未填昵称", False), ("李**", True)]
    decision = f"groups/{group}/requests/{{}}/decision"
    for person in (asking, stranger):
        refused = call(world, "POST", decision.format(waiting[0]["id"]), person, accept=True)
        assert (refused.status_code, refused.get_json()["code"]) == (404, "not_the_leader")
        assert call(world, "GET", f"groups/{group}/members", person).status_code == 404
    assert call(world, "POST", decision.format(waiting[0]["id"]), leader, accept=True).status_code == 204
    again = call(world, "POST", decision.format(waiting[0]["id"]), leader, accept=False)
    assert (again.status_code, again.get_json()["code"]) == (409, "request_answered")
    assert call(world, "POST", decision.format(waiting[1]["id"]), leader, accept=False).status_code == 204
    with world.app.app_context():
        assert [row.resident_id for row in groups.members(group)] == [leader.id, asking.id]
    assert notices(world.app, "result_ready") == [leader.id, asking.id, other.id]
    mine = call(world, "GET", "me/groups", asking).get_json()["items"]
    assert [(row["id"], row["state"], row["leader"]) for row in mine] == [(group, "member", False)]
    assert call(world, "GET", "me/groups", other).get_json()["items"] == []


def test_a_leader_has_rights_over_the_own_group_only(world: World) -> None:
    mine, theirs = make_group(world), make_group(world, "东陂镇志愿队", world.other_town)
    leader, member, asking = make_people(world.app, 3)
    make_member(world, mine, leader, leader=True)
    call(world, "POST", f"groups/{theirs}/requests", asking)
    with world.app.app_context():
        foreign = groups.requests(theirs)[0].id
    for group in (theirs, mine):
        answer = call(world, "POST", f"groups/{group}/requests/{foreign}/decision", leader, accept=True)
        assert answer.status_code == 404
    key = make_member(world, mine, member)
    assert call(world, "DELETE", f"groups/{mine}/members/{key}", member).status_code == 404
    assert call(world, "DELETE", f"groups/{mine}/members/{key}", leader).status_code == 204
    assert call(world, "DELETE", f"groups/{mine}/members/{key}", leader).status_code == 409


def test_leaving_asking_again_and_the_end_of_a_leader(world: World) -> None:
    group, (person,) = make_group(world), make_people(world.app, 1)
    assert call(world, "DELETE", f"me/groups/{group}", person).status_code == 404
    make_member(world, group, person, leader=True)
    assert call(world, "DELETE", f"me/groups/{group}", person).status_code == 204
    with world.app.app_context():
        assert not groups.is_leader(person.id, group)
        assert not groups.is_member(person.id, group)
    assert call(world, "POST", f"groups/{group}/requests", person).status_code == 201
    with world.app.app_context():
        assert db.session.scalars(select(GroupMember.state)).all() == [GroupState.REQUESTED]
        # MariaDB calls a violated CHECK an OperationalError.
        with pytest.raises(DatabaseError, match="leader"), transaction() as session:
            session.execute(
                insert(GroupMember).values(
                    public_id="x",
                    node_id=world.town,
                    resident_id=person.id,
                    state=GroupState.LEFT,
                    leader=True,
                    asked_at=clock.now(),
                    decided_by="",
                )
            )


def test_a_person_joins_a_bounded_number_of_groups(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(groups, "MOST_GROUPS", 2)
    (person,) = make_people(sqlite_world.app, 1)
    made = [make_group(sqlite_world, f"第{number}队") for number in range(3)]
    for group in made[:2]:
        assert call(sqlite_world, "POST", f"groups/{group}/requests", person).status_code == 201
    full = call(sqlite_world, "POST", f"groups/{made[2]}/requests", person)
    assert (full.status_code, full.get_json()["code"]) == (409, "too_many_groups")
    assert call(sqlite_world, "POST", f"groups/{sqlite_world.town}/requests", person).status_code == 404


def test_staff_manage_the_groups_of_their_branch(world: World) -> None:
    group, people = make_group(world), make_people(world.app, 2)
    key = make_member(world, group, people[0])
    with world.app.app_context():
        for act in (
            lambda: groups.appoint(world.foreigner, group, key, True),
            lambda: groups.describe(world.foreigner, group, "1", "", ""),
        ):
            with pytest.raises(NotFound):
                act()
        with pytest.raises(Forbidden):
            groups.appoint(world.verifier, group, key, True)
        groups.describe(world.organiser, group, "GD001", "李主任 13800000000", "桶边督导")
        other = orgs.add(world.town, "另一队", NodeKind.GROUP, "test").id
        with pytest.raises(Conflict, match="group_number"):
            groups.describe(world.organiser, other, "GD001", "", "")
        audited = select(AuditEntry.action).where(AuditEntry.action.like("group.%")).order_by(AuditEntry.id)
        actions = db.session.scalars(audited).all()
        assert actions == ["group.accept", "group.describe"]
        raw = str(db.session.connection().exec_driver_sql("SELECT * FROM volunteer_group").fetchall())
        assert "李主任" not in raw
        assert "李主任" not in str(db.session.connection().exec_driver_sql("SELECT * FROM audit_entry").fetchall())
    found = world.app.test_client().get("/api/v1/groups?q=GD001").get_json()["items"]
    assert [(row["id"], row["members"], row["org"]["name"]) for row in found] == [(group, 1, "星子镇")]
    assert "李主任" not in str(found)


def test_groups_are_listed_in_pages_by_one_statement(world: World) -> None:
    for number in range(25):
        make_group(world, f"第{number:02d}志愿队")
    client = world.app.test_client()
    first = client.get("/api/v1/groups").get_json()
    second = client.get(f"/api/v1/groups?cursor={first['next']}").get_json()
    assert (len(first["items"]), len(second["items"]), second["next"]) == (20, 5, None)
    assert len({row["id"] for row in first["items"] + second["items"]}) == 25
    assert [row["name"] for row in client.get("/api/v1/groups?q=第07").get_json()["items"]] == ["第07志愿队"]
    assert client.get("/api/v1/groups?q=%25").get_json()["items"] == []
    said: list[str] = []
    with world.app.app_context():
        listener = lambda *a: said.append(a[2])  # noqa: E731
        event.listen(db.engine, "before_cursor_execute", listener)
        groups.search()
        event.remove(db.engine, "before_cursor_execute", listener)
    assert sum(one.startswith("SELECT") for one in said) == 1, said


ROWS = (
    ("星子镇垃圾分类志愿队", "GD100", "星子镇", "李主任", "13800001111"),
    ("东陂中学志愿队", "", "东陂镇", "", ""),
)


def sheet(*rows: tuple[str, ...]) -> io.BytesIO:
    book = openpyxl.Workbook()
    for row in (groups_sheet.COLUMNS, *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def test_groups_come_in_from_a_sheet_after_a_dry_run(sqlite_world: World) -> None:
    world, url = sqlite_world, "/console/groups/import"
    client = sign_in(world, "admin")
    data = {"csrf_token": token(client.get(url).text)}
    wrong = client.post(url, data=data | {"file": (sheet(*ROWS, ("甲", "GD100", "星子镇", "", "")), "a.xlsx")}).text
    assert "编号与前面的行重复" in wrong
    assert "有误 1 行" in wrong
    assert 'name="rows"' not in wrong
    checked = client.post(url, data=data | {"file": (sheet(*ROWS), "a.xlsx")}).text
    assert "可导入 2 行" in checked
    assert "13800001111" not in checked.replace("&#34;", '"').split('name="rows"')[1].split("</form>")[1]
    with world.app.app_context():
        assert db.session.scalars(select(Node.id).where(Node.kind == NodeKind.GROUP)).all() == [], "a dry run"
    packed = html.unescape(re.findall(r'name="rows" value="([^"]*)"', checked)[0])
    post(client, f"{url}/run", rows=packed)
    with world.app.app_context():
        row = db.session.scalars(select(VolunteerGroup).where(VolunteerGroup.number == "GD100")).one()
        assert row.contact == "李主任 13800001111"
        assert len(db.session.scalars(select(Node).where(Node.kind == NodeKind.GROUP)).all()) == 2
    again = client.post(url, data=data | {"file": (sheet(*ROWS), "a.xlsx")}).text
    assert "没有变化 2 行" in again
    changed = (ROWS[0][0], "GD200", *ROWS[0][2:])
    assert "将更新 1 行" in client.post(url, data=data | {"file": (sheet(changed), "a.xlsx")}).text
    page = client.get("/console/groups").text
    assert "星子镇垃圾分类志愿队" in page
    town = sign_in(world, "town_admin")
    mine = town.post(url, data={"csrf_token": token(town.get(url).text), "file": (sheet(ROWS[1]), "a.xlsx")}).text
    assert "您管理的范围内没有“东陂镇”" in mine


def test_the_console_page_of_a_group(sqlite_world: World) -> None:
    world = sqlite_world
    empty = sign_in(world, "verifier").get("/console/groups").text
    assert "还没有志愿服务团体" in empty
    group, (person, second) = make_group(world), make_people(world.app, 2)
    for one in (person, second):
        call(world, "POST", f"groups/{group}/requests", one)
    client = sign_in(world, "organiser")
    assert "2 人待批准" in client.get("/console/groups?waiting=1").text
    with world.app.app_context():
        keys = [row.id for row in groups.requests(group)]
    url = f"/console/groups/{group}"
    post(client, f"{url}/members/{keys[0]}/accept")
    post(client, f"{url}/members/{keys[0]}/accept")
    assert "这个申请已经处理过了" in client.get(url).text
    post(client, f"{url}/members/{keys[0]}/lead")
    post(client, f"{url}/members/{keys[1]}/decline")
    page = client.get(url).text
    assert "负责人" in page
    assert "成员（1 人）" in page
    post(client, url, number="GD9", contact="李主任", about="说明")
    kept = post(client, url, 422, number="G" * 41, contact="李主任", about="没有丢")
    assert "没有丢" in kept
    post(client, f"{url}/members/{keys[0]}/remove")
    assert "成员（0 人）" in client.get(url).text
    assert sign_in(world, "foreigner").get(url).status_code == 404
    assert "设为负责人" not in sign_in(world, "verifier").get(url).text
