"""Photos of reports: re-encoded without metadata, shown to WeChat before anybody but staff sees them.

WeChat fetches a photo at an address of its own that answers only while it is asked about. Asking is the worker's;
a photo is claimed before the call, so that it is asked about once at most. Silence, and a call that failed, leave it
to staff: never shown to others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import delete, func, insert, or_, select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts.locking import lock_resident
from sorting_miniapp.accounts.models import Resident, Staff
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import NotFound, TooMany
from sorting_miniapp.media import service as media
from sorting_miniapp.orgs import settings
from sorting_miniapp.places import drafts
from sorting_miniapp.places.models_reports import PlaceIssue, PlacePicture, PlaceReport
from sorting_miniapp.wechat import media_checks
from sorting_miniapp.wechat.errors import WeChatError
from sorting_miniapp.wechat.mini_program import Scene
from sorting_miniapp.wechat.models import MediaState

log = structlog.get_logger(__name__)
OBJECT = "place_picture"
MOST, MOST_LOOSE = 3, 9
MOST_BYTES = 10 * 1024 * 1024
LOOSE_HOURS = 24
BATCH = 20
WAITING = (
    PlacePicture.state == MediaState.PENDING,
    PlacePicture.asked_at.is_(None),
    PlacePicture.report_id.is_not(None),
)


@dataclass(frozen=True)
class Photo:
    """A photo of a report without its bytes."""

    public_id: str
    state: MediaState
    judge: str = ""  # who decided where WeChat was unsure


def keep(resident_id: int, data: bytes) -> str:
    """Keep a photo for a report still to be made; returns its public id. Raises Invalid, TooLarge, TooMany."""
    jpeg, _ = media.as_jpeg(data)
    loose = select(func.count(PlacePicture.id)).where(
        PlacePicture.resident_id == resident_id, PlacePicture.report_id.is_(None)
    )
    with transaction() as session:
        lock_resident(session, resident_id)
        if int(session.scalar(loose) or 0) >= MOST_LOOSE:
            raise TooMany("too_many_pictures", "上传的照片太多，请先提交上报")
        public_id = new_public_id()
        values = {"public_id": public_id, "check_key": new_public_id(), "resident_id": resident_id, "data": jpeg}
        session.execute(
            insert(PlacePicture).values(**values, state=MediaState.PENDING, asked_at=None, created_at=clock.now())
        )
    return public_id


def attach(resident_id: int, report_id: int, wanted: Sequence[str]) -> None:
    """Give the resident's uploaded photos to a report, in the caller's transaction. Raises Invalid."""
    if not wanted:
        return
    mine = (
        PlacePicture.public_id.in_(wanted),
        PlacePicture.resident_id == resident_id,
        PlacePicture.report_id.is_(None),
    )
    with transaction() as session:
        done = session.execute(update(PlacePicture).where(*mine).values(report_id=report_id))
        if done.rowcount != len(wanted):  # type: ignore[attr-defined]
            raise drafts.refused({"pictures": "有照片没有上传成功，请重新上传"})


def of(reports: Sequence[int]) -> dict[int, list[Photo]]:
    """The photos of reports by the reports' keys, in the order they came; one statement."""
    rows = db.session().execute(
        select(PlacePicture.report_id, PlacePicture.public_id, PlacePicture.state, Staff.name)
        .outerjoin(Staff, Staff.id == PlacePicture.decided_by)
        .where(PlacePicture.report_id.in_(reports))
        .order_by(PlacePicture.id)
    )
    found: dict[int, list[Photo]] = {}
    for row in rows:
        found.setdefault(row.report_id, []).append(Photo(row.public_id, row.state, row.name or ""))
    return found


def own(resident_id: int, public_id: str) -> bytes:
    """The JPEG for who took it, once WeChat let it pass. Raises NotFound."""
    return _bytes(
        PlacePicture.public_id == public_id,
        PlacePicture.resident_id == resident_id,
        PlacePicture.state == MediaState.PASS,
    )


