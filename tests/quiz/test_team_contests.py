"""A contest by class and team: who may enter, for which, and the board of the teams."""

from __future__ import annotations

from typing import Any

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.quiz import bank, teams
from sorting_miniapp.quiz.models import Entry
from sorting_miniapp.quiz.models_teams import TeamKind
from tests.console.helpers import sign_in
from tests.events.helpers import Person, World, at_once, make_people, make_staff
from tests.quiz.contests import make_quiz, run_jobs
from tests.quiz.helpers import call, public, submit


def by_team(world: World) -> str:
    with world.app.app_context():
        editor = make_staff("editor1", Role.EDITOR, world.city)
    return make_quiz(world, editor, per_day=2, entry=Entry.TEAM)


def make_team(world: World, person: Person, name: str, kind: str = "team") -> dict[str, Any]:
    with world.app.app_context():
        return teams.make(person.id, TeamKind(kind), name)


def join(world: World, person: Person, team: dict[str, Any]) -> None:
    assert call(world, person, "POST", "/team-members", {"code": team["code"]}).status_code == 201


def start(world: World, person: Person, slug: str, team: str = "") -> Any:
    return call(world, person, "POST", f"/quizzes/{slug}/attempts" + (f"?team={team}" if team else ""))


def refused(world: World, person: Person, slug: str, team: str = "") -> str:
    answer = start(world, person, slug, team)
    assert answer.status_code in (404, 409), answer.text
    return str(answer.json["code"])


def test_who_enters_belongs_to_a_team_and_stays_with_it(school: World) -> None:
    slug = by_team(school)
    loner, captain, member, teacher = make_people(school.app, 4)
    assert refused(school, loner, slug) == "team_needed"
    assert "班级码" in " ".join(call(school, loner, "GET", f"/quizzes/{slug}").json["rules"])
    red, blue = make_team(school, captain, "红队"), make_team(school, teacher, "三（2）班", "class")
    assert refused(school, teacher, slug) == "team_needed", "a teacher is no pupil of the class"
    assert refused(school, member, slug, red["id"]) == "team_not_found"
    join(school, member, red)
    join(school, member, blue)
    choice = start(school, member, slug).json
    assert choice["code"] == "team_choice_needed"
    assert [one["name"] for one in choice["details"]["teams"]] == ["红队", "三（2）班"]
    first = start(school, member, slug, blue["id"])
    assert first.status_code == 201, first.text
    again = start(school, member, slug, red["id"])
    assert (again.status_code, again.json["id"]) == (201, first.json["id"]), "the attempt begun is gone on with"
    submit(school, member, first.json)
    assert refused(school, member, slug, red["id"]) == "team_fixed"
    standing = {one["slug"]: one["team"] for one in call(school, member, "GET", "/me/quizzes").json["items"]}
    assert standing[slug] == {"id": blue["id"], "name": "三（2）班"}
    assert call(school, member, "DELETE", f"/me/teams/{blue['id']}").status_code == 204
    assert refused(school, member, slug) == "team_left"
    join(school, member, blue)
    assert start(school, member, slug).status_code == 201
    assert start(school, captain, slug).status_code == 201, "who leads a 小队 plays for it"
    assert call(school, captain, "DELETE", f"/teams/{red['id']}").status_code == 204
    again = start(school, captain, slug)
    assert again.status_code == 201, "an attempt begun before is gone on with"
    submit(school, captain, again.json)
    assert refused(school, captain, slug) == "team_dissolved"


def test_teams_are_ranked_by_the_average_of_who_entered_for_them(school: World) -> None:
    slug = by_team(school)
    people = make_people(school.app, 5)
    red, blue = make_team(school, people[0], "红队"), make_team(school, people[2], "蓝队")
    join(school, people[1], red)
    join(school, people[3], blue)
    lone = make_team(school, people[4], "一个人的队")
    for person, wrong in zip(people, (0, 1, 0, 0, 0), strict=True):
        paper = start(school, person, slug)
        submit(school, person, paper.json, wrong=wrong)
    run_jobs(school)
    found = public(school, slug, by="team")
    assert [(one["rank"], one["name"], one["people"], one["score"]) for one in found["items"]] == [
        (1, "蓝队", 2, 100.0), (2, "红队", 2, 90.0),
    ], lone["name"]  # fmt: skip
    assert "满 2 人" in found["rule"]
    assert public(school, by="team")["code"] == "no_leaderboard", "the daily quiz has no teams"
    editor = sign_in(school, "editor1")
    with school.app.app_context():
        quiz_id = bank.quiz(slug).id
    assert "班级、小队榜" in editor.get(f"/console/boards/{quiz_id}?by=team").text
    assert "蓝队" in editor.get(f"/console/boards/{quiz_id}?by=team").text
    assert "各班级、小队" in editor.get(f"/console/quizzes/{quiz_id}/monitor").text


def test_two_phones_at_once_enter_for_one_team(school: World) -> None:
    slug = by_team(school)
    captain, other, person = make_people(school.app, 3)
    both = [make_team(school, captain, "红队"), make_team(school, other, "蓝队")]
    for team in both:
        join(school, person, team)
    answers = at_once([lambda team=team: start(school, person, slug, team["id"]) for team in both * 2])  # type: ignore[misc]
    assert {answer.status_code for answer in answers} == {201}, [answer.text for answer in answers]
    assert len({answer.json["id"] for answer in answers}) == 1
    standing = {one["slug"]: one["team"] for one in call(school, person, "GET", "/me/quizzes").json["items"]}
    assert standing[slug]["id"] in {team["id"] for team in both}
