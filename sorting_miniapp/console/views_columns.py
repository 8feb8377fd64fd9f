"""Console: columns, each with its rule and its queue."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import audience, column_desk, columns, slots
from sorting_miniapp.articles.models import Channel
from sorting_miniapp.console import forms, forms_pushes
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import Conflict, DomainError, Invalid
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)


@blueprint.app_template_filter("rule_text")
def rule_text(plan: Any) -> str:
    """每周一 09:00"""
    return slots.rule_text(plan.weekdays, plan.minute)


@blueprint.get("/columns", endpoint="columns")
@staff_only(*READERS)
def column_list() -> str:
    lines = column_desk.listed(current_staff().branches(*READERS))
    may_add = current_staff().may(Role.EDITOR, orgs.root().path)
    return render_template("console/columns/list.html", lines=lines, may_add=may_add, audience=audience.words)


@blueprint.route("/columns/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def column_new() -> Page:
    return _named(None, "", "")


@blueprint.route("/columns/<int:column_id>/name", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def column_name(column_id: int) -> Page:
    found = columns.get(column_id)
    return _named(column_id, found.name, found.about)


def _named(column_id: int | None, name: str, about: str) -> Page:
    values, errors = {"name": name, "about": about} | request.form.to_dict(), {}
    if request.method == "POST":
        try:
            column_id = columns.name_it(current_staff(), values["name"], values["about"], column_id)
            flash("已保存", "success")
            return redirect(url_for("console.column", column_id=column_id))
        except (Invalid, Conflict) as error:
            errors = {error.code: error.message}
    page = render_template("console/columns/name.html", values=values, errors=errors, column_id=column_id)
    return (page, 422) if errors else page


@blueprint.get("/columns/<int:column_id>")
@staff_only(*READERS)
def column(column_id: int) -> str:
    return _page(column_id)


def _page(column_id: int, problem: str = "") -> str:
    actor, found, plan = current_staff(), columns.get(column_id), columns.plan_of(column_id)
    line = next(one for one in column_desk.listed(actor.branches(*READERS)) if one.column.id == column_id)
    return render_template(
        "console/columns/column.html",
        column=found,
        plan=line.plan,
        hidden=plan is not None and line.plan is None,
        warning=line.warning,
        audience=audience.words(line.plan) if line.plan else "",
        queue=column_desk.queue(column_id) if line.plan else [],
        candidates=column_desk.candidates(line.plan) if line.plan else [],
        may_edit=bool(actor.branches(Role.EDITOR)) and columns.may_edit(actor, plan),
        problem=problem,
    )


@blueprint.route("/columns/<int:column_id>/rule", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def column_rule(column_id: int) -> Page:
    found, plan = columns.get(column_id), columns.plan_of(column_id)
    if request.method == "GET":
        return _rule_form(found, forms_pushes.rule_values(plan), {})
    typed = request.form.to_dict() | {"weekdays": "".join(request.form.getlist("weekdays"))}
    try:
        node_id, rule = forms_pushes.rule(request.form)
        columns.set_rule(current_staff(), column_id, node_id, rule)
    except DomainError as error:
        return _rule_form(found, forms_pushes.rule_values(None) | typed, {error.code: error.message}), error.status
    flash("已保存栏目规则", "success")
    return redirect(url_for("console.column", column_id=column_id))


def _rule_form(found: Any, values: dict[str, str], errors: dict[str, str]) -> str:
    units = [(str(u.id), u.name) for u in orgs.in_use(current_staff().branches(Role.EDITOR))]
    return render_template(
        "console/columns/rule.html",
        column=found,
        values=values,
        errors=errors,
        owners=units,
        weekdays=[(str(number), f"周{name}") for number, name in enumerate(slots.WEEKDAYS)],
        channels=list(Channel),
        **forms_pushes.choices(current_staff()),
    )


def _add(column_id: int) -> None:
    columns.add(current_staff(), column_id, forms.whole(request.form.get("article", ""), "这篇文章"))


def _take_out(column_id: int) -> None:
    columns.take_out(current_staff(), column_id, forms.whole(request.form.get("article", ""), "这篇文章"))


def _move(column_id: int) -> None:
    step = -1 if request.form.get("to") == "up" else 1
    columns.move(current_staff(), column_id, forms.whole(request.form.get("article", ""), "这篇文章"), step)


def _order(column_id: int) -> None:
    ids = [forms.whole(one, "这篇文章") for one in request.form.get("order", "").split(",")[: columns.MOST_QUEUED]]
    columns.order(current_staff(), column_id, ids)


STEPS = {
    "add": (_add, "已排进队列"),
    "remove": (_take_out, "已移出队列"),
    "move": (_move, "已调整顺序"),
    "order": (_order, "已调整顺序"),
    "pause": (lambda column_id: columns.pause(current_staff(), column_id), "栏目已暂停"),
    "resume": (lambda column_id: columns.resume(current_staff(), column_id), "栏目已恢复"),
    "read": (lambda column_id: columns.read_note(current_staff(), column_id), "已知道"),
}


@blueprint.post("/columns/<int:column_id>/<any(add, remove, move, order, pause, resume, read):step>")
@staff_only(Role.EDITOR)
def column_step(column_id: int, step: str) -> Page:
    action, done = STEPS[step]
    try:
        action(column_id)
    except DomainError as error:
        return _page(column_id, error.message), error.status
    flash(done, "success")
    return redirect(url_for("console.column", column_id=column_id))
