"""The official accounts that other offices run (连州发布 …), as the city's editors name them; none is deleted."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles.models import AccountKind, HandoverAccount
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.orgs import service as orgs

LENGTHS = {"name": ("名称", 1, 30), "office": ("运营单位", 0, 60), "contact": ("联系人与电话", 0, 60)}


@dataclass(frozen=True)
class Details:
    """What is known of an account. The contact is personal and kept sealed."""

    name: str
    office: str
    contact: str
    kind: AccountKind
    active: bool = True


def known() -> list[HandoverAccount]:
    """All of them, those in use first."""
    order = (HandoverAccount.active.desc(), HandoverAccount.id)
    return list(db.session().scalars(select(HandoverAccount).order_by(*order)))


def active() -> list[HandoverAccount]:
    return [one for one in known() if one.active]


def get(account_id: int) -> HandoverAccount:
    """Raises NotFound."""
    found = db.session().get(HandoverAccount, account_id)
    if found is None:
        raise NotFound("account_not_found", "没有找到这个公众号")
    return found


def save(actor: StaffActor, details: Details, account_id: int | None = None) -> int:
    """Add an account or change one; audited. Raises Invalid, Conflict, NotFound, Forbidden."""
    for field, (label, low, high) in LENGTHS.items():
        if not low <= len(getattr(details, field)) <= high:
            raise Invalid(field, f"{label}须为 {low} 到 {high} 个字" if low else f"{label}不能超过 {high} 个字")
    city = orgs.root().path
    actor.require(Role.EDITOR, city)
    with transaction() as session:
        account = get(account_id) if account_id else HandoverAccount()
        before = {"name": account.name, "active": account.active} if account_id else None
        for field, value in asdict(details).items():
            setattr(account, field, value)
        session.add(account)
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("account_exists", "已经有这个名称的公众号") from error
        audit.record(
            actor.username, "account.change" if account_id else "account.add", "account", account.id, node_path=city,
            before=before, after={"name": account.name, "active": account.active},
        )  # fmt: skip
    return account.id
