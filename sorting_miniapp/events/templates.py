"""New events from the patterns of content/events.yaml."""

from __future__ import annotations

from sqlalchemy import select

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.events.models import EventTemplate
from sorting_miniapp.events.planning import Draft, create


def listed() -> list[EventTemplate]:
    return list(db.session().scalars(select(EventTemplate).order_by(EventTemplate.position, EventTemplate.id)))


def get(key: str) -> EventTemplate:
    """Raises NotFound."""
    found = db.session().scalar(select(EventTemplate).where(EventTemplate.key == key))
    if found is None:
        raise NotFound("template_not_found", "没有找到这个模板")
    return found


def draft_from(actor: StaffActor, node_id: int, key: str, place: str = "", contact: str = "") -> int:
    """A draft with a template's texts and tags; times and places stay to be filled in. Returns its id."""
    pattern = get(key)
    draft = Draft(
        title=pattern.title,
        kind=pattern.kind,
        summary=pattern.summary,
        description=pattern.description,
        risks=pattern.risks,
        needs=pattern.needs,
        place=place,
        contact=contact,
        tags=tuple(pattern.tags),
    )
    return create(actor, node_id, draft, key)
