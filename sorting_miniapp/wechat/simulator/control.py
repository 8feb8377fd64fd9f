"""POST, GET, DELETE /_sim/…: making people and codes, switching faults, and looking at what happened (design.md §4)."""

from __future__ import annotations

import dataclasses
from typing import Any

from aiohttp import web

from sorting_miniapp.wechat.simulator import followers, mass, mini, subscribe
from sorting_miniapp.wechat.simulator.asked import fits, given, number, text, texts
from sorting_miniapp.wechat.simulator.courier import account_of, posted
from sorting_miniapp.wechat.simulator.server import COURIERS, STATE, json_answer
from sorting_miniapp.wechat.simulator.state import Event, Person, State, Template

PAGE = 1000
KEPT_BY_RESET = ("mini", "official")


def _person(request: web.Request) -> Person:
    found = request.app[STATE].people.get(request.match_info["openid"])
    if found is None:
        raise web.HTTPNotFound(text="no such user")
    return found


def _ids(person: Person) -> dict[str, Any]:
    return {"openid": person.openid, "official_openid": person.official_openid, "unionid": person.unionid}


async def new_users(request: web.Request) -> web.Response:
    body, state = await given(request), request.app[STATE]
    unionid = bool(body.get("unionid", True))
    if "count" in body:
        count = int(number(body, "count", 1))
        return json_answer({"users": [_ids(state.new_person(unionid)) for _ in range(count)]})
    return json_answer(_ids(state.new_person(unionid)))


async def one_user(request: web.Request) -> web.Response:
    return json_answer(_ids(_person(request)))


async def change_user(request: web.Request) -> web.Response:
    """What wx shows of a person: name, tags, blocked (40226), seen (the mini-program was opened just now)."""
    body, person, state = await given(request), _person(request), request.app[STATE]
    tags = body.get("tags", person.tags)
    if not isinstance(tags, list) or not all(isinstance(tag, int) for tag in tags):
        raise web.HTTPBadRequest(text="tags is not a list of numbers")
    person.name, person.tags = text(body, "name", person.name), tags
    person.blocked = bool(body.get("blocked", person.blocked))
    if body.get("seen"):
        person.seen_at = state.now()
    return json_answer(_ids(person))


async def new_code(request: web.Request) -> web.Response:
    await given(request)
    return json_answer({"code": mini.new_code(request.app[STATE], _person(request).openid)})


async def new_phone_code(request: web.Request) -> web.Response:
    await given(request)
    return json_answer({"code": mini.new_phone_code(request.app[STATE], _person(request).openid)})


async def subscribe_one(request: web.Request) -> web.Response:
    """{template or templates, accept, times}: the popup's answer; {template, revoke: true}: off in the settings."""
    body, person, state = await given(request), _person(request), request.app[STATE]
    templates = texts(body, "templates") or [text(body, "template")]
    if body.get("revoke"):
        for template in templates:
            subscribe.revoke(state, person, template)
    else:
        wanted = dict.fromkeys(templates, bool(body.get("accept", True)))
        subscribe.answer_popup(state, person, wanted, int(number(body, "times", 1)))
    return json_answer({"credits": dict(person.credits), "lasting": sorted(person.lasting)})


async def subscribe_many(request: web.Request) -> web.Response:
    """`count` new people, each with one credit for `template`; no events."""
    body, state = await given(request), request.app[STATE]
    template = text(body, "template")
    state.templates.setdefault(template, Template(template, template))
    people = [state.new_person() for _ in range(int(number(body, "count", 1)))]
    for person in people:
        person.credits[template] += 1
    return json_answer({"openids": [person.openid for person in people]})


async def new_template(request: web.Request) -> web.Response:
    """{id, title, fields: [[key, label]], kind: 2 or 3, banned}: added or replaced."""
    body, state = await given(request), request.app[STATE]
    name, fields = text(body, "id"), body.get("fields", [])
    if not isinstance(fields, list) or not all(isinstance(one, list) and len(one) == 2 for one in fields):
        raise web.HTTPBadRequest(text="fields is not a list of [key, label]")
    found = Template(name, text(body, "title", name), [[str(key), str(label)] for key, label in fields])
    found.kind, found.banned = int(number(body, "kind", 2)), bool(body.get("banned", False))
    state.templates[found.id] = found
    return json_answer(dataclasses.asdict(found))


