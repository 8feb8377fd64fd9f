"""The official account's calls: images, drafts, mass sends and publishing."""

from __future__ import annotations

import hashlib
import time
from typing import Any

from sorting_miniapp.wechat.simulator.state import MassJob, Refused, State

IMAGE_STARTS = (b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"BM")


def upload(state: State, data: bytes, *, body_image: bool) -> dict[str, Any]:
    """media/uploadimg (jpg and png under 1 MB) and material/add_material (images up to 10 MB)."""
    starts = IMAGE_STARTS[:2] if body_image else IMAGE_STARTS
    if not data:
        raise Refused(44001, "empty media data")
    if not data.startswith(starts):
        raise Refused(40005, "invalid file type")
    if len(data) > (1_000_000 if body_image else 10_000_000):
        raise Refused(40009, "invalid image size")
    name = hashlib.sha256(data).hexdigest()[:24]
    if body_image:
        return {"url": f"http://mmbiz.qpic.cn/{name}/0"}
    media_id = f"cover-{state.next_number()}"
    state.materials[media_id] = data
    return {"media_id": media_id, "url": f"http://mmbiz.qpic.cn/{name}/0"}


def add_draft(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """draft/add."""
    articles = body.get("articles")
    if not isinstance(articles, list) or not articles:
        raise Refused(44003, "empty news data")
    for article in articles:
        if not 1 <= len(str(article.get("title", ""))) <= 32:
            raise Refused(45003, "title size out of limit")
        if len(str(article.get("digest", ""))) > 128:
            raise Refused(45004, "description size out of limit")
        if len(str(article.get("author", ""))) > 16:
            raise Refused(45110, "author size out of limit")
        if article.get("thumb_media_id") not in state.materials:
            raise Refused(40007, "invalid media_id")
        if not 1 <= len(str(article.get("content", ""))) < 20_000:
            raise Refused(45166, "invalid content")
    media_id = f"draft-{state.next_number()}"
    state.drafts[media_id] = {"articles": articles, "at": time.time()}
    return {"media_id": media_id}


def _use_draft(state: State, media_id: str) -> dict[str, Any]:
    draft = state.drafts.pop(media_id, None)
    if draft is None:
        raise Refused(40007, "invalid media_id")
    return draft


def mass_send(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """message/mass/sendall: clientmsgid makes it happen once (45065 carries the first msg_id)."""
    client_id = str(body.get("clientmsgid", ""))
    if len(client_id.encode()) > 32:
        raise Refused(45067, "clientmsgid size out of limit")
    for job in state.mass_jobs.values():
        if client_id and job.clientmsgid == client_id:
            raise Refused(45065, "clientmsgid exist", msg_id=job.msg_id)
    if len(state.mass_jobs) >= state.settings.mass_daily_quota:
        raise Refused(45028, "has no masssend quota")
    target = body.get("filter") or {}
    if not target.get("is_to_all") and not isinstance(target.get("tag_id"), int):
        raise Refused(40152, "invalid tag_id")
    media_id = str((body.get("mpnews") or {}).get("media_id", ""))
    draft = _use_draft(state, media_id)
    title = str(draft["articles"][0]["title"])
    job = MassJob(state.next_number(), client_id, media_id, title, confirmed=not state.settings.admin_confirmation)
    state.mass_jobs[job.msg_id] = job
    if job.confirmed:
        _deliver(state, job)
    return {"errmsg": "send job submission success", "msg_id": job.msg_id, "msg_data_id": job.msg_id + 1}


def _deliver(state: State, job: MassJob) -> None:
    for person in state.followers.values():
        if person.follows:
            person.messages.append({"article": job.title, "msg_id": job.msg_id, "at": time.time()})


def confirm(state: State, msg_id: int) -> None:
    """The administrator confirms on the phone (API 群发保护)."""
    job = state.mass_jobs[msg_id]
    if not job.confirmed:
        job.confirmed = True
        _deliver(state, job)


def mass_get(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """message/mass/get."""
    job = state.mass_jobs.get(int(str(body.get("msg_id", "0")) or 0))
    if job is None:
        raise Refused(40059, "invalid msg id")
    if job.status == "SENDING" and job.confirmed:
        job.polls += 1
        if job.polls >= state.settings.job_polls:
            job.status = "SEND_SUCCESS"
    return {"msg_id": job.msg_id, "msg_status": job.status}


def publish(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """freepublish/submit."""
    if not state.settings.freepublish_right:
        raise Refused(48001, "api unauthorized")
    draft = _use_draft(state, str(body.get("media_id", "")))
    publish_id = str(state.next_number())
    state.publish_jobs[publish_id] = {"polls": 0, "title": draft["articles"][0]["title"]}
    return {"publish_id": publish_id, "msg_data_id": state.next_number()}


def publish_get(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """freepublish/get: 1 while publishing, then 0."""
    publish_id = str(body.get("publish_id", ""))
    job = state.publish_jobs.get(publish_id)
    if job is None:
        raise Refused(53503, "invalid publish_id")
    job["polls"] += 1
    if job["polls"] < state.settings.job_polls:
        return {"publish_id": publish_id, "publish_status": 1, "fail_idx": []}
    url = f"https://mp.weixin.qq.com/s/{publish_id}"
    return {
        "publish_id": publish_id,
        "publish_status": 0,
        "article_id": f"article-{publish_id}",
        "article_detail": {"count": 1, "item": [{"idx": 1, "article_url": url}]},
        "fail_idx": [],
    }
