"""Trainings, awards and evaluations from a sheet."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.certificates import masking
from sorting_miniapp.db import db, transaction
from sorting_miniapp.hours import entries
from sorting_miniapp.hours.models_entries import ENTRY_NAMES, VolunteerEntry
from sorting_miniapp.hours.sheets_people import NAME, NUMBER, People, day_of
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet, all_good, summary
from sorting_miniapp.imports.workbook import Row

COLUMNS = (NUMBER, NAME, "类别", "名称", "培训、授予或评价单位", "日期", "备注")
KINDS = {name: kind for kind, name in ENTRY_NAMES.items()}


def _draft(row: Row) -> entries.Draft | str:
    """What the row says, or what is wrong with it."""
    kind, day = KINDS.get(row.cells[2]), day_of(row.cells[5])
    if kind is None:
        return f"类别须为{'、'.join(KINDS)}"
    if day is None:
        return "日期须写成 2026-06-10 的样子"
    draft = entries.Draft(kind, row.cells[3], row.cells[4], day, row.cells[6])
    return entries.problem_of(draft) or draft


def plan(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. Volunteers outside the actor's branches are not known."""
    people = People(rows, actor, *entries.KEEPERS)
    known = _recorded(rows, people)
    return [_outcome(row, people, known) for row in rows]


def _outcome(row: Row, people: People, known: set[tuple[int, str, str, str]]) -> Outcome:
    shown = (row.cells[0], masking.name(row.cells[1]), *row.cells[2:])
    found, draft = people.find(row), _draft(row)
    problem = people.problem(row)
    if problem or isinstance(draft, str) or found is None:
        return Outcome(row.number, shown, Action.WRONG, problem or str(draft))
    what = (found.Volunteer.resident_id, draft.kind.value, draft.title, str(draft.day))
    action = Action.SAME if what in known else Action.ADD
    known.add(what)
    return Outcome(row.number, shown, action)


def _recorded(rows: Sequence[Row], people: People) -> set[tuple[int, str, str, str]]:
    found = [people.find(row) for row in rows]
    residents = {one.Volunteer.resident_id for one in found if one is not None}
    query = select(VolunteerEntry).where(
        VolunteerEntry.resident_id.in_(residents), VolunteerEntry.withdrawn_at.is_(None)
    )
    return {(one.resident_id, one.kind.value, one.title, str(one.day)) for one in db.session().scalars(query)}


def run(rows: Sequence[Row], actor: StaffActor) -> str:
    """Enter them, all or none. Raises Invalid when a row is wrong."""
    with transaction():
        outcomes = plan(rows, actor)
        all_good(outcomes)
        people = People(rows, actor, *entries.KEEPERS)
        for row, outcome in zip(rows, outcomes, strict=True):
            found, draft = people.find(row), _draft(row)
            if outcome.action is Action.ADD and found is not None and not isinstance(draft, str):
                entries.add(actor, found.Volunteer.id, draft)
    return f"已导入：{summary(outcomes)}"


SHEET = Sheet(
    key="entries",
    title="导入培训、表彰和评价",
    columns=COLUMNS,
    most_rows=500,
    about=f"类别填{'、'.join(KINDS)}；日期写成 2026-06-10 的样子。",
    roles=entries.KEEPERS,
    plan=plan,
    run=run,
)