async def new_tag(request: web.Request) -> web.Response:
    """{id, name}: a tag of the official account, added or renamed; people carry it by POST /_sim/users/{openid}."""
    body, state = await given(request), request.app[STATE]
    state.tags[int(number(body, "id", 0))] = text(body, "name")
    return json_answer({str(key): name for key, name in sorted(state.tags.items())})


async def follow(request: web.Request) -> web.Response:
    body, person = await given(request), _person(request)
    followers.set_following(request.app[STATE], person, bool(body.get("follow", True)))
    return json_answer({"follows": person.follows})


async def write_text(request: web.Request) -> web.Response:
    """{content}: what this follower writes to the official account."""
    body, person = await given(request), _person(request)
    if not person.follows:
        raise web.HTTPBadRequest(text="does not follow the official account")
    followers.write(request.app[STATE], person, text(body, "content"))
    return json_answer({})


async def received(request: web.Request) -> web.Response:
    """What was asked of the simulator: items after a sequence number, or with summary=1 numbers only."""
    state, path = request.app[STATE], request.query.get("path", "")
    if request.query.get("summary"):
        by_errcode: dict[str, int] = {}
        for where, codes in state.counts.items():
            for errcode, count in codes.items() if path in ("", where) else ():
                by_errcode[str(errcode)] = by_errcode.get(str(errcode), 0) + count
        return json_answer(
            {"count": sum(by_errcode.values()), "by_errcode": by_errcode, "by_openid": dict(state.by_openid)}
        )
    given_after = request.query.get("after", "0")
    after = int(given_after) if given_after.isdecimal() else 0
    found = [row for row in state.log if row["seq"] > after and path in ("", row["path"])]
    more = found[PAGE - 1]["seq"] if len(found) > PAGE else None
    return json_answer({"items": found[:PAGE], "next": more})


async def phone(request: web.Request) -> web.Response:
    person = _person(request)
    return json_answer(
        {
            "messages": person.messages,
            "follows": person.follows,
            "credits": dict(person.credits),
            "lasting": sorted(person.lasting),
            "phone": person.phone,
            "name": person.name,
        }
    )


async def add_fault(request: web.Request) -> web.Response:
    try:
        fault = request.app[STATE].faults.add(await given(request))
    except (ValueError, TypeError) as error:
        raise web.HTTPBadRequest(text=str(error)) from None
    return json_answer(dataclasses.asdict(fault))


async def clear_faults(request: web.Request) -> web.Response:
    request.app[STATE].faults.clear()
    return json_answer({})


async def settings(request: web.Request) -> web.Response:
    found = request.app[STATE].settings
    if request.method == "POST":
        wanted = await given(request)
        for key, value in wanted.items():
            if not hasattr(found, key) or not fits(value, getattr(found, key)):
                raise web.HTTPBadRequest(text=f"no setting {key} of this kind")
        for key, value in wanted.items():
            setattr(found, key, value)
    return json_answer(dataclasses.asdict(found))


async def clock(request: web.Request) -> web.Response:
    """{seconds}: let the simulator's own time go on by so much: codes and tokens die, quotas begin anew."""
    state = request.app[STATE]
    state.offset += number(await given(request), "seconds", 0)
    return json_answer({"offset": state.offset})


async def reset(request: web.Request) -> web.Response:
    """An empty platform; the accounts, their tokens, the known templates and the callback's address stay."""
    await given(request)
    state = request.app[STATE]
    fresh = State(state.mini, state.official)
    fresh.settings.callback_base = state.settings.callback_base
    fresh.templates = {key: one for key, one in state.templates.items() if one.fields}
    for task in list(state._tasks):
        task.cancel()
    for field in dataclasses.fields(State):
        # The couriers go on waiting at the same outbox.
        if field.name not in (*KEPT_BY_RESET, "_outbox", "_tasks"):
            setattr(state, field.name, getattr(fresh, field.name))
    for account in (state.mini, state.official):
        # The clock went back with the rest: nothing may outlive its time by that.
        latest = state.now() + state.settings.token_life
        account.tokens = {token: min(dies, latest) for token, dies in account.tokens.items()}
        account.forced.clear()
    while not state._outbox.empty():
        state._outbox.get_nowait()
    return json_answer({})


