"""What WeChat tells about subscribe messages: accepts and refusals in the popup, changes in its settings, and how a
message ended, which settles deliveries whose answer was lost (wechat.md §2.3).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from sorting_miniapp import clock, metrics
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import subscriptions
from sorting_miniapp.deliveries.models import AcceptSource, Delivery, DeliveryState, NoticeTemplate, Subscription
from sorting_miniapp.deliveries.signals import delivery_settled
from sorting_miniapp.wechat.events import Event, Later
from sorting_miniapp.wechat.payloads import rows

REFUSED_BY_USER = "43101"
LOOKED_AT = 20  # a person's newest messages


def on_popup(event: Event) -> None:
    """subscribe_msg_popup_event: what the resident tapped, template by template."""
    resident_id = _resident(event)
    if resident_id is None:
        return
    known = subscriptions.by_template_id()
    for row in rows(event.body, "SubscribeMsgPopupEvent"):
        template = known.get(str(row.get("TemplateId")))
        if template is not None:
            accepted = str(row.get("SubscribeStatusString")).startswith("accept")
            subscriptions.record(resident_id, template, accepted, AcceptSource.WECHAT)


def on_change(event: Event) -> None:
    """subscribe_msg_change_event: the resident turned a template off (or a long-term one on) in WeChat's settings."""
    resident_id = _resident(event)
    if resident_id is None:
        return
    known = subscriptions.by_template_id()
    for row in rows(event.body, "SubscribeMsgChangeEvent"):
        template = known.get(str(row.get("TemplateId")))
        if template is None:
            continue
        if str(row.get("SubscribeStatusString")) == "reject":
            subscriptions.take_back(resident_id, template.key)
        elif template.long_term:
            subscriptions.record(resident_id, template, True, AcceptSource.WECHAT)


def on_sent(event: Event) -> None:
    """subscribe_msg_sent_event: whether a message arrived. Raises Later while its sender has not written its answer."""
    resident_id = _resident(event)
    if resident_id is None:
        return
    for row in rows(event.body, "SubscribeMsgSentEvent"):
        _settle(resident_id, row, event.last)


def _resident(event: Event) -> int | None:
    return db.session().scalar(select(Resident.id).where(Resident.openid == event.user)) if event.user else None


def _settle(resident_id: int, told: dict[str, Any], last: bool) -> None:
    msgid, errcode = str(told.get("MsgID", "")), str(told.get("ErrorCode", ""))
    with transaction() as session:
        newest = session.scalars(
            select(Delivery)
            .join(NoticeTemplate, NoticeTemplate.key == Delivery.notice_key)
            .where(Delivery.resident_id == resident_id, NoticeTemplate.template_id == str(told.get("TemplateId")))
            .order_by(Delivery.created_at.desc(), Delivery.id.desc())
            .limit(LOOKED_AT)
            .with_for_update(of=Delivery)
        ).all()
        mine = next((one for one in newest if msgid and one.msgid == msgid), None)
        if mine is None:
            if any(one.state is DeliveryState.SENDING for one in newest) and not last:
                raise Later
            mine = next((one for one in newest if one.state is DeliveryState.UNKNOWN and not one.msgid), None)
        if mine is not None:
            _end(session, mine, msgid, errcode)


def _end(session: Session, delivery: Delivery, msgid: str, errcode: str) -> None:
    """A message known to have arrived stays so; a lost answer and a later failure take what WeChat says."""
    arrived = errcode == "0"
    before = delivery.state
    if before not in (DeliveryState.UNKNOWN, DeliveryState.SENT) or (arrived and before is DeliveryState.SENT):
        return
    failed = DeliveryState.REFUSED if errcode == REFUSED_BY_USER else DeliveryState.FAILED
    delivery.state = DeliveryState.SENT if arrived else failed
    delivery.msgid, delivery.done_at = msgid[:40], clock.now()
    delivery.errcode = 0 if arrived or not errcode.isascii() or not errcode.isdigit() else int(errcode[:9])
    delivery.reason = "" if arrived else "用户拒收" if failed is DeliveryState.REFUSED else "微信未能送达"
    session.flush()
    if failed is DeliveryState.REFUSED and not arrived:
        mine = (Subscription.notice_key == delivery.notice_key, Subscription.resident_id == delivery.resident_id)
        session.execute(update(Subscription).where(*mine).values(credits=0, long_term=False))
    metrics.DELIVERIES.labels("subscribe", delivery.state.value).inc()
    if delivery.fan_out_id is not None:
        delivery_settled.send(fan_out_id=delivery.fan_out_id)
