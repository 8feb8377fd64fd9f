"""The HTTP side: tokens, faults, the log of what was received, and WeChat's own routes."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import orjson
from aiohttp import web

from sorting_miniapp.wechat.simulator import mini, official
from sorting_miniapp.wechat.simulator.faults import ANSWERS, Fault, Faults
from sorting_miniapp.wechat.simulator.state import Account, Refused, State

STATE: web.AppKey[State] = web.AppKey("state", State)
FAULTS: web.AppKey[Faults] = web.AppKey("faults", Faults)
SEND = "/cgi-bin/message/subscribe/send"
Work = Callable[[State, dict[str, Any]], dict[str, Any]]


def json_answer(value: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def ok(value: dict[str, Any]) -> dict[str, Any]:
    return {"errcode": 0, "errmsg": "ok", **value}


def _error(errcode: int, errmsg: str, extra: dict[str, Any] | None = None) -> dict[str, Any]:
    rid = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    return {"errcode": errcode, "errmsg": f"{errmsg} rid: {rid}", **(extra or {})}


def _drop(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _call(request: web.Request, body: Any, work: Callable[[], Awaitable[dict[str, Any] | bytes]]) -> web.Response:
    """One call under the faults in force; what was received is kept."""
    state, path = request.app[STATE], request.path
    met = request.app[FAULTS].met_by(path)
    kinds = {fault.kind: fault for fault in met}
    if "reset_before" in kinds:
        return _drop(request)
    for kind, (errcode, errmsg) in ANSWERS.items():
        if kind in kinds:
            state.note(path, body, errcode, accepted=False)
            return json_answer(_error(errcode, errmsg))
    if "http_500" in kinds:
        state.note(path, body, 500, accepted=False)
        return web.Response(status=500, text="internal error")
    try:
        answer = await work()
    except Refused as refusal:
        state.note(path, body, refusal.errcode, accepted=False)
        await _slow(kinds)
        return json_answer(_error(refusal.errcode, refusal.errmsg, refusal.extra))
    state.note(path, body, 0, accepted=True)
    if path != SEND:
        await _slow(kinds)
    return _finish(request, answer, kinds)


def _finish(request: web.Request, answer: dict[str, Any] | bytes, kinds: dict[str, Fault]) -> web.Response:
    if "accepted_then_dropped" in kinds:
        return _drop(request)
    if "not_json" in kinds:
        return web.Response(text="<html>502</html>")
    if isinstance(answer, bytes):
        return web.Response(body=answer, content_type="image/png")
    if "errcode_string" in kinds:
        answer = {**answer, "errcode": str(answer.get("errcode", 0))}
    return json_answer(answer)


async def _slow(kinds: dict[str, Fault]) -> None:
    if "latency" in kinds:
        await asyncio.sleep(kinds["latency"].value)


async def _body(request: web.Request) -> dict[str, Any]:
    raw = await request.read()
    if not raw:
        raise Refused(44002, "empty post data")
    try:
        found = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(47001, "data format error") from None
    if not isinstance(found, dict):
        raise Refused(47001, "data format error")
    return found


def _check_token(request: web.Request, account: Account) -> None:
    token = request.query.get("access_token", "")
    if not token:
        raise Refused(41001, "access_token missing")
    if account.tokens.get(token, 0.0) < time.time():
        raise Refused(40001, "invalid credential, access_token is invalid or not latest")


def api(account: str, work: Work | Callable[[dict[str, Any]], Any]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A POST with JSON that needs the token of one account."""

    async def handle(request: web.Request) -> web.Response:
        state = request.app[STATE]
        body: dict[str, Any] = {}
        early: Refused | None = None
        try:
            _check_token(request, getattr(state, account))
            body = await _body(request)
        except Refused as refusal:
            early = refusal

        async def run() -> dict[str, Any]:
            if early:
                raise early
            return ok(work(state, body))  # type: ignore[call-arg, arg-type]

        return await _call(request, body, run)

    return handle


