"""Showing a version to a member of staff in their own WeChat: the official account's preview, called by the worker.

A preview is for one person and does no harm twice, so nothing is repeated by itself: a lost answer is told, and the
person asks again. Drafts made for it are deleted a day later.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import and_, func, or_, select, update

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.binding import staff_wechat
from sorting_miniapp.articles import composing, desk, slogans
from sorting_miniapp.articles.models import ArticleVersion, SloganPlace
from sorting_miniapp.articles.models_writing import PhonePreview, PhoneState
from sorting_miniapp.articles.previews import SHARERS
from sorting_miniapp.database_time import database_now
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, TooMany
from sorting_miniapp.wechat import official
from sorting_miniapp.wechat.errors import Outcome, WeChatError

log = structlog.get_logger(__name__)
MOST_DAILY = 20  # of one person; WeChat allows the account 100 a day (wechat.md §2.4)
DRAFT_KEPT = timedelta(days=1)
OPEN = (PhoneState.READY, PhoneState.SENDING)


def ask(actor: StaffActor, article_id: int) -> None:
    """Ask for the newest version on the person's own phone; asking again while it is under way changes nothing.

    Raises NotFound outside the branches, Conflict without a bound WeChat id, TooMany.
    """
    found = desk.article(actor.branches(*SHARERS), article_id)
    if staff_wechat(actor.id) is None:
        raise Conflict("wechat_not_bound", "请先在“微信绑定”里绑定您的微信，并关注公众号")
    with transaction() as session:
        mine = (PhonePreview.staff_id == actor.id, PhonePreview.asked_at > clock.now() - timedelta(days=1))
        if (session.scalar(select(func.count()).select_from(PhonePreview).where(*mine)) or 0) >= MOST_DAILY:
            raise TooMany("previews_used_up", f"一天最多发送 {MOST_DAILY} 次预览，请改用预览链接")
        same = (PhonePreview.staff_id == actor.id, PhonePreview.version_id == found.version.id)
        if session.scalar(select(PhonePreview.id).where(*same, PhonePreview.state.in_(OPEN))):
            return
        session.add(
            PhonePreview(
                version_id=found.version.id, staff_id=actor.id, state=PhoneState.READY, asked_at=clock.now()
            )
        )  # fmt: skip
        audit.record(
            actor.username, "article.phone_preview", "article", article_id, node_path=found.node.path,
            after={"version": found.version.number},
        )  # fmt: skip


def latest(actor: StaffActor, version_id: int) -> PhonePreview | None:
    """The person's last preview of a version."""
    mine = (PhonePreview.staff_id == actor.id, PhonePreview.version_id == version_id)
    return db.session().scalar(select(PhonePreview).where(*mine).order_by(PhonePreview.id.desc()).limit(1))


def waiting() -> list[int]:
    """Previews to send, or whose worker is gone: for the scheduler's tick."""
    gone = and_(PhonePreview.state == PhoneState.SENDING, PhonePreview.lease_until < database_now())
    ready = or_(PhonePreview.state == PhoneState.READY, gone)
    return list(db.session().scalars(select(PhonePreview.id).where(ready).order_by(PhonePreview.id).limit(50)))


def run(preview_id: int) -> None:
    """Send one preview, if it can be claimed."""
    fence = _claim(preview_id)
    if fence is None:
        return
    try:
        _delete_old_drafts()
        _send(preview_id, fence)
    except WeChatError as error:
        words = {
            Outcome.UNKNOWN: "没有收到微信的回答，如果手机上没有看到，请再发一次",
            Outcome.RETRY: "微信现在连不上，请稍后再发一次",
        }.get(error.outcome, f"{error.explanation}（{error.errcode}）")
        _end(preview_id, fence, PhoneState.FAILED, words)


def _claim(preview_id: int) -> int | None:
    """The fence to work under. One whose worker vanished may have arrived: the person is told and decides."""
    lease = timedelta(seconds=current_app.extensions["settings"].lease_seconds)
    with transaction() as session:
        row = session.scalar(select(PhonePreview).where(PhonePreview.id == preview_id).with_for_update())
        if row is None or row.state not in OPEN:
            return None
        if row.state is PhoneState.SENDING:
            if row.lease_until is not None and row.lease_until < database_now():
                row.state, row.fence, row.finished_at = PhoneState.FAILED, row.fence + 1, clock.now()
                row.reason = "发送中断，如果手机上没有看到，请再发一次"
            return None
        row.state, row.fence, row.lease_until = PhoneState.SENDING, row.fence + 1, database_now() + lease
        return row.fence


def _send(preview_id: int, fence: int) -> None:
    row = db.session().get_one(PhonePreview, preview_id)
    openid = staff_wechat(row.staff_id)
    if openid is None:
        _end(preview_id, fence, PhoneState.FAILED, "您的微信没有绑定，或者没有关注公众号")
        return
    day = clock.today()
    head, foot = (slogans.next_for(place, "official", day) for place in (SloganPlace.HEAD, SloganPlace.FOOT))
    sheet = composing.sheet(db.session().get_one(ArticleVersion, row.version_id))
    db.session().rollback()  # no transaction is open while WeChat is called
    draft = composing.draft(sheet, head.text if head else "", foot.text if foot else "")
    draft_id = official().add_draft(draft)
    _store(preview_id, fence, draft_id=draft_id)
    official().mass_preview(draft_id, openid=openid)
    _end(preview_id, fence, PhoneState.SENT, "")


def _end(preview_id: int, fence: int, state: PhoneState, reason: str) -> None:
    _store(preview_id, fence, state=state, reason=reason[:200], finished_at=clock.now(), lease_until=None)


def _store(preview_id: int, fence: int, **values: Any) -> None:
    """Write, if the preview is still this worker's."""
    mine = (PhonePreview.id == preview_id, PhonePreview.fence == fence)
    with transaction() as session:
        session.execute(update(PhonePreview).where(*mine).values(**values))


def _delete_old_drafts() -> None:
    """Yesterday's previews leave the draft box; one WeChat does not know any more is forgotten all the same."""
    old = (PhonePreview.draft_id != "", PhonePreview.asked_at < clock.now() - DRAFT_KEPT)
    rows = db.session().execute(select(PhonePreview.id, PhonePreview.draft_id).where(*old).limit(10)).all()
    db.session().rollback()
    for row in rows:
        try:
            official().delete_draft(row.draft_id)
        except WeChatError as error:
            log.warning("draft_not_deleted", errcode=error.errcode)
            if error.outcome is Outcome.RETRY:
                return
        with transaction() as session:
            session.execute(update(PhonePreview).where(PhonePreview.id == row.id).values(draft_id=""))
