"""Reading content/: CSV, YAML and Markdown with front matter, each entry with its file and lines.

What cannot be read becomes a problem, not an exception: a clerk wants to see all of them at once.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

import yaml

BOM = "\ufeff"
IDENTIFIER = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class Level(IntEnum):
    """How bad a problem is: the file cannot be loaded, the text must be put right, or the work is not finished yet."""

    STRUCTURE = 1
    TEXT = 2
    DRAFT = 3


@dataclass(frozen=True, order=True)
class Problem:
    """`line` counts from 1; 0 where a whole file or folder is meant."""

    file: str
    line: int
    text: str
    level: Level = Level.STRUCTURE

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}：{self.text}" if place else self.text


@dataclass(frozen=True)
class Amount:
    """How much there is of something, and how much there should be (0: any number will do)."""

    label: str
    count: int
    wanted: int = 0


@dataclass
class Report:
    """What a feature finds in its files."""

    problems: list[Problem] = field(default_factory=list)
    amounts: list[Amount] = field(default_factory=list)

    def add(self, entry: Entry, text: str, level: Level = Level.TEXT) -> None:
        self.problems.append(Problem(entry.file, entry.line, text, level))

    def amount(self, folder: str, label: str, count: int, wanted: int = 0) -> None:
        """A row of the table, and a problem of unfinished work where it falls short."""
        self.amounts.append(Amount(label, count, wanted))
        if count < wanted:
            self.problems.append(Problem(folder, 0, f"{label}只有 {count}，至少要 {wanted}", Level.DRAFT))


@dataclass(frozen=True)
class Entry:
    """One row, mapping or document: lines `line` to `end` of `file`, which is relative to content/."""

    file: str
    line: int
    end: int
    values: dict[str, Any]


class Files:
    """A folder of content; `problems` gathers what could not be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.problems: list[Problem] = []

    def names(self, pattern: str) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.glob(pattern) if path.is_file())

    def text(self, name: str) -> str:
        try:
            return (self.folder / name).read_bytes().decode("utf-8")
        except FileNotFoundError:
            self._wrong(name, 0, "没有这个文件")
        except UnicodeDecodeError:
            self._wrong(name, 0, "不是 UTF-8 编码，请另存为“CSV UTF-8”或 UTF-8 文本")
        return ""

    def _wrong(self, name: str, line: int, text: str) -> None:
        self.problems.append(Problem(name, line, text))

    def csv(self, name: str, columns: Sequence[str]) -> list[Entry]:
        """Rows by column; cells are stripped. A row that does not fit the header is left out and reported."""
        text = self.text(name)
        if text and not text.startswith(BOM):
            self._wrong(name, 1, "文件开头没有字节顺序标记，电子表格打开会是乱码，请另存为“CSV UTF-8”")
        reader = csv.reader(io.StringIO(text.removeprefix(BOM), newline=""), strict=True)
        entries: list[Entry] = []
        last = 0
        try:
            for number, cells in enumerate(reader):
                first, last = last + 1, reader.line_num
                if number == 0:
                    self._header(name, cells, columns)
                    header = cells
                elif not any(cells):
                    continue
                elif len(cells) != len(header):
                    self._wrong(name, first, f"这一行有 {len(cells)} 格，表头有 {len(header)} 格")
                else:
                    values = dict.fromkeys(columns, "") | dict(zip(header, map(str.strip, cells), strict=True))
                    entries.append(Entry(name, first, last, {key: values[key] for key in columns}))
        except csv.Error as error:
            self._wrong(name, last + 1, f"引号不成对，读不下去（{error}）")
        return entries

    def _header(self, name: str, header: Sequence[str], columns: Sequence[str]) -> None:
        if missing := [one for one in columns if one not in header]:
            self._wrong(name, 1, f"缺少列：{'、'.join(missing)}")
        if unknown := [one for one in header if one not in columns]:
            self._wrong(name, 1, f"不认识的列：{'、'.join(unknown)}")
        if len(set(header)) != len(header):
            self._wrong(name, 1, "有两列同名")

    def yaml(self, name: str) -> list[Entry]:
        """The mappings of a list, each with its lines."""
        text = self.text(name)
        loader = yaml.CSafeLoader(text)
        try:
            node = loader.get_single_node()
            if node is None:
                return []
            if not isinstance(node, yaml.nodes.SequenceNode):
                self._wrong(name, 1, "最外层须是一个列表，每条以“- ”开头")
                return []
            return self._entries(name, loader, node, text.splitlines())
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 0
            self._wrong(name, line, f"格式有误（{error.problem}）")
            return []
        finally:
            loader.dispose()

    def _entries(self, name: str, loader: Any, node: Any, lines: Sequence[str]) -> list[Entry]:
        starts = [child.start_mark.line for child in node.value] + [len(lines)]
        entries = []
        for number, child in enumerate(node.value):
            line = starts[number] + 1
            if not isinstance(child, yaml.nodes.MappingNode):
                self._wrong(name, line, "这一条不是“键: 值”的形式")
                continue
            keys = [key.value for key, _ in child.value]
            self.problems += [Problem(name, line, f"键重复：{key}") for key in {k for k in keys if keys.count(k) > 1}]
            end = starts[number + 1]
            while end > line and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
                end -= 1
            entries.append(Entry(name, line, end, loader.construct_object(child, deep=True)))
        return entries

    def markdown(self, name: str) -> Entry | None:
        """A document: its front matter, and the text under `body`."""
        text = self.text(name)
        parts = text.replace("\r\n", "\n").split("---\n", 2)
        if len(parts) != 3 or parts[0].strip():
            self._wrong(name, 1, "文件须以 --- 开头，写完标题等各项后再写一行 ---")
            return None
        try:
            head = yaml.load(parts[1], yaml.CSafeLoader)  # noqa: S506 - the C form of the safe loader
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 2 if error.problem_mark else 1
            self._wrong(name, line, f"格式有误（{error.problem}）")
            return None
        if not isinstance(head, dict):
            self._wrong(name, 1, "两行 --- 之间须是“键: 值”的形式")
            return None
        return Entry(name, 1, text.count("\n") + 1, head | {"body": parts[2].strip("\n")})


