"""The kinds of jobs, named by the features in create_app, and what their functions take and give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import IO, Any

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.errors import NotFound

PIECE = 64 * 1024
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Asked:
    """What a job's function is told: the unit it was asked for, who asked, and the parameters as they were given."""

    node_id: int
    node_path: str
    staff_id: int
    username: str
    parameters: dict[str, Any]


@dataclass(frozen=True)
class File:
    """A result: the name people save it under, its type, and its bytes as they come."""

    name: str
    mimetype: str
    pieces: Iterable[bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of job. Who holds one of `roles` over the unit may ask; `shared` lets all of them see and download it."""

    key: str
    label: str
    roles: tuple[Role, ...]
    make: Callable[[Asked, Progress], File]
    shared: bool = False


_kinds: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Make a kind known; create_app calls this, so that web and worker know the same ones."""
    _kinds[kind.key] = kind


def get(key: str) -> Kind:
    """Raises NotFound for a kind no feature named."""
    if key not in _kinds:
        raise NotFound("job_kind_unknown", "没有这种任务")
    return _kinds[key]


def labels() -> dict[str, str]:
    """Every kind's name by its key."""
    return {kind.key: kind.label for kind in _kinds.values()}


def shared() -> list[Kind]:
    """The kinds whose files are seen by more than the person who asked."""
    return [kind for kind in _kinds.values() if kind.shared]


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """An open file from its beginning, in pieces; closes it at the end."""
    with stream:
        stream.seek(0)
        while piece := stream.read(PIECE):
            yield piece
