"""What people do with the media register: enter a piece, correct it, take it out, import and export a sheet."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import addresses, media_subjects
from sorting_miniapp.articles.media_subjects import Kind
from sorting_miniapp.articles.models_media import ORIGIN_NAMES, MediaItem, Origin
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, DomainError, Invalid, NotFound
from sorting_miniapp.imports import workbook
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
OUTLET, TITLE = 60, 120
PAGE = 50
COLUMNS = ("登记单位", "媒体", "标题", "网址", "日期", "自采自编/转载", "对应文章", "对应活动")
MOST_ROWS = 1000
ORIGINS = {name: origin for origin, name in ORIGIN_NAMES.items()}


@dataclass(frozen=True)
class Piece:
    """What is registered; `article` and `event` are keys of what it is about, or None."""

    outlet: str
    title: str
    published_on: date | None
    origin: Origin
    url: str = ""
    article: int | None = None
    event: int | None = None


@dataclass(frozen=True)
class Outcome:
    """What a row of a sheet will do: register a piece; nothing, when its address is there already; or `problem`."""

    number: int
    outlet: str
    title: str
    node_id: int = 0
    piece: Piece | None = None
    there_already: bool = False
    problem: str = ""


def _index(url: str) -> str | None:
    return hashlib.sha256(url.encode()).hexdigest() if url else None


def check(piece: Piece) -> date:
    """Raises Invalid."""
    if not 1 <= len(piece.outlet) <= OUTLET:
        raise Invalid("outlet", f"媒体名称须为 1 到 {OUTLET} 个字")
    if not 1 <= len(piece.title) <= TITLE:
        raise Invalid("title", f"标题须为 1 到 {TITLE} 个字")
    if piece.published_on is None or piece.published_on > clock.today() or piece.published_on.year < 2000:
        raise Invalid("published_on", "请填写刊发日期，写作 2026-05-18，不能晚于今天")
    if piece.url and not addresses.is_web(piece.url):
        raise Invalid("url", "网址须以 http:// 或 https:// 开头")
    return piece.published_on


def get(actor: StaffActor, item_id: int) -> MediaItem:
    """A piece in the actor's branches. Raises NotFound."""
    query = select(MediaItem).join(Node, Node.id == MediaItem.node_id)
    item = db.session().scalar(query.where(MediaItem.id == item_id, within(Node.path, actor.branches(*READERS))))
    if item is None:
        raise NotFound("media_item_not_found", "没有找到这条登记")
    return item


def save(actor: StaffActor, node_id: int, piece: Piece, item_id: int | None = None) -> int:
    """Register a piece, or correct one; returns its id. Raises NotFound, Forbidden, Invalid, Conflict."""
    published_on = check(piece)
    with transaction() as session:
        item = get(actor, item_id) if item_id else MediaItem(created_by=actor.id, created_at=clock.now())
        before = _words(item) if item_id else None
        path = session.get_one(Node, item.node_id).path if item_id else ""
        for place in filter(None, (path, orgs.get(node_id, actor.branches()).path)):
            actor.require(Role.EDITOR, place)
        for kind, key, had in (
            (Kind.ARTICLE, piece.article, item.article_id), (Kind.EVENT, piece.event, item.event_id),
        ):  # fmt: skip
            if key != had:  # what a wider office tied it to stays
                media_subjects.check(actor.branches(), kind, key)
        item.node_id, item.outlet, item.title, item.url = node_id, piece.outlet, piece.title, piece.url
        item.url_index, item.published_on, item.origin = _index(piece.url), published_on, piece.origin
        item.article_id, item.event_id = piece.article, piece.event
        session.add(item)
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("media_item_exists", "这个网址已经登记过") from error
        path = session.get_one(Node, node_id).path
        verb = "media.change" if item_id else "media.add"
        audit.record(actor.username, verb, "media", item.id, node_path=path, before=before, after=_words(item))
        return item.id


def _words(item: MediaItem) -> dict[str, Any]:
    return {"outlet": item.outlet, "title": item.title, "url": item.url, "origin": item.origin.value}


def knows(url: str) -> bool:
    """Whether a piece with this address is registered."""
    return db.session().scalar(select(MediaItem.id).where(MediaItem.url_index == _index(url))) is not None


def remove(actor: StaffActor, item_id: int) -> None:
    """Take a piece out of the register; the audit trail keeps what it said. Raises NotFound, Forbidden."""
    with transaction() as session:
        item = get(actor, item_id)
        path = session.get_one(Node, item.node_id).path
        actor.require(Role.EDITOR, path)
        audit.record(actor.username, "media.delete", "media", item_id, node_path=path, before=_words(item))
        session.delete(item)


