"""Words that were looked up in vain: residents ask for them, staff answer with an item or another name for one.

Everybody who asked is told (notice request_answered), and sees the answer among their own requests.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.errors import Conflict, Invalid, NotFound, TooMany
from sorting_miniapp.guide import service, words
from sorting_miniapp.guide.models import CLASS_NAMES, Item, Name, Request, RequestState, RequestVote
from sorting_miniapp.guide.models_search import Missed
from sorting_miniapp.guide.service import Draft

DAILY_REQUESTS = 20
MOST_ANSWER = 100
MINE = 50
NOTICE = "request_answered"
OUTCOMES = {RequestState.ADDED: "已收录", RequestState.DECLINED: "未收录"}


def ask_for(resident_id: int, term: str, remark: str = "") -> int:
    """Ask for a missing word; returns how many people have asked for it. Raises Invalid, Conflict, TooMany."""
    folded, now = words.fold(term), clock.now()
    if not folded:
        raise Invalid("term", "请填写要查的物品", {"fields": {"term": ["请填写要查的物品"]}})
    session = db.session()
    if session.get(Name, folded):
        raise Conflict("item_exists", "这个词条已经有了，请直接查询")
    today = session.scalar(
        select(func.count())
        .select_from(RequestVote)
        .where(RequestVote.resident_id == resident_id, RequestVote.at > now - timedelta(days=1))
    )
    if int(today or 0) >= DAILY_REQUESTS:
        raise TooMany("too_many_requests", "今天反馈的次数太多了，请明天再来")
    for _ in range(3):
        try:
            return _vote(resident_id, folded, term.strip()[: words.LONGEST], remark.strip())
        except IntegrityError:
            continue  # somebody else asked for the same word in the same moment
    raise Conflict("try_again", "请再试一次")


def _vote(resident_id: int, folded: str, term: str, remark: str) -> int:
    now = clock.now()
    with transaction() as session:
        row = session.scalar(select(Request).where(Request.folded == folded).with_for_update())
        if row is None:
            row = Request(folded=folded, term=term, times=1, state=RequestState.OPEN, first_at=now, last_at=now)
            session.add(row)
            session.flush()
        elif session.scalar(
            select(RequestVote.id).where(RequestVote.request_id == row.id, RequestVote.resident_id == resident_id)
        ):
            return row.times
        else:
            row.times, row.last_at = row.times + 1, now
        session.execute(insert(RequestVote).values(request_id=row.id, resident_id=resident_id, remark=remark, at=now))
        return row.times


def mine(resident_id: int) -> list[dict[str, Any]]:
    """A resident's own requests, the newest first, each with its answer."""
    rows = db.session().execute(
        select(Request, RequestVote.at, RequestVote.remark)
        .join(Request, Request.id == RequestVote.request_id)
        .where(RequestVote.resident_id == resident_id)
        .order_by(RequestVote.id.desc())
        .limit(MINE)
    )
    found = list(rows)
    keys = {row.Request.item_key for row in found if row.Request.item_key}
    items = {
        item.key: item for item in db.session().scalars(select(Item).where(Item.key.in_(keys), Item.active.is_(True)))
    }
    return [
        {
            "id": row.Request.id, "term": row.Request.term, "remark": row.remark, "asked_at": row.at,
            "state": row.Request.state.value, "answer": row.Request.answer, "answered_at": row.Request.answered_at,
            "item": _named(items.get(row.Request.item_key)),
        }
        for row in found
    ]  # fmt: skip


def _named(item: Item | None) -> dict[str, Any] | None:
    if item is None:
        return None
    code = item.waste_class
    return {"id": item.key, "name": item.name, "category": {"code": code.value, "name": CLASS_NAMES[code]}}


def listed(wanted: RequestState, most: int = 100) -> list[Request]:
    """Words asked for, the most wanted first."""
    found = select(Request).where(Request.state == wanted).order_by(Request.times.desc(), Request.id).limit(most)
    return list(db.session().scalars(found))


def open_count() -> tuple[int, datetime | None]:
    """How many words wait for an answer, and since when."""
    count, since = (
        db.session()
        .execute(select(func.count(Request.id), func.min(Request.first_at)).where(Request.state == RequestState.OPEN))
        .one()
    )
    return int(count), since