async def subscribe_send(request: web.Request) -> web.Response:
    """The message is on its way during the latency, so that a second one to the same person meets 43108."""
    state = request.app[STATE]
    body: dict[str, Any] = {}
    early: Refused | None = None
    try:
        _check_token(request, state.mini)
        body = await _body(request)
    except Refused as refusal:
        early = refusal
    delays = [f.value for f in request.app[FAULTS].active if f.kind == "latency" and f.path == SEND and f.times is None]

    async def run() -> dict[str, Any]:
        if early:
            raise early
        mini.begin_send(state, body)
        if delays:
            await asyncio.sleep(max(delays))
        return ok(mini.end_send(state, body))

    return await _call(request, body, run)


async def upload(request: web.Request) -> web.Response:
    state = request.app[STATE]
    data = b""
    if request.content_type.startswith("multipart/"):
        form = await request.post()
        found = form.get("media")
        data = found.file.read() if isinstance(found, web.FileField) else b""

    async def run() -> dict[str, Any]:
        _check_token(request, state.official)
        return ok(official.upload(state, data, body_image=request.path.endswith("uploadimg")))

    return await _call(request, {"bytes": len(data)}, run)


async def log_in(request: web.Request) -> web.Response:
    query = dict(request.query)

    async def run() -> dict[str, Any]:
        return mini.log_in(request.app[STATE], query)

    return await _call(request, {"js_code": query.get("js_code", "")}, run)


async def code_image(request: web.Request) -> web.Response:
    state = request.app[STATE]

    async def run() -> bytes:
        _check_token(request, state.mini)
        return mini.code_image(await _body(request))

    return await _call(request, {}, run)


async def token(request: web.Request) -> web.Response:
    """stable_token (POST) and token (GET)."""
    state = request.app[STATE]
    stable = request.path.endswith("stable_token")
    wanted: dict[str, Any] = await _body(request) if stable else dict(request.query)

    async def run() -> dict[str, Any]:
        for account in (state.mini, state.official):
            if account.appid == wanted.get("appid"):
                if account.secret != wanted.get("secret"):
                    raise Refused(40001, "invalid credential, appsecret is wrong")
                return mini.token(state, account, stable, bool(wanted.get("force_refresh")))
        raise Refused(40013, "invalid appid")

    return await _call(request, {"appid": wanted.get("appid")}, run)


async def _wrong_method(_request: web.Request) -> web.Response:
    return json_answer(_error(43002, "require POST method"))


POSTS: dict[str, Callable[[web.Request], Awaitable[web.Response]]] = {
    "/cgi-bin/stable_token": token,
    SEND: subscribe_send,
    "/wxa/business/getuserphonenumber": api("mini", mini.phone),
    "/wxa/msg_sec_check": api("mini", mini.text_check),
    "/wxa/getwxacodeunlimit": code_image,
    "/wxa/generate_urllink": api("mini", lambda _state, _body: mini.url_link()),
    "/cgi-bin/media/uploadimg": upload,
    "/cgi-bin/material/add_material": upload,
    "/cgi-bin/draft/add": api("official", official.add_draft),
    "/cgi-bin/message/mass/sendall": api("official", official.mass_send),
    "/cgi-bin/message/mass/get": api("official", official.mass_get),
    "/cgi-bin/freepublish/submit": api("official", official.publish),
    "/cgi-bin/freepublish/get": api("official", official.publish_get),
}


def make_app(state: State) -> web.Application:
    from sorting_miniapp.wechat.simulator import control

    app = web.Application(client_max_size=12 * 1024 * 1024)
    app[STATE], app[FAULTS] = state, Faults()
    for path, handler in POSTS.items():
        app.router.add_post(path, handler)
        app.router.add_get(path, _wrong_method)
    app.router.add_get("/sns/jscode2session", log_in)
    app.router.add_get("/cgi-bin/token", token)
    control.add_routes(app)
    return app
