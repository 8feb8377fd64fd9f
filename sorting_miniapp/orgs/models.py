"""Nodes of the organisation tree and the domain's settings held at them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp.db import Base, BigKey, CaseString, JsonText, UTCDateTime, enum_column


class NodeKind(StrEnum):
    CITY = "city"
    TOWN = "town"
    COMMUNITY = "community"
    DEPARTMENT = "department"
    PARTY_BRANCH = "party_branch"
    GROUP = "group"
    SCHOOL = "school"


KIND_NAMES = {
    NodeKind.CITY: "市",
    NodeKind.TOWN: "镇（乡）",
    NodeKind.COMMUNITY: "社区（村）",
    NodeKind.DEPARTMENT: "部门",
    NodeKind.PARTY_BRANCH: "党组织",
    NodeKind.GROUP: "志愿服务团体",
    NodeKind.SCHOOL: "学校",
}


class Node(Base):
    """A unit. `path` is the ids from the root, each followed by `/`, so that a subtree is one range of it."""

    __tablename__ = "node"
    __table_args__ = (UniqueConstraint("parent_id", "name"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    key: Mapped[str] = mapped_column(CaseString(64), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    kind: Mapped[NodeKind] = mapped_column(enum_column(NodeKind, "kind"))
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("node.id"), index=True)
    path: Mapped[str] = mapped_column(CaseString(255), unique=True)
    lead: Mapped[bool] = mapped_column(default=False)
    active: Mapped[bool] = mapped_column(default=True)


class Setting(Base):
    """A rule of the domain as one node has set it; what is not set is inherited, then defaulted (settings.py)."""

    __tablename__ = "setting"
    __table_args__ = (UniqueConstraint("node_id", "key"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    node_id: Mapped[int] = mapped_column(ForeignKey("node.id"))
    key: Mapped[str] = mapped_column(CaseString(64))
    value: Mapped[Any] = mapped_column(JsonText)
    changed_by: Mapped[str] = mapped_column(CaseString(80))
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime)
