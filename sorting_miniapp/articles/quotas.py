"""How many mass sends an official account has left: a subscription account by the day, a service account by the month.

The check and the row it allows stand in one transaction, under a lock of the account (`lock`): two people never get the
same last one. Slots of columns to come count as used.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.articles import slots
from sorting_miniapp.articles.models import AccountKind, Channel, HandoverAccount, Push, PushState
from sorting_miniapp.articles.models_planning import ColumnPlan
from sorting_miniapp.db import db
from sorting_miniapp.errors import NotFound
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node

COUNTED = (Channel.MASS, Channel.HANDOVER)
FREE = (PushState.CANCELLED, PushState.MISSED)


@dataclass(frozen=True)
class Rule:
    """An account's allowance: to everybody `daily` a day; a service account also `monthly` a month to each."""

    kind: AccountKind
    daily: int
    monthly: int


@dataclass(frozen=True)
class Use:
    """One mass send, made or to come; no tag: to everybody."""

    at: datetime
    tag_id: int | None = None


def rule(account_id: int | None) -> Rule:
    """The connected account's rule (None), or a hand-over account's."""
    kind = AccountKind(settings.read("official_kind"))
    if account_id is not None:
        kind = db.session().scalars(select(HandoverAccount.kind).where(HandoverAccount.id == account_id)).one()
    return Rule(kind, int(settings.read("mass_quota_daily")), int(settings.read("mass_quota_monthly")))


def lock(session: Session, account_id: int | None) -> None:
    """Nobody else plans a mass send of this account until the transaction ends. The connected one has no row of its
    own: the city's stands for it, locked so that rows which name the city may still be written (PostgreSQL)."""
    if account_id is None:
        session.execute(select(Node.id).where(Node.parent_id.is_(None)).with_for_update(key_share=True)).all()
        return
    locked = select(HandoverAccount.id).where(HandoverAccount.id == account_id).with_for_update()
    if session.scalar(locked) is None:
        raise NotFound("account_not_found", "没有找到这个公众号")


def uses(account_id: int | None, start: datetime, end: datetime, but: int = 0, but_column: int = 0) -> list[Use]:
    """The account's mass sends in [start, end): pushes other than `but`, and the slots to come of columns other than
    `but_column`."""
    session = db.session()
    mine = Push.account_id.is_(None) if account_id is None else Push.account_id == account_id
    pushes = session.execute(
        select(Push.due_at, Push.tag_id).where(
            Push.channel.in_(COUNTED), mine, Push.due_at >= start, Push.due_at < end,
            Push.state.not_in(FREE), Push.id != but,
        )
    )  # fmt: skip
    found = [Use(row.due_at, row.tag_id) for row in pushes]
    theirs = ColumnPlan.account_id.is_(None) if account_id is None else ColumnPlan.account_id == account_id
    plans = session.scalars(
        select(ColumnPlan).where(
            ColumnPlan.channel.in_(COUNTED),
            theirs,
            ColumnPlan.paused.is_(False),
            ColumnPlan.next_at < end,
            ColumnPlan.column_id != but_column,
        )  # fmt: skip
    )
    for plan in plans:
        coming = slots.until(plan.weekdays, plan.minute, plan.next_at, end)
        found += [Use(at, plan.tag_id) for at in coming if at >= start]
    return found


def month_of(day: date) -> tuple[datetime, datetime]:
    """The moments between which the day's month lies."""
    first = day.replace(day=1)
    return clock.local_midnight(first), clock.local_midnight((first + timedelta(days=32)).replace(day=1))


def problem(account_id: int | None, due_at: datetime, tag_id: int | None, but: int = 0, but_column: int = 0) -> str:
    """Why no mass send may be planned for this moment, in Chinese; '' when one may. Call it under the lock."""
    allowed, day = rule(account_id), clock.local(due_at).date()
    month = uses(account_id, *month_of(day), but, but_column)
    today = [use for use in month if clock.local(use.at).date() == day]
    if allowed.kind is AccountKind.SUBSCRIPTION:
        if len(today) >= allowed.daily:
            return f"订阅号每天只能群发 {allowed.daily} 次，{day.month}月{day.day}日已经排满，请换一天"
        return ""
    if tag_id is None and sum(use.tag_id is None for use in today) >= allowed.daily:
        return f"服务号每天只能向全部关注者群发 {allowed.daily} 次，{day.month}月{day.day}日已经排满，请换一天"
    if busiest(month, tag_id) >= allowed.monthly:
        return f"服务号每位关注者每月只能收到 {allowed.monthly} 次群发，{day.month}月已经排满，请换到下月"
    return ""


def busiest(month: Iterable[Use], tag_id: int | None) -> int:
    """How many of these reach the followers who are meant: all of them (None: those who get most), or a tag's."""
    counted = Counter(use.tag_id for use in month)
    everybody = counted.pop(None, 0)
    return everybody + (counted[tag_id] if tag_id is not None else max(counted.values(), default=0))


@dataclass(frozen=True)
class Left:
    """What is left of a day and its month; `month` is None for a subscription account."""

    day: int
    month: int | None

    @property
    def words(self) -> str:
        text = f"群发余 {self.day}"
        return text if self.month is None else f"{text}，本月余 {self.month}"


def left(account_id: int | None, days: Iterable[date]) -> dict[date, Left]:
    """What is left on each of the days."""
    wanted, allowed = sorted(days), rule(account_id)
    if not wanted:
        return {}
    found = uses(account_id, month_of(wanted[0])[0], month_of(wanted[-1])[1])
    service = allowed.kind is AccountKind.SERVICE
    by_day: Counter[date] = Counter()
    by_month: dict[tuple[int, int], list[Use]] = {}
    for use in found:
        day = clock.local(use.at).date()
        by_month.setdefault((day.year, day.month), []).append(use)
        if not service or use.tag_id is None:
            by_day[day] += 1
    lefts = {}
    for day in wanted:
        month = max(allowed.monthly - busiest(by_month.get((day.year, day.month), []), None), 0) if service else None
        today = max(allowed.daily - by_day[day], 0)
        lefts[day] = Left(today if month is None else min(today, month), month)
    return lefts
