"""Columns (每周一课 …): their rules and queues as people set them, and what they should know about them.

What the scheduler does when a slot has come is in column_slots.py.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock, state
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import audience, push_rules, quotas, slots
from sorting_miniapp.articles.audience import Target
from sorting_miniapp.articles.column_desk import articles_of
from sorting_miniapp.articles.listing import VERSION
from sorting_miniapp.articles.models import AccountKind, Article, ArticleState, Channel, Column
from sorting_miniapp.articles.models_planning import ColumnEntry, ColumnPlan
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.orgs.models import Node

NAME, ABOUT = 20, 120
MOST_QUEUED = 100


@dataclass(frozen=True)
class Rule:
    """What an editor sets. `weekdays`: digits, 0 for Monday; `minute` of the day; `grace_minutes` None: the usual."""

    weekdays: str
    minute: int
    channel: Channel
    target: Target
    grace_minutes: int | None = None


def get(column_id: int) -> Column:
    """Raises NotFound."""
    found = db.session().get(Column, column_id)
    if found is None:
        raise NotFound("column_not_found", "没有找到这个栏目")
    return found


def plan_of(column_id: int) -> ColumnPlan | None:
    return db.session().get(ColumnPlan, column_id)


def may_edit(actor: StaffActor, plan: ColumnPlan | None) -> bool:
    """Whether the person may set the rule and the queue."""
    return plan is None or actor.may(Role.EDITOR, db.session().get_one(Node, plan.node_id).path)


def name_it(actor: StaffActor, name: str, about: str, column_id: int | None = None) -> int:
    """A new column, or another name for one; columns belong to the city's editors. Returns its key.

    Raises Invalid, Conflict, NotFound, Forbidden.
    """
    name, about = name.strip(), about.strip()
    if not 1 <= len(name) <= NAME:
        raise Invalid("name", f"名称须为 1 到 {NAME} 个字")
    if len(about) > ABOUT:
        raise Invalid("about", f"说明不能超过 {ABOUT} 个字")
    with transaction() as session:
        city = session.scalars(select(Node).where(Node.parent_id.is_(None))).one()
        actor.require(Role.EDITOR, city.path)
        other = select(Column.id).where(Column.name == name, Column.id != (column_id or 0))
        if session.scalar(other) is not None:
            raise Conflict("column_exists", "已经有这个名称的栏目")
        last = int(session.scalar(select(func.max(Column.position))) or 0)
        column = get(column_id) if column_id else Column(slug=f"lanmu-{secrets.token_hex(4)}", position=last + 1)
        before = {"name": column.name} if column_id else None
        column.name, column.about = name, about
        session.add(column)
        session.flush()
        state.bump(VERSION)
        verb = "column.change" if column_id else "column.add"
        audit.record(
            actor.username, verb, "column", column.id, node_path=city.path, before=before, after={"name": name}
        )
    return column.id


def _locked(session: Session, actor: StaffActor, column_id: int) -> tuple[Column, ColumnPlan, Node]:
    """The column with its rule, locked, for an editor of the rule's unit. Raises NotFound, Forbidden, Conflict."""
    column = get(column_id)
    plan = session.scalar(select(ColumnPlan).where(ColumnPlan.column_id == column_id).with_for_update())
    if plan is None:
        raise Conflict("no_rule", "请先设置这个栏目的推送规则")
    node = session.get_one(Node, plan.node_id)
    actor.require(Role.EDITOR, node.path)
    return column, plan, node


def set_rule(actor: StaffActor, column_id: int, node_id: int, rule: Rule) -> None:
    """When and to whom the column goes out; the next slot is the first one to come.

    Raises Invalid, NotFound, Forbidden, Conflict where the account's mass sends do not allow it."""
    weekdays = "".join(sorted(set(rule.weekdays)))
    if not weekdays or not set(weekdays) <= set("0123456"):
        raise Invalid("weekdays", "请至少选择一天")
    if not 0 <= rule.minute < 1440:
        raise Invalid("time", "请填写推送时间")
    with transaction() as session:
        column, node = get(column_id), session.get(Node, node_id)
        if node is None:
            raise NotFound("node_not_found", "没有找到这个单位")
        actor.require(Role.EDITOR, node.path)
        plan = session.scalar(select(ColumnPlan).where(ColumnPlan.column_id == column_id).with_for_update())
        if plan is not None:
            actor.require(Role.EDITOR, session.get_one(Node, plan.node_id).path)
        first = slots.following(weekdays, rule.minute, clock.now())
        push_rules.check_quiet(rule.channel, first)
        values: dict[str, Any] = audience.columns_of(session, actor, rule.channel, rule.target)
        values |= {"node_id": node_id, "weekdays": weekdays, "minute": rule.minute, "channel": rule.channel}
        values |= {"next_at": first, "changed_by": actor.id, "note": ""}
        values["grace_minutes"] = push_rules.grace(rule.grace_minutes) // timedelta(minutes=1)
        _check_quota(session, column_id, values)
        before = slots.rule_text(plan.weekdays, plan.minute) if plan else ""
        plan = plan or ColumnPlan(column_id=column_id)
        for name, value in values.items():
            setattr(plan, name, value)
        session.add(plan)
        session.flush()
        _said(actor, "rule", column, node, {"rule": before}, {"rule": slots.rule_text(weekdays, rule.minute)})


