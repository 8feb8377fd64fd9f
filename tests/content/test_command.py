"""`flask content check` as a command: amounts, places of problems, drafts, its exit status."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

from sorting_miniapp.cli import teaching
from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.teaching.files import Level
from tests.content.helpers import add_items, append, make_item


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """The command as writers run it: no settings in the environment, no database."""
    command = [sys.executable, "-m", "sorting_miniapp.cli", "check", *arguments]
    return subprocess.run(command, cwd=FOLDER.parent, env={"PATH": "/usr/bin:/bin"}, capture_output=True, text=True)


def test_the_command_prints_amounts_and_places_and_ends_with_a_status(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "content"
    shutil.copytree(good, folder)
    clean = _run("--folder", str(folder), "--only", "badges", "--draft")
    assert clean.returncode == 0, clean.stderr
    assert "志愿者星级" in clean.stdout
    assert "内容检查通过" in clean.stdout
    append("badges.yaml", "- {key: zz, name: 新徽章, about: 转发十次, rule: {kind: shares, value: 10}}\n")(folder)
    lines = (folder / "badges.yaml").read_text(encoding="utf-8").count("\n")
    wrong = _run("--folder", str(folder), "--only", "badges", "--draft")
    assert wrong.returncode == 1
    assert f"badges.yaml:{lines}：rule 须写成" in wrong.stderr


def test_a_draft_lets_pass_what_is_not_reviewed_and_nothing_else(good: Path, tmp_path: Path) -> None:
    folder = tmp_path / "content"
    shutil.copytree(good, folder)
    before = teaching.check(folder, ["guide"])
    add_items(make_item(reviewer=""))(folder)
    after = teaching.check(folder, ["guide"])
    assert teaching.problems(after, draft=True) == teaching.problems(before, draft=True)
    new = set(teaching.problems(after, draft=False)) - set(teaching.problems(before, draft=False))
    assert [one.text for one in new if one.line] == ["量子布偶 还没有复核（reviewer 为空）"]


def test_amounts_that_are_not_reached_are_told(tmp_path: Path) -> None:
    folder = tmp_path / "content"
    shutil.copytree(FOLDER, folder)
    for file in (folder / "guide/items").glob("*.csv"):
        if file.stem != "pets":
            file.unlink()
    report = teaching.check(folder, ["guide"]).popitem()[1]
    amounts = {one.label: one for one in report.amounts}
    assert amounts["词条"].count < amounts["词条"].wanted == 2_000
    assert [one for one in report.problems if one.text.startswith("词条只有") and one.level is Level.DRAFT]
