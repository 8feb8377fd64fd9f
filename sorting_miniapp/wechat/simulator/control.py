"""POST, GET, DELETE /_sim/…: making people and codes, switching faults, and looking at what happened (design.md §4)."""

from __future__ import annotations

import dataclasses
import html
import secrets
import time
from typing import Any

import orjson
from aiohttp import web

from sorting_miniapp.wechat.simulator import official
from sorting_miniapp.wechat.simulator.mini import CODE_LIFE
from sorting_miniapp.wechat.simulator.server import FAULTS, STATE, json_answer
from sorting_miniapp.wechat.simulator.state import Person, State

PAGE = 1000


async def _given(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    if request.content_type == "application/x-www-form-urlencoded":
        return {key: str(value) for key, value in (await request.post()).items()}
    try:
        found = orjson.loads(raw) if raw.strip() else {}
    except orjson.JSONDecodeError:
        raise web.HTTPBadRequest(text="not json") from None
    if not isinstance(found, dict):
        raise web.HTTPBadRequest(text="not an object")
    return found


def _person(request: web.Request) -> Person:
    found = request.app[STATE].people.get(request.match_info["openid"])
    if found is None:
        raise web.HTTPNotFound(text="no such user")
    return found


def _ids(person: Person) -> dict[str, Any]:
    return {"openid": person.openid, "official_openid": person.official_openid, "unionid": person.unionid}


async def new_users(request: web.Request) -> web.Response:
    body, state = await _given(request), request.app[STATE]
    unionid = bool(body.get("unionid", True))
    if "count" in body:
        return json_answer({"users": [_ids(state.new_person(unionid)) for _ in range(int(body["count"]))]})
    return json_answer(_ids(state.new_person(unionid)))


async def new_code(request: web.Request) -> web.Response:
    person, code = _person(request), secrets.token_urlsafe(24)
    request.app[STATE].codes[code] = (person.openid, time.time() + CODE_LIFE)
    return json_answer({"code": code})


async def new_phone_code(request: web.Request) -> web.Response:
    person, code = _person(request), secrets.token_hex(32)
    request.app[STATE].phone_codes[code] = (person.openid, time.time() + CODE_LIFE)
    return json_answer({"code": code})


async def subscribe(request: web.Request) -> web.Response:
    body, person = await _given(request), _person(request)
    if body.get("accept", True):
        person.credits[str(body["template"])] += int(body.get("times", 1))
    return json_answer({"credits": dict(person.credits)})


async def subscribe_many(request: web.Request) -> web.Response:
    """`count` new people, each with one credit for `template`."""
    body, state = await _given(request), request.app[STATE]
    people = [state.new_person() for _ in range(int(body["count"]))]
    for person in people:
        person.credits[str(body["template"])] += 1
    return json_answer({"openids": [person.openid for person in people]})


async def follow(request: web.Request) -> web.Response:
    body, person = await _given(request), _person(request)
    person.follows = bool(body.get("follow", True))
    return json_answer({"follows": person.follows})


async def received(request: web.Request) -> web.Response:
    """What was asked of the simulator: items after a sequence number, or with summary=1 numbers only."""
    state, path = request.app[STATE], request.query.get("path", "")
    if request.query.get("summary"):
        by_errcode = {
            str(errcode): number for (where, errcode), number in state.counts.items() if not path or where == path
        }
        return json_answer(
            {"count": sum(by_errcode.values()), "by_errcode": by_errcode, "by_openid": dict(state.by_openid)}
        )
    after = int(request.query.get("after", "0"))
    found = [row for row in state.log if row["seq"] > after and (not path or row["path"] == path)]
    more = found[PAGE - 1]["seq"] if len(found) > PAGE else None
    return json_answer({"items": found[:PAGE], "next": more})


async def phone(request: web.Request) -> web.Response:
    person = _person(request)
    return json_answer(
        {"messages": person.messages, "follows": person.follows, "credits": dict(person.credits), "phone": person.phone}
    )


async def add_fault(request: web.Request) -> web.Response:
    try:
        fault = request.app[FAULTS].add(await _given(request))
    except (ValueError, TypeError) as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return json_answer(dataclasses.asdict(fault))


async def clear_faults(request: web.Request) -> web.Response:
    request.app[FAULTS].clear()
    return json_answer({})


async def settings(request: web.Request) -> web.Response:
    found = request.app[STATE].settings
    if request.method == "POST":
        for key, value in (await _given(request)).items():
            if not hasattr(found, key):
                raise web.HTTPBadRequest(text=f"no setting {key}")
            setattr(found, key, value)
    return json_answer(dataclasses.asdict(found))


async def reset(request: web.Request) -> web.Response:
    state = request.app[STATE]
    fresh = State(state.mini, state.official)
    for field in dataclasses.fields(State):
        setattr(state, field.name, getattr(fresh, field.name))
    request.app[FAULTS].clear()
    return json_answer({})


async def confirm(request: web.Request) -> web.Response:
    msg_id = int(request.match_info["msg_id"])
    if msg_id not in request.app[STATE].mass_jobs:
        raise web.HTTPNotFound(text="no such job")
    official.confirm(request.app[STATE], msg_id)
    return json_answer({})


async def page(request: web.Request) -> web.Response:
    """A plain page for people: what was received, and the newest users' phones."""
    state = request.app[STATE]
    rows = "".join(
        f"<tr><td>{row['seq']}</td><td>{html.escape(row['path'])}</td><td>{row['errcode']}</td></tr>"
        for row in list(state.log)[-50:][::-1]
    )
    people = "".join(
        f"<li><code>{html.escape(p.openid)}</code>：消息 {len(p.messages)} 条，"
        f"<a href='/_sim/users/{html.escape(p.openid)}/phone'>看手机</a></li>"
        for p in list(state.people.values())[-20:][::-1]
    )
    text = (
        "<!doctype html><html lang='zh-CN'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        "<title>微信模拟器</title><h1>微信模拟器</h1><p>仅用于开发和演练，数据只在内存中。</p>"
        f"<h2>用户（共 {len(state.people)} 人，显示最近 20 人）</h2><ul>{people or '<li>还没有用户</li>'}</ul>"
        "<h2>最近收到的请求</h2><table border='1' cellpadding='4'><tr><th>序号</th><th>接口</th><th>结果码</th></tr>"
        f"{rows}</table></html>"
    )
    return web.Response(text=text, content_type="text/html")


def add_routes(app: web.Application) -> None:
    user = "/_sim/users/{openid}"
    app.router.add_get("/", page)
    app.router.add_post("/_sim/users", new_users)
    app.router.add_post(f"{user}/codes", new_code)
    app.router.add_post(f"{user}/phone-codes", new_phone_code)
    app.router.add_post(f"{user}/subscriptions", subscribe)
    app.router.add_post(f"{user}/follow", follow)
    app.router.add_get(f"{user}/phone", phone)
    app.router.add_post("/_sim/subscriptions", subscribe_many)
    app.router.add_get("/_sim/received", received)
    app.router.add_post("/_sim/faults", add_fault)
    app.router.add_delete("/_sim/faults", clear_faults)
    app.router.add_get("/_sim/settings", settings)
    app.router.add_post("/_sim/settings", settings)
    app.router.add_post("/_sim/reset", reset)
    app.router.add_post("/_sim/mass/{msg_id:[0-9]+}/confirm", confirm)
