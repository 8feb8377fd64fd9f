"""Mass sends: quotas, clientmsgid, the administrator's confirmation, previews (wechat.md §2.4, 4b)."""

from __future__ import annotations

import functools
import hashlib
import time
from datetime import UTC, datetime
from typing import Any

import orjson

from sorting_miniapp.wechat.simulator import events, fields, material, publish, quotas
from sorting_miniapp.wechat.simulator.state import SHANGHAI, MassJob, Person, Refused, State

DAY, HALF_HOUR = 86400.0, 1800.0
LONGEST_KEY = 32
WAITING, SENDING, DONE, REFUSED, DELETED = "waiting", "sending", "done", "refused", "deleted"
SUCCESS = "send success"


def _month(moment: float) -> str:
    return datetime.fromtimestamp(moment + SHANGHAI, UTC).strftime("%Y-%m")


def _audience(state: State, job: MassJob) -> list[Person]:
    return [one for one in state.people.values() if one.follows and (job.to_all or job.tag_id in one.tags)]


def _reached(state: State, audience: list[Person]) -> list[Person]:
    """Those who may still get one: a follower of a service account gets four in a calendar month."""
    if state.settings.official_kind != "service":
        return audience
    month, most = _month(state.now()), state.settings.mass_monthly_quota
    return [
        one
        for one in audience
        if sum("msg_id" in m and _month(m["at"] + state.offset) == month for m in one.messages) < most
    ]


def _lapse(state: State) -> None:
    """Half an hour without the administrator's yes is a no."""
    for job in state.mass_jobs.values():
        if job.state == WAITING and job.at < state.now() - HALF_HOUR:
            confirm(state, job.msg_id, False)


def _client_key(body: dict[str, Any]) -> str:
    """The caller's clientmsgid, or the one WeChat makes of range and content."""
    given = fields.text(body, "clientmsgid", default="")
    if len(given.encode()) > LONGEST_KEY:
        raise Refused(45067, "clientmsgid size out of limit")
    content = orjson.dumps([body.get("filter"), body.get("mpnews")], option=orjson.OPT_SORT_KEYS)
    return given or f"auto-{hashlib.sha256(content).hexdigest()[:24]}"


def _check_repeat(state: State, key: str) -> None:
    now = state.now()
    for job in state.mass_jobs.values():
        if job.clientmsgid != key or job.at < now - DAY:
            continue
        if job.state == WAITING:
            raise Refused(89504, "wait administrator to confirm")
        if now - job.at < state.settings.mass_retry_wait:
            raise Refused(45066, "same clientmsgid retry too fast")
        raise Refused(45065, "clientmsgid exist", msg_id=job.msg_id)


