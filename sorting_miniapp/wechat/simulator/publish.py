"""freepublish: articles put online without a message to anybody (wechat.md §2.4, 4a)."""

from __future__ import annotations

from typing import Any

from sorting_miniapp.wechat.simulator import events, fields, material
from sorting_miniapp.wechat.simulator.state import PublishJob, Refused, State

RUNNING, GOOD = 1, 0


def _check_right(state: State) -> None:
    if not state.settings.freepublish_right:
        raise Refused(48001, "api unauthorized")


def put_online(state: State, draft: dict[str, Any], number: int | str) -> str:
    """Give the articles of a draft their final address; the id of the published article."""
    article_id = f"article-{number}"
    url = f"https://mp.weixin.qq.com/s/{article_id}"
    rows = [one | {"url": f"{url}?idx={index + 1}" if index else url} for index, one in enumerate(draft["articles"])]
    state.articles[article_id] = {"articles": rows, "at": state.now(), "deleted": False}
    return article_id


def submit(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """freepublish/submit: errcode 0 says only that the task was taken."""
    _check_right(state)
    draft = material.use_draft(state, fields.text(body, "media_id", 40007))
    publish_id = str(state.next_number())
    job = PublishJob(publish_id, draft["articles"][0]["title"], state.now())
    job.article_id = put_online(state, draft, publish_id)
    state.articles[job.article_id]["deleted"] = True  # nobody sees it before the job is over
    state.publish_jobs[publish_id] = job
    events.later(state, state.settings.job_seconds, lambda: finish(state, job))
    return {"publish_id": publish_id, "msg_data_id": state.next_number()}


def finish(state: State, job: PublishJob) -> None:
    """The task ends, once, and says so to the callback."""
    if job.status >= 0:
        return
    job.status = state.settings.publish_status
    if job.status == GOOD:
        state.articles[job.article_id]["deleted"] = False
    events.push(state, "official", "PUBLISHJOBFINISH", "", {"PublishEventInfo": _outcome(state, job)})


def _outcome(state: State, job: PublishJob) -> dict[str, Any]:
    known: dict[str, Any] = {"publish_id": job.publish_id, "publish_status": job.status if job.status >= 0 else RUNNING}
    if job.status == GOOD:
        rows = state.articles[job.article_id]["articles"]
        items = [{"idx": index + 1, "article_url": row["url"]} for index, row in enumerate(rows)]
        known |= {"article_id": job.article_id, "article_detail": {"count": len(items), "item": items}}
    return known | {"fail_idx": [1] if job.status in (2, 3, 4) else []}


def get(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """freepublish/get: 1 while it runs, then what it ended with."""
    _check_right(state)
    job = state.publish_jobs.get(fields.identifier(body, "publish_id", 40097))
    if job is None:
        raise Refused(40097, "invalid args hint: [publish_id]")
    job.polls += 1
    if job.polls >= state.settings.job_polls:
        finish(state, job)
    return _outcome(state, job)


def _article(state: State, body: dict[str, Any]) -> dict[str, Any]:
    _check_right(state)
    found = state.articles.get(fields.text(body, "article_id", 53600))
    if found is None or found["deleted"]:
        raise Refused(53600, "invalid article id")
    return found


def article(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """freepublish/getarticle."""
    return {"news_item": _article(state, body)["articles"]}


def listing(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """freepublish/batchget, newest first."""
    _check_right(state)
    rows = [{"ids": {"article_id": key}, **row} for key, row in reversed(state.articles.items()) if not row["deleted"]]
    return material.page_of(rows, body)


def delete(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """freepublish/delete: one article, or with index 0 all of them."""
    found, index = _article(state, body), fields.whole(body, "index", default=0)
    if not 0 <= index <= len(found["articles"]):
        raise Refused(40114, "invalid index value")
    if index and len(found["articles"]) > 1:
        del found["articles"][index - 1]
        return {}
    found["deleted"] = True
    for job in state.publish_jobs.values():
        if job.article_id == body["article_id"] and job.status == GOOD:
            job.status = 5
    return {}
