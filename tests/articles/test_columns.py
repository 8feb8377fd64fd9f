"""Columns: a slot makes one push whoever looks, on every database; missed, empty and paused ones are told."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sorting_miniapp import clock, scheduler
from sorting_miniapp.articles import column_desk, column_slots, columns, push_watch, pushes, slots, writing
from sorting_miniapp.articles.audience import EVERYBODY
from sorting_miniapp.articles.columns import Rule
from sorting_miniapp.articles.models import Channel, Column, Push, PushState
from sorting_miniapp.articles.models_planning import ColumnPlan
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from tests.articles.conftest import TEXT, Desk
from tests.articles.helpers import run_to_the_end
from tests.events.helpers import at_once
from tests.unguarded import planning as unguarded

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
MONDAY = datetime(2026, 6, 15, 9, 0, tzinfo=clock.LOCAL)  # NINE is the Wednesday before
MONDAYS = Rule("0", 9 * 60, Channel.PUBLISH, EVERYBODY)


def ruled(desk: Desk, rule: Rule = MONDAYS, articles: int = 0) -> list[int]:
    """The column has this rule and so many approved articles in its queue."""
    columns.set_rule(desk.editor, desk.column, desk.city, rule)
    made = [desk.approved() for _ in range(articles)]
    for article in made:
        columns.add(desk.editor, desk.column, article)
    return made


def the_plan(desk: Desk) -> ColumnPlan:
    db.session().commit()
    db.session().expire_all()
    return db.session().get_one(ColumnPlan, desk.column)


def made(desk: Desk) -> list[Push]:
    db.session().commit()
    db.session().expire_all()
    return list(db.session().scalars(select(Push).order_by(Push.due_at, Push.id)))


def queue(desk: Desk) -> list[int]:
    return [row.Article.id for row in column_desk.queue(desk.column)]


@given(
    weekdays=st.text("0123456", min_size=1, max_size=7),
    minute=st.integers(0, 1439),
    after=st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),  # noqa: DTZ001
)
def test_the_next_slot_keeps_the_rule_and_skips_none(weekdays: str, minute: int, after: datetime) -> None:
    found = slots.following(weekdays, minute, after)
    local = clock.local(found)
    assert str(local.weekday()) in weekdays
    assert local.hour * 60 + local.minute == minute
    assert after < found <= after + timedelta(days=7)
    between = (clock.local(after) + n * DAY for n in range(8))
    others = [day.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0) for day in between]
    assert [one for one in others if after < one < found and str(one.weekday()) in weekdays] == []


def test_the_publicity_week_is_the_fourth_of_may() -> None:
    starts = {year: slots.monday_of(year, 5, 4) for year in (2023, 2024, 2025)}
    assert starts == {2023: date(2023, 5, 22), 2024: date(2024, 5, 20), 2025: date(2025, 5, 19)}


def test_each_slot_takes_the_next_approved_article_once(desk: Desk) -> None:
    first, second, third = ruled(desk, articles=3)
    assert the_plan(desk).next_at == MONDAY
    assert column_slots.take_due() == 0
    columns.order(desk.editor, desk.column, [second, first, third])
    writing.save(desk.editor, second, desk.column, writing.Text("改过", "改过", "局", "改过", "据"), _revision(second))
    desk.hands.at(MONDAY + timedelta(seconds=2))
    assert column_slots.take_due() == 1
    assert column_slots.take_due() == 0
    (push,) = made(desk)
    assert (push.article_id, push.slot_at, push.due_at) == (first, MONDAY, MONDAY)
    assert queue(desk) == [second, third], "what lost its approval waits"
    assert run_to_the_end(push.id).state is PushState.SENT
    assert the_plan(desk).next_at == MONDAY + 7 * DAY


def _revision(article_id: int) -> int:
    return db.session().get_one(writing.Article, article_id).revision


def test_many_schedulers_make_one_push_of_a_slot(desk: Desk) -> None:
    ruled(desk, articles=6)
    desk.hands.at(MONDAY)
    db.session().commit()
    _together(desk)
    assert [push.slot_at for push in made(desk)] == [MONDAY]
    assert len(queue(desk)) == 5


def test_control_without_the_guard_a_slot_is_made_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    ruled(desk, articles=6)
    desk.hands.at(MONDAY)
    db.session().commit()
    monkeypatch.setattr(column_slots, "_take", unguarded.take)
    _together(desk)
    assert len(made(desk)) > 1


def _together(desk: Desk) -> None:
    def one() -> Any:
        with desk.app.app_context():
            return column_slots.take_due()

    answers = at_once([one] * 6)
    assert not [answer for answer in answers if isinstance(answer, Exception)], answers


def test_a_slot_within_the_grace_is_made_late_and_one_beyond_it_is_told(desk: Desk) -> None:
    ruled(desk, articles=2)
    desk.hands.at(MONDAY + HOUR)
    column_slots.take_due()
    assert [push.due_at for push in made(desk)] == [MONDAY]
    desk.hands.at(MONDAY + 7 * DAY + 3 * HOUR)
    column_slots.take_due()
    plan = the_plan(desk)
    assert len(made(desk)) == 1
    assert "过宽限时间" in plan.note
    assert plan.next_at == MONDAY + 14 * DAY
    assert len(queue(desk)) == 1
    ((_, _, reason),) = column_desk.warned(desk.editor.branches())
    assert plan.note in reason
    columns.read_note(desk.editor, desk.column)
    assert column_desk.warned(desk.editor.branches()) == []


def test_an_empty_queue_warns_three_days_ahead_and_a_slot_without_article_is_told(desk: Desk) -> None:
    ruled(desk)
    assert column_desk.warned(desk.editor.branches()) == [], "five days ahead"
    desk.hands.at(MONDAY - 3 * DAY + HOUR)
    ((_, _, reason),) = column_desk.warned(desk.editor.branches())
    assert "06月15日 09:00 那一期还没有文章" in reason
    article = desk.approved()
    columns.add(desk.editor, desk.column, article)
    assert column_desk.warned(desk.editor.branches()) == []
    columns.take_out(desk.editor, desk.column, article)
    desk.hands.at(MONDAY)
    assert column_slots.take_due() == 1
    assert made(desk) == []
    assert "队列里没有文章" in the_plan(desk).note


def test_a_paused_column_makes_nothing_and_goes_on_with_the_next_slot(desk: Desk) -> None:
    ruled(desk, articles=1)
    columns.pause(desk.editor, desk.column)
    desk.hands.at(MONDAY)
    assert column_slots.take_due() == 0
    with pytest.raises(Conflict, match="column_state"):
        columns.pause(desk.editor, desk.column)
    columns.resume(desk.editor, desk.column)
    assert the_plan(desk).next_at == MONDAY + 7 * DAY
    assert column_slots.take_due() == 0


def test_a_columns_slots_count_in_the_quota(desk: Desk) -> None:
    ruled(desk, Rule("0", 9 * 60, Channel.MASS, EVERYBODY), articles=1)
    with pytest.raises(Conflict, match="quota_used"):
        pushes.plan(desk.editor, desk.approved(), Channel.MASS, MONDAY + 7 * DAY + HOUR)
    columns.pause(desk.editor, desk.column)
    taken = pushes.plan(desk.editor, desk.approved(), Channel.MASS, MONDAY + HOUR)
    columns.resume(desk.editor, desk.column)
    desk.hands.at(MONDAY)
    column_slots.take_due()
    push = next(one for one in made(desk) if one.column_id)
    assert push.state is PushState.HELD, "its day was taken during the pause"
    assert "已经排满" in push.reason
    pushes.cancel(desk.editor, taken)
    pushes.send_now(desk.editor, push.id)
    assert run_to_the_end(push.id).state is PushState.SENT
    with pytest.raises(Conflict, match="quota_used"):
        columns.set_rule(desk.editor, _other(desk), desk.city, Rule("0", 600, Channel.MASS, EVERYBODY))


def _other(desk: Desk) -> int:
    return db.session().scalars(select(Column.id).where(Column.id != desk.column).order_by(Column.id)).first() or 0


def test_slots_inside_a_jump_of_the_clock_and_after_a_restored_backup_are_held(desk: Desk) -> None:
    ruled(desk, articles=2)
    desk.hands.at(MONDAY + timedelta(minutes=30))
    timetable = scheduler.Timetable(desk.app)
    timetable.guard._base -= 3600
    timetable.mind_the_clock()
    assert [push.state for push in made(desk)] == [PushState.HELD]
    desk.hands.at(MONDAY + 7 * DAY + timedelta(minutes=1))
    push_watch.restored()
    assert [push.state for push in made(desk)] == [PushState.HELD] * 2
    plan = the_plan(desk)
    assert plan.paused
    assert "备份恢复" in plan.note


def test_what_a_rule_and_a_queue_take(desk: Desk) -> None:
    for rule in (Rule("", 540, Channel.PUBLISH, EVERYBODY), Rule("7", 540, Channel.PUBLISH, EVERYBODY)):
        with pytest.raises(Invalid, match="weekdays"):
            columns.set_rule(desk.editor, desk.column, desk.city, rule)
    with pytest.raises(Invalid, match="due_at"):
        columns.set_rule(desk.editor, desk.column, desk.city, Rule("0", 6 * 60, Channel.SUBSCRIBE, EVERYBODY))
    with pytest.raises(Conflict, match="no_rule"):
        columns.add(desk.editor, desk.column, 1)
    (article,) = ruled(desk, articles=1)
    with pytest.raises(Conflict, match="already_queued"):
        columns.add(desk.editor, desk.column, article)
    draft = writing.create(desk.editor, desk.city, desk.column, TEXT)
    with pytest.raises(Conflict, match="not_approved"):
        columns.add(desk.editor, desk.column, draft)
    with pytest.raises(NotFound):
        columns.add(desk.editor, desk.column, 999_999)
    with pytest.raises(Conflict, match="queue_changed"):
        columns.order(desk.editor, desk.column, [article, draft])
    with pytest.raises(Conflict, match="column_exists"):
        columns.name_it(desk.editor, columns.get(desk.column).name, "")
    new = columns.name_it(desk.editor, "邻里一课", "一周一个知识点")
    assert [line.column.id for line in column_desk.listed(desk.editor.branches())][-1] == new