async def confirm(request: web.Request) -> web.Response:
    """{confirm: false} is the administrator's no."""
    body, msg_id = await given(request), int(request.match_info["msg_id"])
    if msg_id not in request.app[STATE].mass_jobs:
        raise web.HTTPNotFound(text="no such job")
    mass.confirm(request.app[STATE], msg_id, bool(body.get("confirm", True)))
    return json_answer({})


def _event(state: State, event: Event, render: bool) -> dict[str, Any]:
    told = {key: value for key, value in dataclasses.asdict(event).items() if key not in ("wrapper", "rows", "content")}
    if render:
        sent = posted(state, event, {})
        path = f"/wechat/callback/{account_of(state, event).name}?{sent.query}"
        told |= {"path": path, "body": sent.body.decode(), "content_type": sent.content_type}
    return told


async def events(request: web.Request) -> web.Response:
    """The events made, oldest first; render=1 adds how each would be posted now (path, body, content_type)."""
    state, name = request.app[STATE], request.query.get("name", "")
    render = bool(request.query.get("render"))
    return json_answer({"items": [_event(state, one, render) for one in state.events if name in ("", one.name)]})


async def send_again(request: web.Request) -> web.Response:
    """Deliver an event once more."""
    await given(request)
    state, wanted = request.app[STATE], int(request.match_info["number"])
    found = next((event for event in state.events if event.number == wanted), None)
    if found is None:
        raise web.HTTPNotFound(text="no such event")
    found.state = "waiting"
    state._outbox.put_nowait(found)
    return json_answer({})


async def check_callback(request: web.Request) -> web.Response:
    """Ask an account's callback to prove itself, as the console of WeChat does when the address is entered."""
    await given(request)
    state, couriers = request.app[STATE], request.app[COURIERS]
    account = state.mini if request.match_info["account"] == "mini" else state.official
    return json_answer({"ok": await couriers.check(account), "address": couriers.address(account)})


async def jobs(request: web.Request) -> web.Response:
    state = request.app[STATE]
    return json_answer(
        {
            "mass": [dataclasses.asdict(job) for job in state.mass_jobs.values()],
            "publish": [dataclasses.asdict(job) for job in state.publish_jobs.values()],
        }
    )


def add_routes(app: web.Application) -> None:
    user = "/_sim/users/{openid}"
    app.router.add_post("/_sim/users", new_users)
    app.router.add_get(user, one_user)
    app.router.add_post(user, change_user)
    app.router.add_post(f"{user}/codes", new_code)
    app.router.add_post(f"{user}/phone-codes", new_phone_code)
    app.router.add_post(f"{user}/subscriptions", subscribe_one)
    app.router.add_post(f"{user}/follow", follow)
    app.router.add_post(f"{user}/texts", write_text)
    app.router.add_get(f"{user}/phone", phone)
    app.router.add_post("/_sim/subscriptions", subscribe_many)
    app.router.add_post("/_sim/templates", new_template)
    app.router.add_post("/_sim/tags", new_tag)
    app.router.add_get("/_sim/received", received)
    app.router.add_post("/_sim/faults", add_fault)
    app.router.add_delete("/_sim/faults", clear_faults)
    app.router.add_get("/_sim/settings", settings)
    app.router.add_post("/_sim/settings", settings)
    app.router.add_post("/_sim/clock", clock)
    app.router.add_post("/_sim/reset", reset)
    app.router.add_get("/_sim/jobs", jobs)
    app.router.add_post("/_sim/mass/{msg_id:[0-9]+}/confirm", confirm)
    app.router.add_get("/_sim/events", events)
    app.router.add_post("/_sim/events/{number:[0-9]+}/again", send_again)
    app.router.add_post("/_sim/callback/{account:mini|official}", check_callback)
