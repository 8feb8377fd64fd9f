"""Writing the database back to the files of content/: what is the same stays byte for byte."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from sorting_miniapp.db import db
from sorting_miniapp.teaching.files import BOM, Entry, Files
from sorting_miniapp.teaching.models import LoadedRow
from sorting_miniapp.teaching.sync import Part, Values

YAML_WIDTH = 100_000  # one line for each text: differences stay small


def write(parts: Iterable[Part], folder: Path) -> dict[str, list[str]]:
    """Write the parts into `folder`, over the files that are there. Returns the names of the files that changed."""
    changed: dict[str, list[str]] = {}
    for part in parts:
        changed[part.label] = _write(part, folder)
    return changed


def _write(part: Part, folder: Path) -> list[str]:
    session = db.session()
    stored = part.stored(session)
    known = {row.key: row for row in session.scalars(select(LoadedRow).where(LoadedRow.part == part.name))}
    here = [entry for entry in part.entries(Files(folder)) if entry.file]
    files: dict[str, list[Entry]] = {}
    for entry in here:
        files.setdefault(entry.file, []).append(entry)
    there = {str(entry.values[part.key]) for entry in here}
    new: dict[str, list[Values]] = {}
    for key, values in stored.items():
        row = known.get(key)
        file = row.file if row else part.place(values)
        if key not in there and file:
            new.setdefault(file, []).append(_whole(part, values, row))
    return [
        name
        for name in sorted({**files, **new})
        if _write_file(part, folder / name, files.get(name, []), stored, new.get(name, []))
    ]


def _whole(part: Part, values: Values, row: LoadedRow | None) -> Values:
    """An entry with what only its file says (tags, a cover's description) kept from the last loading."""
    return (row.values if row else {}) | part.outward(values)


def _write_file(
    part: Part, path: Path, entries: Sequence[Entry], stored: Mapping[str, Values], new: Sequence[Values]
) -> bool:
    before = path.read_bytes().decode("utf-8") if path.exists() else ""
    if path.suffix == ".md":
        after = _document(part, before, entries, stored, new)
    else:
        after = _list(part, path, before, entries, stored, new)
    if after == before:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    if after:
        path.write_bytes(after.encode("utf-8"))
    else:
        path.unlink()
    return True


def _list(
    part: Part, path: Path, before: str, entries: Sequence[Entry], stored: Mapping[str, Values], new: Sequence[Values]
) -> str:
    """Entry by entry: the lines between them and those of entries that are the same are copied."""
    lines = before.splitlines(keepends=True)
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    columns = next(csv.reader([lines[0].removeprefix(BOM)])) if lines and path.suffix == ".csv" else []
    out, last = [], 0
    for entry in entries:
        out += lines[last : entry.line - 1]
        last = entry.end
        values = stored.get(str(entry.values[part.key]))
        if values is None:
            continue
        if part.normal(entry.values) == values:
            out += lines[entry.line - 1 : entry.end]
        else:
            out.append(_rendered(path, entry.values | part.outward(values), columns, end))
    out += lines[last:]
    if new and out and not out[-1].endswith("\n"):
        out.append(end)
    if new and not out and path.suffix == ".csv":
        columns = list(new[0])
        out.append(BOM + ",".join(columns) + end)
    return "".join([*out, *(_rendered(path, values, columns, end) for values in new)])


def _rendered(path: Path, values: Mapping[str, Any], columns: Sequence[str], end: str) -> str:
    if path.suffix == ".csv":
        stream = io.StringIO()
        csv.DictWriter(stream, columns, lineterminator=end, extrasaction="ignore").writerow(values)
        return stream.getvalue()
    shown = {key: value for key, value in values.items() if not key.startswith("_")}
    text: str = yaml.safe_dump([shown], allow_unicode=True, sort_keys=False, width=YAML_WIDTH)
    return text.replace("\n", end)


def _document(
    part: Part, before: str, entries: Sequence[Entry], stored: Mapping[str, Values], new: Sequence[Values]
) -> str:
    """One Markdown file: the same text where nothing changed, '' where the entry is gone."""
    for entry in entries:
        values = stored.get(str(entry.values[part.key]))
        if values is not None and part.normal(entry.values) == values:
            return before
        return _markdown(entry.values | part.outward(values)) if values is not None else ""
    return _markdown(new[0]) if new else before


def _markdown(values: Mapping[str, Any]) -> str:
    head = {key: value for key, value in values.items() if key != "body" and not key.startswith("_")}
    front = yaml.safe_dump(head, allow_unicode=True, sort_keys=False, width=YAML_WIDTH)
    return f"---\n{front}---\n\n{values['body']}\n"
