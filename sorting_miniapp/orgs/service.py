"""What can happen to the tree: load it, add a unit, rename it, close it, import communities."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from sorting_miniapp import audit
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.orgs import tree
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.orgs.tree import contains, within

NAME_LENGTH = 80
PAGE = 50


def root() -> Node:
    """The city. Raises NotFound before the content is loaded."""
    node = db.session().scalar(select(Node).where(Node.parent_id.is_(None)).order_by(Node.id).limit(1))
    if node is None:
        raise NotFound("no_city", "还没有载入组织机构")
    return node


def lead() -> Node:
    """The lead department, which issues what no other unit does; the city where none is named."""
    found = db.session().scalar(select(Node).where(Node.lead, Node.active).order_by(Node.path).limit(1))
    return found or root()


def by_key(key: str) -> Node | None:
    return db.session().scalar(select(Node).where(Node.key == key))


def by_path(path: str) -> Node | None:
    return db.session().scalar(select(Node).where(Node.path == path))


def visible(branches: Sequence[str]) -> list[Node]:
    """The units of the branches, parents before children, siblings as they were added."""
    return in_order(db.session().scalars(select(Node).where(within(Node.path, branches))))


def in_order(units: Iterable[Node]) -> list[Node]:
    """Units in the order of the tree, the one order they are shown in."""
    return sorted(units, key=lambda unit: tree.order(unit.path))


def in_use(branches: Sequence[str]) -> list[Node]:
    """As `visible`, without the units that are closed: what people may choose from."""
    return [unit for unit in visible(branches) if unit.active]


def get(node_id: int, branches: Sequence[str]) -> Node:
    """A unit inside the branches; outside them it does not exist. Raises NotFound."""
    node = db.session().get(Node, node_id)
    if node is None or not any(contains(branch, node.path) for branch in branches):
        raise NotFound("node_not_found", "没有找到这个单位")
    return node


def add(parent_id: int | None, name: str, kind: NodeKind, actor: str, *, key: str = "", lead: bool = False) -> Node:
    """Add a unit below `parent_id` (None: the city). Raises Invalid, NotFound, Conflict on a name used beside it."""
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise Invalid("node_name", f"名称须为 1 到 {NAME_LENGTH} 个字")
    with transaction() as session:
        parent = session.get(Node, parent_id) if parent_id else None
        if parent_id and parent is None:
            raise NotFound("node_not_found", "没有找到上级单位")
        if parent is None and session.scalar(select(func.count()).select_from(Node)):
            raise Conflict("city_exists", "市级单位已存在")
        node = Node(key=key or new_public_id(), name=name, kind=kind, parent_id=parent_id, lead=lead, active=True)
        node.path = f"?{node.key}"
        session.add(node)
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("node_exists", f"已有同名单位：{name}") from error
        node.path = f"{parent.path if parent else ''}{node.id}/"
        session.flush()
        audit.record(actor, "node.add", "node", node.id, node_path=node.path, after={"name": name, "kind": kind.value})
    return node


def change(node_id: int, branches: Sequence[str], actor: str, *, name: str, active: bool) -> Node:
    """Rename, close or reopen a unit; the city stays open. Raises Invalid, NotFound, Conflict."""
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise Invalid("node_name", f"名称须为 1 到 {NAME_LENGTH} 个字")
    with transaction() as session:
        node = get(node_id, branches)
        if node.parent_id is None and not active:
            raise Conflict("city_stays_open", "市级单位不能停用")
        before = {"name": node.name, "active": node.active}
        node.name, node.active = name, active
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("node_exists", f"已有同名单位：{name}") from error
        audit.record(
            actor,
            "node.change",
            "node",
            node.id,
            node_path=node.path,
            before=before,
            after={"name": name, "active": active},
        )
    return node


def load(rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Load content/orgs.yaml: add what is missing, rename what changed. Returns counts added, changed, same."""
    counts = {"added": 0, "changed": 0, "same": 0}
    with transaction() as session:
        for row in rows:
            node = by_key(row["key"])
            if node is None:
                parent = by_key(row["parent"]) if row.get("parent") else None
                add(
                    parent.id if parent else None,
                    row["name"],
                    NodeKind(row["kind"]),
                    "content",
                    key=row["key"],
                    lead=bool(row.get("lead")),
                )
                counts["added"] += 1
            elif node.name != row["name"] or node.lead != bool(row.get("lead")):
                node.name, node.lead = row["name"], bool(row.get("lead"))
                session.flush()
                counts["changed"] += 1
            else:
                counts["same"] += 1
    return counts


def choosable(kind: NodeKind, words: str, after: int | None) -> dict[str, Any]:
    """Open units of a kind whose name contains `words`, a page in the order of their ids, with the unit above each."""
    above = aliased(Node)
    query = (
        select(Node.id, Node.name, above.id.label("parent_id"), above.name.label("parent_name"))
        .join(above, above.id == Node.parent_id)
        .where(Node.kind == kind, Node.active)
        .order_by(Node.id)
        .limit(PAGE + 1)
    )
    if words:
        query = query.where(Node.name.contains(words, autoescape=True))
    if after is not None:
        query = query.where(Node.id > after)
    rows = db.session().execute(query).all()
    items = [
        {"id": row.id, "name": row.name, "parent": {"id": row.parent_id, "name": row.parent_name}}
        for row in rows[:PAGE]
    ]
    return {"items": items, "next": str(rows[PAGE - 1].id) if len(rows) > PAGE else None}


def names_above(path: str) -> dict[str, str]:
    """The names of the units on the way from the root to `path`, by their paths."""
    chain = [path[: i + 1] for i, letter in enumerate(path) if letter == "/"]
    rows = db.session().execute(select(Node.path, Node.name).where(Node.path.in_(chain)).order_by(Node.path))
    return {row.path: row.name for row in rows}
