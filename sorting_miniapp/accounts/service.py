"""Residents: first login makes the account, and what a person may set about themselves."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from sorting_miniapp import clock
from sorting_miniapp.accounts import sessions
from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Forbidden, Invalid, NotFound
from sorting_miniapp.orgs.models import Node, NodeKind
from sorting_miniapp.wechat.mini_program import Phone

Login = Callable[[str], tuple[str, str | None]]


@dataclass(frozen=True)
class Profile:
    """What a resident sees of their own account."""

    id: str
    nickname: str
    large_type: bool
    no_time_limit: bool
    phone_verified: bool
    community: dict[str, Any] | None
    school: dict[str, Any] | None
    created_at: datetime


def log_in(code: str, ask_wechat: Login) -> tuple[str, datetime, Profile]:
    """Turn a wx.login code into a session: (token, its end, profile).

    `ask_wechat` gives (openid, unionid) and raises the gateway's DomainErrors for a wrong or used code.
    """
    openid, unionid = ask_wechat(code)
    resident_id = _find(openid) or _create(openid)
    with transaction() as session:
        if unionid:
            session.execute(update(Resident).where(Resident.id == resident_id).values(unionid=unionid))
        token, ends = sessions.open_resident(resident_id)
    return token, ends, profile(resident_id)


def _find(openid: str) -> int | None:
    return db.session().scalar(select(Resident.id).where(Resident.openid == openid))


def _create(openid: str) -> int:
    try:
        with transaction() as session:
            session.execute(
                insert(Resident).values(
                    public_id=new_public_id(), openid=openid, nickname="", large_type=False, created_at=clock.now()
                )
            )
    except IntegrityError:
        pass  # the same person on two devices at once: the other one made the row
    found = _find(openid)
    if found is None:
        raise Forbidden("login_failed", "登录失败，请重新进入小程序")
    return found


def profile(resident_id: int) -> Profile:
    """Raises NotFound for an erased account."""
    home, school = aliased(Node), aliased(Node)
    row = (
        db.session()
        .execute(
            select(Resident, home, school)
            .outerjoin(home, home.id == Resident.node_id)
            .outerjoin(school, school.id == Resident.school_id)
            .where(Resident.id == resident_id)
        )
        .first()
    )
    if row is None or row[0].erased_at:
        raise NotFound()
    resident, *units = row
    community, school_shown = ({"id": node.id, "name": node.name} if node else None for node in units)
    return Profile(
        resident.public_id,
        resident.nickname,
        resident.large_type,
        resident.no_time_limit,
        resident.phone is not None,
        community,
        school_shown,
        resident.created_at,
    )


def change(resident_id: int, values: dict[str, Any]) -> Profile:
    """Set any of the profile's fields; `community_id` is a community or town, None for none. Raises Invalid."""
    fields: dict[str, Any] = {key: values[key] for key in ("nickname", "large_type", "no_time_limit") if key in values}
    if "community_id" in values:
        homes = (NodeKind.COMMUNITY, NodeKind.TOWN)
        fields["node_id"] = _chosen(values["community_id"], homes, "community_unknown", "社区（村）")
    if "school_id" in values:
        fields["school_id"] = _chosen(values["school_id"], (NodeKind.SCHOOL,), "school_unknown", "学校")
    if fields:
        with transaction() as session:
            session.execute(update(Resident).where(Resident.id == resident_id).values(**fields))
            if {"node_id", "school_id", "no_time_limit"} & set(fields):  # what a session says of its owner
                sessions.changed()
    db.session().expire_all()
    return profile(resident_id)


def _chosen(node_id: int | None, kinds: Collection[NodeKind], code: str, label: str) -> int | None:
    """A unit somebody chose. Raises Invalid."""
    node = db.session().get(Node, node_id) if node_id is not None else None
    if node_id is not None and (node is None or not node.active or node.kind not in kinds):
        raise Invalid(code, f"没有这个{label}，请重新选择")
    return node_id


def keep_phone(resident_id: int, phone: Phone) -> str:
    """Keep a number that WeChat vouched for, encrypted. Returns it: digits, with +country where it is not 86."""
    number = phone.number if phone.country == "86" else f"+{phone.country}{phone.number}"
    with transaction() as session:
        session.execute(
            update(Resident).where(Resident.id == resident_id).values(phone=number, phone_at=clock.wall_now())
        )
    return number


def phone_of(resident_id: int) -> str:
    """The verified number; '' where there is none."""
    return db.session().scalar(select(Resident.phone).where(Resident.id == resident_id)) or ""
