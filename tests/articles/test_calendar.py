"""The calendar, and the publicity week laid out in one action; the pages that show them."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event as sa_event
from sqlalchemy import func, select, update

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import accounts, calendar, column_desk, columns, pushes, series, series_pattern
from sorting_miniapp.articles.audience import EVERYBODY
from sorting_miniapp.articles.calendar import Wanted
from sorting_miniapp.articles.columns import Rule
from sorting_miniapp.articles.models import AccountKind, Article, Channel, Push, PushState
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, DomainError, Invalid
from tests.articles.conftest import NINE, Desk, person
from tests.articles.helpers import the_push
from tests.console.helpers import post, sign_in
from tests.events.helpers import CONTENT

DAY, HOUR, EVERYTHING = timedelta(days=1), timedelta(hours=1), Wanted()


def week(desk: Desk, day: date, wanted: Wanted = EVERYTHING) -> dict[date, list[str]]:
    """The week's entries as words."""
    found = calendar.days(desk.editor.branches(), wanted, calendar.week_of(day))
    return {one: [_word(entry) for entry in cell.entries] for one, cell in found.items() if cell.entries}


def _word(entry: calendar.Entry) -> str:
    name = entry.column.name if entry.column and entry.push is None else "push"
    return f"{clock.local(entry.at):%H:%M} {name} {entry.channel.value}"


def test_months_and_weeks_begin_on_monday() -> None:
    weeks = calendar.month_weeks(date(2026, 6, 10))
    assert (weeks[0][0], weeks[-1][-1]) == (date(2026, 6, 1), date(2026, 7, 5))
    assert len(calendar.month_weeks(date(2027, 2, 1))) == 4
    assert all(one[0].weekday() == 0 for year in (2026, 2027) for m in range(1, 13) for one in
               calendar.month_weeks(date(year, m, 15)))  # fmt: skip


def test_the_calendar_shows_what_is_planned_and_the_slots_to_come(desk: Desk) -> None:
    pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + 6 * DAY)
    gone = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE + 6 * DAY)
    pushes.cancel(desk.editor, gone)
    columns.set_rule(desk.editor, desk.column, desk.city, Rule("03", 600, Channel.PUBLISH, EVERYBODY))
    first = desk.approved()
    columns.add(desk.editor, desk.column, first)
    name = columns.get(desk.column).name
    monday, tuesday, thursday = (date(2026, 6, day) for day in (15, 16, 18))
    assert week(desk, monday) == {
        monday: [f"10:00 {name} publish"], tuesday: ["09:00 push mass"], thursday: [f"10:00 {name} publish"],
    }  # fmt: skip
    cells = calendar.days(desk.editor.branches(), Wanted(), calendar.week_of(monday))
    titles = [cells[day].entries[0].title for day in (monday, thursday)]
    assert titles == ["还没有文章", "还没有文章"], "the queue's article goes out on the Thursday before"
    assert (cells[monday].left, cells[tuesday].left) == ("群发余 1", "群发余 0")
    assert week(desk, monday, Wanted(Channel.MASS)) == {tuesday: ["09:00 push mass"]}
    assert week(desk, monday, Wanted(state=PushState.CANCELLED)) == {tuesday: ["09:00 push publish"]}
    other = person("town_editor", Role.EDITOR, desk.town)
    found = calendar.days(other.branches(), Wanted(), calendar.week_of(monday))
    assert not any(cell.entries for cell in found.values()), "another branch's"


def test_the_calendars_statements_do_not_grow_with_its_entries(sqlite_desk: Desk) -> None:
    desk = sqlite_desk

    def statements() -> int:
        seen: list[str] = []

        def note(_c: object, _cur: object, statement: str, *_: object) -> None:
            seen.append(statement)

        db.session().commit()
        sa_event.listen(db.engine, "before_cursor_execute", note)
        calendar.days(desk.editor.branches(), Wanted(), calendar.week_of(NINE.date()))
        sa_event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE + HOUR)
    few = statements()
    for _ in range(4):
        pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE + HOUR)
    assert statements() == few


def _keyed(desk: Desk) -> None:
    """Two of the articles that the pattern names are approved."""
    for key in ("xuanchuanzhou-laile", "xuanchuanzhou-jin-jiating"):
        found = desk.approved()
        with transaction() as session:
            session.execute(update(Article).where(Article.key == key).values(key=f"old-{key}"))
            session.execute(update(Article).where(Article.id == found).values(key=key))


