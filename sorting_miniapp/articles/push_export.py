"""The results of pushes as a workbook, made in the worker: pushes, why messages were not sent, readings by month."""

from __future__ import annotations

import tempfile
from collections import Counter
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import audience, push_results, push_steps
from sorting_miniapp.articles.desk import NEWEST
from sorting_miniapp.articles.models import CHANNEL_NAMES, Article, ArticleRead, ArticleVersion, Column, Push, PushState
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import results
from sorting_miniapp.deliveries.models import DeliveryState
from sorting_miniapp.imports import workbook
from sorting_miniapp.jobs import kinds
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.orgs.tree import within

KIND = "push_results"
ROLES = (Role.EDITOR, Role.ANALYST, Role.ADMIN)
BATCH = 200
STATES = [results.STATE_NAMES[state] for state in push_results.SHOWN]
PUSHES = (
    "推送编号", "文章", "栏目", "单位", "渠道", "发给", "计划时间", "完成时间", "状态", "说明", *STATES,
    "微信报告送达（人）", "推送后 7 天小程序阅读（人次）", "网址",
)  # fmt: skip
REASONS = ("推送编号", "文章", "结果", "原因", "微信错误码", "条数")
READS = ("文章", "栏目", "月份", "小程序阅读（人次）")


def register() -> None:
    """Make the kind of job known (create_app)."""
    kinds.register(kinds.Kind(KIND, "推送效果表", ROLES, make))


def ask(actor: StaffActor, node_id: int, first: date, last: date) -> str:
    """Ask for the workbook of a unit's branch and a period; the job's public id. Raises NotFound, Invalid, Conflict."""
    push_results.check_period(first, last)
    node = orgs.get(node_id, actor.branches(*ROLES))
    parameters = {"first": first.isoformat(), "last": last.isoformat()}
    return jobs.ask(actor, KIND, node, parameters, f"{node.name} 推送效果 {first} 至 {last}")


def make(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """Three sheets; the workbook is written to disk row by row."""
    first, last = (date.fromisoformat(asked.parameters[name]) for name in ("first", "last"))
    book = workbook.Book()
    pushes, reasons = book.sheet("推送", PUSHES), []
    keys = _keys(asked.node_path, first, last)
    for start in range(0, len(keys), BATCH):
        progress(start, len(keys), "正在写入推送")
        rows = _rows(keys[start : start + BATCH])
        counted = results.by_fan_out([row.Push.fan_out_id for row in rows if row.Push.fan_out_id])
        for row in rows:
            pushes.append(_line(row, counted))
            reasons += _reasons(row)
    sheet = book.sheet("没有发到的原因", REASONS)
    for line in reasons:
        sheet.append(line)
    progress(1, 2, "正在写入阅读")
    reads = book.sheet("小程序阅读", READS)
    for values in _reads(asked.node_path, first, last):
        reads.append(values)
    out = tempfile.TemporaryFile()  # noqa: SIM115  read, then closed, by kinds.pieces
    book.save(out)
    return kinds.File(f"推送效果 {first} 至 {last}.xlsx", workbook.XLSX, kinds.pieces(out))


def _keys(path: str, first: date, last: date) -> list[int]:
    """The pushes of the period in the order of their times. They are read in batches: while one result is streamed,
    MySQL answers nothing else on its connection."""
    return list(
        db.session().scalars(
            select(Push.id)
            .join(Node, Node.id == Push.node_id)
            .where(
                Push.due_at >= clock.local_midnight(first),
                Push.due_at < clock.local_midnight(last + timedelta(days=1)),
                Push.state != PushState.CANCELLED,
                within(Node.path, [path]),
            )
            .order_by(Push.due_at, Push.id)
        )
    )


def _rows(keys: list[int]) -> list[Any]:
    return list(
        db.session().execute(
            select(Push, ArticleVersion.title, Column.name.label("column_name"), Node.name.label("node_name"))
            .join(Article, Article.id == Push.article_id)
            .join(ArticleVersion, NEWEST)
            .join(Column, Column.id == Article.column_id)
            .join(Node, Node.id == Push.node_id)
            .where(Push.id.in_(keys))
            .order_by(Push.due_at, Push.id)
        )
    )


def _time(moment: Any) -> str:
    return clock.local(moment).strftime("%Y-%m-%d %H:%M") if moment else ""


def _line(row: Any, counted: dict[int, dict[DeliveryState, int]]) -> tuple[object, ...]:
    push = row.Push
    mine = counted.get(push.fan_out_id, {}) if push.fan_out_id else None
    states = [None if mine is None else mine.get(state, 0) for state in push_results.SHOWN]
    return (
        push.id, row.title, row.column_name, row.node_name, CHANNEL_NAMES[push.channel], audience.words(push),
        _time(push.due_at), _time(push.finished_at), push_steps.name(push), push.reason, *states, push.reached,
        push_results.reads_after(push), push.url,
    )  # fmt: skip


def _reasons(row: Any) -> list[tuple[object, ...]]:
    if row.Push.fan_out_id is None:
        return []
    found = results.results(row.Push.fan_out_id).reasons
    return [
        (row.Push.id, row.title, results.STATE_NAMES[one.state], one.words, one.errcode or None, one.number)
        for one in found
    ]


def _reads(path: str, first: date, last: date) -> list[tuple[object, ...]]:
    rows = db.session().execute(
        select(ArticleVersion.title, Column.name, ArticleRead.day, func.count().label("number"))
        .join(Article, Article.id == ArticleRead.article_id)
        .join(ArticleVersion, NEWEST)
        .join(Column, Column.id == Article.column_id)
        .join(Node, Node.id == Article.node_id)
        .where(ArticleRead.day >= first, ArticleRead.day <= last, within(Node.path, [path]))
        .group_by(Article.id, ArticleVersion.title, Column.name, ArticleRead.day)
        .order_by(Article.id, ArticleRead.day)
    )
    found: Counter[tuple[str, str, str]] = Counter()
    for row in rows:
        found[row.title, row.name, row.day.strftime("%Y-%m")] += int(row.number)
    return [(*key, number) for key, number in found.items()]
