"""Console: volunteer groups with their members, leaders and requests; groups from a sheet."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import sheets
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.hours import joining
from sorting_miniapp.imports import groups as groups_sheet

READERS = (Role.ADMIN, Role.ORGANISER, Role.VERIFIER)

sheets.add_pages(groups_sheet.SHEET, "/groups/import", "console.group_list")


@blueprint.get("/groups")
@staff_only(*READERS)
def group_list() -> str:
    words, waiting = request.args.get("q", "").strip()[:40], request.args.get("waiting") == "1"
    after = request.args.get("after", type=int)
    page = groups.search(words, after, current_staff().branches(*READERS), waiting)
    following = url_for("console.group_list", q=words, waiting=int(waiting), after=page["next"])
    return render_template(
        "console/groups/list.html",
        rows=page["items"],
        q=words,
        waiting=waiting,
        following=following if page["next"] else "",
    )


@blueprint.get("/groups/<int:group_id>")
@staff_only(*READERS)
def group(group_id: int) -> str:
    return _page(group_id)


def _page(group_id: int, problem: DomainError | None = None) -> str:
    actor = current_staff()
    row = groups.get(group_id, actor.branches(*READERS))
    typed = request.form if problem else {"number": row.number or "", "contact": row.contact or "", "about": row.about}
    return render_template(
        "console/groups/group.html",
        group=row,
        members=joining.people(groups.members(group_id)),
        requests=joining.people(groups.requests(group_id)),
        may_manage=any(actor.may(role, row.path) for role in groups.MANAGERS),
        typed=typed,
        problem=problem,
    )


@blueprint.post("/groups/<int:group_id>")
@staff_only(*groups.MANAGERS)
def group_describe(group_id: int) -> Response | tuple[str, int]:
    number, contact, about = (request.form.get(name, "").strip() for name in ("number", "contact", "about"))
    try:
        groups.describe(current_staff(), group_id, number, contact, about)
    except DomainError as error:
        if error.status == 404:
            raise
        return _page(group_id, error), 422
    flash("已保存", "success")
    return redirect(url_for("console.group", group_id=group_id))


@blueprint.post("/groups/<int:group_id>/members/<string:member_id>/<any(accept, decline, lead, unlead, remove):step>")
@staff_only(*groups.MANAGERS)
def group_member(group_id: int, member_id: str, step: str) -> Response:
    actor = current_staff()
    try:
        if step in ("accept", "decline"):
            joining.decide_as_staff(actor, group_id, member_id, step == "accept")
        elif step == "remove":
            joining.remove_as_staff(actor, group_id, member_id)
        else:
            groups.appoint(actor, group_id, member_id, step == "lead")
        flash("已处理", "success")
    except DomainError as error:
        if error.status != 409:
            raise
        flash(error.message, "warning")
    return redirect(url_for("console.group", group_id=group_id))
