"""What staff do with places: add, change, pause, take up again, look for. Everything stays in the actor's branches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Row, func, or_, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock, points, state
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import after_commit, db, new_public_id, transaction, violated
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.orgs.tree import contains, within
from sorting_miniapp.places import drafts
from sorting_miniapp.places.drafts import Draft
from sorting_miniapp.places.models import Place, PlaceKind, PlaceState
from sorting_miniapp.places.models_reports import PlaceIssue

WRITERS = (Role.ORGANISER, Role.ADMIN)
READERS = (*WRITERS, Role.EDITOR, Role.ANALYST)
UNITS = (NodeKind.TOWN, NodeKind.COMMUNITY)
VERSION = "places_version"
PAGE = 30
MOST = 5000  # places that a page or sheet of all of them holds
kept = KeptBytes(VERSION, 30.0)


def changed() -> None:
    """Let every process build its answers anew, from the caller's transaction on."""
    state.bump(VERSION)
    after_commit(kept.forget)


def require(actor: StaffActor, path: str) -> None:
    """Who changes a place or handles its reports. Raises NotFound outside the branches, Forbidden without the role."""
    if not any(contains(branch, path) for branch in actor.branches()):
        raise NotFound("place_not_found", "没有找到这个点位")
    if not any(contains(branch, path) for branch in actor.branches(*WRITERS)):
        raise Forbidden()


def area_km() -> int:
    return int(settings.read("place_area_km"))


def values_of(place: Place) -> dict[str, Any]:
    """A place's columns as plain values, for the audit trail and to see what changed."""
    names = (*drafts.LENGTHS, "code", "node_id", "lat_e5", "lng_e5", "classes")
    return {name: getattr(place, name) for name in names} | {
        "kind": place.kind.value,
        "state": place.state.value,
        "checked_on": place.checked_on.isoformat(),
    }


def save(actor: StaffActor, place_id: int | None, draft: Draft) -> int:
    """Change a place, or add one where `place_id` is None; audited. Returns its key.

    Raises Invalid with the fields, NotFound, Forbidden, Conflict (code_used, place_exists).
    """
    values = drafts.columns(draft, area_km(), clock.today())
    with transaction() as session:
        node = _unit(actor, draft.node_id)
        before = None
        if place_id is not None:
            place, _ = get(actor, place_id, change=True)
            before = values_of(place)
        else:
            place = Place(public_id=new_public_id(), created_at=clock.now())
            session.add(place)
        for name, value in (values | {"changed_at": clock.now()}).items():
            setattr(place, name, value)
        _flush(draft)
        if before is not None and before["node_id"] != place.node_id:
            moved = update(PlaceIssue).where(PlaceIssue.place_id == place.id, PlaceIssue.live == 1)
            session.execute(moved.values(node_id=place.node_id))
        _record(actor, place, before, node.path)
        changed()
        return place.id


def _unit(actor: StaffActor, node_id: int) -> Node:
    """The town or community a place is put in. Raises NotFound, Forbidden, Invalid."""
    node = orgs.get(node_id, actor.branches())
    require(actor, node.path)
    if not node.active or node.kind not in UNITS:
        raise drafts.refused({"node_id": "请选择点位所在的镇（乡）或社区（村）"})
    return node


def _flush(draft: Draft) -> None:
    try:
        db.session().flush()
    except IntegrityError as error:
        if violated(error) == "uq_place_code":
            raise Conflict("code_used", f"编号 {draft.code} 已属于另一个点位") from error
        if violated(error) == "uq_place_node_id_kind_name":
            raise Conflict("place_exists", f"这个单位已有同类同名的点位：{draft.name}") from error
        raise


def _record(actor: StaffActor, place: Place, before: dict[str, Any] | None, path: str) -> None:
    after = values_of(place)
    if before is None:
        audit.record(actor.username, "place.add", "place", place.id, node_path=path, after=after)
        return
    changes = [name for name in after if after[name] != before[name]]
    if changes:
        audit.record(
            actor.username, "place.change", "place", place.id, node_path=path,
            before={name: before[name] for name in changes}, after={name: after[name] for name in changes},
        )  # fmt: skip


