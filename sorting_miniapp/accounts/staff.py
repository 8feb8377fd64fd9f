"""Staff accounts: sign-in with a lock-out that grows, roles at nodes, no granting above oneself."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts import sessions
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role, Staff, StaffRole
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthorized
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

USERNAME = re.compile(r"[a-z][a-z0-9_.-]{2,39}")
PASSWORD_MIN, PASSWORD_MAX = 10, 128
FREE_TRIES = 5
LOCK_BASE = timedelta(seconds=30)
LOCK_MOST = timedelta(hours=1)

_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's minimum for argon2id
_DUMMY = _hasher.hash("nobody has this password")


def matches(hashed: str, password: str) -> bool:
    try:
        return _hasher.verify(hashed, password)
    except VerificationError:
        return False


def sign_in(username: str, password: str) -> str:
    """Check the password and open a session; returns its token.

    Raises Unauthorized (the same for an unknown name and a wrong password), TooMany while locked out.
    """
    row = (
        db.session()
        .execute(
            select(Staff.id, Staff.password_hash, Staff.active, Staff.locked_until).where(Staff.username == username)
        )
        .first()
    )
    now = clock.wall_now()
    if row and row.locked_until and row.locked_until > now:
        raise TooMany("locked", "登录失败次数过多，请稍后再试")
    good = matches(row.password_hash if row else _DUMMY, password)
    if row is None or not good or not row.active:
        if row is not None and not good:
            count_failure(row.id)
        raise Unauthorized("bad_credentials", "账号或密码不对")
    with transaction() as session:
        staff = session.get_one(Staff, row.id)
        staff.failures, staff.locked_until = 0, None
        token = sessions.open_staff(row.id)
        audit.record(username, "staff.sign_in", "staff", row.id)
    return token


def count_failure(staff_id: int) -> None:
    with transaction() as session:
        staff = session.get_one(Staff, staff_id, with_for_update=True)
        staff.failures += 1
        over = staff.failures - FREE_TRIES
        if over >= 0:
            staff.locked_until = clock.wall_now() + min(LOCK_BASE * 2 ** min(over, 10), LOCK_MOST)
        audit.record("system", "staff.sign_in_failed", "staff", staff_id, after={"failures": staff.failures})


def _check_password(password: str) -> None:
    if not PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        raise Invalid("password_length", f"密码须为 {PASSWORD_MIN} 到 {PASSWORD_MAX} 个字符")


def create(username: str, name: str, password: str, actor: str) -> int:
    """Create an account without roles; returns its id. Raises Invalid, Conflict."""
    if not USERNAME.fullmatch(username):
        raise Invalid("username", "账号须以小写字母开头，由 3 到 40 个小写字母、数字或 _ . - 组成")
    if not name.strip() or len(name) > 40:
        raise Invalid("staff_name", "姓名须为 1 到 40 个字")
    _check_password(password)
    hashed = _hasher.hash(password)
    with transaction() as session:
        staff = Staff(username=username, name=name.strip(), password_hash=hashed, created_at=clock.now())
        session.add(staff)
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("username_taken", "这个账号已经有人用了") from error
        audit.record(actor, "staff.create", "staff", staff.id, after={"username": username, "name": name})
    return staff.id


def set_password(staff_id: int, password: str, actor: str) -> None:
    """Change a password and end that person's sessions. Raises Invalid, NotFound."""
    _check_password(password)
    hashed = _hasher.hash(password)
    with transaction() as session:
        staff = _get(staff_id)
        staff.password_hash, staff.failures, staff.locked_until = hashed, 0, None
        sessions.close_all_staff(staff_id)
        audit.record(actor, "staff.password", "staff", staff_id)
        session.flush()


def set_active(staff_id: int, active: bool, actor: StaffActor) -> None:
    """Close or reopen an account inside the actor's branches. Raises NotFound, Forbidden on oneself."""
    if staff_id == actor.id:
        raise Forbidden("own_account", "不能停用自己的账号")
    with transaction() as session:
        staff = _get(staff_id)
        require_over(staff_id, actor)
        before, staff.active = staff.active, active
        sessions.close_all_staff(staff_id)
        audit.record(
            actor.username, "staff.active", "staff", staff_id, before={"active": before}, after={"active": active}
        )
        session.flush()


def _get(staff_id: int) -> Staff:
    staff = db.session().get(Staff, staff_id)
    if staff is None:
        raise NotFound("staff_not_found", "没有找到这个账号")
    return staff