@dataclass(frozen=True)
class Asked:
    """A request as staff see it: what residents wrote about it, the latest first."""

    request: Request
    remarks: list[str]


def get(request_id: int) -> Asked:
    """Raises NotFound."""
    row = db.session().get(Request, request_id)
    if row is None:
        raise NotFound("request_not_found", "没有找到这条反馈")
    remarks = (
        select(RequestVote.remark)
        .where(RequestVote.request_id == request_id, RequestVote.remark != "")
        .order_by(RequestVote.id.desc())
        .limit(20)
    )
    return Asked(row, list(db.session().scalars(remarks)))


def answer_with_alias(actor: StaffActor, request_id: int, name: str) -> str:
    """The word is another name of the item that has `name`; returns the item's key.

    Raises Invalid where no item has that name, and what service.save and _settle raise.
    """
    service.require_editor(actor)
    asked = get(request_id).request
    key = db.session().scalar(
        select(Item.key)
        .join(Name, Name.item_id == Item.id)
        .where(Name.folded == words.fold(name), Item.active.is_(True))
    )
    if not key:
        raise Invalid("name", "没有叫这个名称的词条，请从下面挑选，或改为添加词条")

    def effect() -> str:
        draft = service.draft_of(service.item(key)[1])
        taken = {words.fold(one) for one in (draft.name, *draft.aliases, *draft.local_names)}
        if asked.folded not in taken:
            service.save(actor, key, replace(draft, aliases=(*draft.aliases, asked.term)))
        return key

    return _settle(actor, asked, RequestState.ADDED, effect)


def answer_with_item(actor: StaffActor, request_id: int, draft: Draft) -> str:
    """Add an item that is found by the word; returns its key. Raises as answer_with_alias."""
    service.require_editor(actor)
    asked = get(request_id).request
    if asked.folded not in {words.fold(one) for one in (draft.name, *draft.aliases, *draft.local_names)}:
        draft = replace(draft, aliases=(*draft.aliases, asked.term))
    return _settle(actor, asked, RequestState.ADDED, lambda: service.save(actor, "", draft))


def decline(actor: StaffActor, request_id: int, answer: str) -> None:
    """Tell those who asked why the word is not taken up. Raises Invalid, Conflict, NotFound."""
    service.require_editor(actor)
    if not answer.strip() or len(answer.strip()) > MOST_ANSWER:
        raise Invalid("answer", f"请写明答复，不超过 {MOST_ANSWER} 个字")
    _settle(actor, get(request_id).request, RequestState.DECLINED, lambda: "", answer.strip())


def _settle(actor: StaffActor, asked: Request, end: RequestState, effect: Callable[[], str], answer: str = "") -> str:
    """Close the request together with what answers it, and tell everybody. Raises Conflict when somebody else has."""
    with transaction() as session:
        done = session.execute(
            update(Request)
            .where(Request.id == asked.id, Request.state == RequestState.OPEN)
            .values(state=end, answered_by=actor.username, answered_at=clock.now())
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("request_settled", "这条反馈已经处理过了")
        key = effect()
        text = answer or _text(session, key)
        session.execute(update(Request).where(Request.id == asked.id).values(item_key=key, answer=text))
        session.execute(delete(Missed).where(Missed.folded == asked.folded))
        _tell(session, asked, OUTCOMES[end], text)
        audit.record(
            actor.username, "guide_request.settle", "guide_request", asked.id,
            after={"state": end.value, "name": asked.term, "answer": text},
        )  # fmt: skip
        return key


def _text(session: Session, key: str) -> str:
    item = session.scalars(select(Item).where(Item.key == key)).one()
    return f"{item.name}：{CLASS_NAMES[item.waste_class]}"[:MOST_ANSWER]


def _tell(session: Session, asked: Request, status: str, answer: str) -> None:
    people = session.scalars(select(RequestVote.resident_id).where(RequestVote.request_id == asked.id))
    values = {"title": asked.term, "status": status, "remark": answer, "time": clock.local_text(clock.now())}
    key = str(asked.id)
    deliveries.notify_all(NOTICE, list(people), values, object_type="guide_request", object_id=key, page_id=key)
