"""rules.md beside this file ties each rule of the domain to its tests: every test it names exists."""

from __future__ import annotations

import ast
import re
from pathlib import Path

TESTS = Path(__file__).parent
TABLE = TESTS / "rules.md"
NAMED = re.compile(r"`([\w/]+\.py)::(\w+|\*)`")
SECTIONS = {"Events": 12, "Service records and hours": 19}


def _tests(file: Path) -> set[str]:
    return {one.name for one in ast.parse(file.read_text()).body if isinstance(one, ast.FunctionDef)}


def _rows(section: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """(rule, [(file, test)]) of a section."""
    text = TABLE.read_text().split(f"## {section}\n")[1].split("\n## ")[0]
    rows = [line.strip("|").split("|") for line in text.splitlines() if line.startswith("| ")][1:]
    return [(rule.strip(), NAMED.findall(tests)) for rule, tests in rows]


def test_every_rule_names_tests_that_exist() -> None:
    for section, least in SECTIONS.items():
        rows = _rows(section)
        assert len(rows) >= least, section
        assert [rule for rule, tests in rows if not tests] == []
        named = [(file, name) for _, tests in rows for file, name in tests]
        known = {file: {name for name in _tests(TESTS / file) if name.startswith("test_")} for file, _ in named}
        missing = [
            f"{file}::{name}" for file, name in named if not (known[file] if name == "*" else name in known[file])
        ]
        assert missing == []