def _check_quota(state: State, to_all: bool) -> None:
    """A subscription account sends once a day; a service account to everybody once a day."""
    day = state.day()
    today = [
        job
        for job in state.mass_jobs.values()
        if int((job.at + SHANGHAI) // DAY) == day and job.state != REFUSED and job.outcome == SUCCESS
    ]
    service = state.settings.official_kind == "service"
    counted = [job for job in today if job.to_all] if service else today
    if (to_all or not service) and len(counted) >= state.settings.mass_daily_quota:
        raise Refused(45028, "has no masssend quota")


def send_all(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """message/mass/sendall: clientmsgid makes it happen once in 24 hours (45065 carries the first msg_id)."""
    _lapse(state)
    target, news = fields.part(body, "filter", 40152), fields.part(body, "mpnews", 40007)
    if fields.text(body, "msgtype", 40008) != "mpnews":
        raise Refused(40008, "invalid message type")
    fields.whole(body, "send_ignore_reprint", default=0)
    to_all = fields.flag(target, "is_to_all", False)
    tag = None if to_all else fields.whole(target, "tag_id", 40152)
    if not to_all and tag not in state.tags and not any(tag in one.tags for one in state.people.values()):
        raise Refused(40152, "invalid tag_id")
    key = _client_key(body)
    _check_repeat(state, key)
    _check_quota(state, to_all)
    draft = material.draft(state, {"media_id": fields.text(news, "media_id", 40007)})
    title = str(draft["articles"][0]["title"])
    job = MassJob(state.next_number(), key, to_all, tag, news["media_id"], title, state.now())
    audience = _audience(state, job)
    if audience and not _reached(state, audience):
        raise Refused(45028, "has no masssend quota")
    state.mass_jobs[job.msg_id] = job
    if state.settings.admin_confirmation and to_all:
        job.state = WAITING
        raise Refused(89505, "administrator confirmation has been sent, wait to confirm")
    _begin(state, job)
    return {"errmsg": "send job submission success", "msg_id": job.msg_id, "msg_data_id": job.msg_id + 1}


def _begin(state: State, job: MassJob) -> None:
    job.state, job.outcome = SENDING, state.settings.mass_status
    audience = _audience(state, job)
    reached = _reached(state, audience) if job.outcome == SUCCESS else []
    article_id = publish.put_online(state, material.use_draft(state, job.media_id), job.msg_id)
    state.articles[article_id]["deleted"] = job.outcome != SUCCESS
    message = {"article": job.title, "msg_id": job.msg_id, "article_id": article_id, "at": time.time()}
    for person in reached:
        person.messages.append(dict(message))
    total, sent = len(audience), len(reached)
    filtered = total - sent if job.outcome == SUCCESS else 0
    job.counts = {
        "TotalCount": total,
        "FilterCount": total - filtered,
        "SentCount": sent,
        "ErrorCount": total - filtered - sent,
    }
    events.later(state, state.settings.job_seconds, lambda: finish(state, job))


def confirm(state: State, msg_id: int, yes: bool) -> None:
    """The administrator's answer on the phone (API 群发保护)."""
    job = state.mass_jobs[msg_id]
    if job.state != WAITING:
        return
    if yes and job.media_id in state.drafts:
        _begin(state, job)
        return
    job.state, job.outcome = REFUSED, "send fail"
    job.counts = dict.fromkeys(("TotalCount", "FilterCount", "SentCount", "ErrorCount"), 0)
    _tell(state, job)


def finish(state: State, job: MassJob) -> None:
    """The job ends, once, and says so to the callback."""
    if job.state == SENDING:
        job.state = DONE
        _tell(state, job)


def _tell(state: State, job: MassJob) -> None:
    article = state.articles.get(f"article-{job.msg_id}")
    rows = article["articles"] if article else []
    urls = [{"ArticleIdx": index + 1, "ArticleUrl": row["url"]} for index, row in enumerate(rows)]
    found = {
        "MsgID": job.msg_id,
        "Status": job.outcome,
        **job.counts,
        "CopyrightCheckResult": {"Count": 0, "ResultList": {}, "CheckState": 2},
        "ArticleUrlResult": {"Count": len(urls), "ResultList": {"item": urls}},
    }
    events.push(state, "official", "MASSSENDJOBFINISH", "", found)


def _job(state: State, body: dict[str, Any]) -> MassJob:
    given = fields.identifier(body, "msg_id", 40059)
    job = state.mass_jobs.get(int(given)) if given.isdecimal() else None
    if job is None or job.state == WAITING:
        raise Refused(40059, "invalid msg id")
    return job


def get(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """message/mass/get."""
    _lapse(state)
    job = _job(state, body)
    job.polls += 1
    if job.polls >= state.settings.job_polls:
        finish(state, job)
    ended = "SEND_SUCCESS" if job.outcome == SUCCESS else "SEND_FAIL"
    words = {SENDING: "SENDING", DONE: ended, REFUSED: "SEND_FAIL", DELETED: "DELETE"}
    return {"msg_id": job.msg_id, "msg_status": words[job.state]}


def delete(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """message/mass/delete: by msg_id or by url; the article is gone from every phone."""
    url, index = fields.text(body, "url", default=""), fields.whole(body, "article_idx", default=0)
    if url:
        owner = next((job for job in state.mass_jobs.values() if url.startswith(_address(job))), None)
        if owner is None:
            raise Refused(40059, "invalid msg id")
    else:
        owner = _job(state, body)
    held = state.articles.get(f"article-{owner.msg_id}")
    rows = held["articles"] if held else []
    if not 0 <= index <= len(rows):
        raise Refused(40114, "invalid index value")
    if held and index and len(rows) > 1:
        del rows[index - 1]
        return {}
    owner.state = DELETED
    if held:
        held["deleted"] = True
    return {}


def _address(job: MassJob) -> str:
    return f"https://mp.weixin.qq.com/s/article-{job.msg_id}"


def preview(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """message/mass/preview: to one person, 100 a day; the draft stays. towxname (here the person's name) wins."""
    name = fields.text(body, "towxname", default="")
    if name:
        person = next((one for one in state.people.values() if one.name == name), None)
    else:
        person = state.follower(fields.text(body, "touser", 40003))
    if fields.text(body, "msgtype", 40008) != "mpnews":
        raise Refused(40008, "invalid message type")
    draft = material.draft(state, fields.part(body, "mpnews", 40007))
    if person is None or not person.follows:
        raise Refused(40003, "invalid openid")
    quotas.spend_day(state, "preview", state.settings.preview_daily_quota)
    media_id, msg_id = body["mpnews"]["media_id"], state.next_number()
    title = draft["articles"][0]["title"]
    person.messages.append({"article": title, "preview": media_id, "at": time.time()})
    return {"errmsg": "preview success", "msg_id": msg_id}


def resume(state: State) -> None:
    """After a restart: what was under way goes on."""
    for job in state.mass_jobs.values():
        if job.state == SENDING:
            events.later(state, state.settings.job_seconds, functools.partial(finish, state, job))
    for task in state.publish_jobs.values():
        if task.status < 0:
            events.later(state, state.settings.job_seconds, functools.partial(publish.finish, state, task))
