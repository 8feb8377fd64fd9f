"""The page staff rehearse with: simulated phones, jobs, events and faults. Everything comes from this process."""

from __future__ import annotations

import dataclasses
import html
import re
import time
from pathlib import Path
from typing import Any

from aiohttp import web

from sorting_miniapp.wechat.simulator.server import STATE, json_answer
from sorting_miniapp.wechat.simulator.state import Person, State

FOLDER = Path(__file__).with_name("page")
FILES = {
    "/": ("index.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'"
)
# An article runs no script; its own styles stand in attributes.
ARTICLE_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"
IMAGE = re.compile(r"https?://mmbiz\.qpic\.cn/([0-9a-f]{32})/0")
SHOWN = 30


async def _file(request: web.Request) -> web.Response:
    name, kind = FILES[request.path]
    headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}
    return web.Response(body=(FOLDER / name).read_bytes(), content_type=kind, charset="utf-8", headers=headers)


def _listed(person: Person) -> dict[str, Any]:
    return {
        "openid": person.openid,
        "name": person.name,
        "follows": person.follows,
        "messages": len(person.messages),
    }


def _message(state: State, message: dict[str, Any]) -> dict[str, Any]:
    """A message as the phone shows it: the template's title and labels, or the article's card."""
    if "template_id" in message:
        found = state.templates.get(message["template_id"])
        labels = {one[0]: one[1] for one in found.fields} if found else {}
        rows = [[labels.get(key, key), value] for key, value in message["data"].items()]
        return {"kind": "notice", "at": message["at"], "title": found.title if found else message["template_id"],
                "rows": rows, "page": message["page"]}  # fmt: skip
    source = message.get("article_id") or message.get("preview", "")
    held = state.articles.get(source) or state.drafts.get(source)
    gone = held is None or held.get("deleted", False)
    first = {} if held is None else held["articles"][0]
    cover = state.materials.get(str(first.get("thumb_media_id")), "")
    return {
        "kind": "preview" if "preview" in message else "article",
        "at": message["at"],
        "title": message["article"],
        "digest": first.get("digest", ""),
        "cover": f"/_sim/images/{cover}" if cover else "",
        "article": "" if gone else source,
    }


def _owner(state: State, openid: str) -> dict[str, Any] | None:
    person = state.people.get(openid)
    if person is None:
        return None
    return {
        **_listed(person),
        "phone": person.phone,
        "credits": {key: count for key, count in person.credits.items() if count > 0},
        "lasting": sorted(person.lasting),
        "shown": [_message(state, one) for one in person.messages[-SHOWN:]][::-1],
    }


def _people(state: State, wanted: str) -> list[dict[str, Any]]:
    found = [p for p in state.people.values() if not wanted or wanted in p.name or wanted in (p.openid, p.phone)]
    return [_listed(person) for person in found[-SHOWN:]][::-1]


def _jobs(state: State) -> list[dict[str, Any]]:
    mass = [
        {"kind": "mass", "id": str(job.msg_id), "title": job.title, "at": job.at, "state": job.state,
         "outcome": job.outcome, "counts": job.counts, "article": f"article-{job.msg_id}"}
        for job in state.mass_jobs.values()
    ]  # fmt: skip
    published = [
        {"kind": "publish", "id": job.publish_id, "title": job.title, "at": job.at, "state": str(job.status),
         "outcome": "", "counts": {}, "article": job.article_id}
        for job in state.publish_jobs.values()
    ]  # fmt: skip
    rows = sorted(mass + published, key=lambda row: -float(str(row["at"])))[:SHOWN]
    online = {key for key, one in state.articles.items() if not one["deleted"]}
    return [row | {"article": row["article"] if row["article"] in online else ""} for row in rows]


async def overview(request: web.Request) -> web.Response:
    """Everything the page shows; `who` is the phone in hand, `q` searches people."""
    state = request.app[STATE]
    return json_answer(
        {
            "total": len(state.people),
            "followers": sum(person.follows for person in state.people.values()),
            "people": _people(state, request.query.get("q", "").strip()),
            "owner": _owner(state, request.query.get("who", "")),
            "templates": [{"id": one.id, "title": one.title, "kind": one.kind} for one in state.templates.values()],
            "jobs": _jobs(state),
            "received": [
                {key: row[key] for key in ("seq", "path", "at", "errcode")} for row in list(state.log)[-SHOWN:]
            ][::-1],
            "events": [
                {"number": one.number, "name": one.name, "at": one.at, "state": one.state, "attempts": one.attempts,
                 "answer": one.answer} for one in list(state.events)[-SHOWN:]
            ][::-1],
            "faults": [dataclasses.asdict(fault) for fault in state.faults.active],
            "settings": dataclasses.asdict(state.settings),
        }
    )  # fmt: skip


async def image(request: web.Request) -> web.Response:
    data = request.app[STATE].images.get(request.match_info["name"])
    if data is None:
        raise web.HTTPNotFound(text="no such image")
    kind = "image/png" if data.startswith(b"\x89") else "image/gif" if data.startswith(b"GIF8") else "image/jpeg"
    return web.Response(body=data, content_type=kind, headers={"X-Content-Type-Options": "nosniff"})


async def article(request: web.Request) -> web.Response:
    """An article (or a draft sent as a preview) as a phone shows it; a second and third one below the first."""
    state, wanted = request.app[STATE], request.match_info["id"]
    held = state.articles.get(wanted) or state.drafts.get(wanted)
    if held is None or held.get("deleted"):
        raise web.HTTPNotFound(text="该内容已被发布者删除")
    day = time.strftime("%Y年%m月%d日 %H:%M", time.gmtime(held["at"] + 8 * 3600))
    bodies = [IMAGE.sub(r"/_sim/images/\1", one["content"]) for one in held["articles"]]
    parts = [
        f"<h1>{html.escape(one['title'])}</h1><p class='by'>{html.escape(one.get('author') or '')} "
        f"<b>公众号</b> {day}</p><div class='body'>{body}</div>"
        for one, body in zip(held["articles"], bodies, strict=True)
    ]
    text = (
        "<!doctype html><html lang='zh-CN'><meta charset='utf-8'><meta name='viewport' content='width=device-width'>"
        f"<title>{html.escape(held['articles'][0]['title'])}</title><link rel='stylesheet' href='/page.css'>"
        f"<body class='article'>{''.join(parts)}</body></html>"
    )
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": ARTICLE_POLICY})


def add_routes(app: web.Application) -> None:
    for path in FILES:
        app.router.add_get(path, _file)
    app.router.add_get("/_sim/overview", overview)
    app.router.add_get("/_sim/images/{name:[0-9a-f]{32}}", image)
    app.router.add_get("/_sim/articles/{id}", article)
