"""The real files in a copy, and what an edit of the copy brings."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from sorting_miniapp.cli import teaching
from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.teaching.files import Level, Problem
from tests.content.helpers import Edit


@pytest.fixture(scope="session")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("content") / "content"
    shutil.copytree(FOLDER, folder)
    return folder


@pytest.fixture(scope="session")
def known(good: Path) -> dict[str, set[Problem]]:
    """What is wrong with the copy before it is broken."""
    return {name: set(teaching.check(good, [name]).popitem()[1].problems) for name in teaching.CHECKS}


@pytest.fixture
def broken(good: Path, known: dict[str, set[Problem]], tmp_path: Path) -> Callable[[str, Edit], list[Problem]]:
    """The problems that an edit of the copy brings, without those of unfinished work."""

    def look(part: str, edit: Edit) -> list[Problem]:
        folder = tmp_path / "content"
        shutil.copytree(good, folder)
        edit(folder)
        found = set(teaching.check(folder, [part]).popitem()[1].problems) - known[part]
        return sorted(one for one in found if one.level is not Level.DRAFT)

    return look
