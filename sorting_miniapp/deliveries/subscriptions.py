"""Which resident takes which message: the ledger of accepts behind subscribe messages (wechat.md §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import (
    AcceptSource,
    NoticeTemplate,
    Subscription,
    SubscriptionAccept,
    TemplateKind,
)
from sorting_miniapp.errors import Invalid
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

SAME_TAP = timedelta(minutes=10)
KEPT = timedelta(days=30)
TAKES = or_(Subscription.credits > 0, Subscription.long_term)


def templates() -> list[dict[str, str]]:
    """The templates a resident may be asked for: key, template_id, title, kind."""
    rows = db.session().execute(
        select(NoticeTemplate.key, NoticeTemplate.template_id, NoticeTemplate.title, NoticeTemplate.kind)
        .where(NoticeTemplate.template_id != "")
        .order_by(NoticeTemplate.key)
    )
    return [{"key": r.key, "template_id": r.template_id, "title": r.title, "kind": r.kind.value} for r in rows]


def held(resident_id: int) -> list[dict[str, Any]]:
    """What a resident has accepted: key, template_id, credits, long_term."""
    rows = db.session().execute(
        select(NoticeTemplate.key, NoticeTemplate.template_id, Subscription.credits, Subscription.long_term)
        .join(Subscription, Subscription.notice_key == NoticeTemplate.key)
        .where(Subscription.resident_id == resident_id)
        .order_by(NoticeTemplate.key)
    )
    return [dict(row._mapping) for row in rows]


def answer(resident_id: int, answers: Mapping[str, str]) -> None:
    """Record what the resident tapped: {template id: accept | reject}. Raises Invalid for an unknown template.

    The client's word is not proof; the number of credits is capped, and a wrong one costs a refused message.
    """
    known = by_template_id()
    strangers = sorted(set(answers) - set(known))
    if strangers:
        raise Invalid(
            "template_unknown", "没有这个消息模板", {"fields": {name: ["没有这个消息模板"] for name in strangers}}
        )
    for template_id, said in sorted(answers.items()):
        record(resident_id, known[template_id], said == "accept", AcceptSource.CLIENT)


@dataclass(frozen=True)
class Template:
    """A notice's template, by what its accepts are worth."""

    key: str
    long_term: bool


def by_template_id() -> dict[str, Template]:
    """The notices by WeChat's template id."""
    rows = db.session().execute(select(NoticeTemplate.template_id, NoticeTemplate.key, NoticeTemplate.kind))
    return {row.template_id: Template(row.key, row.kind is TemplateKind.LONG_TERM) for row in rows if row.template_id}


def record(resident_id: int, template: Template, accepted: bool, source: AcceptSource) -> None:
    """One answer in the popup, as the client or WeChat tells it. A tap told by both is worth one credit."""
    if not template.long_term and not accepted:
        return
    most = int(settings.read("subscription_credit_cap"))
    mine = (Subscription.notice_key == template.key, Subscription.resident_id == resident_id)
    with transaction() as session:
        _ensure_row(session, resident_id, template.key)
        values: dict[str, Any] = {"changed_at": clock.now()}
        session.execute(update(Subscription).where(*mine).values(**values))  # its lock: one answer at a time
        if template.long_term:
            values["long_term"] = accepted
        elif _is_new(session, resident_id, template.key, source):
            more = Subscription.credits + 1
            values["credits"] = func.min(more, most) if _sqlite() else func.least(more, most)
        session.execute(update(Subscription).where(*mine).values(**values))


def _ensure_row(session: Session, resident_id: int, key: str) -> None:
    if session.get(Subscription, (key, resident_id)) is not None:
        return
    first = {"notice_key": key, "resident_id": resident_id, "credits": 0, "long_term": False, "changed_at": clock.now()}
    try:
        with session.begin_nested():
            session.execute(insert(Subscription).values(**first))
    except IntegrityError:
        pass  # the same person from two devices: the row is there now


def _is_new(session: Session, resident_id: int, key: str, source: AcceptSource) -> bool:
    """Whether this accept is a tap of its own, not the other side's telling of one within ten minutes."""
    now = clock.wall_now()
    told = session.scalar(
        select(SubscriptionAccept)
        .where(
            SubscriptionAccept.resident_id == resident_id,
            SubscriptionAccept.notice_key == key,
            SubscriptionAccept.source != source,
            SubscriptionAccept.matched.is_(False),
            SubscriptionAccept.at >= now - SAME_TAP,
        )
        .order_by(SubscriptionAccept.at, SubscriptionAccept.id)
        .limit(1)
    )
    if told is not None:
        told.matched = True
    session.add(
        SubscriptionAccept(notice_key=key, resident_id=resident_id, source=source, matched=told is not None, at=now)
    )
    session.flush()
    return told is None


def take_back(resident_id: int, key: str) -> None:
    """The resident turned the template off in WeChat: nothing is left to send with."""
    mine = (Subscription.notice_key == key, Subscription.resident_id == resident_id)
    with transaction() as session:
        session.execute(update(Subscription).where(*mine).values(credits=0, long_term=False, changed_at=clock.now()))


def purge() -> int:
    """Delete accepts that can no longer meet their other telling. Returns how many."""
    with transaction() as session:
        gone = delete(SubscriptionAccept).where(SubscriptionAccept.at < clock.wall_now() - KEPT)
        return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]


def _sqlite() -> bool:
    return db.engine.dialect.name == "sqlite"


def audience(notice_key: str, path_prefix: str = "") -> Select[int]:
    """Ids of the residents who would take this message, in the branch at `path_prefix` ('' or the city: everybody).

    A resident without a community belongs to the city (design.md §6, Residents).
    """
    found = (
        select(Resident.id)
        .join(Subscription, Subscription.resident_id == Resident.id)
        .where(Subscription.notice_key == notice_key, TAKES, Resident.erased_at.is_(None), Resident.openid.is_not(None))
    )
    if path_prefix.count("/") > 1:
        found = found.join(Node, Node.id == Resident.node_id).where(within(Node.path, [path_prefix]))
    return found


def audience_count(notice_key: str, path_prefix: str = "") -> int:
    return int(db.session().scalar(select(func.count()).select_from(audience(notice_key, path_prefix).subquery())) or 0)
