"""Console: 通知模板: which of the mini-program's templates each notice is sent with, and what is missing."""

from __future__ import annotations

import string

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.deliveries import account_templates, template_choice
from sorting_miniapp.deliveries.models import TEMPLATE_KIND_NAMES, AccountTemplate, NoticeTemplate
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.wechat.codes import CODES

Page = Response | str | tuple[str, int]
WORDS = {"title": "名称", "time": "时间", "place": "地点", "remark": "说明", "status": "结果", "deadline": "截止时间"}


def _administrator() -> None:
    """Templates are the whole mini-program's: an administrator of the city's."""
    current_staff().require(Role.ADMIN, orgs.root().path)


def _in_words(pattern: str) -> str:
    """A field's text with its names in Chinese: 〔名称〕."""
    parts = string.Formatter().parse(pattern)
    return "".join(text + (f"〔{WORDS[name]}〕" if name else "") for text, name, _, _ in parts)


@blueprint.get("/notices")
@staff_only(Role.ADMIN)
def notice_list() -> str:
    _administrator()
    failed = account_templates.reading.failed()
    found = template_choice.standings()
    return render_template(
        "console/notices/list.html",
        rows=found,
        counts={state: [one for one in found if one.state == state] for state in ("missing", "wrong", "unchecked")},
        kinds=TEMPLATE_KIND_NAMES,
        tried_at=account_templates.reading.tried_at(),
        failed=failed,
        failed_words=CODES[failed].words if failed in CODES else "微信没有正常回答",
    )


@blueprint.post("/notices/refresh")
@staff_only(Role.ADMIN)
def notice_refresh() -> Response:
    _administrator()
    account_templates.ask(current_staff())
    flash("正在向微信读取模板列表，几秒后刷新页面", "success")
    return redirect(url_for("console.notice_list"))


@blueprint.get("/notices/<string:key>")
@staff_only(Role.ADMIN)
def notice(key: str) -> str:
    _administrator()
    found = template_choice.get(key)
    template_id = request.args.get("template_id", found.template_id).strip()[:64]
    return _page(found, template_id, {}, None)


def _page(found: NoticeTemplate, template_id: str, typed: dict[str, str], problem: Invalid | Conflict | None) -> str:
    known = account_templates.known()
    template = known.get(template_id)
    keys = typed or {field["label"]: field["key"] for field in found.fields}
    if template is not None and not typed and template_id != found.template_id:
        keys = template_choice.suggested(found, template)
    return render_template(
        "console/notices/form.html",
        notice=found,
        kinds=TEMPLATE_KIND_NAMES,
        listed=template_choice.listed(known),
        options=[("", "请选择"), *((one.id, f"{one.title}（{one.id[:12]}）") for one in known.values())],
        template=template,
        template_id=template_id,
        keys=keys,
        texts=[(field["label"], _in_words(field["value"])) for field in found.fields],
        choices=_choices(found, template) if template else {},
        problem=problem,
    )


def _choices(found: NoticeTemplate, template: AccountTemplate) -> dict[str, list[tuple[str, str]]]:
    """For each field the template's key words that take its text."""
    return {
        field["label"]: [
            (key, f"{name}（{key}）") for key, name in template.fields if account_templates.fits(field, key)
        ]
        for field in found.fields
    }


@blueprint.post("/notices/<string:key>")
@staff_only(Role.ADMIN)
def notice_choose(key: str) -> Page:
    _administrator()
    found = template_choice.get(key)
    template_id = request.form.get("template_id", "").strip()[:80]
    keys = {
        field["label"]: request.form.get(f"field-{place}", "")[:40] for place, field in enumerate(found.fields, start=1)
    }
    try:
        template_choice.choose(current_staff(), key, template_id, keys)
    except (Invalid, Conflict) as error:
        return _page(template_choice.get(key), template_id, keys, error), 422
    flash(f"“{found.title}”的模板已保存", "success")
    return redirect(url_for("console.notice_list"))


@blueprint.post("/notices/<string:key>/stop")
@staff_only(Role.ADMIN)
def notice_stop(key: str) -> Response:
    _administrator()
    template_choice.give_up(current_staff(), key)
    flash("已停发，选用模板后恢复", "success")
    return redirect(url_for("console.notice_list"))
