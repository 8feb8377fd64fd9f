"""Places from a sheet and to a sheet, in the same columns: what was exported, changed and imported again is an update.

A row is known by its code. Every row says what is wrong with it before anything is written; then all rows or none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from sorting_miniapp import clock, points
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.imports import workbook
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet, all_good, summary
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.orgs.tree import contains
from sorting_miniapp.places import drafts, service
from sorting_miniapp.places.drafts import Draft
from sorting_miniapp.places.models import PLACE_KIND_NAMES, PLACE_STATE_NAMES, Place, PlaceState
from sorting_miniapp.waste import CLASS_NAMES, WasteClass

COLUMNS = (
    "编号", "类别", "名称", "镇（乡）", "社区（村）", "地址", "纬度", "经度", "开放时间", "收运类别", "联系方式",
    "备注", "状态", "状态说明", "信息来源", "核实日期",
)  # fmt: skip
MOST_ROWS = 1000
_KINDS = {name: kind.value for kind, name in PLACE_KIND_NAMES.items()}
_STATES = {name: state.value for state, name in PLACE_STATE_NAMES.items()} | {"": PlaceState.ACTIVE.value}
_CLASSES = {name: code.value for code, name in CLASS_NAMES.items()}


@dataclass
class _Known:
    """What the rows are compared with: the actor's units by name, places by code, and the rows already read."""

    towns: dict[str, Node]
    communities: dict[tuple[int | None, str], Node]
    places: dict[str, tuple[Place, str]]
    names: dict[tuple[int, str, str], str]
    spots: dict[tuple[str, int, int], str]
    codes: dict[str, int]
    area_km: int
    today: date


def _known(rows: Sequence[Row], actor: StaffActor) -> _Known:
    branches = actor.branches(*service.WRITERS)
    units = orgs.in_use(branches)
    found = db.session().execute(
        select(Place, Node.path).join(Node, Node.id == Place.node_id).execution_options(populate_existing=True)
    )
    places = {row.Place.code: (row.Place, row.path) for row in found}
    listed = {row.cells[0].upper() for row in rows}
    others = [place for place, _ in places.values() if place.code not in listed]
    return _Known(
        towns=_towns(units),
        communities={(unit.parent_id, unit.name): unit for unit in units if unit.kind is NodeKind.COMMUNITY},
        places=places,
        names={(one.node_id, one.kind.value, one.name): f"编号 {one.code}" for one in others},
        spots={(one.kind.value, one.lat_e5, one.lng_e5): f"编号 {one.code}" for one in others},
        codes={},
        area_km=service.area_km(),
        today=clock.today(),
    )


def _towns(units: Sequence[Node]) -> dict[str, Node]:
    """Towns by name, those of single communities too: who has only a community still writes its town beside it."""
    towns = {unit.name: unit for unit in units if unit.kind is NodeKind.TOWN}
    above = {unit.parent_id for unit in units if unit.kind is NodeKind.COMMUNITY} - {unit.id for unit in towns.values()}
    found = db.session().scalars(select(Node).where(Node.id.in_(above), Node.kind == NodeKind.TOWN))
    return towns | {unit.name: unit for unit in found}


