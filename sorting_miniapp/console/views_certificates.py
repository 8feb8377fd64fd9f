"""Console: the register of certificates; one or a whole group's prepared, revoked, prepared anew; exports."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.certificates import masking
from sorting_miniapp.certificates import service as certificates
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.reasons import reason_page
from sorting_miniapp.errors import DomainError, Invalid
from sorting_miniapp.hours import batch, exports, issuing, volunteers
from sorting_miniapp.orgs import service as orgs

Page = Response | str | tuple[str, int]
NAMES = {"records_export": "服务记录表", "certificates_export": "证明登记簿"}


@blueprint.get("/certificates")
@staff_only(Role.VERIFIER, Role.ADMIN)
def certificate_list() -> str:
    words, before = request.args.get("q", "").strip()[:64], request.args.get("before", type=int)
    page = certificates.listed(current_staff().branches(), before, words)
    following = url_for("console.certificate_list", q=words, before=page["next"]) if page["next"] else ""
    return render_template(
        "console/hours/certificates.html", rows=page["items"], q=words, following=following, mask=masking.name
    )


def _period() -> tuple[date, date]:
    first, last = (forms.day(request.form.get(name, "")) for name in ("first", "last"))
    if first is None or last is None:
        raise Invalid("period", "请填写起止日期")
    return first, last


def _typed() -> dict[str, Any]:
    today = clock.today()
    return request.form.to_dict() or {
        "number": request.args.get("number", "")[:32],
        "first": today.replace(month=1, day=1).isoformat(),
        "last": today.isoformat(),
    }


def _form(page: str, roles: tuple[Role, ...], problem: str = "", **more: Any) -> str:
    units = orgs.in_use(current_staff().branches(*roles))
    choices = [(unit.id, unit.name) for unit in units]
    return render_template(page, choices=choices, lead=orgs.lead(), typed=_typed(), problem=problem, **more)


@blueprint.route("/certificates/new", methods=["GET", "POST"])
@staff_only(Role.VERIFIER)
def certificate_new() -> Page:
    page, roles = "console/hours/certificate_new.html", (Role.VERIFIER,)
    if request.method == "GET":
        return _form(page, roles)
    try:
        number = request.form.get("number", "").strip()
        found = volunteers.by_numbers([number], current_staff().branches(*roles)).get(number)
        if found is None:
            raise Invalid("volunteer", "您管理的范围内没有这个志愿者编号")
        issuer = forms.whole(request.form.get("issuer", ""), "出具单位")
        made = issuing.issue_as_staff(current_staff(), found.Volunteer.id, issuer, *_period())
    except DomainError as error:
        return _form(page, roles, error.message), 422
    flash(f"已生成 {made}，本人可在小程序里下载；加盖公章后生效", "success")
    return redirect(url_for("console.certificate_list", q=made))


@blueprint.route("/certificates/batch", methods=["GET", "POST"])
@staff_only(Role.VERIFIER)
def certificate_batch() -> Page:
    page, roles = "console/hours/certificate_batch.html", (Role.VERIFIER,)
    if request.method == "GET":
        return _form(page, roles)
    try:
        issuer, people = (forms.whole(request.form.get(name, ""), "单位") for name in ("issuer", "people"))
        batch.ask(current_staff(), batch.Wish(issuer, people, *_period()))
    except DomainError as error:
        return _form(page, roles, error.message), 422
    flash("已开始生成，完成后可在这里下载", "success")
    return redirect(url_for("console.jobs"))


@blueprint.route("/exports/<any(records_export, certificates_export):kind>", methods=["GET", "POST"])
@staff_only(*exports.READERS)
def hours_export(kind: str) -> Page:
    page = "console/hours/export.html"
    if request.method == "GET":
        return _form(page, exports.READERS, name=NAMES[kind], kind=kind)
    try:
        unit = forms.whole(request.form.get("unit", ""), "单位")
        exports.ask(current_staff(), kind, unit, *_period())
    except DomainError as error:
        return _form(page, exports.READERS, error.message, name=NAMES[kind], kind=kind), 422
    flash("已开始导出，完成后可在这里下载", "success")
    return redirect(url_for("console.jobs"))


@blueprint.route("/certificates/<int:certificate_id>/revoke", methods=["GET", "POST"])
@staff_only(Role.VERIFIER)
def certificate_revoke(certificate_id: int) -> Page:
    found = certificates.in_branch(certificate_id, current_staff().branches())
    back = url_for("console.certificate_list")
    if request.method == "GET":
        return reason_page("撤销证明", found.number, back)
    try:
        certificates.revoke(current_staff(), certificate_id, request.form.get("reason", "").strip())
    except DomainError as error:
        return reason_page("撤销证明", found.number, back, error), 422
    flash("证明已撤销，核验页会显示已撤销", "success")
    return redirect(back)


@blueprint.route("/certificates/<int:certificate_id>/reissue", methods=["GET", "POST"])
@staff_only(Role.VERIFIER)
def certificate_reissue(certificate_id: int) -> Page:
    found = certificates.in_branch(certificate_id, current_staff().branches())
    subject = f"{found.number}：撤销这一份，按现在的记录重新出具同一期间的证明"
    back = url_for("console.certificate_list")
    if request.method == "GET":
        return reason_page("重新出具", subject, back)
    try:
        number = issuing.reissue(current_staff(), certificate_id, request.form.get("reason", "").strip())
    except DomainError as error:
        return reason_page("重新出具", subject, back, error), 422
    flash(f"已重新出具 {number}，原证明已撤销", "success")
    return redirect(back)
