"""Planning's rules: quotas of both kinds of account, grace, audiences, warnings, accounts that publish by hand."""

from __future__ import annotations

import io
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import (
    account_tags,
    accounts,
    audience,
    docx_out,
    handover,
    listing,
    push_run,
    push_steps,
    push_watch,
    pushes,
    quotas,
    readers,
    writing,
)
from sorting_miniapp.articles.audience import Target
from sorting_miniapp.articles.models import AccountKind, Audience, Channel, Column, Push, PushState
from sorting_miniapp.articles.models_media import MediaItem
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from sorting_miniapp.orgs import settings
from tests.articles.conftest import NINE, TEMPLATE, TEXT, Desk, person
from tests.articles.helpers import MASS, make_account, run_to_the_end, the_push
from tests.deliveries.helpers import make_residents
from tests.events.helpers import at_once
from tests.unguarded import planning as unguarded

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def tag(desk: Desk, key: int, name: str, people: int) -> None:
    """A tag of the account, carried by so many new followers; the worker has read it."""
    desk.simulator.call("POST", "/_sim/tags", {"id": key, "name": name})
    for _ in range(people):
        desk.simulator.call("POST", f"/_sim/users/{desk.simulator.new_user()}", {"tags": [key]})
    account_tags.refresh()


def told(action: Any) -> str:
    try:
        return str(action())
    except DomainError as error:
        return error.code


def test_a_service_account_has_four_a_month_and_one_to_everybody_a_day(desk: Desk) -> None:
    settings.write(desk.city, "official_kind", "service", "admin")
    tag(desk, 7, "党员", 3)
    tag(desk, 8, "家长", 2)
    assert [one.followers for one in account_tags.known()][1:] == [0, 3, 2]
    when = NINE + DAY
    pushes.plan(desk.editor, desk.approved(), Channel.MASS, when)
    with pytest.raises(Conflict, match="quota_used") as full:
        pushes.plan(desk.editor, desk.approved(), Channel.MASS, when + HOUR)
    assert "6月11日" in full.value.message
    to_tag = pushes.plan(desk.editor, desk.approved(), Channel.MASS, when + HOUR, Target(tag_id=7))
    for ahead in (2, 3):
        pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + ahead * DAY)
    with pytest.raises(Conflict, match="quota_used") as month:
        pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + 5 * DAY, Target(tag_id=7))
    assert "每月" in month.value.message, "three to everybody and one of its own"
    pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + 5 * DAY, Target(tag_id=8))
    pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + 21 * DAY)
    day = (NINE + 6 * DAY).date()
    assert quotas.left(None, [day])[day] == quotas.Left(0, 0)
    pushes.cancel(desk.editor, to_tag)
    pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + 5 * DAY, Target(tag_id=7))
    with pytest.raises(Invalid, match="tag_id"):
        pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + 25 * DAY, Target(tag_id=99))


def test_a_mass_send_to_a_tag_reaches_its_people_only(desk: Desk) -> None:
    tag(desk, 7, "党员", 2)
    desk.simulator.new_user()
    article = desk.approved()
    look = pushes.look(desk.editor, article, Channel.MASS, NINE, Target(tag_id=7))
    assert (look.count, look.audience) == (2, "带“党员”标签的关注者")
    push = run_to_the_end(pushes.plan(desk.editor, article, Channel.MASS, NINE, Target(tag_id=7)))
    assert push.state is PushState.SENT
    assert desk.simulator.received(MASS)[-1]["body"]["filter"] == {"is_to_all": False, "tag_id": 7}


def test_two_planners_never_get_the_same_last_send_of_a_day(desk: Desk) -> None:
    articles = [desk.approved() for _ in range(6)]
    db.session().commit()

    def plan(article: int) -> str:
        with desk.app.app_context():
            return told(lambda: pushes.plan(desk.editor, article, Channel.MASS, NINE + DAY))

    codes = at_once([lambda one=one: plan(one) for one in articles])  # type: ignore[misc]
    assert sorted(codes)[1:] == ["quota_used"] * 5


