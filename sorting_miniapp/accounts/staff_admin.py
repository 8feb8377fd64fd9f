"""What an administrator does with accounts in the own branch, and what everybody does with the own password."""

from __future__ import annotations

import secrets

from sqlalchemy import select

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts import staff
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff, StaffRole
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Invalid, NotFound, TooMany
from sorting_miniapp.orgs.models import Node

# No letter or digit that is easily misread from a slip of paper (0 O 1 l I).
LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"


def new_password() -> str:
    """A random password of 75 bits, in groups of five."""
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(5)) for _ in range(3))


def open_account(actor: StaffActor, username: str, name: str, node_id: int, role: Role, level: int) -> tuple[int, str]:
    """A new account with its first role; returns (id, the password, which nobody can read again).

    Raises NotFound for a unit outside the actor's branches, Forbidden without the admin role there, Invalid, Conflict.
    """
    password = new_password()
    with transaction() as session:
        node = session.get(Node, node_id)
        if node is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        actor.require(Role.ADMIN, node.path)
        staff_id = staff.create(username, name, password, actor.username)
        staff.grant(staff_id, node_id, role, level, actor.username)
    return staff_id, password


def account(actor: StaffActor, staff_id: int) -> tuple[Staff, list[tuple[StaffRole, Node]], bool]:
    """An account, its roles in the actor's branches, and whether the actor administers all of its roles.

    Raises NotFound when it holds no role in the actor's branches (one without any role belongs to the city).
    """
    person = db.session().get(Staff, staff_id)
    rows = db.session().execute(
        select(StaffRole, Node)
        .join(Node, Node.id == StaffRole.node_id)
        .where(StaffRole.staff_id == staff_id)
        .order_by(Node.path, StaffRole.role, StaffRole.level)
    )
    held = [(role, node) for role, node in rows]
    shown = [(role, node) for role, node in held if actor.may(Role.ADMIN, node.path)]
    if person is None or (held and not shown) or (not held and not administers_city(actor)):
        raise NotFound("staff_not_found", "没有找到这个账号")
    return person, shown, len(shown) == len(held)


def administers_city(actor: StaffActor) -> bool:
    """Whether the admin role is held at the root of the tree."""
    return any(grant.role is Role.ADMIN and grant.path.count("/") == 1 for grant in actor.grants)


def without_roles() -> list[Staff]:
    """Accounts whose last role was taken back, by username."""
    holds = select(StaffRole.id).where(StaffRole.staff_id == Staff.id).exists()
    return list(db.session().scalars(select(Staff).where(~holds).order_by(Staff.username)))


def reset_password(actor: StaffActor, staff_id: int) -> str:
    """A new random password for somebody else's account, returned once. Raises NotFound, Invalid for the own."""
    if staff_id == actor.id:
        raise Invalid("own_account", "自己的密码请在“修改密码”里修改")
    password = new_password()
    with transaction():
        staff.require_over(staff_id, actor)
        staff.set_password(staff_id, password, actor.username)
    return password


def change_own_password(actor: StaffActor, old: str, new: str) -> None:
    """Change the own password, which ends the own sessions. Wrong guesses count towards the lock-out.

    Raises Invalid, TooMany while locked out.
    """
    person = db.session().get(Staff, actor.id)
    if person is None:
        raise NotFound("staff_not_found", "没有找到这个账号")
    if person.locked_until and person.locked_until > clock.wall_now():
        raise TooMany("locked", "密码错误次数过多，请稍后再试")
    if not staff.matches(person.password_hash, old):
        staff.count_failure(actor.id)
        raise Invalid("old_password", "现在的密码不对")
    if old == new:
        raise Invalid("same_password", "新密码不能与现在的密码相同")
    with transaction():
        staff.set_password(actor.id, new, actor.username)


def rename(actor: StaffActor, staff_id: int, name: str) -> None:
    """Correct a person's name. Raises NotFound, Invalid."""
    if not name.strip() or len(name) > 40:
        raise Invalid("staff_name", "姓名须为 1 到 40 个字")
    with transaction() as session:
        staff.require_over(staff_id, actor)
        person = session.get_one(Staff, staff_id)
        before, person.name = person.name, name.strip()
        audit.record(
            actor.username, "staff.rename", "staff", staff_id, before={"name": before}, after={"name": person.name}
        )
        session.flush()
