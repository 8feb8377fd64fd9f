"""Reading a sheet somebody sends, and writing one somebody opens.

A sheet is a zip of XML: its sizes are looked at before anything is unpacked, XML goes through defusedxml (which
openpyxl uses when it is installed), and no more rows and columns are read than asked for (reliability.md, Security).
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO, Any

import openpyxl
from openpyxl.cell import WriteOnlyCell

from sorting_miniapp.errors import Invalid, TooLarge
from sorting_miniapp.imports import archives

LIMITS = archives.Limits(unpacked=20 * archives.MIB, ratio=100, parts=200)
RISKY = frozenset("=+-@\t\r")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Row:
    """One line of the sheet: its number as people see it, and its cells as text, in the order of the columns."""

    number: int
    cells: tuple[str, ...]


def read(data: bytes, columns: Sequence[str], most_rows: int) -> list[Row]:
    """The rows below the heading of the first sheet; blank lines are left out.

    `columns` are the headings that must stand in the first line, in this order. Raises Invalid (also for a sheet
    without rows), TooLarge.
    """
    _check_sizes(data)
    try:
        lines = _lines(data, len(columns), most_rows + 2)
    except Exception as error:  # openpyxl raises whatever its parts raise: KeyError, ParseError, zlib.error, …
        raise Invalid("workbook_unreadable", "文件打不开，请另存为 .xlsx 后再试") from error
    heading = lines[0] if lines else ()
    if heading != tuple(columns):
        raise Invalid("workbook_columns", f"第一行的列名须依次为：{'、'.join(columns)}")
    rows = [Row(number, cells) for number, cells in enumerate(lines[1:], start=2) if any(cells)]
    if len(lines) - 1 > most_rows:
        raise TooLarge("workbook_rows", f"每次最多导入 {most_rows} 行，请分成几个文件")
    if not rows:
        raise Invalid("workbook_empty", "表里没有内容")
    return rows


def _check_sizes(data: bytes) -> None:
    unreadable = Invalid("workbook_unreadable", "请上传 .xlsx 文件")
    too_large = TooLarge("workbook_too_large", "文件解压后过大，请只保留需要导入的内容")
    archives.check(data, LIMITS, unreadable, too_large)


def _lines(data: bytes, width: int, height: int) -> list[tuple[str, ...]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl remarks on styles and validations it does not know
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        try:
            sheet = book.worksheets[0]
            lines = sheet.iter_rows(min_row=1, max_row=height, max_col=width, values_only=True)
            found = [tuple(_text(value) for value in line) for line in lines]
        finally:
            book.close()
    while found and not any(found[-1]):
        found.pop()
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return _CONTROL.sub("", str(value)).strip()


def write(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A sheet with a heading. Text goes out as text, whatever it begins with: no cell becomes a formula."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for line in chain([columns], rows):
        sheet.append([_cell(sheet, value) for value in line])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: object) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    cell = WriteOnlyCell(sheet, value=_CONTROL.sub("", str(value)))
    cell.data_type = "s"  # openpyxl would make a formula of a text that begins with "="
    cell.number_format = "@"
    return cell


class Book:
    """A workbook of several sheets, written row by row without being held in memory."""

    def __init__(self) -> None:
        self._book = openpyxl.Workbook(write_only=True)

    def sheet(self, title: str, columns: Sequence[str]) -> Sheet:
        """A new sheet with its heading."""
        sheet = Sheet(self._book.create_sheet(title))
        sheet.append(columns)
        return sheet

    def save(self, out: IO[bytes]) -> None:
        self._book.save(out)


class Sheet:
    """One sheet of a Book. What could be taken for a formula goes out as text."""

    def __init__(self, sheet: Any) -> None:
        self._sheet = sheet

    def append(self, line: Sequence[object]) -> None:
        self._sheet.append([self._safe(value) for value in line])

    def _safe(self, value: object) -> Any:
        if not isinstance(value, str):
            return value
        if value[:1] in RISKY or _CONTROL.search(value):
            return _cell(self._sheet, value)
        return value