def test_the_publicity_week_is_proposed_changed_and_laid_out_whole_or_not_at_all(desk: Desk) -> None:
    assert series_pattern.load(CONTENT) == {"added": 1, "changed": 0, "same": 0}
    assert series_pattern.load(CONTENT) == {"added": 0, "changed": 0, "same": 1}
    _keyed(desk)
    office = accounts.save(desk.editor, accounts.Details("连州发布", "", "", AccountKind.SUBSCRIPTION))
    pattern = series.get("xuanchuanzhou")
    assert series.usual_start(pattern) == date(2027, 5, 17), "this year's is over"
    monday = date(2026, 6, 22)
    rows = series.propose(pattern, monday, desk.editor.branches())
    assert len(rows) == len(pattern.lines)
    handed = {row.account_id for row in rows if row.channel is Channel.HANDOVER}
    assert handed == {office, None}, "one of the other offices is known"
    lines = [row for row in rows if row.article_id and (row.channel is not Channel.HANDOVER or row.account_id)]
    assert {Channel.HANDOVER, Channel.MASS, Channel.SUBSCRIBE} <= {line.channel for line in lines}
    seen = series.look(desk.editor, rows, None)
    unknown = next(one for one in seen if one.line.channel is Channel.HANDOVER and not one.line.account_id)
    assert unknown.problem == "请选择交给哪个公众号"
    number = next(n for n, line in enumerate(lines) if line.channel is Channel.MASS)
    launch = series.look(desk.editor, lines, None)[number]
    assert (launch.line.at, launch.left, launch.problem, launch.audience) == (
        datetime(2026, 6, 22, 9, tzinfo=clock.LOCAL), "群发余 0", "", "全部关注者"
    )  # fmt: skip
    assert planned() == 0, "a look plans nothing"
    taken = pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + 12 * DAY)
    with pytest.raises(Conflict, match="quota_used") as full:
        series.lay_out(desk.editor, pattern.key, monday, None, lines)
    assert full.value.message.startswith(f"第 {number + 1} 条（启动日群发，栏目：")
    assert planned() == 1, "nothing of it is planned"
    assert "已经排满" in series.look(desk.editor, lines, None)[number].problem
    lines[number] = replace(lines[number], at=NINE + 5 * DAY, article_id=desk.approved())
    made = series.lay_out(desk.editor, pattern.key, monday, None, lines)
    assert planned() == 1 + len(made) == 1 + len(lines)
    assert the_push(made[number]).due_at == NINE + 5 * DAY
    assert the_push(taken).state is PushState.READY
    with pytest.raises(Invalid, match="lines"):
        series.lay_out(desk.editor, pattern.key, monday, None, [replace(lines[0], article_id=None)])


def planned() -> int | None:
    return db.session().scalar(select(func.count()).select_from(Push))


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({"day": 99}, "day"), ({"time": "9点"}, "time"), ({"channel": "pigeon"}, "channel"),
        ({"column": "nowhere"}, "栏目"), ({"more": 1}, "须有且只有"), ({"channel": "handover"}, "account"),
        ({"channel": "handover", "account": ""}, "account"),
    ],
)  # fmt: skip
def test_a_line_of_the_pattern_is_checked(change: dict[str, Any], wrong: str) -> None:
    good = {"day": 0, "time": "09:00", "channel": "mass", "column": "a", "article": "b", "note": ""}
    assert series_pattern._wrong(good, {"a"}) == []
    assert wrong in "".join(series_pattern._wrong(good | change, {"a"}))


