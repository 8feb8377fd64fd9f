"""Service records from a sheet of paper sign-ins: the person who imports is the first of two, a verifier the second."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.db import db, transaction
from sorting_miniapp.hours import service
from sorting_miniapp.hours.models import RecordState, ServiceRecord
from sorting_miniapp.hours.sheets_people import NAME, NUMBER, People, day_of
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet, all_good
from sorting_miniapp.imports.workbook import Row

COLUMNS = (NUMBER, NAME, "日期", "服务内容", "地点", "服务对象", "时长（分钟）", "负责人", "凭据说明")
ROLES = (Role.ORGANISER, Role.VERIFIER)
LONGEST = 24 * 60


def plan(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. Volunteers outside the actor's branches are not known."""
    people = People(rows, actor, *ROLES)
    known = _recorded(rows, people)
    outcomes = []
    for row in rows:
        problem = people.problem(row) or _problem(row)
        found = people.find(row)
        if not problem and found is not None:
            what = (found.Volunteer.resident_id, str(day_of(row.cells[2])), row.cells[3])
            problem = "这位志愿者同一天已有内容相同的记录" if what in known else ""
            known.add(what)
        shown = (row.cells[0], masking.name(row.cells[1]), *row.cells[2:])
        outcomes.append(Outcome(row.number, shown, Action.WRONG if problem else Action.ADD, problem))
    return outcomes


def _recorded(rows: Sequence[Row], people: People) -> set[tuple[int, str, str]]:
    found = [people.find(row) for row in rows]
    residents = {one.Volunteer.resident_id for one in found if one is not None}
    query = select(ServiceRecord.resident_id, ServiceRecord.served_on, ServiceRecord.content).where(
        ServiceRecord.resident_id.in_(residents), ServiceRecord.state != RecordState.VOID
    )
    return {(row.resident_id, str(row.served_on), row.content) for row in db.session().execute(query)}


def _problem(row: Row) -> str:
    day, minutes = day_of(row.cells[2]), row.cells[6]
    if day is None or not clock.today() - timedelta(days=service.CLAIM_DAYS) <= day <= clock.today():
        return "日期须写成 2026-06-10 的样子，在一年以内且不晚于今天"
    if not minutes.isdecimal() or len(minutes) > 4 or not 1 <= int(minutes) <= LONGEST:
        return f"时长须为 1 到 {LONGEST} 的整数（分钟，不含路途）"
    for place, label, longest in ((3, "服务内容", 200), (4, "地点", 120), (7, "负责人", 80), (8, "凭据说明", 2000)):
        if not 1 <= len(row.cells[place]) <= longest:
            return f"{label}须为 1 到 {longest} 个字"
    return "服务对象不超过 120 个字" if len(row.cells[5]) > 120 else ""


def run(rows: Sequence[Row], actor: StaffActor) -> str:
    """Enter the services, all or none; each waits for a verifier. Raises Invalid when a row is wrong."""
    with transaction():
        all_good(plan(rows, actor))
        people = People(rows, actor, *ROLES)
        for row in rows:
            found = people.find(row)
            assert found is not None
            service.claim(found.Volunteer.resident_id, _wish(row, found.Volunteer.node_id), entered_by=actor.id)
        after = {"count": len(rows)}
        audit.record(actor.username, "record.import", "record", "sheet", after=after)
    return f"已录入 {len(rows)} 条，等待另一位核验员核验"


def _wish(row: Row, node_id: int) -> service.Claim:
    day = day_of(row.cells[2])
    assert day is not None
    return service.Claim(
        day=day,
        content=row.cells[3],
        minutes=int(row.cells[6]),
        evidence=row.cells[8],
        person_in_charge=row.cells[7],
        place=row.cells[4],
        served=row.cells[5],
        org_id=node_id,
    )


SHEET = Sheet(
    key="late_records",
    title="从表格补录服务记录",
    columns=COLUMNS,
    most_rows=500,
    about="用于纸质签到等没有在系统里签到的服务。您是第一人，须由另一位核验员核验后才生效。",
    roles=ROLES,
    plan=plan,
    run=run,
)