def set_state(actor: StaffActor, place_id: int, to: PlaceState, note: str = "") -> None:
    """Pause a place for a reason that residents read, or take it up again; audited.

    Raises NotFound, Forbidden, Invalid, Conflict.
    """
    if to is PlaceState.PAUSED and not 1 <= len(note) <= drafts.LENGTHS["state_note"][0]:
        raise Invalid("state_note", "请写明暂停使用的原因（120 字内），居民可以看到")
    with transaction() as session:
        place, path = get(actor, place_id, change=True)
        if place.state is to:
            raise Conflict("state_same", "这个点位已经是这个状态")
        before = {"state": place.state.value, "state_note": place.state_note}
        place.state, place.state_note, place.changed_at = to, note, clock.now()
        session.flush()
        verb = "pause" if to is PlaceState.PAUSED else "resume"
        audit.record(
            actor.username, f"place.{verb}", "place", place_id, node_path=path,
            before=before, after={"state": to.value, "state_note": note},
        )  # fmt: skip
        changed()


def get(actor: StaffActor, place_id: int, *, change: bool = False) -> tuple[Place, str]:
    """A place of the actor's branches and its unit's path; to change it, its row is locked.

    Raises NotFound, Forbidden.
    """
    query = select(Place, Node.path).join(Node, Node.id == Place.node_id).where(Place.id == place_id)
    if change:
        query = query.with_for_update(of=Place)
    row = db.session().execute(query.execution_options(populate_existing=True)).first()
    if row is None or not any(contains(branch, row.path) for branch in actor.branches()):
        raise NotFound("place_not_found", "没有找到这个点位")
    if change:
        require(actor, row.path)
    return row.Place, row.path


@dataclass(frozen=True)
class Filter:
    """What the console's list is asked for; `near` sorts by distance, `branch` is a unit's path."""

    kind: PlaceKind | None = None
    state: PlaceState | None = None
    q: str = ""
    branch: str = ""
    near: tuple[float, float] | None = None


def named(q: str) -> ColumnElement[bool]:
    """A condition: name, address or code holds these words."""
    return or_(
        Place.name.contains(q, autoescape=True),
        Place.address.contains(q, autoescape=True),
        Place.code.contains(q.upper(), autoescape=True),
    )


def listed(actor: StaffActor, wanted: Filter, page: int = 0, most: int = PAGE) -> tuple[list[Row[Any]], bool]:
    """Rows (Place, org_name, path, open_issues) of the actor's branches by code, or the nearest first; whether more."""
    issues = (
        select(func.count(PlaceIssue.id))
        .where(PlaceIssue.place_id == Place.id, PlaceIssue.live == 1)
        .correlate(Place)
        .scalar_subquery()
    )
    query = (
        select(Place, Node.name.label("org_name"), Node.path, issues.label("open_issues"))
        .join(Node, Node.id == Place.node_id)
        .where(within(Node.path, [wanted.branch] if wanted.branch else actor.branches(*READERS)))
        .order_by(Place.code)
        .execution_options(populate_existing=True)
    )
    if wanted.kind:
        query = query.where(Place.kind == wanted.kind)
    if wanted.state:
        query = query.where(Place.state == wanted.state)
    if wanted.q:
        query = query.where(named(wanted.q))
    if wanted.near is None:
        rows = list(db.session().execute(query.offset(page * most).limit(most + 1)))
        return rows[:most], len(rows) > most
    near = wanted.near
    rows = sorted(db.session().execute(query.limit(MOST)), key=lambda row: (distance(near, row.Place), row.Place.code))
    return rows[page * most : (page + 1) * most], len(rows) > (page + 1) * most


def at(place: Any) -> tuple[float, float]:
    """Where a place (or a row with its coordinates) lies, in degrees."""
    return place.lat_e5 / points.E5, place.lng_e5 / points.E5


def distance(near: tuple[float, float], place: Any) -> int:
    return points.metres(near, at(place))


def by_code(code: str) -> Place | None:
    """A place that is not closed, by its code."""
    return db.session().scalar(select(Place).where(Place.code == code.upper(), Place.state != PlaceState.CLOSED))


def draft_of(place: Place) -> Draft:
    """A place as somebody would write it."""
    lat, lng = at(place)
    texts = {name: getattr(place, name) for name in drafts.LENGTHS}
    return Draft(
        code=place.code, kind=place.kind.value, node_id=place.node_id, lat=lat, lng=lng,
        classes=tuple(place.classes), state=place.state.value, checked_on=place.checked_on, **texts,
    )  # fmt: skip