def _check_quota(session: Session, column_id: int, values: dict[str, Any]) -> None:
    """The rule by itself, and its first slot beside what is planned, fit the account's allowance. Raises Conflict."""
    if values["channel"] not in quotas.COUNTED:
        return
    account, first = values["account_id"], values["next_at"]
    quotas.lock(session, account)
    problem = quotas.problem(account, first, values["tag_id"], but_column=column_id)
    if problem:
        raise Conflict("quota_used", problem)
    allowed = quotas.rule(account)
    month = len(list(slots.until(values["weekdays"], values["minute"], first, first + timedelta(days=31))))
    if allowed.kind is AccountKind.SERVICE and month > allowed.monthly + 1:
        raise Conflict("quota_used", f"这个规则每月约 {month} 次，服务号每位关注者每月只能收到 {allowed.monthly} 次")


def _said(
    actor: StaffActor, verb: str, column: Column, node: Node, before: dict[str, Any] | None, after: dict[str, Any]
) -> None:
    audit.record(
        actor.username, f"column.{verb}", "column", column.id, node_path=node.path, before=before,
        after={"name": column.name} | after,
    )  # fmt: skip


def pause(actor: StaffActor, column_id: int) -> None:
    """No slots until it is resumed. Raises Conflict, NotFound, Forbidden."""
    with transaction() as session:
        column, plan, node = _locked(session, actor, column_id)
        if plan.paused:
            raise Conflict("column_state", "这个栏目已经暂停")
        plan.paused = True
        _said(actor, "pause", column, node, None, {})


def resume(actor: StaffActor, column_id: int) -> None:
    """Go on with the next slot to come; those of the pause are gone. Raises Conflict, NotFound, Forbidden."""
    with transaction() as session:
        column, plan, node = _locked(session, actor, column_id)
        if not plan.paused:
            raise Conflict("column_state", "这个栏目没有暂停")
        plan.paused, plan.note = False, ""
        plan.next_at = slots.following(plan.weekdays, plan.minute, clock.now())
        _said(actor, "resume", column, node, None, {})


def read_note(actor: StaffActor, column_id: int) -> None:
    """Somebody has read what became of a slot. Raises NotFound, Forbidden, Conflict."""
    with transaction() as session:
        column, plan, node = _locked(session, actor, column_id)
        if plan.note:
            _said(actor, "read_note", column, node, {"reason": plan.note}, {})
            plan.note = ""


def add(actor: StaffActor, column_id: int, article_id: int) -> None:
    """Put an approved article of the column at the end of its queue. Raises Conflict, NotFound, Forbidden."""
    with transaction() as session:
        column, _, node = _locked(session, actor, column_id)
        found = session.execute(articles_of(node.path).where(Article.id == article_id, Article.column_id == column_id))
        row = found.first()
        if row is None:
            raise NotFound("article_not_found", "这个栏目没有这篇文章")
        if row.Article.state is not ArticleState.APPROVED:
            raise Conflict("not_approved", "文章审核通过后才能排进栏目")
        waiting = session.scalars(select(ColumnEntry.position).where(ColumnEntry.column_id == column_id)).all()
        if len(waiting) >= MOST_QUEUED:
            raise Conflict("queue_full", f"一个栏目最多排 {MOST_QUEUED} 篇")
        session.add(ColumnEntry(article_id=article_id, column_id=column_id, position=max(waiting, default=0) + 1))
        try:
            session.flush()
        except IntegrityError as error:
            raise Conflict("already_queued", "这篇文章已经在队列里") from error
        _said(actor, "queue", column, node, None, {"article": article_id, "title": row.title})


def take_out(actor: StaffActor, column_id: int, article_id: int) -> None:
    """Take an article out of the queue. Raises NotFound, Forbidden, Conflict."""
    with transaction() as session:
        column, _, node = _locked(session, actor, column_id)
        entry = session.get(ColumnEntry, article_id)
        if entry is None or entry.column_id != column_id:
            raise NotFound("not_queued", "队列里没有这篇文章")
        session.delete(entry)
        _said(actor, "unqueue", column, node, {"article": article_id}, {})


def order(actor: StaffActor, column_id: int, articles: Sequence[int]) -> None:
    """The queue in this order. Raises Conflict when it is not the same articles any more; NotFound, Forbidden."""
    with transaction() as session:
        column, _, node = _locked(session, actor, column_id)
        entries = {one.article_id: one for one in _entries(session, column_id)}
        before = list(entries)
        if sorted(before) != sorted(articles):
            raise Conflict("queue_changed", "队列刚刚变过，请刷新后再排")
        for position, article_id in enumerate(articles, 1):
            entries[article_id].position = position
        _said(actor, "order", column, node, {"order": before}, {"order": list(articles)})


def move(actor: StaffActor, column_id: int, article_id: int, step: int) -> None:
    """One place up (-1) or down (1). Raises NotFound, Forbidden, Conflict."""
    with transaction() as session:
        _locked(session, actor, column_id)
        ids = [one.article_id for one in _entries(session, column_id)]
        if article_id not in ids:
            raise NotFound("not_queued", "队列里没有这篇文章")
        at = ids.index(article_id)
        to = min(max(at + step, 0), len(ids) - 1)
        ids.insert(to, ids.pop(at))
        order(actor, column_id, ids)


def _entries(session: Session, column_id: int) -> Sequence[ColumnEntry]:
    query = select(ColumnEntry).where(ColumnEntry.column_id == column_id)
    return session.scalars(query.order_by(ColumnEntry.position, ColumnEntry.article_id)).all()
