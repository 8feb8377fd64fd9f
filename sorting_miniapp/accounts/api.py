"""Sessions, /me with phone, consents and their texts, and the binding of staff on the phone."""

from __future__ import annotations

from typing import Any

from flask import request

from sorting_miniapp.accounts import binding, consents, identity, service, sessions
from sorting_miniapp.accounts.access import bearer_token, current_resident, open_to_all, resident_only
from sorting_miniapp.accounts.schemas import (
    BindCodeSchema,
    ConsentsSchema,
    ConsentTextsSchema,
    ConsentWishSchema,
    LoginSchema,
    PhoneCodeSchema,
    PhoneSchema,
    ProfileChangeSchema,
    ProfileSchema,
    SessionSchema,
    StaffBindingSchema,
    UnitQuerySchema,
    UnitsSchema,
)
from sorting_miniapp.accounts.text_check import Readers, require_fit
from sorting_miniapp.limits import LOGIN, PHONE, SIGN_IN, limiter
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import NodeKind
from sorting_miniapp.web import ApiBlueprint
from sorting_miniapp.wechat.mini_program import Scene

blueprint = ApiBlueprint("accounts", __name__, description="登录与本人资料")


def _header(name: str) -> str:
    return request.headers.get(name, "")


@blueprint.post("/sessions")
@blueprint.arguments(LoginSchema)
@blueprint.response(201, SessionSchema)
@blueprint.doc(security=[])
@limiter.limit(LOGIN)
@open_to_all
def create_session(body: dict[str, Any]) -> dict[str, Any]:
    """用 wx.login 的 code 登录"""
    token, expires_at, resident = service.log_in(body.get("code", ""), lambda code: identity.who(code, _header))
    return {"token": token, "expires_at": expires_at, "resident": resident}


@blueprint.delete("/sessions/current")
@blueprint.response(204)
@resident_only
def end_session() -> None:
    """退出登录"""
    sessions.close_resident(bearer_token())


@blueprint.get("/me")
@blueprint.response(200, ProfileSchema)
@resident_only
def me() -> service.Profile:
    """本人资料"""
    return service.profile(current_resident().id)


@blueprint.patch("/me")
@blueprint.arguments(ProfileChangeSchema)
@blueprint.response(200, ProfileSchema)
@resident_only
def change_me(body: dict[str, Any]) -> service.Profile:
    """修改昵称、大字模式、所在社区"""
    resident = current_resident()
    require_fit(resident.openid, body.get("nickname", ""), Scene.PROFILE, Readers.EVERYBODY, "nickname")
    return service.change(resident.id, body)


@blueprint.get("/orgs")
@blueprint.arguments(UnitQuerySchema, location="query")
@blueprint.response(200, UnitsSchema)
@blueprint.doc(security=[])
@open_to_all
def units(query: dict[str, Any]) -> dict[str, Any]:
    """可以选择的社区（村）、镇（乡）、学校"""
    return orgs.choosable(NodeKind(query["kind"]), query.get("q", ""), query.get("cursor"))


@blueprint.post("/me/phone")
@blueprint.arguments(PhoneCodeSchema)
@blueprint.response(200, PhoneSchema)
@limiter.limit(PHONE)
@resident_only
def set_phone(body: dict[str, Any]) -> dict[str, str]:
    """用 getPhoneNumber 的 code 登记本人手机号"""
    resident = current_resident()
    found = identity.phone_by_code(body["code"], resident.openid)
    return {"phone": service.keep_phone(resident.id, found)}


@blueprint.get("/consents")
@blueprint.response(200, ConsentTextsSchema)
@blueprint.doc(security=[])
@open_to_all
def consent_texts() -> dict[str, Any]:
    """现行的同意书与规则全文"""
    return {"items": consents.texts(), "next": None}


@blueprint.get("/me/consents")
@blueprint.response(200, ConsentsSchema)
@resident_only
def my_consents() -> dict[str, Any]:
    """我对各项用途是否同意"""
    return {"items": consents.of_resident(current_resident().id), "next": None}


@blueprint.put("/me/consents/<string:purpose>")
@blueprint.arguments(ConsentWishSchema)
@blueprint.response(200, ConsentsSchema)
@resident_only
def set_consent(body: dict[str, Any], purpose: str) -> dict[str, Any]:
    """同意，或撤回同意"""
    consents.settle(current_resident().id, purpose, **body)
    return {"items": consents.of_resident(current_resident().id), "next": None}


@blueprint.get("/me/staff-binding")
@blueprint.response(200, StaffBindingSchema)
@resident_only
def staff_binding() -> dict[str, Any]:
    """我绑定的工作人员账号"""
    found = binding.of_resident(current_resident().id)
    return {"name": found and found.name, "bound_at": found and found.bound_at}


@blueprint.post("/me/staff-binding")
@blueprint.arguments(BindCodeSchema)
@blueprint.response(201, StaffBindingSchema)
@limiter.limit(SIGN_IN, key_func=lambda: f"bind:{current_resident().id}")
@resident_only
def bind_staff(body: dict[str, Any]) -> binding.Bound:
    """工作人员用管理后台的绑定码绑定本人微信"""
    return binding.bind_resident(current_resident().id, body["code"])


@blueprint.delete("/me/staff-binding")
@blueprint.response(204)
@resident_only
def unbind_staff() -> None:
    """解除工作人员绑定"""
    binding.leave(current_resident().id)
