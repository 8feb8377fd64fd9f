"""A leader signs members of the own group up: all or none, nobody else's, each with a place of their own."""

from __future__ import annotations

from typing import Any

from tests.events.helpers import (
    Made,
    Person,
    World,
    assert_counters,
    make_event,
    make_people,
    notices,
    shift_row,
    sign_up,
    statements,
)
from tests.hours.helpers import make_group, make_member


def _bring(world: World, leader: Person, event: Made, group: int, members: list[Any], **body: Any) -> Any:
    named = [{"id": one} if isinstance(one, str) else one for one in members]
    wish = {"group_id": group, "members": named, "risk_accepted": True} | body
    url = f"/api/v1/events/{event.event_id}/group-signups"
    return world.app.test_client().post(url, json=wish, headers=leader.headers)


def _mine(world: World, person: Person) -> list[dict[str, Any]]:
    return list(world.app.test_client().get("/api/v1/me/signups", headers=person.headers).get_json()["items"])


def test_a_leader_signs_members_up_and_the_rest_wait_in_order(world: World) -> None:
    event, group, people = make_event(world, 2), make_group(world), make_people(world.app, 4)
    keys = [make_member(world, group, person, leader=person is people[0]) for person in people]
    with statements(world) as seen:
        made = _bring(world, people[0], event, group, keys[1:])
    assert made.status_code == 201, made.get_json()
    assert sum("birth_date" in statement for statement in seen) == 1, "the minors among them are asked for at once"
    assert [(one["member"], one["state"], one["queue_position"]) for one in made.get_json()["items"]] == [
        (keys[1], "confirmed", None),
        (keys[2], "confirmed", None),
        (keys[3], "waiting", 1),
    ]
    assert shift_row(world.app, event) == (2, 2, 1)
    assert notices(world.app, "event_signed_up") == [one.id for one in people[1:]], "each learns of it"
    assert _mine(world, people[1])[0]["group_id"] == group
    url = f"/api/v1/events/{event.event_id}/group-signups?group_id={group}"
    client = world.app.test_client()
    listed = client.get(url, headers=people[0].headers).get_json()["items"]
    assert [one["member"] for one in listed] == keys[1:]
    assert client.get(url, headers=people[1].headers).status_code == 404
    # the leader withdraws one member; the place goes on to the third, for whom the leader confirms
    assert client.delete(f"/api/v1/signups/{listed[0]['id']}", headers=people[0].headers).status_code == 204
    confirmed = client.post(f"/api/v1/signups/{listed[2]['id']}/confirmation", headers=people[0].headers)
    assert confirmed.get_json()["state"] == "confirmed"
    assert client.delete(f"/api/v1/signups/{listed[1]['id']}", headers=people[3].headers).status_code == 404
    assert_counters(world.app, event)


def test_only_a_leader_and_only_the_own_groups_members(world: World) -> None:
    event, people = make_event(world), make_people(world.app, 4)
    group, other = make_group(world), make_group(world, "东陂镇志愿队", world.other_town)
    leader = make_member(world, group, people[0], leader=True)
    member = make_member(world, group, people[1])
    refused = _bring(world, people[1], event, group, [leader])
    assert (refused.status_code, refused.get_json()["code"]) == (404, "not_the_leader")
    assert _bring(world, people[0], event, other, [member]).status_code == 404
    unknown = _bring(world, people[0], event, group, [member, "someone"])
    assert (unknown.status_code, unknown.get_json()["code"]) == (422, "member_unknown")
    assert unknown.get_json()["details"] == {"member": "someone"}
    assert _bring(world, people[0], event, group, [member, member]).get_json()["code"] == "member_twice"
    assert shift_row(world.app, event) == (20, 0, 0)


def test_all_or_none_and_who_it_is_about_is_named(world: World) -> None:
    event, group, people = make_event(world, 2), make_group(world), make_people(world.app, 4)
    keys = [make_member(world, group, person, leader=person is people[0]) for person in people]
    sign_up(world.app.test_client(), people[2], event)
    doubled = _bring(world, people[0], event, group, keys[1:])
    assert (doubled.status_code, doubled.get_json()["code"]) == (409, "already_signed_up")
    assert doubled.get_json()["details"] == {"member": keys[2]}
    full = _bring(world, people[0], event, group, [keys[1], keys[3]], wait=False)
    assert (full.status_code, full.get_json()["code"]) == (409, "event_full")
    assert shift_row(world.app, event) == (2, 1, 0)
    minor = [{"id": keys[1]}, {"id": keys[3], "age": 15}]
    refused = _bring(world, people[0], event, group, minor)
    assert refused.get_json()["code"] == "guardian_consent_needed"
    assert refused.get_json()["details"]["member"] == keys[3]
    assert _bring(world, people[0], event, group, minor[:1]).status_code == 201
    assert _bring(world, people[0], event, group, [keys[3]], risk_accepted=False).status_code == 422
