"""To whom a push goes: a branch, those who follow a column, volunteers, a tag of the account, another office's account.

Volunteers belong to a feature above this one; create_app names the condition here (`know_volunteers`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Resident, Role
from sorting_miniapp.articles.models import Audience, Channel, Column, HandoverAccount
from sorting_miniapp.articles.models_planning import AccountTag
from sorting_miniapp.articles.models_readers import ColumnFollow
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import subscriptions
from sorting_miniapp.errors import Invalid, NotFound
from sorting_miniapp.orgs.models import Node

NOTICE = "new_article"


@dataclass(frozen=True)
class Target:
    """What a person chose. `node_id` None: everybody; `tag_id` None: all followers."""

    node_id: int | None = None
    audience: Audience = Audience.RESIDENTS
    followed_id: int | None = None
    tag_id: int | None = None
    account_id: int | None = None


EVERYBODY = Target()


class Addressed(Protocol):
    """What a push and a column's plan have alike."""

    channel: Any
    branch: Any
    audience: Any
    followed_id: Any
    tag_id: Any
    tag_name: Any
    account_id: Any


FIELDS = ("branch", "audience", "followed_id", "tag_id", "tag_name", "account_id")
_volunteers: Callable[[], Select[int]] | None = None


def know_volunteers(source: Callable[[], Select[int]]) -> None:
    """`source` selects the ids of the residents who are registered volunteers."""
    global _volunteers
    _volunteers = source


def columns_of(session: Session, actor: StaffActor, channel: Channel, target: Target) -> dict[str, Any]:
    """The columns of a push (FIELDS) for what was chosen; what the channel does not know is left out.

    Raises NotFound, Forbidden, Invalid.
    """
    found: dict[str, Any] = {
        "branch": "", "audience": Audience.RESIDENTS, "followed_id": None, "tag_id": None, "tag_name": "",
        "account_id": None,
    }  # fmt: skip
    if channel is Channel.SUBSCRIBE:
        found |= {"branch": _branch(session, actor, target.node_id), "audience": target.audience}
        if target.audience is Audience.COLUMN:
            found["followed_id"] = _known(session, Column, target.followed_id, "followed_id", "请选择栏目")
    elif channel is Channel.MASS and target.tag_id is not None:
        tag = session.get(AccountTag, target.tag_id)
        if tag is None or tag.id == 0:
            raise Invalid("tag_id", "公众号没有这个标签，请更新标签后再选")
        found |= {"tag_id": tag.id, "tag_name": tag.name}
    elif channel is Channel.HANDOVER:
        found["account_id"] = _known(session, HandoverAccount, target.account_id, "account_id", "请选择交给哪个公众号")
        if not session.get_one(HandoverAccount, found["account_id"]).active:
            raise Invalid("account_id", "这个公众号已经停用，请换一个")
    return found


def _known(session: Session, model: type[Any], key: int | None, field: str, words: str) -> int:
    if key is None or session.get(model, key) is None:
        raise Invalid(field, words)
    return key


def _branch(session: Session, actor: StaffActor, node_id: int | None) -> str:
    """The path of the audience's branch; everybody is the city's to write to."""
    node = session.get(Node, node_id) if node_id else session.scalar(select(Node).where(Node.parent_id.is_(None)))
    if node is None:
        raise NotFound("node_not_found", "没有找到这个单位")
    actor.require(Role.EDITOR, node.path)
    return node.path


def residents(push: Addressed) -> Select[int]:
    """Ids of the residents a subscribe push would reach now."""
    found = subscriptions.audience(NOTICE, push.branch)
    if push.audience is Audience.COLUMN:
        follows = select(ColumnFollow.resident_id).where(ColumnFollow.column_id == push.followed_id)
        return found.where(Resident.id.in_(follows))
    if push.audience is Audience.VOLUNTEERS:
        assert _volunteers is not None
        return found.where(Resident.id.in_(_volunteers()))
    return found


def count(push: Addressed) -> int | None:
    """How many people a push would reach now, as far as it is known; None for another office's account, and for
    followers as long as the account's tags were not read."""
    if push.channel is Channel.SUBSCRIBE:
        return int(db.session().scalar(select(func.count()).select_from(residents(push).subquery())) or 0)
    if push.channel is Channel.MASS:
        return db.session().scalar(select(AccountTag.followers).where(AccountTag.id == (push.tag_id or 0)))
    return None


def words(push: Addressed) -> str:
    """The audience in words."""
    session = db.session()
    if push.channel is Channel.MASS:
        return f"带“{push.tag_name}”标签的关注者" if push.tag_id is not None else "全部关注者"
    if push.channel is Channel.HANDOVER:
        name = session.scalar(select(HandoverAccount.name).where(HandoverAccount.id == push.account_id))
        return f"“{name}”公众号的读者" if name else "其他单位公众号的读者"
    if push.channel is not Channel.SUBSCRIBE:
        return "打开公众号主页的人，不发通知" if push.channel is Channel.PUBLISH else "打开小程序的居民，不发通知"
    unit = session.scalar(select(Node.name).where(Node.path == push.branch)) or "全市"
    if push.audience is Audience.COLUMN:
        column = session.scalar(select(Column.name).where(Column.id == push.followed_id))
        return f"{unit}关注“{column}”并订阅了消息的居民"
    who = "注册志愿者" if push.audience is Audience.VOLUNTEERS else "居民"
    return f"{unit}订阅了消息的{who}"
