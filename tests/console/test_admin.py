"""The administrator's pages: units, communities from a sheet, staff and their passwords, rules, the audit trail."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from sorting_miniapp.accounts.models import Staff, StaffRole
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import World


@pytest.fixture
def admin(sqlite_world: World) -> FlaskClient:
    return sign_in(sqlite_world, "admin")


def sheet(*rows: tuple[str, str]) -> io.BytesIO:
    book = openpyxl.Workbook()
    for row in (("镇（乡）", "社区（村）名称"), *rows):
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    out.seek(0)
    return out


def test_every_page_of_the_administrator_opens(admin: FlaskClient) -> None:
    for url in ("", "orgs", "orgs/import", "staff", "staff/new", "settings", "audit", "password"):
        answer = admin.get(f"/console/{url}")
        assert answer.status_code == 200, url
        assert "<h1>" in answer.text


def test_a_unit_is_added_renamed_closed_and_written_down(sqlite_world: World, admin: FlaskClient) -> None:
    town = sqlite_world.town
    assert "名称须为" in post(admin, f"/console/orgs/new?parent={town}", 422, kind="community", name="")
    post(admin, f"/console/orgs/new?parent={town}", kind="community", name="东门社区")
    with sqlite_world.app.app_context():
        node = db.session.scalars(select(Node).where(Node.name == "东门社区")).one()
    assert "已有同名单位" in post(admin, f"/console/orgs/new?parent={town}", 422, kind="community", name="东门社区")
    post(admin, f"/console/orgs/{node.id}", name="东门社区居委会")
    post(admin, f"/console/orgs/{node.id}/state", active="0")
    with sqlite_world.app.app_context():
        node = db.session.get_one(Node, node.id)
        assert (node.name, node.active) == ("东门社区居委会", False)
        actions = db.session.scalars(
            select(AuditEntry.action)
            .where(AuditEntry.object_id == str(node.id), AuditEntry.object_type == "node")
            .order_by(AuditEntry.id)
        ).all()
    assert actions == ["node.add", "node.change", "node.change"]
    page = admin.get(f"/console/audit?object_type=node&object_id={node.id}").text
    assert "东门社区居委会" in page


def test_communities_come_in_from_a_sheet_all_or_none(sqlite_world: World, admin: FlaskClient) -> None:
    with sqlite_world.app.app_context():
        name = db.session.get_one(Node, sqlite_world.town).name
    data = {"csrf_token": token(admin.get("/console/orgs/import").text)}
    wrong = admin.post("/console/orgs/import", data=data | {"file": (sheet((name, "甲"), ("无此镇", "乙")), "a.xlsx")})
    assert "您管理的范围内没有“无此镇”" in wrong.text
    broken = admin.post("/console/orgs/import", data=data | {"file": (io.BytesIO(b"no sheet"), "a.xlsx")})
    assert broken.status_code == 422
    good = admin.post("/console/orgs/import", data=data | {"file": (sheet((name, "甲"), (name, "乙")), "a.xlsx")})
    rows = re.search(r'name="rows" value="([^"]+)"', good.text)
    assert rows
    packed = rows[1].replace("&#34;", '"').replace("&quot;", '"')
    post(admin, "/console/orgs/import/run", rows=packed)
    post(admin, "/console/orgs/import/run", rows=packed)
    with sqlite_world.app.app_context():
        found = db.session.scalars(select(Node.name).where(Node.parent_id == sqlite_world.town)).all()
    assert sorted(found) == ["乙", "甲"], "the second import adds nothing"
    post(admin, "/console/orgs/import/run", 400, rows="[1]")


def test_an_account_is_opened_gets_a_role_and_a_new_password(sqlite_world: World, admin: FlaskClient) -> None:
    form = {"username": "xiaochen", "name": "小陈", "node": sqlite_world.town, "role": "editor:0"}
    page = post(admin, "/console/staff/new", 200, **form)
    shown = re.search(r"\b([a-z2-9]{5}-[a-z2-9]{5}-[a-z2-9]{5})\b", page)
    assert shown, "the password is shown once"
    assert "422" not in post(admin, "/console/staff/new", 422, **form)
    person = sign_in(sqlite_world, "xiaochen", shown[1])
    assert person.get("/console/staff").status_code == 403
    with sqlite_world.app.app_context():
        staff_id = db.session.scalars(select(Staff.id).where(Staff.username == "xiaochen")).one()
    post(admin, f"/console/staff/{staff_id}/roles", node=sqlite_world.city, role="reviewer:2")
    assert person.get("/console/").status_code == 302, "a change of roles ends the session"
    with sqlite_world.app.app_context():
        levels = db.session.scalars(select(StaffRole.level).where(StaffRole.staff_id == staff_id)).all()
    assert sorted(levels) == [0, 2]
    new = re.search(
        r"\b([a-z2-9]{5}-[a-z2-9]{5}-[a-z2-9]{5})\b", post(admin, f"/console/staff/{staff_id}/password", 200)
    )
    assert new
    assert new[1] != shown[1]
    person = sign_in(sqlite_world, "xiaochen", new[1])
    assert "现在的密码不对" in post(
        person, "/console/password", 422, old="wrong", new="a long new password", again="a long new password"
    )
    assert "不一样" in post(person, "/console/password", 422, old=new[1], new="a long new password", again="another")
    post(person, "/console/password", old=new[1], new="a long new password", again="a long new password")
    sign_in(sqlite_world, "xiaochen", "a long new password")


def test_a_rule_is_set_at_a_town_and_taken_back(sqlite_world: World, admin: FlaskClient) -> None:
    town = sqlite_world.town
    with sqlite_world.app.app_context():
        path = db.session.get_one(Node, town).path
    post(admin, f"/console/settings/{town}/offer_minutes", value="30")
    with sqlite_world.app.app_context():
        assert settings.read("offer_minutes", path) == 30
        assert settings.read("offer_minutes") == 120
    assert "须为 5 到 1440 的整数" in post(admin, f"/console/settings/{town}/offer_minutes", 422, value="0")
    post(admin, f"/console/settings/{town}/offer_minutes/inherit")
    with sqlite_world.app.app_context():
        assert settings.read("offer_minutes", path) == 120


def test_a_town_administrator_sees_only_the_own_town(sqlite_world: World) -> None:
    client = sign_in(sqlite_world, "town_admin")
    assert client.get(f"/console/orgs/{sqlite_world.town}").status_code == 200
    assert client.get(f"/console/orgs/{sqlite_world.other_town}").status_code == 404
    assert client.get(f"/console/settings?node={sqlite_world.other_town}").status_code == 404
    post(client, f"/console/settings/{sqlite_world.other_town}/offer_minutes", 404, value="30")
    page = post(client, "/console/staff/new", 422, username="x1234", name="x", node=sqlite_world.city, role="admin:0")
    assert "没有找到" in page
