"""Certificates for a whole group or unit: prepared one by one in the worker and handed over as one zip (jobs/).

It may run again after a kill: a certificate that says the same is there already is taken instead of a second one.
"""

from __future__ import annotations

import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select

from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff
from sorting_miniapp.certificates import pdf
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, DomainError
from sorting_miniapp.hours import issuing
from sorting_miniapp.hours.models import Volunteer
from sorting_miniapp.imports import workbook
from sorting_miniapp.jobs import kinds
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.orgs.tree import within

KIND = "certificates"
LIST = "清单.xlsx"
COLUMNS = ("志愿者编号", "姓名", "证明编号", "时长（小时）", "说明")


@dataclass(frozen=True)
class Wish:
    """`people_id` is a group (its members) or a unit (the volunteers of its branch); `issuer_id` the issuing unit."""

    issuer_id: int
    people_id: int
    first: date
    last: date


def ask(actor: StaffActor, wish: Wish) -> str:
    """Ask for a zip; returns the job's public id. Raises NotFound, Forbidden, Invalid, Conflict."""
    issuer = orgs.get(wish.issuer_id, actor.branches(Role.VERIFIER))
    people = orgs.get(wish.people_id, actor.branches(Role.VERIFIER))
    issuing.check_period(wish.first, wish.last)
    parameters = {"people": people.id, "first": wish.first.isoformat(), "last": wish.last.isoformat()}
    return jobs.ask(actor, KIND, issuer, parameters, f"{people.name} 服务记录证明 {wish.first} 至 {wish.last}")


def kind(base_url: str) -> kinds.Kind:
    """The job's kind, for create_app."""
    return kinds.Kind(KIND, "批量证明", (Role.VERIFIER,), lambda asked, progress: make(asked, progress, base_url))


def make(asked: kinds.Asked, progress: Callable[[int, int, str], None], base_url: str) -> kinds.File:
    """The zip: a sheet for each person with hours in the period, and a list that says who has none and why."""
    first, last = (date.fromisoformat(asked.parameters[key]) for key in ("first", "last"))
    people = _people(int(asked.parameters["people"]))
    handler = db.session().scalar(select(Staff.name).where(Staff.id == asked.staff_id)) or ""
    out = tempfile.SpooledTemporaryFile(max_size=4 * 1024 * 1024)  # noqa: SIM115  closed by kinds.pieces
    lines: list[tuple[Any, ...]] = []
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for done, (resident_id, number, name) in enumerate(people):
            progress(done, len(people), "正在生成证明")
            said, found = _one(asked, resident_id, first, last, handler)
            if found is not None:
                verify_url = base_url + certificates.verify_path(found.number, found.code)
                archive.writestr(f"{number}_{name}.pdf", pdf.build(found, verify_url))
            hours = found.text.hours if found else ""
            lines.append((number, name, found.number if found else "", hours, said))
        archive.writestr(LIST, workbook.write("清单", COLUMNS, lines))
    progress(len(people), len(people), "正在打包")
    return kinds.File("服务记录证明.zip", "application/zip", kinds.pieces(out))


def _one(
    asked: kinds.Asked, resident_id: int, first: date, last: date, handler: str
) -> tuple[str, certificates.Issued | None]:
    """(what the list says, the certificate or None)."""
    try:
        wish = issuing.Wish(first, last, asked.node_id, handler=handler)
        number, said = issuing.issue_certificate(resident_id, wish, asked.username), "新出具"
    except Conflict as error:
        number, said = error.details.get("number", ""), "已有内容相同的证明"
        if error.code != "certificate_exists":
            return error.message, None
    except DomainError as error:
        return error.message, None
    return said, certificates.own(resident_id, number)


def _people(node_id: int) -> list[tuple[int, str, str]]:
    """(resident_id, volunteer number, name) of a group's or a unit's registered volunteers, by number."""
    node = db.session().get_one(Node, node_id)
    query = select(Volunteer.resident_id, Volunteer.number, Volunteer.name).where(Volunteer.name.is_not(None))
    if node.kind is NodeKind.GROUP:
        query = query.where(Volunteer.resident_id.in_([member.resident_id for member in groups.members(node_id)]))
    else:
        query = query.join(Node, Node.id == Volunteer.node_id).where(within(Node.path, [node.path]))
    rows = db.session().execute(query.order_by(Volunteer.number)).all()
    return [(row.resident_id, row.number, row.name or "") for row in rows]
