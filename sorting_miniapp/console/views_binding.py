"""我的微信绑定: the code that binds one's own WeChat accounts, and what is bound."""

from __future__ import annotations

import segno
from flask import flash, make_response, redirect, render_template, url_for
from markupsafe import Markup
from werkzeug.wrappers import Response

from sorting_miniapp.accounts import binding
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.accounts.models_binding import BINDING_NAMES, BindingKind
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.limits import SIGN_IN, limiter


def _page(**code: object) -> Response:
    staff_id = current_staff().id
    page = render_template(
        "console/staff/binding.html", bound=binding.of_staff(staff_id), names=BINDING_NAMES, kinds=BindingKind,
        reached=binding.staff_wechat(staff_id) is not None, **{"code": "", "ends": None, "picture": ""} | code,
    )  # fmt: skip
    answer = make_response(page)
    answer.headers["Cache-Control"] = "no-store"
    return answer


@blueprint.get("/wechat")
@staff_only()
def own_binding() -> Response:
    return _page()


@blueprint.post("/wechat/code")
@limiter.limit(SIGN_IN)
@staff_only()
def own_binding_code() -> Response:
    code, ends = binding.new_code(current_staff())
    picture = segno.make(code, error="m").svg_inline(scale=6, border=4, light="#fff", svgclass="qr", title="绑定二维码")
    # segno's own drawing of our own code.
    return _page(code=code, ends=ends, picture=Markup(picture))  # noqa: S704


@blueprint.post("/wechat/release")
@staff_only()
def own_binding_release() -> Response:
    binding.release(current_staff(), current_staff().id)
    flash("已解除微信绑定", "success")
    return redirect(url_for("console.own_binding"))


@blueprint.post("/staff/<int:staff_id>/wechat/release")
@staff_only(Role.ADMIN)
def staff_binding_release(staff_id: int) -> Response:
    binding.release(current_staff(), staff_id)
    flash("已解除此人的微信绑定", "success")
    return redirect(url_for("console.staff_detail", staff_id=staff_id))
