"""Console: 发布渠道: the connected official account with its tags, and the accounts other offices run."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import account_tags, accounts, quotas
from sorting_miniapp.articles.models import ACCOUNT_KIND_NAMES, AccountKind
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)


@blueprint.get("/channels")
@staff_only(*READERS)
def channels() -> str:
    today = clock.today()
    known = accounts.known()
    return render_template(
        "console/channels/list.html",
        rule=quotas.rule(None),
        left=quotas.left(None, [today])[today].words,
        rights=settings.read("official_rights"),
        tags=account_tags.known(),
        failed=account_tags.reading.failed(),
        rows=[(one, quotas.left(one.id, [today])[today].words) for one in known],
        kinds=ACCOUNT_KIND_NAMES,
        may_edit=current_staff().may(Role.EDITOR, orgs.root().path),
        may_ask=bool(current_staff().branches(Role.EDITOR)),
    )


@blueprint.post("/channels/tags")
@staff_only(Role.EDITOR)
def channel_tags() -> Response:
    account_tags.ask(current_staff())
    flash("正在向公众号读取标签和关注人数，几秒后刷新页面", "success")
    return redirect(url_for("console.channels"))


@blueprint.route("/channels/new", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def channel_new() -> Page:
    return _form(None, {"name": "", "office": "", "contact": "", "kind": "subscription", "active": "1"})


@blueprint.route("/channels/<int:account_id>", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def channel(account_id: int) -> Page:
    found = accounts.get(account_id)
    shown = {"name": found.name, "office": found.office, "contact": found.contact, "kind": found.kind.value}
    return _form(account_id, shown | {"active": "1" if found.active else ""})


def _form(account_id: int | None, values: dict[str, str]) -> Page:
    current_staff().require(Role.EDITOR, orgs.root().path)
    errors: dict[str, str] = {}
    if request.method == "POST":
        values = values | {"active": ""} | request.form.to_dict()
        try:
            accounts.save(current_staff(), _details(values), account_id)
            flash("已保存", "success")
            return redirect(url_for("console.channels"))
        except (Invalid, Conflict) as error:
            errors = {error.code: error.message}
    page = render_template(
        "console/channels/form.html", account_id=account_id, values=values, errors=errors, kinds=ACCOUNT_KIND_NAMES
    )
    return (page, 422) if errors else page


def _details(values: dict[str, str]) -> accounts.Details:
    kind = forms.choice(values["kind"], AccountKind, "kind", "账号类型")
    texts = [values[name].strip() for name in ("name", "office", "contact")]
    return accounts.Details(texts[0], texts[1], texts[2], kind, bool(values["active"]))
