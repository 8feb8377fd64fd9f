"""The library of head and foot slogans: added, changed while they have not run, ended; and where each of them ran."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles.models import ArticleVersion, HandoverAccount, Push, Slogan, SloganPlace
from sorting_miniapp.articles.models_writing import SloganUse
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.teaching import language

LONGEST = 30
PLACE_NAMES = {SloganPlace.HEAD: "版头", SloganPlace.FOOT: "版尾"}
ACCOUNT_NAMES = {"official": "公众号", "mini_program": "小程序"}


@dataclass(frozen=True)
class Wish:
    """What an editor types. `ends_on` None: without an end."""

    text: str
    place: SloganPlace
    starts_on: date | None
    ends_on: date | None = None


@dataclass(frozen=True)
class Listed:
    """A slogan with how often it ran and when last; `standing` is 在用, 未到日期 or 已停用."""

    slogan: Slogan
    times: int
    last_at: datetime | None
    standing: str


def may_edit(actor: StaffActor) -> bool:
    """The library is the city's: its editors keep it."""
    root = db.session().scalar(select(Node.path).where(Node.parent_id.is_(None)))
    return root is not None and actor.may(Role.EDITOR, root)


def _check(wish: Wish) -> date:
    if not 1 <= len(wish.text) <= LONGEST:
        raise Invalid("text", f"用语须为 1 到 {LONGEST} 个字")
    if any(ord(c) < 32 for c in wish.text):
        raise Invalid("text", "用语须写在一行里")
    if found := language.foreign_label(wish.text):
        raise Invalid("text", f"“{found}”不是法定类别名称，请改用可回收物、厨余垃圾、有害垃圾、其他垃圾")
    if wish.starts_on is None:
        raise Invalid("starts_on", "请填写开始日期")
    if wish.ends_on and wish.ends_on < wish.starts_on:
        raise Invalid("ends_on", "结束日期不能早于开始日期")
    return wish.starts_on


def get(slogan_id: int) -> Slogan:
    """Raises NotFound."""
    found = db.session().get(Slogan, slogan_id)
    if found is None:
        raise NotFound("slogan_not_found", "没有找到这条用语")
    return found


def save(actor: StaffActor, wish: Wish, slogan_id: int | None = None) -> int:
    """Add a slogan, or change one; what has run keeps its words. Raises Forbidden, NotFound, Invalid, Conflict."""
    starts_on = _check(wish)
    with transaction() as session:
        if not may_edit(actor):
            raise Forbidden()
        row = get(slogan_id) if slogan_id else Slogan(key=f"console-{secrets.token_hex(8)}")
        before = _words(row) if slogan_id else None
        if slogan_id and (row.text, row.place) != (wish.text, wish.place) and uses(slogan_id, 1):
            raise Conflict("slogan_ran", "这条用语已经用过，文字和位置不能再改。请停用它，另加一条")
        twin = select(Slogan.id).where(
            Slogan.text == wish.text, Slogan.place == wish.place, Slogan.starts_on == starts_on
        )
        if session.scalar(twin.where(Slogan.id != slogan_id) if slogan_id else twin):
            raise Conflict("slogan_exists", "同一天开始的同一条用语已经有了")
        row.text, row.place, row.starts_on, row.ends_on = wish.text, wish.place, starts_on, wish.ends_on
        session.add(row)
        session.flush()
        verb = "slogan.change" if slogan_id else "slogan.create"
        audit.record(actor.username, verb, "slogan", row.id, before=before, after=_words(row))
        return row.id


def end(actor: StaffActor, slogan_id: int) -> None:
    """From now on it runs no more; what ran stays written. Raises Forbidden, NotFound, Conflict."""
    with transaction() as session:
        if not may_edit(actor):
            raise Forbidden()
        row, yesterday = get(slogan_id), clock.today() - timedelta(days=1)
        if row.ends_on and row.ends_on <= yesterday:
            raise Conflict("slogan_ended", "这条用语已经停用了")
        before = _words(row)
        row.starts_on, row.ends_on = min(row.starts_on, yesterday), yesterday
        session.flush()
        audit.record(actor.username, "slogan.stop", "slogan", row.id, before=before, after=_words(row))


def _words(row: Slogan) -> dict[str, Any]:
    return {"text": row.text, "place": row.place.value, "starts_on": row.starts_on, "ends_on": row.ends_on}


def _standing(row: Slogan, day: date) -> str:
    if row.ends_on and row.ends_on < day:
        return "已停用"
    return "未到日期" if row.starts_on > day else "在用"


def listed() -> list[Listed]:
    """All slogans: head before foot, those in use before the others."""
    run = (
        select(SloganUse.slogan_id, func.count().label("times"), func.max(SloganUse.at).label("last"))
        .group_by(SloganUse.slogan_id)
        .subquery()
    )
    rows = db.session().execute(
        select(Slogan, run.c.times, run.c.last).outerjoin(run, run.c.slogan_id == Slogan.id).order_by(Slogan.id)
    )
    found = [Listed(row, times or 0, last, _standing(row, clock.today())) for row, times, last in rows]
    order = ("在用", "未到日期", "已停用")
    return sorted(found, key=lambda one: (order.index(one.standing), one.slogan.place is SloganPlace.FOOT))


@dataclass(frozen=True)
class Use:
    """One time a slogan ran."""

    at: datetime
    push_id: int
    title: str
    account: str


def uses(slogan_id: int, most: int = 50) -> list[Use]:
    """Where a slogan ran, the last first."""
    session = db.session()
    rows = session.execute(
        select(SloganUse, ArticleVersion.title)
        .join(Push, Push.id == SloganUse.push_id)
        .join(ArticleVersion, ArticleVersion.id == Push.version_id)
        .where(SloganUse.slogan_id == slogan_id)
        .order_by(SloganUse.at.desc(), SloganUse.push_id.desc())
        .limit(most)
    ).all()
    names = _accounts(session, [use.account for use, _ in rows])
    return [Use(use.at, use.push_id, title, names.get(use.account, use.account)) for use, title in rows]


def _accounts(session: Session, used: Sequence[str]) -> dict[str, str]:
    if not any(account not in ACCOUNT_NAMES for account in used):
        return ACCOUNT_NAMES
    others = session.execute(select(HandoverAccount.id, HandoverAccount.name))
    return ACCOUNT_NAMES | {f"handover_{row.id}": row.name for row in others}
