"""待办: what waits for a person's decision, asked of the features that know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from flask import url_for

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import column_desk, push_steps, pushes, reviews
from sorting_miniapp.articles.models import Push
from sorting_miniapp.articles.push_steps import Step
from sorting_miniapp.deliveries import template_choice
from sorting_miniapp.events import ratings
from sorting_miniapp.figures import ledger, standing
from sorting_miniapp.guide import requests
from sorting_miniapp.guide import service as guide
from sorting_miniapp.hours import records
from sorting_miniapp.hours.models import RECORD_STATE_NAMES, RecordState
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.places import handling, photo_desk
from sorting_miniapp.places.models_reports import ISSUE_KIND_NAMES
from sorting_miniapp.quiz import corrections, disqualifying, proposals

MOST_ITEMS = 20


@dataclass(frozen=True)
class Item:
    """One thing to decide: its kind, what it is, why it waits, since when, and the page on which to decide."""

    kind: str
    title: str
    reason: str
    url: str
    since: datetime | None = None
    steps: tuple[tuple[str, Step], ...] = ()  # (address, button) of what can be decided right here
    replan: str = ""  # where another time is chosen


def _reviews(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "待审文章",
            found.title,
            f"等待{reviews.LEVEL_NAMES[found.article.level]}",
            url_for("console.article", article_id=found.article.id),
            found.article.changed_at,
        )
        for found in reviews.waiting_for(actor, MOST_ITEMS)
    ]


def _held_pushes(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "推送",
            title,
            push.reason or push_steps.name(push),
            url_for("console.push", push_id=push.id),
            push.due_at,
            _steps(push),
            url_for("console.push_move", push_id=push.id) if push_steps.may_replan(push) else "",
        )
        for push, title in pushes.held(actor.branches(Role.EDITOR), MOST_ITEMS)
    ]


def _steps(push: Push) -> tuple[tuple[str, Step], ...]:
    return tuple(
        (url_for("console.push_step", push_id=push.id, step=step.key), step) for step in push_steps.steps(push)
    )


def _columns(actor: StaffActor) -> list[Item]:
    return [
        Item("栏目", column.name, reason, url_for("console.column", column_id=column.id), plan.next_at)
        for column, plan, reason in column_desk.warned(actor.branches(Role.EDITOR))
    ]


def _figures_to_enter(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "逾期填报" if duty.late else "填报数据",
            f"{duty.node.name}：{duty.period.label}",
            f"还有 {duty.count} 个数字没有填报，截止 {duty.deadline.isoformat()}",
            url_for("console.figures", period=duty.period.code, state="missing"),
        )
        for duty in standing.duties(actor.branches(*ledger.OWNERS))
    ]


def _figures_to_sign(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "核对数据",
            f"{row.Figure.name}（{row.Node.name}）",
            f"{row.entered_name}填报，等另一人核对",
            url_for("console.figure_entry", figure_id=row.Figure.id, node_id=row.Node.id, code=row.FigureEntry.period),
            row.FigureEntry.entered_at,
        )
        for row in standing.to_sign(actor, MOST_ITEMS)
    ]


def _hours(actor: StaffActor) -> list[Item]:
    found = records.waiting(actor.branches(Role.VERIFIER))
    return [
        Item(
            "服务时长",
            f"{count} 条记录{RECORD_STATE_NAMES[state]}",
            "须复核并答复本人" if state is RecordState.DISPUTED else "核定后才计入时长",
            url_for("console.hours", state=state.value),
            since,
        )
        for state, (count, since) in found.items()
    ]


def _words_to_read(actor: StaffActor) -> list[Item]:
    return [
        Item("活动评语", title, "等工作人员查看后公开", url_for("console.rating_queue"), rating.created_at)
        for rating, title in ratings.queue(actor)["items"]
    ]


def _questions_to_read(actor: StaffActor) -> list[Item]:
    count = proposals.count_waiting(actor)
    url = url_for("console.question_reviews")
    return [Item("题目复核", f"{count} 道题", "别人写的题目，复核后才会使用", url)] if count else []


def _corrections(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "题目更正",
            row.text,
            "等提出者以外的人确认，确认后重新计分",
            url_for("console.correction", correction_id=row.Correction.id),
            row.Correction.made_at,
        )
        for row in corrections.waiting(actor)
    ]


def _result_appeals(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "成绩申诉",
            row.Quiz.title,
            "等取消者以外的人复核",
            url_for("console.result_appeal", appeal_id=row.Disqualification.id),
            row.Disqualification.appealed_at,
        )
        for row in disqualifying.waiting(actor)
    ]


def _place_issues(actor: StaffActor) -> list[Item]:
    count, late, since = handling.open_count(actor)
    reason = f"其中 {late} 个已超期" if late else "办结时要答复上报人"
    return (
        [Item("点位问题", f"{count} 个问题没有办结", reason, url_for("console.place_reports"), since)] if count else []
    )


def _words_not_found(actor: StaffActor) -> list[Item]:
    if not guide.is_editor(actor):
        return []
    count, since = requests.open_count()
    url = url_for("console.guide_requests")
    return [Item("分类指南", f"{count} 个居民没查到的词", "答复后，问过的居民会收到", url, since)] if count else []


def _photos(actor: StaffActor) -> list[Item]:
    return [
        Item(
            "上报照片",
            f"{ISSUE_KIND_NAMES[row.kind]}：{row.photos} 张照片",
            "微信没有给出结论，看过后放行或不放行",
            url_for("console.place_issue", issue_id=row.id),
            row.opened_at,
        )
        for row in photo_desk.waiting(actor)
    ]


def _notices(actor: StaffActor) -> list[Item]:
    count = template_choice.missing_count() if actor.may(Role.ADMIN, orgs.root().path) else 0
    url = url_for("console.notice_list")
    return [Item("通知模板", f"{count} 种通知发不出去", "没有选用微信的消息模板", url)] if count else []


SOURCES: tuple[Callable[[StaffActor], list[Item]], ...] = (
    _held_pushes,
    _columns,
    _reviews,
    _hours,
    _words_to_read,
    _place_issues,
    _photos,
    _words_not_found,
    _questions_to_read,
    _corrections,
    _result_appeals,
    _figures_to_sign,
    _figures_to_enter,
    _notices,
)


def of(actor: StaffActor) -> list[Item]:
    """What waits for this person, the features in the order of SOURCES, each at most MOST_ITEMS."""
    return [item for source in SOURCES for item in source(actor)[:MOST_ITEMS]]
