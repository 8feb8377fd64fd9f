"""What staff read of events: the list of their branches, an event's shifts, who is signed up, who came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.orm import aliased

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.events import planning, tokens
from sorting_miniapp.events.models import CheckIn, Event, EventState, Shift, ShiftState, SignUp, Tag
from sorting_miniapp.events.models_planning import EventCohost
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.orgs.tree import within

PAGE = 20
MOST_SIGN_UPS = 2_000
_cohost = aliased(Node)


@dataclass(frozen=True)
class Code:
    """What the check-in page shows now: the QR's text, six digits, and for how many seconds."""

    qr: str
    digits: str
    seconds: int


def listed(
    actor: StaffActor, state: EventState | None = None, kind: str = "", words: str = "", before: int | None = None
) -> dict[str, Any]:
    """Events of the actor's branches, newest first: rows (Event, org_name, capacity, taken, waiting); one statement."""
    query = (
        select(
            Event,
            Node.name.label("org_name"),
            func.sum(Shift.capacity).label("capacity"),
            func.sum(Shift.places_taken).label("taken"),
            func.sum(Shift.waiting).label("waiting"),
        )
        .join(Node, Node.id == Event.node_id)
        .outerjoin(Shift, (Shift.event_id == Event.id) & (Shift.state != ShiftState.CANCELLED))
        .where(_seen(actor))
        .group_by(*Event.__table__.columns, Node.name)
        .order_by(Event.id.desc())
        .limit(PAGE + 1)
    )
    if state is not None:
        query = query.where(Event.state == state)
    if kind:
        query = query.where(Event.kind == kind)
    if words:
        query = query.where(Event.title.contains(words, autoescape=True))
    if before is not None:
        query = query.where(Event.id < before)
    rows = db.session().execute(query).all()
    following = str(rows[PAGE - 1].Event.id) if len(rows) > PAGE else None
    return {"items": rows[:PAGE], "next": following}


def tags() -> list[Tag]:
    return list(db.session().scalars(select(Tag).order_by(Tag.position, Tag.id)))


def cohost_choices(actor: StaffActor) -> list[Node]:
    """Units that may hold an event together with the actor's: towns, departments, Party branches, own communities."""
    wide = (NodeKind.CITY, NodeKind.TOWN, NodeKind.DEPARTMENT, NodeKind.PARTY_BRANCH)
    own = within(Node.path, actor.branches()) & (Node.kind == NodeKind.COMMUNITY)
    found = orgs.in_order(db.session().scalars(select(Node).where(Node.active, Node.kind.in_(wide) | own)))
    return sorted(found, key=lambda unit: list(NodeKind).index(unit.kind))


def of_campaign(actor: StaffActor, campaign_id: int) -> list[Row[*tuple[Any, ...]]]:
    """(Event, org_name) of the actor's branches that belong to the campaign, by their beginning."""
    query = (
        select(Event, Node.name.label("org_name"))
        .join(Node, Node.id == Event.node_id)
        .where(Event.campaign_id == campaign_id, _seen(actor))
        .order_by(Event.starts_at, Event.id)
        .limit(MOST_SIGN_UPS)
    )
    return list(db.session().execute(query))


def _seen(actor: StaffActor) -> ColumnElement[bool]:
    """The event lies in the actor's branches, or one of their units holds it with another."""
    held_with = (
        select(EventCohost.event_id)
        .join(_cohost, _cohost.id == EventCohost.node_id)
        .where(within(_cohost.path, actor.branches()))
    )
    return or_(within(Node.path, actor.branches()), Event.id.in_(held_with))


def shifts_of(event_id: int) -> list[Shift]:
    query = select(Shift).where(Shift.event_id == event_id).order_by(Shift.starts_at, Shift.id)
    return list(db.session().scalars(query.execution_options(populate_existing=True)))


def shift(actor: StaffActor, shift_id: int, *, change: bool = False) -> tuple[Shift, Event, Node]:
    """A shift in the actor's branches. Raises NotFound, Forbidden as planning.get."""
    found = db.session().get(Shift, shift_id, populate_existing=True)
    if found is None:
        raise NotFound("shift_not_found", "没有找到这个场次")
    event, node = planning.get(actor, found.event_id, change=change)
    return found, event, node


def sign_ups(shift_id: int) -> list[Row[*tuple[Any, ...]]]:
    """Everybody who signed up, the live first, the queue in its order: (SignUp, nickname, resident_public_id)."""
    query = (
        select(SignUp, Resident.nickname, Resident.public_id.label("resident_public_id"))
        .join(Resident, Resident.id == SignUp.resident_id)
        .where(SignUp.shift_id == shift_id)
        .order_by(SignUp.live.is_(None), SignUp.queue_number.is_not(None), SignUp.queue_number, SignUp.id)
        .limit(MOST_SIGN_UPS)
        .execution_options(populate_existing=True)
    )
    return list(db.session().execute(query))


def sign_up(actor: StaffActor, sign_up_id: int) -> tuple[SignUp, Shift, Event]:
    """One sign-up in the actor's branches. Raises NotFound."""
    found = db.session().get(SignUp, sign_up_id, populate_existing=True)
    if found is None:
        raise NotFound("signup_not_found", "没有找到这个报名")
    one, event, _ = shift(actor, found.shift_id, change=True)
    return found, one, event


def pairs_of(shift_id: int) -> dict[int, list[CheckIn]]:
    """The pairs of check-in and check-out of a shift, by sign-up."""
    query = (
        select(CheckIn)
        .join(SignUp, SignUp.id == CheckIn.sign_up_id)
        .where(SignUp.shift_id == shift_id)
        .order_by(CheckIn.id)
        .execution_options(populate_existing=True)
    )
    found: dict[int, list[CheckIn]] = {}
    for pair in db.session().scalars(query):
        found.setdefault(pair.sign_up_id, []).append(pair)
    return found


def code(actor: StaffActor, shift_id: int) -> Code:
    """The codes of this half minute. Raises NotFound, Forbidden."""
    found, _, _ = shift(actor, shift_id, change=True)
    now = clock.now()
    step = tokens.step_of(now)
    return Code(
        tokens.qr(found.public_id, found.secret, step), tokens.digits(found.secret, step), tokens.seconds_left(now)
    )
