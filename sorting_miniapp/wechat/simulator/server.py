"""The HTTP side: what every call has in common (faults, tokens, quotas, the log), and the table of WeChat's methods."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import orjson
from aiohttp import web

from sorting_miniapp.wechat.simulator import (
    checks,
    followers,
    links,
    mass,
    material,
    mini,
    publish,
    quotas,
    store,
    subscribe,
    tokens,
)
from sorting_miniapp.wechat.simulator.courier import Couriers
from sorting_miniapp.wechat.simulator.faults import CODES, Fault
from sorting_miniapp.wechat.simulator.state import Account, Refused, State

STATE: web.AppKey[State] = web.AppKey("state", State)
COURIERS: web.AppKey[Couriers] = web.AppKey("couriers", Couriers)
Work = Callable[..., dict[str, Any] | bytes]
SECRET = ("secret", "access_token")
DRIFTING = frozenset(
    {"publish_id", "countryCode", "msg_id", "msgid", "msg_data_id", "publish_status", "expires_in", "idx", "label"}
)


@dataclass(frozen=True)
class Route:
    """One of WeChat's methods. `account`: whose token it needs (mini, official, both; empty: none).

    `kind`: where its fields stand (query, json, form). `end` is done after the latency, so that the call is under way
    meanwhile. `whose`: the work is told the account.
    """

    method: str
    work: Work
    account: str = "official"
    kind: str = "json"
    end: Callable[[State, dict[str, Any]], dict[str, Any]] | None = None
    whose: bool = False


def json_answer(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


def _drop(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _fields(request: web.Request, route: Route) -> dict[str, Any]:
    """The fields of a call. Raises Refused 44002 for an empty body, 47001 for one that is no JSON object."""
    if route.kind == "query":
        return dict(request.query)
    if route.kind == "form":
        data = b""
        if request.content_type.startswith("multipart/"):
            found = (await request.post()).get("media")
            data = found.file.read() if isinstance(found, web.FileField) else b""
        return {**request.query, "media": data}
    raw = await request.read()
    if not raw:
        raise Refused(44002, "empty post data")
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError:
        raise Refused(47001, "data format error") from None
    if not isinstance(body, dict):
        raise Refused(47001, "data format error")
    return body


def _shown(body: dict[str, Any], kind: str) -> dict[str, Any]:
    """The fields as the log keeps them: no secret, no token, no file."""
    if kind == "json" and "secret" not in body:
        return body
    kept = {key: value for key, value in body.items() if key not in SECRET}
    return kept | ({"media": len(kept["media"])} if "media" in kept else {})


def _drift(value: Any, name: str = "") -> Any:
    """Ids and numbers as the other type."""
    if isinstance(value, dict):
        return {key: _drift(one, key) for key, one in value.items()}
    if isinstance(value, list):
        return [_drift(one, name) for one in value]
    if name not in DRIFTING or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return str(value)
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _refusal(state: State, request: web.Request, route: Route, body: dict[str, Any], refused: Refused) -> web.Response:
    """The JSON of a refusal; its rid can be asked about."""
    rid = f"{secrets.token_hex(4)}-{secrets.token_hex(4)}-{secrets.token_hex(4)}"
    answer = {"errcode": refused.errcode, "errmsg": f"{refused.args[0]} rid: {rid}", **refused.extra}
    if route.account:
        owner = "official" if request.query.get("access_token") in state.official.tokens else "mini"
        sent = orjson.dumps(_shown(body, route.kind), default=str).decode()
        told = {"path": request.path, "body": sent, "answer": orjson.dumps(answer).decode()}
        quotas.remember(state, owner, rid, told)
    return json_answer(answer)


def _finish(request: web.Request, answer: dict[str, Any] | bytes, met: dict[str, Fault]) -> web.Response:
    if "accepted_then_dropped" in met:
        return _drop(request)
    if "not_json" in met:
        return web.Response(text="<html><body>502 Bad Gateway</body></html>", content_type="text/html")
    if isinstance(answer, bytes):
        return web.Response(body=answer, content_type="image/png" if answer.startswith(b"\x89") else "image/jpeg")
    whole = {"errcode": 0, "errmsg": "ok", **answer}
    if "errcode_string" in met:
        whole["errcode"] = str(whole["errcode"])
    return json_answer(_drift(whole) if "drift" in met else whole)


def _early(met: dict[str, Fault]) -> None:
    """Raises Refused for the faults that are an errcode."""
    for kind, (errcode, errmsg) in CODES.items():
        if kind in met:
            raise Refused(errcode, errmsg)
    if "errcode" in met:
        raise Refused(int(met["errcode"].value), "refused by a fault")


def _work(state: State, request: web.Request, route: Route, body: dict[str, Any]) -> dict[str, Any] | bytes:
    owner: Account | None = None
    if route.account:
        owner = tokens.check(state, request.query.get("access_token", ""), route.account)
    quotas.spend(state, owner.name if owner else "", request.path)
    return route.work(state, body, owner) if route.whose else route.work(state, body)


async def _call(request: web.Request, route: Route) -> web.Response:
    """One call under the faults in force; what was received is kept."""
    state, path = request.app[STATE], request.path
    met = state.faults.met_by(path)
    if "reset_before" in met:
        return _drop(request)
    body: dict[str, Any] = {}
    delay = met["latency"].value if "latency" in met else 0.0
    if "http_500" in met:
        state.note(path, body, 500, accepted=False)
        return web.Response(status=int(met["http_500"].value) or 500, text="internal error")
    try:
        _early(met)
        body = await _fields(request, route)
        answer = _work(state, request, route, body)
        if delay:
            await asyncio.sleep(delay)
            delay = 0.0
        if route.end:
            answer = route.end(state, body)
    except Refused as refused:
        state.note(path, _shown(body, route.kind), refused.errcode, accepted=False)
        if delay:
            await asyncio.sleep(delay)
        return _refusal(state, request, route, body, refused)
    state.note(path, _shown(body, route.kind), 0, accepted=True)
    return _finish(request, answer, met)


def _wrong_method(method: str) -> Callable[[web.Request], Any]:
    async def handle(_request: web.Request) -> web.Response:
        code = 43002 if method == "POST" else 43001
        return json_answer({"errcode": code, "errmsg": f"require {method} method"})

    return handle


def _handler(route: Route) -> Callable[[web.Request], Any]:
    async def handle(request: web.Request) -> web.Response:
        return await _call(request, route)

    return handle


ROUTES: dict[str, Route] = {
    "/cgi-bin/stable_token": Route("POST", tokens.stable, ""),
    "/cgi-bin/token": Route("GET", tokens.plain, "", "query"),
    "/sns/jscode2session": Route("GET", mini.log_in, "", "query"),
    "/wxa/checksession": Route("GET", mini.check_session, "mini", "query"),
    "/wxa/business/getuserphonenumber": Route("POST", mini.phone, "mini"),
    quotas.SEND: Route("POST", subscribe.begin, "mini", end=subscribe.end),
    "/wxaapi/newtmpl/gettemplate": Route("GET", subscribe.templates, "mini", "query"),
    "/wxa/msg_sec_check": Route("POST", checks.text, "mini"),
    "/wxa/media_check_async": Route("POST", checks.media, "mini"),
    "/wxa/getwxacodeunlimit": Route("POST", links.code_image, "mini"),
    "/wxa/generate_urllink": Route("POST", links.url_link, "mini"),
    "/cgi-bin/media/uploadimg": Route("POST", material.upload_body, kind="form"),
    "/cgi-bin/material/add_material": Route("POST", material.add_material, kind="form"),
    "/cgi-bin/draft/add": Route("POST", material.add_draft),
    "/cgi-bin/draft/get": Route("POST", material.get_draft),
    "/cgi-bin/draft/update": Route("POST", material.update_draft),
    "/cgi-bin/draft/delete": Route("POST", material.delete_draft),
    "/cgi-bin/draft/count": Route("GET", material.count_drafts, kind="query"),
    "/cgi-bin/draft/batchget": Route("POST", material.list_drafts),
    "/cgi-bin/freepublish/submit": Route("POST", publish.submit),
    "/cgi-bin/freepublish/get": Route("POST", publish.get),
    "/cgi-bin/freepublish/getarticle": Route("POST", publish.article),
    "/cgi-bin/freepublish/batchget": Route("POST", publish.listing),
    "/cgi-bin/freepublish/delete": Route("POST", publish.delete),
    "/cgi-bin/message/mass/sendall": Route("POST", mass.send_all),
    "/cgi-bin/message/mass/preview": Route("POST", mass.preview),
    "/cgi-bin/message/mass/get": Route("POST", mass.get),
    "/cgi-bin/message/mass/delete": Route("POST", mass.delete),
    "/cgi-bin/user/get": Route("GET", followers.listing, kind="query"),
    "/cgi-bin/user/info/batchget": Route("POST", followers.info),
    "/cgi-bin/tags/get": Route("GET", followers.tags, kind="query"),
    "/cgi-bin/openapi/quota/get": Route("POST", quotas.get, "both", whose=True),
    "/cgi-bin/openapi/rid/get": Route("POST", quotas.rid, "both", whose=True),
    "/cgi-bin/clear_quota": Route("POST", quotas.clear, "both", whose=True),
    "/cgi-bin/getcallbackip": Route("GET", quotas.addresses, "both", "query"),
    "/cgi-bin/get_api_domain_ip": Route("GET", quotas.addresses, "both", "query"),
    "/cgi-bin/callback/check": Route("POST", quotas.callback_check, "both"),
}


async def _running(app: web.Application) -> AsyncIterator[None]:
    """Couriers and what a restart left under way."""
    app[COURIERS] = Couriers(app[STATE])
    mass.resume(app[STATE])
    for event in app[STATE].events:
        if event.state in ("waiting", "late"):
            app[STATE]._outbox.put_nowait(event)
    yield
    await app[COURIERS].close()


def make_app(state: State, file: store.File | None = None) -> web.Application:
    from sorting_miniapp.wechat.simulator import control, page

    app = web.Application(client_max_size=12 * 1024 * 1024)
    app[STATE] = state
    for path, route in ROUTES.items():
        app.router.add_route(route.method, path, _handler(route))
        other = "GET" if route.method == "POST" else "POST"
        app.router.add_route(other, path, _wrong_method(route.method))
    control.add_routes(app)
    page.add_routes(app)
    app.cleanup_ctx.append(_running)
    if file:
        app.cleanup_ctx.append(file.kept)
    return app