def test_the_pages_of_planning(page_desk: Desk) -> None:
    desk = page_desk
    with desk.app.app_context():
        series_pattern.load(CONTENT)
        first, second = desk.approved(), desk.approved()
        push_id = pushes.plan(desk.editor, first, Channel.MASS, NINE + DAY)
        other = pushes.plan(desk.editor, second, Channel.MASS, NINE + 2 * DAY)
    editor = sign_in(desk, "editor")
    page = editor.get("/console/calendar?view=week&at=2026-06-10&channel=mass&events=1")
    assert page.text.count("data-move=") == 2
    for odd in ("view=year", "at=nothing", "at=9999-12-31", "channel=handover:99999999999", "state=x", "at=0001-01-01"):
        assert editor.get(f"/console/calendar?{odd}").status_code == 200, odd
    moved = post(editor, f"/console/pushes/{other}/move", day="2026-06-11", view="week", at="2026-06-10")
    assert "已经排满" in editor.get(moved).text
    moved = post(editor, f"/console/pushes/{other}/move", day="2026-06-13", view="week", at="2026-06-10")
    assert "已改时间" in editor.get(moved).text
    assert "时间已经过去" in post(editor, f"/console/pushes/{other}/move", 422, due_at="2026-06-01T09:00")
    assert "填写有误" in post(editor, f"/console/pushes/{other}/move", 422, due_at="soon")
    with desk.app.app_context():
        assert the_push(other).due_at == datetime(2026, 6, 13, 9, tzinfo=clock.LOCAL)
    shown = editor.get("/console/articles/1/pushes/new?due_at=2026-06-12T09:00").text
    assert 'value="2026-06-12T09:00"' in shown
    checked = post(editor, f"/console/articles/{first}/pushes/new", 200, channel="subscribe", due_at="2026-06-12T10:00",
                   step="check", audience="residents")  # fmt: skip
    assert "<strong>0</strong> 人" in checked
    assert "安静时段" in post(editor, f"/console/articles/{first}/pushes/new", 422, channel="subscribe",
                              due_at="2026-06-12T23:00", step="check")  # fmt: skip
    _series_page(desk, editor)
    _columns_page(desk, editor, first)
    for path in ("results", "results?first=2026-06-11&last=2026-06-01", f"articles/{first}/results", "channels"):
        assert editor.get(f"/console/{path}").status_code in (200, 422), path
    post(editor, "/console/results/export", node_id=str(desk.city), first="2026-06-01", last="2026-06-10")
    assert "推送效果" in editor.get("/console/jobs").text
    post(editor, "/console/channels/new", name="连州融媒", kind="service", office="", contact="", active="1")
    assert "已经有这个名称" in post(editor, "/console/channels/new", 422, name="连州融媒", kind="service", office="",
                                    contact="")  # fmt: skip
    assert "连州融媒" in editor.get("/console/channels").text
    assert editor.get(f"/console/pushes/{push_id}/document.docx").status_code == 409


def _series_page(desk: Desk, editor: Any) -> None:
    url = "/console/series/xuanchuanzhou"
    assert "铺排宣传周" in editor.get(f"{url}?start=2026-06-24").text
    assert editor.get("/console/series/nothing").status_code == 404
    with desk.app.app_context():
        article = str(desk.approved())
    lines = {"start": "2026-06-24", "at-1": "2026-06-22T09:00", "channel-1": "mass", "article-1": article}
    again = post(editor, url, 422, **lines, step="plan")
    assert "您改过安排" in again
    assert "照这样排好，这一天群发余 0" in again
    found = re.search(r'name="seen" value="(\w+)"', again)
    assert found
    seen = found[1]
    changed = lines | {"channel-1": "in_app"}
    assert "您改过安排" in post(editor, url, 422, **changed, step="plan", seen=seen)
    more = post(editor, url, 200, **lines, step="add")
    assert 'name="at-2" value="2026-06-22T09:00"' in more
    assert "请填写推送时间" in post(editor, url, 200, **lines | {"at-1": "soon"}, step="look")
    for odd in ({"channel-1": "pigeon"}, {"channel-1": "handover:x"}, {"article-1": "x"}, {"node_id": "x"}):
        assert post(editor, url, 404 if "pigeon" not in odd.values() else 422, **lines | odd, step="plan")
    with desk.app.app_context():
        before = planned()
    assert "at=2026-06-22" in post(editor, url, **lines, step="plan", seen=seen)
    with desk.app.app_context():
        assert planned() == (before or 0) + 1


def _columns_page(desk: Desk, editor: Any, article: int) -> None:
    url = f"/console/columns/{desk.column}"
    assert "请先设置" in post(editor, f"{url}/add", 409, article=str(article))
    rule = {"owner_id": str(desk.city), "time": "09:00", "channel": "in_app"}
    assert "请至少选择一天" in post(editor, f"{url}/rule", 422, **rule)
    post(editor, f"{url}/rule", **rule, weekdays="0")
    assert "周一 09:00" in editor.get(url).text
    post(editor, f"{url}/add", article=str(article))
    post(editor, f"{url}/pause")
    assert "已暂停" in editor.get("/console/columns").text
    assert "队列刚刚变过" in post(editor, f"{url}/order", 409, order="1,2")
    assert post(editor, f"{url}/order", 404, order="x")
    with desk.app.app_context():
        assert [row.Article.id for row in column_desk.queue(desk.column)] == [article]
        with pytest.raises(DomainError):
            columns.set_rule(person("town_ed", Role.EDITOR, desk.town), desk.column, desk.town, Rule(
                "0", 540, Channel.IN_APP, EVERYBODY))  # fmt: skip