def plan(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. Units and places outside the actor's branches are not known."""
    known = _known(rows, actor)
    return [_planned(row, known, actor)[0] for row in rows]


def _planned(row: Row, known: _Known, actor: StaffActor) -> tuple[Outcome, Draft | None]:
    """The outcome, and what is to be saved where something is."""
    try:
        draft = _draft(row, known, actor)
        columns = drafts.columns(draft, known.area_km, known.today)
        _compare(row, draft, columns, known, actor)
    except DomainError as error:
        fields = error.details.get("fields", {})
        words = "；".join(words for messages in fields.values() for words in messages) or error.message
        return Outcome(row.number, row.cells, Action.WRONG, words), None
    before = known.places.get(draft.code)
    if before is None:
        return Outcome(row.number, row.cells, Action.ADD), draft
    same = all(getattr(before[0], name) == value for name, value in columns.items())
    return Outcome(row.number, row.cells, Action.SAME if same else Action.CHANGE), draft


def _draft(row: Row, known: _Known, actor: StaffActor) -> Draft:
    """What the row says. Raises Invalid with everything in it that cannot be read."""
    (code, kind, name, town, community, address, lat, lng, hours, classes, contact, remarks, state, note, source,
     checked) = row.cells  # fmt: skip
    problems: dict[str, str] = {}
    node = _unit(town, community, known, actor, problems)
    wanted = [one for one in re.split(r"[、,，；;\s]+", classes) if one]
    if unknown := [one for one in wanted if one not in _CLASSES]:
        problems["classes"] = f"收运类别不认识“{unknown[0][:20]}”，可以写：{'、'.join(_CLASSES)}"
    if kind not in _KINDS:
        problems["kind"] = f"类别须为：{'、'.join(_KINDS)}"
    if state not in _STATES:
        problems["state"] = f"状态须为：{'、'.join(PLACE_STATE_NAMES.values())}"
    draft = Draft(
        code=code.upper(), kind=_KINDS.get(kind, kind), name=name, node_id=node.id if node else 0, address=address,
        lat=drafts.degrees(lat), lng=drafts.degrees(lng), hours=hours, contact=contact, remarks=remarks,
        classes=tuple(_CLASSES[one] for one in wanted if one in _CLASSES), state=_STATES.get(state, state),
        state_note=note, source=source, checked_on=_day(checked),
    )  # fmt: skip
    if problems:
        try:
            drafts.columns(draft, known.area_km, known.today)
        except Invalid as error:
            problems = {name: words[0] for name, words in error.details["fields"].items()} | problems
        raise drafts.refused(problems)
    return draft


def _unit(town: str, community: str, known: _Known, actor: StaffActor, problems: dict[str, str]) -> Node | None:
    found = known.towns.get(town)
    if not town or found is None:
        problems["town"] = f"您管理的范围内没有“{town[:20]}”" if town else "没有填写镇（乡）"
        return None
    unit = known.communities.get((found.id, community)) if community else found
    if unit is None:
        problems["community"] = f"{town}没有“{community[:20]}”，请先在组织机构里添加，或者改用已有的名称"
    elif not any(contains(branch, unit.path) for branch in actor.branches(*service.WRITERS)):
        problems["community"] = "没有填写社区（村）"
    return unit


def _compare(row: Row, draft: Draft, columns: dict[str, Any], known: _Known, actor: StaffActor) -> None:
    """Raises Invalid where the row repeats another row or place, or changes one that is not the actor's."""
    spot = (draft.kind, columns["lat_e5"], columns["lng_e5"])
    name = (draft.node_id, draft.kind, draft.name)
    problems: dict[str, str] = {}
    if draft.code in known.codes:
        problems["code"] = f"编号与第 {known.codes[draft.code]} 行重复"
    elif name in known.names:
        problems["name"] = f"名称与{known.names[name]}重复（同一单位、同一类别）"
    elif spot in known.spots:
        problems["at"] = f"坐标与{known.spots[spot]}完全相同"
    before = known.places.get(draft.code)
    if before and not any(contains(branch, before[1]) for branch in actor.branches(*service.WRITERS)):
        problems["code"] = "这个编号已被其他单位使用"
    known.codes.setdefault(draft.code, row.number)
    known.names.setdefault(name, f"第 {row.number} 行")
    known.spots.setdefault(spot, f"第 {row.number} 行")
    if problems:
        raise drafts.refused(problems)


def _day(text: str) -> date | None:
    """A day as sheets hold it: 2026-06-10, 2026/6/10, 2026年6月10日, or a date cell."""
    plain = text.split(" ")[0].replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-")
    try:
        return datetime.strptime(plain, "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None


def run(rows: Sequence[Row], actor: StaffActor) -> str:
    """Add and change the places, all or none; audited. Raises Invalid when a row is wrong."""
    with transaction():
        known = _known(rows, actor)
        planned = [_planned(row, known, actor) for row in rows]
        outcomes = [outcome for outcome, _ in planned]
        all_good(outcomes)
        for outcome, draft in planned:
            if draft is not None and outcome.action is not Action.SAME:
                before = known.places.get(draft.code)
                service.save(actor, before[0].id if before else None, draft)
    return f"已导入：{summary(outcomes)}"


def export(actor: StaffActor, wanted: service.Filter) -> bytes:
    """The places of the actor's branches in the columns of the import."""
    units = {unit.id: unit for unit in orgs.visible([orgs.root().path])}
    rows, _ = service.listed(actor, replace(wanted, near=None), most=service.MOST)
    return workbook.write("点位", COLUMNS, [_line(row.Place, units) for row in rows])


def _line(place: Place, units: dict[int, Node]) -> tuple[object, ...]:
    unit = units[place.node_id]
    community = unit.kind is NodeKind.COMMUNITY
    town = units[unit.parent_id] if community and unit.parent_id else unit
    return (
        place.code, PLACE_KIND_NAMES[place.kind], place.name, town.name, unit.name if community else "", place.address,
        place.lat_e5 / points.E5, place.lng_e5 / points.E5, place.hours,
        "、".join(CLASS_NAMES[WasteClass(code)] for code in place.classes), place.contact, place.remarks,
        PLACE_STATE_NAMES[place.state], place.state_note, place.source, place.checked_on.isoformat(),
    )  # fmt: skip


SHEET = Sheet(
    key="places",
    title="从表格导入点位",
    columns=COLUMNS,
    most_rows=MOST_ROWS,
    about=(
        f"类别写{'、'.join(_KINDS)}；坐标用微信（腾讯）地图的经纬度；编号由单位自己编，已有的编号会更新那个点位。"
        "点位须是实地核实过的，写明信息来源和核实日期。"
    ),
    roles=service.WRITERS,
    plan=plan,
    run=run,
)
