"""Accounts in the own branch: open, roles at units, passwords, closing."""

from __future__ import annotations

from collections.abc import Mapping

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts import binding, staff, staff_admin
from sorting_miniapp.accounts.access import StaffActor, current_staff, staff_only
from sorting_miniapp.accounts.models import ROLE_NAMES, Role
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.orgs import service as orgs

# One choice names role and review level together, so that no impossible pair can be chosen.
ROLE_CHOICES = {
    **{f"{role.value}:0": name for role, name in ROLE_NAMES.items() if role is not Role.REVIEWER},
    **{f"{Role.REVIEWER.value}:{level}": f"审核员（{word}审）" for level, word in ((1, "一"), (2, "二"), (3, "三"))},
}


def unit_choices(actor: StaffActor) -> list[tuple[int, str]]:
    """The units at which the actor may give roles, indented by their depth."""
    units = orgs.in_use(actor.branches(Role.ADMIN))
    top = min((unit.path.count("/") for unit in units), default=0)
    return [(unit.id, "　" * (unit.path.count("/") - top) + unit.name) for unit in units]


def _chosen_role(form: Mapping[str, str]) -> tuple[Role, int]:
    """The role and level of a ROLE_CHOICES key; an unknown key is refused by the service as a wrong level."""
    name, _, level = form.get("role", "").partition(":")
    role = forms.choice(name, Role, "role", "角色")
    return role, forms.number(level or "0", "role", "级别")


@blueprint.get("/staff")
@staff_only(Role.ADMIN)
def staff_list() -> str:
    actor = current_staff()
    people = staff.listed(actor.branches(Role.ADMIN))
    idle = staff_admin.without_roles() if staff_admin.administers_city(actor) else []
    return render_template("console/staff/list.html", people=people, idle=idle, role_names=ROLE_CHOICES)


@blueprint.route("/staff/new", methods=["GET", "POST"])
@staff_only(Role.ADMIN)
def staff_new() -> str | tuple[str, int]:
    actor = current_staff()
    choices = {"units": unit_choices(actor), "roles": list(ROLE_CHOICES.items())}
    if request.method == "GET":
        return render_template("console/staff/new.html", typed={}, problem=None, **choices)
    form = request.form
    try:
        role, level = _chosen_role(form)
        node_id = forms.whole(form.get("node", ""), "这个单位")
        staff_id, password = staff_admin.open_account(
            actor, form.get("username", "").strip(), form.get("name", ""), node_id, role, level
        )
    except DomainError as error:
        return render_template("console/staff/new.html", typed=form, problem=error, **choices), 422
    return _password_page(staff_id, password)


def _password_page(staff_id: int, password: str) -> str:
    person, _, _ = staff_admin.account(current_staff(), staff_id)
    return render_template("console/staff/password.html", person=person, password=password)


def _detail(staff_id: int, typed: Mapping[str, str], problem: DomainError | None) -> str:
    actor = current_staff()
    person, roles, mine = staff_admin.account(actor, staff_id)
    return render_template(
        "console/staff/detail.html",
        person=person,
        held=roles,
        may_change=mine and person.id != actor.id,
        bound=binding.of_staff(person.id),
        own=person.id == actor.id,
        units=unit_choices(actor),
        roles=list(ROLE_CHOICES.items()),
        role_names=ROLE_CHOICES,
        typed=typed,
        problem=problem,
    )


@blueprint.route("/staff/<int:staff_id>", methods=["GET", "POST"])
@staff_only(Role.ADMIN)
def staff_detail(staff_id: int) -> Response | str | tuple[str, int]:
    if request.method == "GET":
        return _detail(staff_id, {}, None)
    try:
        staff_admin.rename(current_staff(), staff_id, request.form.get("name", ""))
    except DomainError as error:
        return _detail(staff_id, request.form, error), error.status
    flash("已改姓名", "success")
    return redirect(url_for("console.staff_detail", staff_id=staff_id))


@blueprint.post("/staff/<int:staff_id>/roles")
@staff_only(Role.ADMIN)
def staff_grant(staff_id: int) -> Response | tuple[str, int]:
    staff_admin.account(current_staff(), staff_id)
    try:
        role, level = _chosen_role(request.form)
        node_id = forms.whole(request.form.get("node", ""), "这个单位")
        staff.grant_by(current_staff(), staff_id, node_id, role, level)
    except DomainError as error:
        return _detail(staff_id, request.form, error), error.status
    flash("已加角色，此人须重新登录", "success")
    return redirect(url_for("console.staff_detail", staff_id=staff_id))


@blueprint.post("/staff/<int:staff_id>/roles/<int:role_id>/revoke")
@staff_only(Role.ADMIN)
def staff_revoke(staff_id: int, role_id: int) -> Response:
    staff.revoke_by(current_staff(), role_id)
    flash("已收回角色，此人须重新登录", "success")
    return redirect(url_for("console.staff_list"))


@blueprint.post("/staff/<int:staff_id>/password")
@staff_only(Role.ADMIN)
def staff_password(staff_id: int) -> str:
    password = staff_admin.reset_password(current_staff(), staff_id)
    return _password_page(staff_id, password)


@blueprint.post("/staff/<int:staff_id>/state")
@staff_only(Role.ADMIN)
def staff_state(staff_id: int) -> Response:
    active = request.form.get("active") == "1"
    staff.set_active(staff_id, active, current_staff())
    flash("已启用账号" if active else "已停用账号", "success")
    return redirect(url_for("console.staff_detail", staff_id=staff_id))