def _of_issue(issue_id: int, public_id: str) -> tuple[Any, ...]:
    reports = select(PlaceReport.id).where(PlaceReport.issue_id == issue_id)
    return PlacePicture.public_id == public_id, PlacePicture.report_id.in_(reports)


def for_issue(issue_id: int, public_id: str) -> bytes:
    """The JPEG for staff who may see the issue. Raises NotFound."""
    return _bytes(*_of_issue(issue_id, public_id))


def key_of(issue_id: int, public_id: str) -> int:
    """The key of an issue's photo. Raises NotFound."""
    key = db.session().scalar(select(PlacePicture.id).where(*_of_issue(issue_id, public_id)))
    if key is None:
        raise NotFound("picture_not_found", "没有这张照片")
    return key


def for_wechat(check_key: str) -> bytes:
    """The JPEG for WeChat, while it is being asked. Raises NotFound."""
    return _bytes(
        PlacePicture.check_key == check_key,
        PlacePicture.state == MediaState.PENDING,
        PlacePicture.asked_at > clock.wall_now() - media_checks.PATIENCE,
    )


def _bytes(*where: Any) -> bytes:
    data = db.session().scalar(select(PlacePicture.data).where(*where))
    if data is None:
        raise NotFound("picture_not_found", "没有这张照片")
    return data


def waiting() -> bool:
    """Whether WeChat is still to be asked about a photo: for the scheduler's tick."""
    return db.session().scalar(select(PlacePicture.id).where(*WAITING).limit(1)) is not None


def ask_waiting() -> bool:
    """Ask WeChat about some photos, outside any transaction; whether there may be more."""
    keys = db.session().scalars(select(PlacePicture.id).where(*WAITING).order_by(PlacePicture.id).limit(BATCH)).all()
    for key in keys:
        _ask(key)
    return len(keys) == BATCH


def _ask(key: int) -> None:
    with transaction() as session:
        claim = update(PlacePicture).where(PlacePicture.id == key, *WAITING).values(asked_at=clock.wall_now())
        if session.execute(claim).rowcount == 0:  # type: ignore[attr-defined]
            return  # another worker asks
        row = session.execute(
            select(PlacePicture.check_key, Resident.openid)
            .join(Resident, Resident.id == PlacePicture.resident_id)
            .where(PlacePicture.id == key)
        ).one()
    url = f"{current_app.extensions['settings'].base_url}/place-pictures/{row.check_key}.jpg"
    try:
        if row.openid is None:
            _settle(key, MediaState.REVIEW)
        else:
            media_checks.ask(row.openid, url, Scene.SOCIAL, OBJECT, key)
    except WeChatError as error:
        log.warning("picture_not_checked", errcode=error.errcode, outcome=error.outcome.value)
        _settle(key, MediaState.REVIEW)


def on_checked(_sender: object, checked: media_checks.Checked) -> None:
    """WeChat's opinion, or its silence, inside the transaction that keeps it."""
    if checked.object_type == OBJECT:
        _settle(int(checked.object_id), checked.state)


def _settle(key: int, to: MediaState) -> None:
    """Keep what WeChat says; where a person has decided meanwhile, their word stands."""
    with transaction() as session:
        undecided = (PlacePicture.id == key, PlacePicture.decided_by.is_(None))
        session.execute(update(PlacePicture).where(*undecided).values(state=to))


def purge() -> int:
    """Delete photos that no report took within a day, and those of issues that ended long ago. Returns how many."""
    now = clock.now()
    ended = now - timedelta(days=int(settings.read("place_picture_days")))
    over = select(PlaceReport.id).join(PlaceIssue, PlaceIssue.id == PlaceReport.issue_id)
    over = over.where(PlaceIssue.ended_at < ended)
    loose = PlacePicture.report_id.is_(None) & (PlacePicture.created_at < now - timedelta(hours=LOOSE_HOURS))
    gone = delete(PlacePicture).where(or_(loose, PlacePicture.report_id.in_(over)))
    with transaction() as session:
        return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]