def require_over(staff_id: int, actor: StaffActor) -> None:
    """The actor administers every node at which the other holds a role; one without roles belongs to the city.

    Raises NotFound.
    """
    of_staff = select(Node.path).join(StaffRole, StaffRole.node_id == Node.id).where(StaffRole.staff_id == staff_id)
    paths = list(db.session().scalars(of_staff)) or list(
        db.session().scalars(select(Node.path).where(Node.parent_id.is_(None)))
    )
    if not all(actor.may(Role.ADMIN, path) for path in paths):
        raise NotFound("staff_not_found", "没有找到这个账号")


def grant(staff_id: int, node_id: int, role: Role, level: int, actor: str) -> None:
    """Give a role at a node and end that person's sessions. Raises NotFound, Invalid, Conflict."""
    if (role is Role.REVIEWER) != (1 <= level <= 3) or (role is not Role.REVIEWER and level):
        raise Invalid("role_level", "审核员须选择一审、二审或三审，其他角色不选级别")
    with transaction() as session:
        node = session.get(Node, node_id)
        if node is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        _get(staff_id)
        session.add(StaffRole(staff_id=staff_id, node_id=node_id, role=role, level=level))
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("role_held", "已有这个角色") from error
        sessions.close_all_staff(staff_id)
        audit.record(
            actor, "staff.grant", "staff", staff_id, node_path=node.path, after={"role": role.value, "level": level}
        )


def grant_by(actor: StaffActor, staff_id: int, node_id: int, role: Role, level: int) -> None:
    """`grant` for an administrator: only inside the own branch, never to oneself, never above oneself."""
    node = db.session().get(Node, node_id)
    if node is None or not actor.may(Role.ADMIN, node.path):
        raise NotFound("node_not_found", "没有找到这个单位")
    if staff_id == actor.id:
        raise Forbidden("own_role", "不能给自己加角色，请由其他管理员操作")
    require_over(staff_id, actor)
    grant(staff_id, node_id, role, level, actor.username)


def revoke_by(actor: StaffActor, role_id: int) -> None:
    """Take a role back inside the own branch. Raises NotFound, Forbidden on oneself."""
    with transaction() as session:
        row = session.get(StaffRole, role_id)
        node = session.get(Node, row.node_id) if row else None
        if row is None or node is None or not actor.may(Role.ADMIN, node.path):
            raise NotFound()
        if row.staff_id == actor.id:
            raise Forbidden("own_role", "不能改动自己的角色")
        audit.record(
            actor.username,
            "staff.revoke",
            "staff",
            row.staff_id,
            node_path=node.path,
            before={"role": row.role.value, "level": row.level},
        )
        sessions.close_all_staff(row.staff_id)
        session.delete(row)


def listed(branches: Sequence[str]) -> list[tuple[Staff, list[tuple[StaffRole, Node]]]]:
    """Accounts that hold a role in the branches, by username, with those roles; two statements."""
    rows = db.session().execute(
        select(StaffRole, Node)
        .join(Node, Node.id == StaffRole.node_id)
        .where(within(Node.path, branches))
        .order_by(Node.path, StaffRole.role, StaffRole.level)
    )
    held: dict[int, list[tuple[StaffRole, Node]]] = {}
    for role, node in rows:
        held.setdefault(role.staff_id, []).append((role, node))
    people = db.session().scalars(select(Staff).where(Staff.id.in_(held)).order_by(Staff.username))
    return [(person, held[person.id]) for person in people]


def by_username(username: str) -> Staff | None:
    return db.session().scalar(select(Staff).where(Staff.username == username))


def exists(username: str) -> bool:
    """Whether an account has this name."""
    return db.session().scalar(select(Staff.id).where(Staff.username == username)) is not None


def create_with_role(username: str, name: str, password: str, role: str, node_key: str, level: int = 0) -> int:
    """For the command line: an account with one role at the unit with this key. Raises Invalid, Conflict, NotFound."""
    if role not in {r.value for r in Role}:
        raise Invalid("role", "没有这个角色")
    with transaction() as session:
        node_id = session.scalar(select(Node.id).where(Node.key == node_key))
        if node_id is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        staff_id = create(username, name, password, "cli")
        session.add(StaffRole(staff_id=staff_id, node_id=node_id, role=Role(role), level=level))
        audit.record("cli", "staff.grant", "staff", staff_id, after={"role": role, "level": level, "node": node_key})
        session.flush()
    return staff_id
