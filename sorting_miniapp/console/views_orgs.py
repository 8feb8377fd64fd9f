"""The organisation tree: look, add, rename, close and reopen units; communities from a sheet."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms, sheets
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.imports import communities
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import KIND_NAMES, Node, NodeKind

KINDS = [(kind.value, name) for kind, name in KIND_NAMES.items() if kind is not NodeKind.CITY]

sheets.add_pages(communities.SHEET, "/orgs/import", "console.orgs_tree")


def administered(node_id: int) -> Node:
    """The unit, for its administrator. Raises NotFound outside the branches, Forbidden without the role there."""
    actor = current_staff()
    node = orgs.get(node_id, actor.branches())
    actor.require(Role.ADMIN, node.path)
    return node


@blueprint.get("/orgs")
@staff_only(Role.ADMIN)
def orgs_tree() -> str:
    units = sorted(orgs.visible(current_staff().branches(Role.ADMIN)), key=lambda unit: unit.id)
    known = {unit.id for unit in units}
    below: dict[int | None, list[Node]] = {}
    for unit in units:
        below.setdefault(unit.parent_id if unit.parent_id in known else None, []).append(unit)
    return render_template("console/orgs/tree.html", below=below, kinds=KIND_NAMES, count=len(units))


@blueprint.route("/orgs/new", methods=["GET", "POST"])
@staff_only(Role.ADMIN)
def node_new() -> Response | str | tuple[str, int]:
    parent = administered(forms.whole(request.values.get("parent", ""), "上级单位"))
    page = "console/orgs/new.html"
    if request.method == "GET":
        return render_template(page, parent=parent, kinds=KINDS, typed={}, problem=None)
    try:
        kind = forms.choice(request.form.get("kind", ""), [NodeKind(key) for key, _ in KINDS], "kind", "类别")
        node = orgs.add(parent.id, request.form.get("name", ""), kind, current_staff().username)
    except DomainError as error:
        return render_template(page, parent=parent, kinds=KINDS, typed=request.form, problem=error), 422
    flash(f"已添加{node.name}", "success")
    return redirect(url_for("console.orgs_tree") + f"#node-{node.id}")


@blueprint.route("/orgs/<int:node_id>", methods=["GET", "POST"])
@staff_only(Role.ADMIN)
def node_edit(node_id: int) -> Response | str | tuple[str, int]:
    node = administered(node_id)
    page = "console/orgs/edit.html"
    if request.method == "GET":
        return render_template(page, node=node, kinds=KIND_NAMES, typed={"name": node.name}, problem=None)
    old_name, active = node.name, node.active
    branches = current_staff().branches(Role.ADMIN)
    try:
        orgs.change(node_id, branches, current_staff().username, name=request.form.get("name", ""), active=active)
    except DomainError as error:
        node = administered(node_id)
        return render_template(page, node=node, kinds=KIND_NAMES, typed=request.form, problem=error), 422
    flash(f"已改名（原名{old_name}）", "success")
    return redirect(url_for("console.node_edit", node_id=node_id))


@blueprint.post("/orgs/<int:node_id>/state")
@staff_only(Role.ADMIN)
def node_state(node_id: int) -> Response:
    node = administered(node_id)
    active = request.form.get("active") == "1"
    actor = current_staff()
    orgs.change(node_id, actor.branches(Role.ADMIN), actor.username, name=node.name, active=active)
    flash(f"已{'启用' if active else '停用'}{node.name}", "success")
    return redirect(url_for("console.node_edit", node_id=node_id))
