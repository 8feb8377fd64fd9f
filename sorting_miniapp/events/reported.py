"""Quick report of an activity that was never put up for sign-up: it counts like an event (rules.md, Events).

It becomes a finished event without shifts, with its head counts and photos; most of the year's 15,000 participants
came to such activities, so figures, tags and campaigns must not care how an activity was written down.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import exists, insert, select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import new_public_id, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import campaigns, counts, kinds, photos
from sorting_miniapp.events.models import Event, EventState, EventTag, Tag
from sorting_miniapp.events.models_counts import CountKind
from sorting_miniapp.orgs.models import Node

MARK = "reported"  # the template_key of a reported activity
MOST_PHOTOS = 9
TITLE, PLACE, SUMMARY, CONSENT = 80, 120, 200, 200


@dataclass(frozen=True)
class Activity:
    """What took place: the day, whom it reached (COUNT_NAMES), who counted and how; `photos` are JPEG bytes, with
    `consent` saying on what ground people are in them."""

    title: str
    kind: str
    day: date | None
    place: str = ""
    summary: str = ""
    tags: Sequence[str] = ()
    heads: Mapping[CountKind, int] = field(default_factory=dict)
    counted_by: str = ""
    how: str = ""
    photos: Sequence[bytes] = ()
    consent: str = ""
    campaign: int | None = None


def _check(activity: Activity) -> date:
    if not 1 <= len(activity.title) <= TITLE:
        raise Invalid("title", f"活动名称须为 1 到 {TITLE} 个字")
    if activity.kind not in kinds.names():
        raise Invalid("kind", "请选择活动类型")
    if activity.day is None or activity.day > clock.today():
        raise Invalid("day", "请填写活动日期；补报的活动须已经举行")
    if len(activity.place) > PLACE or len(activity.summary) > SUMMARY:
        raise Invalid("place", f"地点最多 {PLACE} 字，简况最多 {SUMMARY} 字")
    if not any(activity.heads.values()):
        raise Invalid("heads", "请至少填写一项人数或份数")
    if len(activity.photos) > MOST_PHOTOS:
        raise Invalid("photos", f"最多 {MOST_PHOTOS} 张照片")
    if activity.photos and not 1 <= len(activity.consent) <= CONSENT:
        raise Invalid("consent", f"有照片时请填写肖像同意说明（{CONSENT} 字内）")
    return activity.day


def report(actor: StaffActor, node_id: int, activity: Activity) -> int:
    """Write an activity down; returns the event's id. Raises NotFound, Forbidden, Invalid, Conflict (known)."""
    day = _check(activity)
    with transaction() as session:
        node = session.get(Node, node_id)
        if node is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        actor.require(Role.ORGANISER, node.path)
        starts_at, now = clock.local_midnight(day), clock.now()
        same = exists().where(Event.node_id == node_id, Event.title == activity.title, Event.starts_at == starts_at)
        if session.scalar(select(same)):
            raise Conflict("activity_exists", "这一天已有同名活动，不要重复填报")
        event = Event(public_id=new_public_id(), node_id=node_id, template_key=MARK, state=EventState.FINISHED)
        event.title, event.kind, event.place, event.summary = (
            activity.title,
            activity.kind,
            activity.place,
            activity.summary,
        )
        event.starts_at, event.ends_at = starts_at, starts_at + timedelta(days=1)
        campaigns.check_joins(actor, activity.campaign, node.path)
        event.campaign_id = activity.campaign
        event.counts_hours, event.created_by, event.created_at, event.changed_at = False, actor.id, now, now
        session.add(event)
        session.flush()
        for tag in session.scalars(select(Tag.id).where(Tag.key.in_(activity.tags))):
            session.execute(insert(EventTag).values(event_id=event.id, tag_id=tag))
        audit.record(actor.username, "event.report", "event", event.id, node_path=node.path, after=_words(activity))
        for kind, value in activity.heads.items():
            if value:
                counts.enter(actor, event.id, kind, value, activity.counted_by, activity.how)
        for jpeg in activity.photos:
            about = (activity.title, activity.counted_by, day, activity.consent)
            photos.keep(actor, event.id, node.path, jpeg, *about)
        return event.id


def _words(activity: Activity) -> dict[str, str]:
    return {"title": activity.title, "kind": activity.kind, "day": str(activity.day)}
