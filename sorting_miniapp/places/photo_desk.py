"""Photos of reports about which WeChat was unsure: a person looks, and lets them pass or not.

The reporter sees a photo in the mini-program only once it has passed. A person's word stands: an answer of WeChat's
that comes late changes nothing any more (pictures.py).
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select, update

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within
from sorting_miniapp.places import handling, pictures, service
from sorting_miniapp.places.models_reports import PlaceIssue, PlacePicture, PlaceReport
from sorting_miniapp.wechat.models import MediaState


def decide(actor: StaffActor, issue_id: int, public_id: str, to: MediaState) -> None:
    """Let a photo pass (PASS) or not (RISKY); audited. Raises NotFound, Forbidden, Conflict once it is decided."""
    row = handling.get(actor, issue_id)
    service.require(actor, row.path)
    key = pictures.key_of(issue_id, public_id)
    with transaction() as session:
        unsure = (PlacePicture.id == key, PlacePicture.state == MediaState.REVIEW)
        values = {"state": to, "decided_by": actor.id, "decided_at": clock.now()}
        if session.execute(update(PlacePicture).where(*unsure).values(**values)).rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("picture_decided", "这张照片已经有结论，请刷新后再看")
        verb = "release_photo" if to is MediaState.PASS else "refuse_photo"
        audit.record(
            actor.username, f"place_issue.{verb}", "place_issue", issue_id, node_path=row.path,
            after={"picture": public_id},
        )  # fmt: skip


def waiting(actor: StaffActor) -> list[Any]:
    """The issues with photos that wait for this person's eyes, the oldest first: (id, kind, opened_at, photos)."""
    issue = (PlaceIssue.id, PlaceIssue.kind, PlaceIssue.opened_at)
    query = (
        select(*issue, func.count(PlacePicture.id).label("photos"))
        .join(Node, Node.id == PlaceIssue.node_id)
        .join(PlaceReport, PlaceReport.issue_id == PlaceIssue.id)
        .join(PlacePicture, PlacePicture.report_id == PlaceReport.id)
        .where(PlacePicture.state == MediaState.REVIEW, within(Node.path, actor.branches(*service.WRITERS)))
        .group_by(*issue)
        .order_by(PlaceIssue.id)
    )
    return list(db.session().execute(query))
