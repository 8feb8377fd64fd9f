"""A push's way out, step by step: the worker's half. What WeChat answered is stored before the next call."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select

from sorting_miniapp import clock, metrics
from sorting_miniapp.articles import composing
from sorting_miniapp.articles.models import Channel, Push, PushState
from sorting_miniapp.articles.push_claim import Claimed, Lost, claim, store
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db
from sorting_miniapp.faults import crash_point
from sorting_miniapp.orgs import settings
from sorting_miniapp.wechat import official
from sorting_miniapp.wechat.errors import ALREADY_SENT, Outcome, WeChatError

log = structlog.get_logger(__name__)
ADMIN_CODES = (89504, 89505)
TOO_FAST = 45066
TRIES = 8
POLL = timedelta(seconds=2)
MINUTE = timedelta(seconds=61)
NO_RIGHT = (48001, 48008)
DRAFT_MADE = "草稿已建，请到公众号后台手工发布"
FAILED_PUBLISHING = {2: "原创声明失败", 3: "发布失败", 4: "平台审核不通过", 5: "已被删除", 6: "已被系统封禁"}


def run(push_id: int) -> None:
    """Do what is due on this push; nothing when another worker does, or when it is not due."""
    claimed = claim(push_id)
    if claimed is None:
        return
    crash_point("push_claimed")
    try:
        if claimed.channel is Channel.MASS:
            _mass(claimed)
        else:
            _publish(claimed)
    except WeChatError as error:
        _after_error(claimed, error)
    except Lost:
        log.warning("push_lost", push=push_id)


def _draft(claimed: Claimed) -> str:
    """The draft on the official account; made once."""
    if claimed.draft_id:
        return claimed.draft_id
    article = composing.draft(claimed.sheet, claimed.head, claimed.foot)
    draft_id = official().add_draft(article)
    crash_point("after_draft_before_commit")
    store(claimed, draft_id=draft_id)
    return draft_id


def _mass(claimed: Claimed) -> None:
    """Mass send: effectively once, by clientmsgid."""
    remote_id = claimed.remote_id
    if not remote_id:
        draft_id = _draft(claimed)
        if _by_hand(claimed):
            return
        if not claimed.called:
            store(claimed, called_at=database_now())
        crash_point("before_post")
        try:
            remote_id, _ = official().mass_send_all(draft_id, claimed.clientmsgid, claimed.tag_id)
        except WeChatError as error:
            if error.errcode in ADMIN_CODES:
                _rest(claimed, MINUTE, state=PushState.AWAITING_ADMIN, reason="等待公众号管理员在手机上确认")
                return
            if error.errcode != ALREADY_SENT:
                raise
            remote_id = str(error.extra.get("msg_id", ""))
        crash_point("after_post_before_commit")
        store(claimed, remote_id=remote_id, state=PushState.SENDING, reason="")
    status = official().mass_get(remote_id)
    crash_point("after_poll_before_end")
    if status == "SEND_SUCCESS":
        _end(claimed, PushState.SENT)
    elif status == "SENDING":
        _rest(claimed, POLL, attempts=0)
    else:
        _end(claimed, PushState.HELD, "公众号没有发送成功，请到后台查看原因")


def _publish(claimed: Claimed) -> None:
    """Publish without a message. WeChat has no key for it, so a lost answer waits for a person."""
    remote_id = claimed.remote_id
    if not remote_id:
        draft_id = _draft(claimed)
        if _by_hand(claimed):
            return
        store(claimed, called_at=database_now())
        crash_point("before_post")
        remote_id = official().publish_submit(draft_id)
        crash_point("after_post_before_commit")
        store(claimed, remote_id=remote_id)
    found = official().publish_get(remote_id)
    status = int(found["publish_status"])
    crash_point("after_poll_before_end")
    if status == 0:
        items = (found.get("article_detail") or {}).get("item") or [{}]
        _end(claimed, PushState.SENT, url=str(items[0].get("article_url", ""))[:500])
    elif status == 1:
        _rest(claimed, POLL, attempts=0)
    else:
        _end(claimed, PushState.HELD, f"公众号：{FAILED_PUBLISHING.get(status, '发布失败')}")


def _by_hand(claimed: Claimed) -> bool:
    """Whether the account may only make drafts: then a person goes on from here (wechat.md §6, 26)."""
    if settings.read("official_rights") == "all" or claimed.called:
        return False
    _end(claimed, PushState.MANUAL, DRAFT_MADE)
    return True


def _rest(claimed: Claimed, pause: timedelta, **values: Any) -> None:
    """Let the push go until later."""
    store(claimed, lease_until=None, not_before=database_now() + pause, **values)


def _after_error(claimed: Claimed, error: WeChatError) -> None:
    """What is known not to have happened is tried again with growing pauses; anything else waits for a person."""
    try:
        patient = claimed.attempts < TRIES or clock.now() <= claimed.patient_until
        retry = error.outcome is Outcome.RETRY and patient
        if retry:
            pause = MINUTE if error.errcode == TOO_FAST else timedelta(seconds=2 ** min(claimed.attempts, 6))
            again: dict[str, Any] = {"attempts": claimed.attempts + 1}
            if claimed.channel is Channel.PUBLISH:
                again["called_at"] = None  # it is known not to have happened: the next try is as sure as the first
            if error.errcode:
                again |= {"reason": f"{error.explanation}（{error.errcode}）"}
            _rest(claimed, pause, **again)
            return
        if error.errcode in NO_RIGHT and _has_draft(claimed.id):
            _end(claimed, PushState.MANUAL, DRAFT_MADE, called_at=None)
            return
        words = {
            Outcome.UNKNOWN: "没有收到微信的回答，是否已发出不明，请到公众号后台核对",
            Outcome.RETRY: "多次尝试没有成功",
        }.get(error.outcome, error.explanation)
        known_not_sent = error.outcome in (Outcome.QUOTA, Outcome.REFUSED, Outcome.PERSON)
        gone = {"called_at": None, "draft_id": ""} if known_not_sent and not claimed.remote_id else {}
        _end(claimed, PushState.HELD, f"{words}{_reference(error)}", **gone)
    except Lost:
        log.warning("push_lost", push=claimed.id)


def _has_draft(push_id: int) -> bool:
    """Whether the draft was made before the account turned out to have no right to send it."""
    return bool(db.session().scalar(select(Push.draft_id).where(Push.id == push_id)))


def _reference(error: WeChatError) -> str:
    """What somebody at Tencent's help desk asks for."""
    found = " ".join(part for part in (str(error.errcode or ""), error.rid) if part)
    return f"（{found}）" if found else ""


def _end(claimed: Claimed, state: PushState, reason: str = "", **values: Any) -> None:
    finished = {"finished_at": clock.now()} if state is PushState.SENT else {}
    store(claimed, state=state, reason=reason[:200], lease_until=None, **finished, **values)
    metrics.DELIVERIES.labels(claimed.channel.value, state.value).inc()
