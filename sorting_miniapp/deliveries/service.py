"""Notices to one resident: a row now, in the caller's transaction; the worker sends it after the commit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import structlog
from sqlalchemy import func, insert, select

from sorting_miniapp import clock
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import Delivery, DeliveryState, NoticeTemplate
from sorting_miniapp.deliveries.quiet import is_quiet
from sorting_miniapp.orgs import settings

log = structlog.get_logger(__name__)
# When one person is due several: a cancellation or change, then an offer, then a reminder, then an article.
PRIORITY = {
    "event_cancelled": 0,
    "event_changed": 1,
    "event_offer": 2,
    "event_signed_up": 3,
    "event_reminder": 4,
    "new_article": 6,
}


def notify(
    key: str,
    resident_id: int,
    values: Mapping[str, str],
    *,
    object_type: str,
    object_id: object,
    page_id: str = "",
    urgent: bool = False,
) -> None:
    """Ask for one message. `values` fills the names of the notice's text; `urgent` goes out in quiet hours too.

    Whether the resident takes it is seen when it is sent: without a credit the delivery ends as `refused`.
    """
    notify_all(key, [resident_id], values, object_type=object_type, object_id=object_id, page_id=page_id, urgent=urgent)


def notify_all(
    key: str,
    residents: Sequence[int],
    values: Mapping[str, str],
    *,
    object_type: str,
    object_id: object,
    page_id: str = "",
    urgent: bool = False,
) -> None:
    """Ask for the same message to each of these residents; as `notify`."""
    with transaction() as session:
        if session.get(NoticeTemplate, key) is None:
            # A text nobody has loaded must not keep somebody from withdrawing; staff see that no notice went out.
            log.error("notice_text_missing", key=key)
            return
        row = {
            "notice_key": key,
            "texts": dict(values),
            "page_id": page_id,
            "object_type": object_type,
            "object_id": str(object_id),
            "urgent": urgent,
            "priority": PRIORITY.get(key, 5),
            "state": DeliveryState.READY,
            "created_at": clock.now(),
        }
        if residents:
            session.execute(insert(Delivery), [row | {"resident_id": one} for one in residents])


def outcome_of_notices(object_type: str, object_id: object, key: str) -> dict[str, int]:
    """How the notices about one object fared: how many in each state. Staff see whom a message did not reach."""
    rows = db.session().execute(
        select(Delivery.state, func.count())
        .where(Delivery.object_type == object_type, Delivery.object_id == str(object_id), Delivery.notice_key == key)
        .group_by(Delivery.state)
    )
    return {state.value: number for state, number in rows}


def quiet_now() -> bool:
    """Whether the quiet hours of the city's settings run now (domain time)."""
    return is_quiet(clock.now(), int(settings.read("quiet_from")), int(settings.read("quiet_to")))
