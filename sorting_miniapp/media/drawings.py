"""The drawings of content/pictures/: checked, stored, and where they are shown.

A drawing is our own file, never an upload; still an SVG is served so that nothing in it could run.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import NotFound
from sorting_miniapp.media.models import Drawing
from sorting_miniapp.teaching.files import Problem, Report

FOLDER = "pictures"
TYPES = {".svg": "image/svg+xml", ".png": "image/png"}
MOST_BYTES = 200_000
_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.(svg|png)")
_ACTIVE = re.compile(
    rb"<script|<foreignObject|<!ENTITY|<!DOCTYPE|<iframe|<image|\bon\w+\s*=|javascript:|(?:href|src)\s*=\s*[\"'](?!#)|@import|url\((?!#)",
    re.IGNORECASE,
)
_LABEL = re.compile(rb'<svg[^>]*\baria-label="([^"]+)"')
PNG = b"\x89PNG\r\n\x1a\n"


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in (folder / FOLDER).glob("*") if path.is_file())


def check(folder: Path) -> Report:
    """Names, sizes, and nothing active in an SVG."""
    report, found = Report(), _files(folder)
    for path in found:
        report.problems += [Problem(f"{FOLDER}/{path.name}", 0, text) for text in _problems(path)]
    report.amount(FOLDER, "自绘图片", len(found), 1)
    return report


def _problems(path: Path) -> list[str]:
    data, wrong = path.read_bytes(), []
    if not _NAME.fullmatch(path.name) or len(path.name) > 60:
        wrong.append("文件名只能用小写字母、数字和短横线，以 .svg 或 .png 结尾")
    if len(data) > MOST_BYTES:
        wrong.append(f"图片不能超过 {MOST_BYTES // 1000} KB")
    if path.suffix == ".svg" and (_ACTIVE.search(data) or b"<svg" not in data):
        wrong.append("SVG 里只能有图形和文字，不能有脚本、外部链接或嵌入的文件")
    if path.suffix == ".png" and not data.startswith(PNG):
        wrong.append("不是 PNG 图片")
    return wrong


def load(folder: Path) -> dict[str, int]:
    """Store every drawing; one that changed gets a new address. Returns counts added, changed, same."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        known = {row.name: row for row in session.scalars(select(Drawing))}
        here = {path.name: path.read_bytes() for path in _files(folder) if path.suffix in TYPES}
        for name, data in here.items():
            counts[_put(session, known.get(name), name, data)] += 1
        gone = sorted(set(known) - set(here))
        if gone:
            session.execute(delete(Drawing).where(Drawing.name.in_(gone)))
            counts["changed"] += len(gone)
    return counts


def _put(session: Session, row: Drawing | None, name: str, data: bytes) -> str:
    sha256 = hashlib.sha256(data).hexdigest()
    if row is not None and row.sha256 == sha256:
        return "same"
    values = {"sha256": sha256, "data": data, "mimetype": TYPES[Path(name).suffix], "public_id": new_public_id()}
    if row is None:
        session.add(Drawing(name=name, **values))
    else:
        for key, value in values.items():
            setattr(row, key, value)
    session.flush()
    return "added" if row is None else "changed"


def addresses() -> dict[str, str]:
    """Where each drawing is shown, by its name; one statement."""
    rows = db.session().execute(select(Drawing.name, Drawing.public_id).order_by(Drawing.name))
    return {row.name: f"/media/drawings/{row.public_id}" for row in rows}


def labels() -> dict[str, str]:
    """What each drawing shows, by its name: as an SVG says itself, with the name where that is not enough."""
    rows = db.session().execute(select(Drawing.name, Drawing.data))
    said = {row.name: found[1].decode() if (found := _LABEL.search(row.data)) else "" for row in rows}
    alike = {label for label, many in Counter(said.values()).items() if many > 1 or not label}
    return {name: f"{label} {Path(name).stem}".strip() if label in alike else label for name, label in said.items()}


def read(public_id: str) -> tuple[bytes, str]:
    """(data, MIME type). Raises NotFound."""
    row = db.session().execute(select(Drawing.data, Drawing.mimetype).where(Drawing.public_id == public_id)).first()
    if row is None:
        raise NotFound("picture_not_found", "没有这张图片")
    return row.data, row.mimetype
