"""Which resident takes which message: the ledger of accepts behind subscribe messages (wechat.md §2.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Select, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries.models import NoticeTemplate, Subscription, TemplateKind
from sorting_miniapp.errors import Invalid
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

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
    known = {
        row.template_id: row
        for row in db.session().execute(select(NoticeTemplate.template_id, NoticeTemplate.key, NoticeTemplate.kind))
        if row.template_id
    }
    strangers = sorted(set(answers) - set(known))
    if strangers:
        raise Invalid(
            "template_unknown", "没有这个消息模板", {"fields": {name: ["没有这个消息模板"] for name in strangers}}
        )
    most = int(settings.read("subscription_credit_cap"))
    for template_id, said in sorted(answers.items()):
        _record(resident_id, known[template_id].key, known[template_id].kind, said == "accept", most)


def _record(resident_id: int, key: str, kind: TemplateKind, accepted: bool, most: int) -> None:
    long_term = kind is TemplateKind.LONG_TERM
    values: dict[str, Any] = {"changed_at": clock.now()}
    if long_term:
        values["long_term"] = accepted
    elif accepted:
        values["credits"] = (
            func.least(Subscription.credits + 1, most) if not _sqlite() else func.min(Subscription.credits + 1, most)
        )
    mine = (Subscription.notice_key == key, Subscription.resident_id == resident_id)
    first = {"notice_key": key, "resident_id": resident_id, "changed_at": clock.now()}
    first |= {"credits": int(accepted and not long_term), "long_term": bool(accepted and long_term)}
    for _ in range(2):
        try:
            with transaction() as session:
                if session.execute(update(Subscription).where(*mine).values(**values)).rowcount == 0:  # type: ignore[attr-defined]
                    session.execute(insert(Subscription).values(**first))
            return
        except IntegrityError:
            continue  # the same person from two devices: the row is there now


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
