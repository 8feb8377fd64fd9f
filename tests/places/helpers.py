"""Makers for the tests of places; they go through the services."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import date
from typing import Any

from PIL import Image
from sqlalchemy import select

from sorting_miniapp.accounts.access import Grant, StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.places import service
from sorting_miniapp.places.drafts import Draft
from sorting_miniapp.places.models import Place
from sorting_miniapp.places.models_reports import PlaceIssue
from tests.events.helpers import Person, World

DRAFT = Draft(
    code="TF001",
    kind="collection_point",
    name="东门投放点",
    node_id=0,
    address="东门路 1 号旁",
    lat=24.7790,
    lng=112.3770,
    hours="06:00-22:00",
    classes=("recyclable", "food", "hazardous", "residual"),
    source="星子镇 2026 年投放点台账",
    checked_on=date(2026, 6, 1),
)


def make_place(world: World, **values: Any) -> str:
    """A place of the world's town; returns its public id."""
    with world.app.app_context():
        draft = replace(DRAFT, **{"node_id": world.town} | values)
        actor = StaffActor(1, "maker", "登记员", (Grant(Role.ADMIN, 0, orgs.root().path),))
        return db.session.get_one(Place, service.save(actor, None, draft)).public_id


def make_community(world: World, name: str = "东门社区", parent: int | None = None) -> int:
    with world.app.app_context():
        return orgs.add(parent or world.town, name, NodeKind.COMMUNITY, "test").id


def send(world: World, person: Person, place: str | None, kind: str = "full", **body: Any) -> Any:
    """What the mini-program posts when somebody reports a place."""
    headers = person.headers | body.pop("headers", {})
    if place is not None:
        body["place"] = place
    return world.app.test_client().post("/api/v1/me/place-reports", json={"kind": kind} | body, headers=headers)


def photo() -> bytes:
    """A JPEG that says where it was taken."""
    out, exif = io.BytesIO(), Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif[0x010E] = "GPS 24.779 112.377"
    Image.new("RGB", (640, 480), "green").save(out, "JPEG", exif=exif)
    return out.getvalue()


def upload(world: World, person: Person, data: bytes) -> Any:
    form = {"file": (io.BytesIO(data), "photo.jpg")}
    return world.app.test_client().post("/api/v1/me/place-reports/pictures", data=form, headers=person.headers)


def issue_keys() -> list[int]:
    return list(db.session.scalars(select(PlaceIssue.id).order_by(PlaceIssue.id)))
