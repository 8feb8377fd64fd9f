"""Loading of teaching material into an empty or filled database, and what a test looks at."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.cli import teaching
from sorting_miniapp.db import db
from sorting_miniapp.guide import service as guide
from sorting_miniapp.guide.models import Item
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.teaching.sync import Outcome
from tests.events.helpers import make_staff


def load(folder: Path, *take: str, dry_run: bool = False) -> dict[str, Outcome]:
    _, outcomes = teaching.load(folder, take, dry_run)
    return {one.label: one for one in outcomes}


def quiet(outcomes: dict[str, Outcome]) -> bool:
    return not any(one.added or one.changed or one.removed or one.kept for one in outcomes.values())


def editor() -> StaffActor:
    city = db.session.scalar(select(Node.id).where(Node.key == "lianzhou"))
    assert city is not None
    return make_staff("city_editor", Role.EDITOR, city)


def item(key: str) -> Item:
    db.session.expire_all()
    return db.session.scalars(select(Item).where(Item.key == key)).one()


def draft(key: str, **values: Any) -> guide.Draft:
    row = guide.row_of(item(key))
    return guide.draft_of(row | values)
