"""Subtrees as one indexed range of paths. Pure: no database."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_


def end_of(path: str) -> str:
    """The first path after the whole subtree of `path` ('0' follows '/' in byte order)."""
    return path[:-1] + "0"


def contains(branch: str, path: str) -> bool:
    """Whether `path` lies in the subtree of `branch`, itself included."""
    return path.startswith(branch)


def order(path: str) -> tuple[int, ...]:
    """The key that sorts units as the tree was written: parents before children, siblings as they were added.

    The paths themselves sort by digits: unit 10 before unit 9.
    """
    return tuple(int(part) for part in path.split("/") if part)


def within(column: Any, branches: Iterable[str]) -> ColumnElement[bool]:
    """A condition: the path in `column` lies in one of the branches. No branch: nothing."""
    ranges = [and_(column >= path, column < end_of(path)) for path in branches]
    return or_(*ranges) if ranges else false()
