"""Staff on the phone: a one-time code binds the own WeChat, an organiser then takes attendance in the mini-program."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.accounts import binding
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.accounts.models_binding import BindingKind, StaffBinding
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events.models import CheckIn
from sorting_miniapp.wechat.events import Event
from sorting_miniapp.wechat.models import Follower
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, Person, World, at_once, make_event, make_people, make_person, sign_up


def bind(world: World, person: Person, actor: StaffActor) -> Any:
    with world.app.app_context():
        code, _ = binding.new_code(actor)
    return world.app.test_client().post("/api/v1/me/staff-binding", json={"code": code}, headers=person.headers)


def test_a_code_binds_once_and_for_ten_minutes(sqlite_world: World) -> None:
    world = sqlite_world
    first, second = make_people(world.app, 2)
    client = world.app.test_client()
    with world.app.app_context():
        old, _ = binding.new_code(world.organiser)
        code, ends = binding.new_code(world.organiser)
        assert timedelta(minutes=9) < ends - clock.wall_now() <= timedelta(minutes=10)
    url = "/api/v1/me/staff-binding"
    assert client.post(url, json={"code": old}, headers=first.headers).json["code"] == "bind_code"
    with time_machine.travel(ends + timedelta(seconds=1)):
        assert client.post(url, json={"code": code}, headers=first.headers).json["code"] == "bind_code"
    typed = code.replace("-", "").upper()
    assert client.post(url, json={"code": typed}, headers=first.headers).status_code == 201
    assert client.post(url, json={"code": code}, headers=second.headers).json["code"] == "bind_code"
    assert client.get(url, headers=first.headers).json["name"] == "organiser"
    assert client.get(url, headers=second.headers).json == {"name": None, "bound_at": None}
    assert client.delete(url, headers=first.headers).status_code == 204
    assert client.delete(url, headers=first.headers).status_code == 404
    with world.app.app_context():
        told = select(AuditEntry.action).where(AuditEntry.action.endswith("_wechat")).order_by(AuditEntry.id)
        assert list(db.session.scalars(told)) == ["staff.bind_wechat", "staff.unbind_wechat"]
        assert not db.session.scalar(select(AuditEntry.id).where(AuditEntry.after.contains(typed.lower())))


def test_of_two_who_show_a_code_at_once_one_is_bound(world: World) -> None:
    people = make_people(world.app, 2)
    with world.app.app_context():
        code, _ = binding.new_code(world.organiser)

    def show(person: Person) -> int:
        client = world.app.test_client()
        return client.post("/api/v1/me/staff-binding", json={"code": code}, headers=person.headers).status_code

    found = at_once([lambda person=person: show(person) for person in people])  # type: ignore[misc]
    assert sorted(found) == [201, 422]


def test_an_account_belongs_to_one_member_of_staff_and_a_new_one_takes_the_place_of_the_old(world: World) -> None:
    first, second = make_people(world.app, 2)
    assert bind(world, first, world.organiser).status_code == 201
    assert bind(world, first, world.verifier).json["code"] == "account_bound"
    assert bind(world, second, world.organiser).status_code == 201
    with world.app.app_context():
        assert binding.of_resident(first.id) is None
        rows = select(StaffBinding.resident_id, StaffBinding.live).order_by(StaffBinding.id)
        assert [tuple(row) for row in db.session.execute(rows)] == [(first.id, None), (second.id, 1)]


def test_an_organiser_takes_attendance_on_the_phone_in_their_own_name(world: World, hands: Hands) -> None:
    phone, guest = make_people(world.app, 2)
    client, event = world.app.test_client(), make_event(world)
    made = sign_up(client, guest, event).json["id"]
    bind(world, phone, world.organiser)
    hands.at(NINE)
    (duty,) = client.get("/api/v1/me/duties", headers=phone.headers).json["items"]
    assert (duty["shift_id"], duty["whole_shift"]) == (event.shift_id, True)
    code = client.get(f"/api/v1/signups/{made}/code", headers=guest.headers).json["digits"]
    url = f"/api/v1/shifts/{event.shift_id}/checkins"
    assert client.post(url, json={"token": code}, headers=phone.headers).json["action"] == "in"
    hands.at(NINE + timedelta(hours=1))
    url = f"/api/v1/shifts/{event.shift_id}/signups/{made}/checkins"
    left = client.post(url, json={"action": "out", "reason": "手机没电"}, headers=phone.headers)
    assert left.json["minutes"] == 60
    with world.app.app_context():
        pair = db.session.scalars(select(CheckIn)).one()
        assert (pair.in_by, pair.out_by, pair.in_leader) == (world.organiser.id, world.organiser.id, None)
        acts = select(AuditEntry.actor, AuditEntry.action).where(AuditEntry.object_type == "sign_up")
        assert [tuple(row) for row in db.session.execute(acts.order_by(AuditEntry.id))] == [
            ("organiser", "event.check_in"), ("organiser", "event.check_out")
        ]  # fmt: skip


def test_other_branches_other_roles_and_closed_accounts_take_nothing(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    event, client = make_event(world), world.app.test_client()
    people = make_people(world.app, 3)
    for person, actor in zip(people, (world.foreigner, world.verifier, world.organiser), strict=True):
        assert bind(world, person, actor).status_code == 201
    hands.at(NINE)
    url = f"/api/v1/shifts/{event.shift_id}/attendance"
    assert [client.get(url, headers=person.headers).status_code for person in people] == [404, 404, 200]
    admin = sign_in(world, "admin")
    post(admin, f"/console/staff/{world.organiser.id}/state", active="0")
    assert client.get(url, headers=people[2].headers).status_code == 404


def follow(openid: str, unionid: str, follows: bool = True) -> None:
    with transaction() as session:
        row = session.get(Follower, openid) or Follower(openid=openid, unionid=unionid)
        row.follows, row.changed_at = follows, clock.wall_now()
        session.add(row)


def test_the_official_account_reaches_who_shares_a_unionid_or_sent_a_code(sqlite_world: World) -> None:
    world = sqlite_world
    phone = make_person(world.app, "mini-1")
    bind(world, phone, world.organiser)
    with world.app.app_context():
        assert binding.staff_wechat(world.organiser.id) is None
        with transaction() as session:
            session.get_one(Resident, phone.id).unionid = "union-1"
        follow("official-1", "union-1")
        follow("official-2", "union-2")
        assert binding.staff_wechat(world.organiser.id) == "official-1"
        follow("official-1", "union-1", follows=False)
        assert binding.staff_wechat(world.organiser.id) is None
        code, _ = binding.new_code(world.organiser)
        for text in ("垃圾分类怎么分", "abcd-efgh", code, code):
            binding.on_text(Event("official", "text", "official-2", datetime.now(UTC), {"Content": text}, 1, False))
        assert binding.staff_wechat(world.organiser.id) == "official-2"
        assert set(binding.of_staff(world.organiser.id)) == set(BindingKind)
        with pytest.raises(NotFound):
            binding.release(world.foreigner, world.organiser.id)
        assert binding.staff_wechat(world.verifier.id) is None


def test_the_page_shows_a_code_and_what_is_bound(sqlite_world: World) -> None:
    world = sqlite_world
    (phone,) = make_people(world.app, 1)
    client, admin = sign_in(world, "organiser"), sign_in(world, "admin")
    page = post(client, "/console/wechat/code", 200)
    code = page.split('aria-label="绑定码">')[1].split("<")[0]
    headers = phone.headers
    assert (
        world.app.test_client().post("/api/v1/me/staff-binding", json={"code": code}, headers=headers).status_code
        == 201
    )
    assert "已绑定" in client.get("/console/wechat").text
    assert "解除微信绑定" in admin.get(f"/console/staff/{world.organiser.id}").text
    post(admin, f"/console/staff/{world.organiser.id}/wechat/release")
    assert "还没有绑定" in client.get("/console/wechat").text
    with world.app.app_context(), pytest.raises((Invalid, Conflict)):
        binding.bind_resident(phone.id, code)