def listed(branches: Sequence[str], *, year: int | None = None, page: int = 1, most: int = PAGE) -> list[Row[Any]]:
    """A page of (MediaItem, node_name), newest first, one more than `most` when there are more."""
    query = select(MediaItem, Node.name.label("node_name")).join(Node, Node.id == MediaItem.node_id)
    query = query.where(within(Node.path, branches))
    if year:
        query = query.where(MediaItem.published_on >= date(year, 1, 1), MediaItem.published_on <= date(year, 12, 31))
    query = query.order_by(MediaItem.published_on.desc(), MediaItem.id.desc())
    return list(db.session().execute(query.offset((page - 1) * most).limit(most + 1)).all())  # type: ignore[arg-type]


def template() -> bytes:
    """An empty sheet to fill in."""
    return workbook.write("媒体登记", COLUMNS, [])


def export(branches: Sequence[str], year: int | None) -> bytes:
    """The register as a sheet in the columns of the import, oldest first; at most 20,000 rows."""
    found = listed(branches, year=year, most=20_000)
    articles, events = subjects([row.MediaItem for row in found])
    rows = [
        (
            r.node_name, i.outlet, i.title, i.url, i.published_on.isoformat(), ORIGIN_NAMES[i.origin],
            articles.get(i.article_id, ""), events.get(i.event_id, ""),
        )
        for r in reversed(found)
        for i in [r.MediaItem]
    ]  # fmt: skip
    return workbook.write("媒体登记", COLUMNS, rows)


def subjects(items: Sequence[MediaItem]) -> tuple[dict[int, str], dict[int, str]]:
    """The titles of the articles and of the events that these pieces are about."""
    return (
        media_subjects.titles(Kind.ARTICLE, [one.article_id for one in items]),
        media_subjects.titles(Kind.EVENT, [one.event_id for one in items]),
    )


def rows_of(data: bytes) -> list[workbook.Row]:
    """The rows of an uploaded sheet. Raises Invalid, TooLarge."""
    return workbook.read(data, COLUMNS, MOST_ROWS)


def plan(rows: Sequence[workbook.Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written. Units outside the editor's branches are not known."""
    units = {node.name: node.id for node in orgs.visible(actor.branches(Role.EDITOR))}
    indexes = [index for row in rows if (index := _index(row.cells[3]))]
    known = set(db.session().scalars(select(MediaItem.url_index).where(MediaItem.url_index.in_(indexes))))
    seen: set[str] = set()
    named = {Kind.ARTICLE: {row.cells[6] for row in rows}, Kind.EVENT: {row.cells[7] for row in rows}}
    about = media_subjects.ByTitle(actor.branches(), named)
    return [_outcome(row, units, known, seen, about) for row in rows]


def _outcome(
    row: workbook.Row,
    units: dict[str, int],
    known: set[str | None],
    seen: set[str],
    about: media_subjects.ByTitle,
) -> Outcome:
    unit, outlet, title, url, day, origin, article, event = row.cells
    try:
        if unit not in units:
            raise Invalid("node", f"您管理的范围内没有“{unit[:20]}”")
        if origin not in ORIGINS:
            raise Invalid("origin", "来源须填“自采自编”或“转载”")
        piece = Piece(
            outlet, title, _day(day), ORIGINS[origin], url,
            about.key(Kind.ARTICLE, article), about.key(Kind.EVENT, event),
        )  # fmt: skip
        check(piece)
        if url and url in seen:
            raise Invalid("url", "与前面的行重复")
    except DomainError as error:
        return Outcome(row.number, outlet, title, problem=error.message)
    seen.add(url)
    return Outcome(row.number, outlet, title, units[unit], piece, there_already=_index(url) in known if url else False)


def _day(text: str) -> date | None:
    """A day as a cell holds it: 2026-05-18, with or without a time, or 2026/5/18."""
    parts = text.split(" ")[0].replace("/", "-").replace(".", "-").split("-")
    try:
        year, month, day = (int(part) for part in parts)
        return date(year, month, day)
    except ValueError:
        return None


def run(rows: Sequence[workbook.Row], actor: StaffActor) -> tuple[int, int]:
    """Register the rows, all or none; returns (added, there already). Raises Invalid when a row has a problem."""
    with transaction():
        outcomes = plan(rows, actor)
        if any(outcome.problem for outcome in outcomes):
            raise Invalid("rows_wrong", "有几行不能导入，请改正后重新上传")
        new = [outcome for outcome in outcomes if not outcome.there_already and outcome.piece]
        for outcome in new:
            assert outcome.piece
            save(actor, outcome.node_id, outcome.piece)
    return len(new), len(outcomes) - len(new)
