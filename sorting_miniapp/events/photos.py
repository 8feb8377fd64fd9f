"""Photos of an event: re-encoded without metadata, with who took them and on what consent; seen by staff.

A photo that is taken out loses its bytes at once; the row keeps who did it and why.
"""

from __future__ import annotations

from datetime import date

from sqlalchemy import func, select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import planning
from sorting_miniapp.events.models import EventState
from sorting_miniapp.events.models_day import EventPhoto
from sorting_miniapp.media import service as media

MOST = 40
MOST_BYTES = 10 * 1024 * 1024


def add(
    actor: StaffActor, event_id: int, data: bytes, caption: str, taken_by: str, taken_on: date | None, consent: str
) -> int:
    """Keep a photo of a published or finished event; audited.

    Raises NotFound, Forbidden, Invalid, TooLarge, Conflict. `consent` says on what ground people are in the picture.
    """
    event, node = planning.get(actor, event_id, change=True)
    if event.state not in (EventState.PUBLISHED, EventState.FINISHED):
        raise Conflict("not_published", "只有已发布或已结束的活动可以加照片")
    for value, label, longest in ((caption, "说明", 80), (taken_by, "拍摄人", 40), (consent, "肖像同意说明", 200)):
        if not 1 <= len(value) <= longest:
            raise Invalid("photo", f"请填写{label}（{longest} 字内）")
    if taken_on is None or taken_on > clock.today():
        raise Invalid("photo", "拍摄日期填写有误")
    jpeg, _ = media.as_jpeg(data)
    with transaction() as session:
        own = (EventPhoto.event_id == event_id, EventPhoto.removed_at.is_(None))
        if (session.scalar(select(func.count(EventPhoto.id)).where(*own)) or 0) >= MOST:
            raise Conflict("too_many_photos", f"每个活动最多 {MOST} 张照片")
        return keep(actor, event_id, node.path, jpeg, caption, taken_by, taken_on, consent)


def keep(
    actor: StaffActor, event_id: int, path: str, jpeg: bytes, caption: str, taken_by: str, taken_on: date, consent: str
) -> int:
    """Write down a photo whose particulars were checked, inside the caller's transaction; audited under `path`."""
    with transaction() as session:
        row = EventPhoto(
            public_id=new_public_id(),
            event_id=event_id,
            data=jpeg,
            caption=caption,
            taken_by=taken_by,
            taken_on=taken_on,
            consent=consent,
            added_by=actor.id,
            added_at=clock.now(),
            remove_reason="",
        )
        session.add(row)
        session.flush()
        after = {"event": event_id, "caption": caption, "consent": consent}
        audit.record(actor.username, "event.add_photo", "photo", row.id, node_path=path, after=after)
        return row.id


def of(event_id: int) -> list[EventPhoto]:
    """The photos that are there, without their bytes, in the order they came."""
    query = select(EventPhoto).where(EventPhoto.event_id == event_id, EventPhoto.removed_at.is_(None))
    return list(db.session().scalars(query.order_by(EventPhoto.id)))


def get(actor: StaffActor, photo_id: int, *, change: bool = False) -> EventPhoto:
    """A photo of an event in the actor's branches. Raises NotFound, Forbidden."""
    row = db.session().get(EventPhoto, photo_id, populate_existing=True)
    if row is None or row.removed_at is not None:
        raise NotFound("photo_not_found", "没有这张照片")
    planning.get(actor, row.event_id, change=change)
    return row


def bytes_of(photo_id: int) -> bytes:
    """The JPEG. Raises NotFound for one that was taken out."""
    data = db.session().scalar(select(EventPhoto.data).where(EventPhoto.id == photo_id))
    if data is None:
        raise NotFound("photo_not_found", "没有这张照片")
    return data


def remove(actor: StaffActor, photo_id: int, reason: str) -> int:
    """Delete a photo's bytes, for a reason that is kept; audited. Returns the event.

    Raises NotFound, Forbidden, Invalid.
    """
    if not reason or len(reason) > 200:
        raise Invalid("reason_required", "请填写删除的原因（200 字内）")
    row = get(actor, photo_id, change=True)
    with transaction() as session:
        row = session.get_one(EventPhoto, photo_id, with_for_update=True, populate_existing=True)
        row.data, row.removed_at, row.removed_by, row.remove_reason = None, clock.now(), actor.id, reason
        session.flush()
        _, node = planning.get(actor, row.event_id)
        before, after = {"caption": row.caption}, {"reason": reason}
        audit.record(
            actor.username, "event.remove_photo", "photo", photo_id, node_path=node.path, before=before, after=after
        )
    return row.event_id
