"""The audit trail: who changed what and when, in the own branches."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import render_template, request, url_for
from sqlalchemy import Select, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor, current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.accounts.staff_admin import administers_city
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.console import audit_words, forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.db import db
from sorting_miniapp.orgs.tree import within

PAGE = 50


@blueprint.get("/audit")
@staff_only(Role.ADMIN)
def audit_list() -> str:
    typed = {key: request.args.get(key, "").strip()[:80] for key in ("actor", "object_type", "object_id", "from", "to")}
    query = _filtered(_visible(current_staff()), typed)
    cursor = request.args.get("cursor", "")
    if cursor:
        query = query.where(AuditEntry.id < forms.whole(cursor, "这一页"))
    rows = list(db.session().scalars(query.order_by(AuditEntry.id.desc()).limit(PAGE + 1)))
    kept: dict[str, Any] = {key: value for key, value in typed.items() if value}
    more = url_for("console.audit_list", cursor=rows[PAGE - 1].id, **kept) if len(rows) > PAGE else ""
    return render_template(
        "console/audit/list.html",
        rows=rows[:PAGE],
        next_url=more,
        typed=typed,
        objects=audit_words.OBJECTS,
        action=audit_words.action,
        change=audit_words.change,
    )


def _visible(actor: StaffActor) -> Select[AuditEntry]:
    """Rows of the branches; those without a place in the tree (sign-ins, accounts) are the city's."""
    everything = select(AuditEntry)
    if administers_city(actor):
        return everything
    return everything.where(within(AuditEntry.node_path, actor.branches(Role.ADMIN)))


def _filtered(query: Select[AuditEntry], typed: dict[str, str]) -> Select[AuditEntry]:
    for column in (AuditEntry.actor, AuditEntry.object_type, AuditEntry.object_id):
        if typed[column.key]:
            query = query.where(column == typed[column.key])
    first, last = forms.day(typed["from"]), forms.day(typed["to"])
    if first:
        query = query.where(AuditEntry.at >= clock.local_midnight(first))
    if last:
        query = query.where(AuditEntry.at < clock.local_midnight(last + timedelta(days=1)))
    return query
