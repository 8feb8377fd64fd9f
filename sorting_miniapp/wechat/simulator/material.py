"""Images and drafts of the official account (wechat.md §2.4, steps 1 to 3)."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from sorting_miniapp.wechat.simulator import fields
from sorting_miniapp.wechat.simulator.state import Refused, State

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
MIB = 1024 * 1024
# Where it goes: (how the file may begin, its largest size).
BODY = ((JPEG, PNG), MIB)
KINDS = {"image": ((JPEG, PNG, b"GIF8", b"BM"), 10 * MIB), "thumb": ((JPEG,), 64 * 1024)}
HOST = "http://mmbiz.qpic.cn/"
IMAGE = re.compile(r"<img\b[^>]*>", re.IGNORECASE)
SOURCE = re.compile(r"""\b(?:data-)?src\s*=\s*["']?https?://mmbiz\.qpic\.cn/""", re.IGNORECASE)
SCRIPT = re.compile(r"<script\b.*?</script\s*>|\son\w+\s*=\s*(\"[^\"]*\"|'[^']*')", re.IGNORECASE | re.DOTALL)


def _keep(state: State, data: bytes, starts: tuple[bytes, ...], most: int) -> str:
    """Its name among the stored images. Raises Refused for what WeChat does not take."""
    if not data:
        raise Refused(44001, "empty media data")
    if not data.startswith(starts):
        raise Refused(40005, "invalid file type")
    if len(data) > most:
        raise Refused(40009, "invalid image size")
    name = hashlib.sha256(data).hexdigest()[:32]
    state.images[name] = data
    return name


def upload_body(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """media/uploadimg: jpg and png under 1 MB, good inside articles only."""
    return {"url": f"{HOST}{_keep(state, body['media'], *BODY)}/0"}


def add_material(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """material/add_material?type=image|thumb: permanent."""
    kind = fields.text(body, "type", 40004)
    if kind not in KINDS:
        raise Refused(40004, "invalid media type")
    name = _keep(state, body["media"], *KINDS[kind])
    media_id = f"material-{state.next_number()}"
    state.materials[media_id] = name
    return {"media_id": media_id, "url": f"{HOST}{name}/0"}


def _article(state: State, given: Any) -> dict[str, Any]:
    """One article as WeChat keeps it: external images and scripts are filtered out without a word."""
    if not isinstance(given, dict):
        raise Refused(47001, "data format error hint: [articles]")
    kept = dict(given)
    if not 1 <= len(fields.text(given, "title", 45003)) <= 32:
        raise Refused(45003, "title size out of limit")
    if len(fields.text(given, "author", default="")) > 16:
        raise Refused(45110, "author size out of limit")
    if len(fields.text(given, "digest", default="")) > 128:
        raise Refused(45004, "description size out of limit")
    if len(fields.text(given, "content_source_url", default="").encode()) > 1024:
        raise Refused(41039, "invalid content_source_url")
    content = fields.text(given, "content", 45166)
    if len(content) >= 20_000 or len(content.encode()) >= MIB:
        raise Refused(45166, "invalid content")
    kind = fields.text(given, "article_type", default="news")
    if kind == "news" and fields.text(given, "thumb_media_id", 40007) not in state.materials:
        raise Refused(40007, "invalid media_id")
    kept["content"] = IMAGE.sub(lambda tag: tag[0] if SOURCE.search(tag[0]) else "", SCRIPT.sub("", content))
    kept["digest"] = kept.get("digest") or re.sub(r"<[^>]+>", "", kept["content"])[:54]
    return kept


def add_draft(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """draft/add."""
    articles = [_article(state, one) for one in fields.several(body, "articles", 44003)]
    media_id = f"draft-{state.next_number()}"
    for index, one in enumerate(articles):
        one["url"] = f"http://mp.weixin.qq.com/s?tempkey={media_id}&idx={index + 1}"
    state.drafts[media_id] = {"articles": articles, "at": state.now()}
    return {"media_id": media_id}


def draft(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """The draft a body names. Raises Refused 40007, also for one that was used."""
    found = state.drafts.get(fields.text(body, "media_id", 40007))
    if found is None:
        raise Refused(40007, "invalid media_id")
    return found


def get_draft(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """draft/get."""
    return {"news_item": draft(state, body)["articles"]}


def update_draft(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """draft/update: one article of a draft anew."""
    found, index = draft(state, body), fields.whole(body, "index", 40114)
    if not 0 <= index < len(found["articles"]):
        raise Refused(40114, "invalid index value")
    article = _article(state, fields.part(body, "articles", 44003))
    found["articles"][index] = article | {"url": found["articles"][index]["url"]}
    found["at"] = state.now()
    return {}


def delete_draft(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """draft/delete; there is no way back."""
    draft(state, body)
    del state.drafts[body["media_id"]]
    return {}


def count_drafts(state: State, _query: dict[str, Any]) -> dict[str, Any]:
    """draft/count."""
    return {"total_count": len(state.drafts)}


def page_of(rows: list[dict[str, Any]], body: dict[str, Any]) -> dict[str, Any]:
    """A page of drafts or published articles; `no_content` leaves the bodies out."""
    offset, count = fields.whole(body, "offset"), fields.whole(body, "count")
    if offset < 0 or not 1 <= count <= 20:
        raise Refused(40097, "invalid args hint: [offset, count]")
    bare = fields.whole(body, "no_content", default=0) == 1
    items = []
    for row in rows[offset : offset + count]:
        news = [{**one, "content": ""} if bare else one for one in row["articles"]]
        items.append({**row["ids"], "content": {"news_item": news}, "update_time": int(row["at"])})
    return {"total_count": len(rows), "item_count": len(items), "item": items}


def list_drafts(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """draft/batchget, newest first."""
    newest = sorted(state.drafts.items(), key=lambda pair: -pair[1]["at"])
    return page_of([{"ids": {"media_id": media_id}, **found} for media_id, found in newest], body)


def use_draft(state: State, media_id: str) -> dict[str, Any]:
    """A draft leaves the box when it is published or sent."""
    found = draft(state, {"media_id": media_id})
    del state.drafts[media_id]
    return found
