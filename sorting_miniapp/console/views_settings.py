"""The domain's rules at each unit: what is in force, where it comes from, and changing it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.views_orgs import administered
from sorting_miniapp.console.views_staff import unit_choices
from sorting_miniapp.errors import DomainError, NotFound
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings as rules
from sorting_miniapp.orgs.models import Node


def _page(node: Node, typed: dict[str, str], problem: DomainError | None) -> str:
    return render_template(
        "console/settings/list.html",
        node=node,
        units=unit_choices(current_staff()),
        rows=rules.in_force(node.path),
        names=orgs.names_above(node.path),
        typed=typed,
        problem=problem,
    )


@blueprint.get("/settings")
@staff_only(Role.ADMIN)
def settings() -> str:
    given = request.args.get("node", "")
    if given:
        return _page(administered(forms.whole(given, "这个单位")), {}, None)
    first = orgs.visible(current_staff().branches(Role.ADMIN))[0]
    return _page(first, {}, None)


def _value_of(key: str, text: str) -> Any:
    rule = rules.DEFAULTS.get(key)
    if rule is None:
        raise NotFound("setting_unknown", "没有这个设置项")
    return forms.number(text, key, rule.label) if isinstance(rule.value, int) else text


@blueprint.post("/settings/<int:node_id>/<string:key>")
@staff_only(Role.ADMIN)
def setting_write(node_id: int, key: str) -> Response | tuple[str, int]:
    node = administered(node_id)
    text = request.form.get("value", "").strip()[:40]
    try:
        rules.write(node_id, key, _value_of(key, text), current_staff().username)
    except DomainError as error:
        if key not in rules.DEFAULTS:
            raise
        return _page(node, {key: text}, error), 422
    flash(f"已保存：{rules.DEFAULTS[key].label}", "success")
    return redirect(url_for("console.settings", node=node_id) + f"#rule-{key}")


@blueprint.post("/settings/<int:node_id>/<string:key>/inherit")
@staff_only(Role.ADMIN)
def setting_clear(node_id: int, key: str) -> Response:
    administered(node_id)
    rules.clear(node_id, key, current_staff().username)
    flash("已恢复为沿用上级", "success")
    return redirect(url_for("console.settings", node=node_id) + f"#rule-{key}")
