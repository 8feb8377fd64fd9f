"""Posts that ask for what other features know: a passed quiz, membership of a group."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sorting_miniapp.db import db
from sorting_miniapp.events import shifts
from sorting_miniapp.events.models import Shift
from sorting_miniapp.events.requirements import Requirements
from tests.events.helpers import NINE, Made, World, make_event, make_people, sign_up
from tests.hours.helpers import call, make_group, make_member
from tests.quiz.conftest import school
from tests.quiz.helpers import begin, submit

__all__ = ["school"]


def make_post(world: World, **wanted: Any) -> Made:
    """Tomorrow's event, whose only post asks for something."""
    made = make_event(world, starts_at=NINE + timedelta(days=1))
    with world.app.app_context():
        shift = db.session.get_one(Shift, made.shift)
        post = shifts.Post("值守", "东门社区居民", Requirements(**wanted))
        shifts.change(world.organiser, made.shift, shift.starts_at, shift.ends_at, shift.capacity, shift.title, post)
    return made


def test_a_post_asks_for_a_passed_quiz(school: World) -> None:
    post, (passes, fails, never) = make_post(school, quiz="daily"), make_people(school.app, 3)
    client = school.app.test_client()
    refused = sign_up(client, passes, post)
    assert (refused.status_code, refused.get_json()["details"]) == (409, {"requirement": "quiz"})
    paper = begin(school, fails)
    assert submit(school, fails, paper, wrong=len(paper["questions"])).status_code == 200
    begin(school, never)
    assert submit(school, passes, begin(school, passes)).status_code == 200
    assert sign_up(client, passes, post).get_json()["state"] == "confirmed"
    for person in (fails, never):
        assert sign_up(client, person, post).get_json()["code"] == "requirement_not_met"
    other = make_post(school, quiz="another")
    assert sign_up(client, passes, other).status_code == 409, "a pass counts for its own quiz"


def test_a_post_is_for_the_members_of_a_group(world: World) -> None:
    group, (member, asking) = make_group(world), make_people(world.app, 2)
    make_member(world, group, member)
    post, client = make_post(world, group=group), world.app.test_client()
    assert call(world, "POST", f"groups/{group}/requests", asking).status_code == 201
    assert sign_up(client, member, post).get_json()["state"] == "confirmed"
    refused = sign_up(client, asking, post)
    assert (refused.status_code, refused.get_json()["details"]) == (409, {"requirement": "group"})
