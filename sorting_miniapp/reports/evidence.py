"""The report's evidence as an .xlsx: a list of the figures, what is to be settled, and a sheet for each figure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import IO

from sqlalchemy import select
from sqlalchemy.orm import aliased

from sorting_miniapp.accounts.models import Staff
from sorting_miniapp.db import db
from sorting_miniapp.figures import styles
from sorting_miniapp.figures.models import SOURCE_NAMES, FigureEntry, FigureSignOff
from sorting_miniapp.figures.styles import BOUND_NAMES
from sorting_miniapp.imports.workbook import Book
from sorting_miniapp.reports import counting
from sorting_miniapp.reports.counting import Scope
from sorting_miniapp.reports.values import Figures, Value

LIST = ("序号", "部分", "名称", "报告写法", "数值", "单位", "来源写明", "来源", "系统统计", "佐证页")
COUNTED = ("日期", "内容", "单位", "数量")
ENTERED = ("填报单位", "期间", "数值", "写法", "来源文件", "说明", "填报人", "核对人", "更正原因")
_REFUSED = re.compile(r"[\[\]:*?/\\]")
MOST_ROWS = 200_000  # a sheet holds 1,048,576; nobody reads more than this


def sheet_name(number: int, name: str) -> str:
    """A sheet's name: unique by its number, without what Excel refuses, at most 31 characters."""
    return f"{number:02d}{_REFUSED.sub('', name)}"[:31]


def write(out: IO[bytes], figures: Figures, campaigns: tuple[int, ...], said: Callable[[int, int], None]) -> None:
    """Write the workbook; `said` is told after each sheet (done, total)."""
    book = Book()
    names = [sheet_name(number, value.figure.name) for number, value in enumerate(figures.values, start=1)]
    _list(book, figures, names)
    problems = book.sheet("需处理的问题", ("类别", "内容"))
    for problem in figures.problems:
        problems.append((problem.kind, problem.text))
    scope = Scope(figures.period, figures.node.path, campaigns)
    for number, (value, name) in enumerate(zip(figures.values, names, strict=True), start=1):
        if value.entries:
            sheet = book.sheet(name, ENTERED)
            for line in _entries(value):
                sheet.append(line)
        if value.figure.auto:
            sheet = book.sheet(f"{name[:29]}统计" if value.entries else name, COUNTED)
            for counted in _counted(value, scope):
                sheet.append(counted)
        elif not value.entries:
            book.sheet(name, ENTERED)
        said(number, len(names))
    book.save(out)


def _list(book: Book, figures: Figures, names: list[str]) -> None:
    sheet = book.sheet("目录", LIST)
    for number, (value, name) in enumerate(zip(figures.values, names, strict=True), start=1):
        exact = "" if value.value is None else value.value / 100 if value.value % 100 else value.value // 100
        counted = "" if value.counted is None else styles.plain(value.counted)
        figure = value.figure
        about = (exact, figure.unit, BOUND_NAMES[value.bound], SOURCE_NAMES[figure.source], counted, name)
        sheet.append((number, value.block, figure.name, value.text, *about))


def _entries(value: Value) -> Iterator[tuple[object, ...]]:
    signer = aliased(Staff)
    ids = [entry.id for _, entry in value.entries]
    query = (
        select(FigureEntry.id, Staff.name.label("entered"), signer.name.label("signed"))
        .join(Staff, Staff.id == FigureEntry.entered_by)
        .join(FigureSignOff, FigureSignOff.entry_id == FigureEntry.id)
        .join(signer, signer.id == FigureSignOff.staff_id)
        .where(FigureEntry.id.in_(ids))
    )
    people = {row.id: (row.entered, row.signed) for row in db.session().execute(query)}
    for node, entry in value.entries:
        number = entry.value / 100 if entry.value % 100 else entry.value // 100
        said = (BOUND_NAMES[entry.bound], entry.document, entry.note)
        yield (node.name, entry.period, number, *said, *people[entry.id], entry.reason)


def _counted(value: Value, scope: Scope) -> Iterator[tuple[object, ...]]:
    for row in counting.rows(scope, value.figure.auto, most=MOST_ROWS):
        number = row.amount / 100 if row.amount % 100 else row.amount // 100
        yield (row.day.isoformat() if row.day else "", row.title, row.unit, number)
