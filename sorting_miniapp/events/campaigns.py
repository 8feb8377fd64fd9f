"""Campaigns: a theme and a span of days that events of one unit and of the units below it belong to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Row, func, or_, select

from sorting_miniapp import audit, clock, state
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import after_commit, db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events import listing
from sorting_miniapp.events.models import Event, EventState
from sorting_miniapp.events.models_planning import Campaign
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import contains, within

PAGE = 50
DEEPEST = 3
LONGEST = timedelta(days=731)
LENGTHS = {"title": (80, "名称"), "theme": (120, "主题"), "summary": (500, "说明")}


@dataclass(frozen=True)
class Plan:
    """What is written about a campaign; both days are included. `parent_id` is the larger one it is part of."""

    title: str
    starts_on: date
    ends_on: date
    theme: str = ""
    summary: str = ""
    parent_id: int | None = None


def _ancestors(path: str) -> list[str]:
    return [path[: i + 1] for i, letter in enumerate(path) if letter == "/"]


def listed(actor: StaffActor) -> list[Row[*tuple[Any, ...]]]:
    """(Campaign, org_name, events) of the actor's branches and of the units above them, latest first."""
    branches = actor.branches()
    above = {path for branch in branches for path in _ancestors(branch)}
    events = select(func.count(Event.id)).where(Event.campaign_id == Campaign.id).correlate(Campaign).scalar_subquery()
    query = (
        select(Campaign, Node.name.label("org_name"), events.label("events"))
        .join(Node, Node.id == Campaign.node_id)
        .where(or_(within(Node.path, branches), Node.path.in_(above)))
        .order_by(Campaign.starts_on.desc(), Campaign.id.desc())
        .limit(PAGE)
    )
    return list(db.session().execute(query))


def get(actor: StaffActor, campaign_id: int, *, change: bool = False) -> tuple[Campaign, Node]:
    """A campaign of the actor's branches or of a unit above them. Raises NotFound; Forbidden without the role there."""
    row = (
        db.session()
        .execute(
            select(Campaign, Node)
            .join(Node, Node.id == Campaign.node_id)
            .where(Campaign.id == campaign_id)
            .execution_options(populate_existing=True)
        )
        .first()
    )
    branches = actor.branches()
    if row is None or not any(contains(b, row.Node.path) or contains(row.Node.path, b) for b in branches):
        raise NotFound("campaign_not_found", "没有找到这个主题活动")
    if change and not actor.may(Role.ORGANISER, row.Node.path):
        raise Forbidden()
    return row.Campaign, row.Node


def check_joins(actor: StaffActor, campaign_id: int | None, path: str) -> None:
    """An event of the unit at `path` may belong to a campaign of its own branch or of a unit above. Raises Invalid."""
    if campaign_id is None:
        return
    owner = db.session().scalar(
        select(Node.path).join(Campaign, Campaign.node_id == Node.id).where(Campaign.id == campaign_id)
    )
    if owner is None or not (contains(owner, path) or any(contains(branch, owner) for branch in actor.branches())):
        raise Invalid("campaign", "没有找到这个主题活动", {"fields": {"campaign_id": ["请选择主题活动"]}})


def _check(plan: Plan) -> None:
    if not plan.title:
        raise Invalid("title", "请填写名称", {"fields": {"title": ["请填写名称"]}})
    for name, (longest, label) in LENGTHS.items():
        if len(getattr(plan, name)) > longest:
            message = f"{label}最多 {longest} 个字"
            raise Invalid(name, message, {"fields": {name: [message]}})
    if not plan.starts_on <= plan.ends_on <= plan.starts_on + LONGEST:
        message = "结束日期不能早于开始日期，且不超过两年"
        raise Invalid("ends_on", message, {"fields": {"ends_on": [message]}})