def keys(report: Report, entry: Entry, needed: Iterable[str], allowed: Iterable[str] = ()) -> bool:
    """Report missing and unknown keys; whether all that are needed are there and not empty."""
    needed = list(needed)
    missing = [key for key in needed if entry.values.get(key) in (None, "", [])]
    unknown = sorted(set(entry.values) - {*needed, *allowed})
    if missing:
        report.add(entry, f"缺少 {'、'.join(missing)}", Level.STRUCTURE)
    if unknown:
        report.add(entry, f"不认识的键：{'、'.join(unknown)}", Level.STRUCTURE)
    return not missing


def unique(report: Report, entries: Iterable[Entry], key: str = "id", pattern: bool = True) -> None:
    """Report ids that are not made of small letters, digits and hyphens, and those used twice."""
    seen: dict[str, Entry] = {}
    for entry in entries:
        value = str(entry.values.get(key, ""))
        if pattern and value and (not IDENTIFIER.fullmatch(value) or len(value) > 60):
            report.add(entry, f"{key} 只能用小写字母、数字和短横线，不超过 60 个字符：{value}", Level.STRUCTURE)
        if value in seen:
            first = seen[value]
            report.add(entry, f"{key} 重复：{value}（已在 {first.file}:{first.line}）", Level.STRUCTURE)
        elif value:
            seen[value] = entry


def sources(files: Files) -> dict[str, Mapping[str, Any]]:
    """The rows of sources.yaml by id."""
    return {str(entry.values["id"]): entry.values for entry in files.yaml("sources.yaml") if entry.values.get("id")}
