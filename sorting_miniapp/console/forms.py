"""Reading what a form sends: numbers, choices, and the rows that a checked sheet carries to its import."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from enum import StrEnum
from typing import TypeVar

import orjson
from flask import request

from sorting_miniapp.errors import BadRequest, Invalid, NotFound
from sorting_miniapp.imports.workbook import Row

Kind = TypeVar("Kind", bound=StrEnum)
MOST_DIGITS = 10


def whole(text: str, label: str) -> int:
    """A key from an address or a hidden field. Raises NotFound for what no row can have."""
    text = text.strip()
    if not text.isascii() or not text.isdigit() or len(text) > MOST_DIGITS or int(text) >= 2**31:
        raise NotFound("not_found", f"没有找到{label}")
    return int(text)


def number(text: str, field: str, label: str) -> int:
    """A whole number somebody typed. Raises Invalid; bounds are the service's."""
    try:
        return int(text.strip()[: MOST_DIGITS + 1])
    except ValueError as error:
        raise Invalid(field, f"{label}须为整数") from error


def query_number(name: str, low: int, high: int = 2**31 - 1) -> int | None:
    """A whole number of the address's query; None when it is missing, no number, or out of bounds."""
    found = request.args.get(name, type=int)
    return found if found is not None and low <= found <= high else None


def choice(text: str, kinds: Iterable[Kind], field: str, label: str) -> Kind:
    """One of the kinds. Raises Invalid."""
    for kind in kinds:
        if kind.value == text:
            return kind
    raise Invalid(field, f"请选择{label}")


def day(text: str) -> date | None:
    """A day from a date input; None when it is empty or not a day."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def pack(rows: Sequence[Row]) -> str:
    """Checked rows for a hidden field; they are checked again when they come back."""
    return orjson.dumps([[row.number, *row.cells] for row in rows]).decode()


def unpack(text: str, width: int, most: int) -> list[Row]:
    """The rows of `pack`. Raises BadRequest for anything else."""
    try:
        found = orjson.loads(text)
        rows = [Row(int(line[0]), tuple(line[1:])) for line in found]
    except (ValueError, TypeError, LookupError) as error:
        raise BadRequest("rows", "请重新上传文件") from error
    good = all(len(row.cells) == width and all(isinstance(cell, str) for cell in row.cells) for row in rows)
    if not good or not 1 <= len(rows) <= most:
        raise BadRequest("rows", "请重新上传文件")
    return rows