def _check_parent(actor: StaffActor, plan: Plan, own_id: int | None) -> None:
    """The larger campaign exists for the actor, and following the larger ones upwards never comes back. Raises."""
    above = plan.parent_id
    seen: list[int] = []
    while above is not None:
        if above == own_id or len(seen) >= DEEPEST:
            message = f"主题活动最多 {DEEPEST} 层，且不能属于自己"
            raise Invalid("parent_id", message, {"fields": {"parent_id": [message]}})
        seen.append(above)
        above = get(actor, above)[0].parent_id


def create(actor: StaffActor, node_id: int, plan: Plan) -> int:
    """A new campaign of the unit; returns its id. Raises Invalid, NotFound, Forbidden."""
    _check(plan)
    now = clock.now()
    with transaction() as session:
        node = session.get(Node, node_id)
        if node is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        actor.require(Role.ORGANISER, node.path)
        _check_parent(actor, plan, None)
        made = Campaign(
            public_id=new_public_id(), node_id=node_id, created_by=actor.id, created_at=now, changed_at=now,
            **vars(plan),
        )  # fmt: skip
        session.add(made)
        session.flush()
        _shown_anew()
        audit.record(
            actor.username, "campaign.create", "campaign", made.id, node_path=node.path, after={"title": plan.title}
        )
        return made.id


def change(actor: StaffActor, campaign_id: int, plan: Plan) -> None:
    """Raises Invalid, NotFound, Forbidden."""
    _check(plan)
    with transaction() as session:
        found, node = get(actor, campaign_id, change=True)
        _check_parent(actor, plan, campaign_id)
        values = vars(plan)
        before = {name: getattr(found, name) for name, value in values.items() if getattr(found, name) != value}
        for name in before:
            setattr(found, name, values[name])
        found.changed_at = clock.now()
        session.flush()
        _shown_anew()
        after = {name: values[name] for name in before}
        audit.record(
            actor.username, "campaign.change", "campaign", campaign_id, node_path=node.path, before=before, after=after
        )


def delete(actor: StaffActor, campaign_id: int) -> None:
    """Only one that nothing belongs to. Raises Conflict campaign_in_use, NotFound, Forbidden."""
    with transaction() as session:
        found, node = get(actor, campaign_id, change=True)
        part = select(Campaign.id).where(Campaign.parent_id == campaign_id).limit(1)
        event = select(Event.id).where(Event.campaign_id == campaign_id).limit(1)
        if session.scalar(part) or session.scalar(event):
            raise Conflict("campaign_in_use", "还有活动属于这个主题活动，不能删除")
        session.delete(found)
        session.flush()
        _shown_anew()
        audit.record(
            actor.username, "campaign.delete", "campaign", campaign_id, node_path=node.path,
            before={"title": found.title},
        )  # fmt: skip


def _shown_anew() -> None:
    state.bump(listing.VERSION)
    after_commit(listing.kept.forget)


def current() -> dict[str, Any]:
    """For everybody: campaigns that are not over, by their first day, with the number of their published events."""
    events = (
        select(func.count(Event.id))
        .where(
            Event.campaign_id == Campaign.id, Event.state.in_((EventState.PUBLISHED, EventState.FINISHED))
        )
        .correlate(Campaign)
        .scalar_subquery()
    )  # fmt: skip
    rows = db.session().execute(
        select(Campaign, Node.id.label("org_id"), Node.name.label("org_name"), events.label("events"))
        .join(Node, Node.id == Campaign.node_id)
        .where(Campaign.ends_on >= clock.today())
        .order_by(Campaign.starts_on, Campaign.id)
        .limit(PAGE)
    )
    parents = {row.id: row.public_id for row in db.session().execute(select(Campaign.id, Campaign.public_id))}
    return {
        "items": [
            {
                "id": row.Campaign.public_id,
                "title": row.Campaign.title,
                "theme": row.Campaign.theme,
                "summary": row.Campaign.summary,
                "starts_on": row.Campaign.starts_on,
                "ends_on": row.Campaign.ends_on,
                "organiser": {"id": row.org_id, "name": row.org_name},
                "parent_id": parents.get(row.Campaign.parent_id),
                "events": row.events,
            }
            for row in rows
        ],
        "next": None,
    }
