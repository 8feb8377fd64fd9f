"""What sheets about volunteers have in common: who a row speaks of, and its day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import Row as DbRow

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.hours import volunteers
from sorting_miniapp.imports.workbook import Row

NUMBER, NAME = "志愿者编号", "姓名"


class People:
    """The volunteers of the actor's branches that a sheet names in its first two columns, by one statement."""

    def __init__(self, rows: Sequence[Row], actor: StaffActor, *roles: Role) -> None:
        self._known = volunteers.by_numbers([row.cells[0] for row in rows], actor.branches(*roles))

    def find(self, row: Row) -> DbRow[*tuple[Any, ...]] | None:
        return self._known.get(row.cells[0])

    def problem(self, row: Row) -> str:
        """Why the row speaks of nobody, in Chinese; '' when it does."""
        found = self.find(row)
        if not row.cells[0]:
            return "没有填写志愿者编号"
        if found is None:
            return "您管理的范围内没有这个志愿者编号"
        return "" if found.Volunteer.name == row.cells[1] else "姓名与登记的不一致"


def day_of(text: str) -> date | None:
    """A day as sheets hold it: 2026-06-10, 2026/6/10, 2026年6月10日, or a date cell; None for anything else."""
    text = text.strip().split(" ")[0].replace("年", "-").replace("月", "-").replace("日", "").replace("/", "-")
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  a day has no zone
    except ValueError:
        return None