def test_control_without_the_lock_a_day_is_planned_twice(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite has one writer at a time, so that even unlocked planners follow one another there."""
    articles = [desk.approved() for _ in range(6)]
    db.session().commit()
    monkeypatch.setattr(quotas, "lock", unguarded.no_lock)
    monkeypatch.setattr(quotas, "problem", unguarded.problem_together(quotas.problem, len(articles)))

    def plan(article: int) -> str:
        with desk.app.app_context():
            return told(lambda: pushes.plan(desk.editor, article, Channel.MASS, NINE + DAY))

    codes = at_once([lambda one=one: plan(one) for one in articles])  # type: ignore[misc]
    sqlite = db.engine.dialect.name == "sqlite"
    assert (codes.count("quota_used") == 5) is sqlite


def test_a_grace_of_its_own_and_a_pause_before_the_start(desk: Desk) -> None:
    short = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE + HOUR, grace_minutes=10)
    usual = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE + HOUR)
    with pytest.raises(Invalid, match="grace_minutes"):
        pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE + HOUR, grace_minutes=1441)
    pushes.pause(desk.editor, usual)
    desk.hands.at(NINE + HOUR + timedelta(minutes=20))
    assert push_watch.hold_overdue() == 1
    assert the_push(short).state is PushState.HELD
    push_run.run(usual)
    assert the_push(usual).state is PushState.PAUSED
    pushes.resume(desk.editor, usual)
    assert run_to_the_end(usual).state is PushState.SENT
    late = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE + 2 * HOUR)
    pushes.pause(desk.editor, late)
    desk.hands.at(NINE + 5 * HOUR)
    with pytest.raises(Conflict, match="push_late"):
        pushes.resume(desk.editor, late)
    pushes.send_now(desk.editor, late)
    assert run_to_the_end(late).state is PushState.SENT


def test_audiences_by_column_and_volunteers_and_the_warning_of_a_second_push(desk: Desk) -> None:
    people = make_residents(desk.simulator.subscribers(TEMPLATE, 4))
    slug = db.session().scalars(select(Column.slug).where(Column.id == desk.column)).one()
    readers.follow(people[0], [slug])
    readers.follow(people[1], [slug])
    by_column = Target(audience=Audience.COLUMN, followed_id=desk.column)
    article = desk.approved()
    look = pushes.look(desk.editor, article, Channel.SUBSCRIBE, NINE, by_column)
    assert (look.count, look.warnings) == (2, [])
    volunteers = pushes.look(desk.editor, article, Channel.SUBSCRIBE, NINE, Target(audience=Audience.VOLUNTEERS))
    assert volunteers.count == 0
    everybody = pushes.look(desk.editor, article, Channel.SUBSCRIBE, NINE)
    assert everybody.count == 4
    with pytest.raises(Invalid, match="followed_id"):
        pushes.plan(desk.editor, article, Channel.SUBSCRIBE, NINE, Target(audience=Audience.COLUMN))
    push_id = pushes.plan(desk.editor, article, Channel.SUBSCRIBE, NINE, by_column)
    push_run.run(push_id)
    assert sum(pushes.counts(the_push(push_id)).values()) == 2
    again = pushes.look(desk.editor, desk.approved(), Channel.SUBSCRIBE, NINE + DAY, by_column)
    assert "前后不到 3 天" in "".join(again.warnings)
    pushes.cancel(desk.editor, push_id)
    assert pushes.look(desk.editor, article, Channel.SUBSCRIBE, NINE + DAY, by_column).warnings == []
    town = person("town_editor", Role.EDITOR, desk.town)
    with pytest.raises(DomainError):
        pushes.look(town, article, Channel.SUBSCRIBE, NINE)


def test_the_list_of_the_mini_program_at_a_time(desk: Desk) -> None:
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.IN_APP, NINE + HOUR)
    push_run.run(push_id)
    assert listing.page()["items"] == []
    desk.hands.at(NINE + HOUR)
    push_run.run(push_id)
    assert the_push(push_id).state is PushState.SENT
    assert len(listing.page()["items"]) == 1
    assert desk.simulator.summary()["count"] == 0


@pytest.mark.parametrize("channel", [Channel.PUBLISH, Channel.MASS])
def test_without_the_right_to_publish_a_draft_waits_for_a_person(sqlite_desk: Desk, channel: Channel) -> None:
    desk = sqlite_desk
    settings.write(desk.city, "official_rights", "draft", "admin")
    push = run_to_the_end(pushes.plan(desk.editor, desk.approved(), channel, NINE))
    assert (push.state, push.reason) == (PushState.MANUAL, push_run.DRAFT_MADE)
    assert push.draft_id
    assert "草稿箱" in push_steps.by_hand(push)[0]
    assert ("打开“群发通知”" if channel is Channel.MASS else "关掉“群发通知”") in push_steps.by_hand(push)[2]
    handover.confirm_sent(desk.editor, push.id, "https://mp.weixin.qq.com/s/by-hand")
    assert the_push(push.id).state is PushState.SENT
    assert db.session().scalar(select(MediaItem.id)) is None, "our own account is no outlet"


def test_the_missing_right_is_also_learnt_from_wechat(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    desk.simulator.settings(freepublish_right=False)
    push = run_to_the_end(pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE))
    assert (push.state, push.reason) == (PushState.MANUAL, push_run.DRAFT_MADE)


def test_another_offices_account(desk: Desk) -> None:
    account = make_account(desk)
    target = Target(account_id=account)
    first = pushes.plan(desk.editor, desk.approved(), Channel.HANDOVER, NINE + DAY, target)
    with pytest.raises(Conflict, match="quota_used"):
        pushes.plan(desk.editor, desk.approved(), Channel.HANDOVER, NINE + DAY, target)
    pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + DAY)
    assert push_steps.name(the_push(first)) == "待发"
    with pytest.raises(Conflict, match="not_handed_over"):
        handover.document(desk.editor.branches(), first)
    handover.hand_over(desk.editor, first)
    push = the_push(first)
    assert (push_steps.name(push), push.due_at) == ("已交稿", NINE + DAY)
    found = handover.document(desk.editor.branches(), first)
    page = handover.as_html(found).decode()
    assert found.head in page
    assert found.foot in page
    with zipfile.ZipFile(io.BytesIO(docx_out.as_docx(found))) as book:
        text = book.read("word/document.xml").decode()
    assert found.head
    assert all(words in text for words in (found.head, found.foot, "先沥干", "再投放。", found.sheet.credit))
    handover.confirm_sent(desk.editor, first, "https://mp.weixin.qq.com/s/theirs")
    assert push_steps.name(the_push(first)) == "已刊出"
    item = db.session().scalars(select(MediaItem)).one()
    assert (item.outlet, item.url) == ("连州发布", "https://mp.weixin.qq.com/s/theirs")
    accounts.save(desk.editor, accounts.Details("连州发布", "", "", AccountKind.SUBSCRIPTION, active=False), account)
    with pytest.raises(Invalid, match="account_id"):
        pushes.plan(desk.editor, desk.approved(), Channel.HANDOVER, NINE + 3 * DAY, target)
    with pytest.raises(Forbidden):
        accounts.save(
            person("reader", Role.REVIEWER, desk.city, 1), accounts.Details("甲", "", "", AccountKind.SERVICE)
        )


def test_every_state_says_what_it_means_and_only_offers_what_works(sqlite_desk: Desk) -> None:
    desk = sqlite_desk
    push = the_push(pushes.plan(desk.editor, desk.approved(), Channel.SUBSCRIBE, NINE + HOUR))
    for state in PushState:
        shown = Push(**{key: value for key, value in vars(push).items() if not key.startswith("_")})
        shown.state = state
        assert push_steps.sentence(shown)
        over = state in push_steps.OVER
        assert over is (not [step for step in push_steps.steps(shown) if step.key != "resend"]), state
    assert audience.words(push) == "连州市订阅了消息的居民"


def test_planning_refuses_what_cannot_be(desk: Desk) -> None:
    draft = writing.create(desk.editor, desk.city, desk.column, TEXT)
    with pytest.raises(Conflict):
        pushes.plan(desk.editor, draft, Channel.MASS, NINE)
    article = desk.approved()
    for impossible in (NINE - timedelta(hours=1), NINE + timedelta(days=400)):
        with pytest.raises(Invalid):
            pushes.plan(desk.editor, article, Channel.MASS, impossible)
    with pytest.raises(Invalid):
        pushes.plan(desk.editor, article, Channel.SUBSCRIBE, NINE.replace(hour=23))
    pushes.plan(desk.editor, article, Channel.MASS, NINE + timedelta(hours=1))
    with pytest.raises(Conflict, match="push_planned"):
        pushes.plan(desk.editor, article, Channel.MASS, NINE + timedelta(days=2))
    with pytest.raises(Conflict, match="quota_used"):
        pushes.plan(desk.editor, desk.approved(), Channel.MASS, NINE + timedelta(hours=5))
    town = person("town_editor", Role.EDITOR, desk.town)
    with pytest.raises(NotFound):
        pushes.plan(town, article, Channel.SUBSCRIBE, NINE)
