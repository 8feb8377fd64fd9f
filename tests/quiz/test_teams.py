"""Classes and teams: codes, who may see what, names by consent, progress since joining, staff's own branch."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
from sqlalchemy import select

from sorting_miniapp.accounts import consents
from sorting_miniapp.accounts import service as accounts
from sorting_miniapp.accounts.models import Purpose, Role
from sorting_miniapp.db import db
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.quiz import team_desk, teams
from sorting_miniapp.quiz.models_teams import Team, TeamKind, TeamMember
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, Person, World, at_once, make_people, make_staff
from tests.quiz.helpers import begin, call, count, submit


def make(world: World, teacher: Person, kind: TeamKind = TeamKind.CLASS) -> dict[str, Any]:
    with world.app.app_context():
        return teams.make(teacher.id, kind, "三年级（2）班")


def join(world: World, person: Person, code: str) -> Any:
    return call(world, person, "POST", "/team-members", {"code": code})


def agree(world: World, person: Person, purpose: Purpose, nickname: str) -> None:
    with world.app.app_context():
        accounts.change(person.id, {"nickname": nickname})
        version = next(one.version for one in consents.texts() if one.key == purpose)
        consents.give(person.id, purpose, version)


def test_a_class_is_joined_by_its_code_and_left(school: World) -> None:
    teacher, pupil, stranger = make_people(school.app, 3)
    made = make(school, teacher)
    assert len(made["code"]) == teams.CODE_LENGTH
    assert set(made["code"]) <= set(teams.ALPHABET)
    assert not set("0OQ1IL2Z5S8BUV") & set(teams.ALPHABET)
    typed = f"{made['code'][:3].lower()}-{made['code'][3:]} "
    joined = join(school, pupil, typed)
    assert (joined.status_code, joined.json["role"], joined.json["code"]) == (201, "member", None)
    assert join(school, pupil, made["code"]).json["members"] == 1, "joining twice changes nothing"
    assert join(school, teacher, made["code"]).json["code"] == "own_team"
    assert join(school, stranger, "3333333").status_code == 404
    url = f"/teams/{made['id']}"
    assert call(school, stranger, "GET", url).status_code == 404
    assert call(school, pupil, "GET", url).json["name"] == "三年级（2）班"
    for method, path in (("GET", "/progress"), ("GET", "/progress.xlsx"), ("POST", "/code"), ("DELETE", "")):
        assert call(school, pupil, method, url + path).status_code == 404, path
        assert call(school, stranger, method, url + path).status_code == 404, path
    assert call(school, pupil, "DELETE", f"/me{url}").status_code == 204
    assert call(school, pupil, "GET", url).status_code == 404
    assert join(school, pupil, made["code"]).status_code == 201
    with school.app.app_context():
        assert sorted(db.session.scalars(select(TeamMember.number))) == [1, 2], "a number is never given twice"


def test_a_code_is_renewed_stopped_and_closed(school: World) -> None:
    teacher, pupil = make_people(school.app, 2)
    made = make(school, teacher)
    url = f"/teams/{made['id']}"
    renewed = call(school, teacher, "POST", f"{url}/code").json["code"]
    assert renewed != made["code"]
    assert join(school, pupil, made["code"]).json["code"] == "code_unknown"
    assert call(school, teacher, "PATCH", url, {"open": False}).json["code"] is None
    assert join(school, pupil, renewed).status_code == 404
    again = call(school, teacher, "PATCH", url, {"open": True}).json["code"]
    assert join(school, pupil, again).status_code == 201
    assert call(school, teacher, "DELETE", f"{url}/members/1").status_code == 204
    assert call(school, teacher, "DELETE", f"{url}/members/1").status_code == 404
    assert call(school, teacher, "DELETE", url).status_code == 204
    assert call(school, teacher, "DELETE", url).json["code"] == "team_closed"
    assert call(school, teacher, "PATCH", url, {"open": True}).json["code"] == "team_closed"
    assert call(school, teacher, "GET", "/me/teams").json["items"] == []


def test_a_child_has_no_name_without_a_guardians_consent(school: World) -> None:
    teacher, named, nameless = make_people(school.app, 3)
    made = make(school, teacher)
    agree(school, nameless, Purpose.NAMES_ON_LEADERBOARD, "小红")
    agree(school, named, Purpose.CHILD_NAME_IN_CLASS, "小明")
    for person in (named, nameless):
        join(school, person, made["code"])
        submit(school, person, begin(school, person), wrong=1)
    count(school)
    url = f"/teams/{made['id']}"
    board = call(school, named, "GET", f"{url}/leaderboard").json
    assert {row["name"] for row in board["items"]} == {"小明", "2号同学"}
    assert [row["mine"] for row in board["items"]].count(True) == 1
    progress = call(school, teacher, "GET", f"{url}/progress").json
    assert [(row["name"], row["attempts"], row["asked"], row["right"]) for row in progress["items"]] == [
        ("小明", 1, 5, 4), ("2号同学", 1, 5, 4),
    ]  # fmt: skip
    assert sum(one["asked"] for one in progress["topics"]) == 10
    with school.app.app_context():
        consents.withdraw(named.id, Purpose.CHILD_NAME_IN_CLASS)
    assert "小明" not in call(school, named, "GET", f"{url}/leaderboard").text
    sheet = call(school, teacher, "GET", f"{url}/progress.xlsx")
    lines = list(openpyxl.load_workbook(io.BytesIO(sheet.data)).active.iter_rows(values_only=True))
    assert lines[0][:4] == ("号数", "名称", "答题次数", "答题数")
    assert [line[:6] for line in lines[1:]] == [(1, "1号同学", 1, 5, 4, 80), (2, "2号同学", 1, 5, 4, 80)]


def test_a_team_of_adults_shows_names_by_their_own_consent(school: World) -> None:
    leader, member = make_people(school.app, 2)
    made = make(school, leader, TeamKind.TEAM)
    join(school, member, made["code"])
    progress = call(school, leader, "GET", f"/teams/{made['id']}/progress").json
    assert progress["items"][0]["name"] == "1号队员"
    agree(school, member, Purpose.NAMES_ON_LEADERBOARD, "老王")
    assert call(school, leader, "GET", f"/teams/{made['id']}/progress").json["items"][0]["name"] == "老王"


def test_what_was_done_before_joining_is_not_the_teachers(school: World, hands: Hands) -> None:
    teacher, pupil = make_people(school.app, 2)
    made = make(school, teacher)
    submit(school, pupil, begin(school, pupil))
    hands.at(NINE.replace(hour=10))
    join(school, pupil, made["code"])
    count(school)
    progress = call(school, teacher, "GET", f"/teams/{made['id']}/progress").json
    assert [(row["attempts"], row["asked"]) for row in progress["items"]] == [(0, 0)]


def test_the_last_place_goes_to_one_of_many(school: World) -> None:
    teacher, *pupils = make_people(school.app, 6)
    made = make(school, teacher)
    with school.app.app_context():
        settings.write(school.city, "team_members", 2, "test")
    statuses = at_once([lambda p=p: join(school, p, made["code"]).status_code for p in pupils])  # type: ignore[misc]
    assert sorted(statuses) == [201, 201, 409, 409, 409]


def test_codes_are_not_found_by_trying(one_school: World) -> None:
    (person,) = make_people(one_school.app, 1)
    statuses = [join(one_school, person, f"AAAAAA{letter}").status_code for letter in teams.ALPHABET[:12]]
    assert statuses == [404] * 10 + [429] * 2


def test_residents_choose_a_school_from_a_list(one_school: World) -> None:
    (person,) = make_people(one_school.app, 1)
    with one_school.app.app_context():
        primary = orgs.add(one_school.town, "星子小学", NodeKind.SCHOOL, "test").id
    client = one_school.app.test_client()
    found = client.get("/api/v1/orgs?kind=school&q=小学").json
    assert found["items"] == [{"id": primary, "name": "星子小学", "parent": {"id": one_school.town, "name": "星子镇"}}]
    assert client.get("/api/v1/orgs?kind=department").status_code == 422
    changed = call(one_school, person, "PATCH", "/me", {"school_id": primary}).json
    assert changed["school"] == {"id": primary, "name": "星子小学"}
    assert call(one_school, person, "PATCH", "/me", {"school_id": one_school.town}).json["code"] == "school_unknown"
    made = make(one_school, person)
    with one_school.app.app_context():
        row = db.session.scalars(select(Team).where(Team.public_id == made["id"])).one()
        assert row.node_id == primary


def test_staff_make_and_close_teams_of_their_branch(one_school: World) -> None:
    with one_school.app.app_context():
        make_staff("foreign_editor", Role.EDITOR, one_school.other_town)
        (pupil,) = make_people(one_school.app, 1)
    client = sign_in(one_school, "organiser")
    assert "还没有班级和小队" in client.get("/console/teams").text
    assert "名称须为" in post(client, "/console/teams/new", 422, name=" ", kind="class", node=str(one_school.town))
    url = post(client, "/console/teams/new", name="星子小学三（2）班", kind="class", node=str(one_school.town))
    with one_school.app.app_context():
        first = db.session.scalars(select(Team)).one().code
    assert first
    assert first in client.get(url).text
    assert join(one_school, pupil, first).status_code == 201
    assert "1号同学" in client.get(url).text
    assert client.get(f"{url}/progress.xlsx").status_code == 200
    post(client, f"{url}/code")
    assert first not in client.get(url).text
    foreign = sign_in(one_school, "foreign_editor")
    assert foreign.get(url).status_code == 404
    assert "三（2）班" not in foreign.get("/console/teams").text
    post(client, f"{url}/close")
    assert "已解散" in client.get(url).text
    audit = sign_in(one_school, "admin").get("/console/audit").text
    assert "换班级码" in audit
    assert team_desk.PAGE > 0
