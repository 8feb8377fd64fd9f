"""The official account's followers (wechat.md §2.9)."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sorting_miniapp.wechat.simulator import events, fields, wire
from sorting_miniapp.wechat.simulator.state import Person, Refused, State

PAGE = 10_000
MOST = 100


def set_following(state: State, person: Person, follows: bool) -> None:
    """Follow or unfollow, with the event when it is a change."""
    if person.follows == follows:
        return
    person.follows = follows
    person.followed_at = state.now()
    events.push(state, "official", "subscribe" if follows else "unsubscribe", person.official_openid, {"EventKey": ""})


def write(state: State, person: Person, content: str) -> None:
    """A text to the official account, as people who follow it can send one."""
    events.push(state, "official", wire.TEXT, person.official_openid, {"Content": content})


def listing(state: State, query: dict[str, Any]) -> dict[str, Any]:
    """user/get: 10,000 a page, next_openid is the last of this one."""
    everybody = [one.official_openid for one in state.people.values() if one.follows]
    after, begin = fields.text(query, "next_openid", default=""), 0
    if after:
        if after not in everybody:
            raise Refused(40003, "invalid openid")
        begin = everybody.index(after) + 1
    page = everybody[begin : begin + PAGE]
    found: dict[str, Any] = {"total": len(everybody), "count": len(page), "next_openid": page[-1] if page else ""}
    return found | ({"data": {"openid": page}} if page else {})


def _told(state: State, given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refused(47001, "data format error hint: [user_list]")
    openid = fields.text(given, "openid", 40003)
    person = state.follower(openid)
    if person is None:
        raise Refused(40003, "invalid openid")
    union = {"unionid": person.unionid} if person.unionid else {}
    if not person.follows:
        return {"subscribe": 0, "openid": openid, **union}
    return {
        "subscribe": 1,
        "openid": openid,
        "language": fields.text(given, "lang", default="zh_CN"),
        "subscribe_time": int(person.followed_at),
        "remark": "",
        "groupid": person.tags[0] if person.tags else 0,
        "tagid_list": person.tags,
        "subscribe_scene": "ADD_SCENE_QR_CODE",
        **union,
    }


def info(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """user/info/batchget: 100 at most."""
    wanted = fields.several(body, "user_list", 40032)
    if len(wanted) > MOST:
        raise Refused(40032, "invalid openid list size")
    return {"user_info_list": [_told(state, one) for one in wanted]}


def tags(state: State, _query: dict[str, Any]) -> dict[str, Any]:
    """tags/get: every tag of the account with the number of its followers."""
    counts = Counter(tag for one in state.people.values() if one.follows for tag in one.tags)
    return {"tags": [{"id": key, "name": name, "count": counts[key]} for key, name in sorted(state.tags.items())]}
