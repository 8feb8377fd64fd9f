"""What pushes came to: by month, column and article, and as a workbook."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from sqlalchemy import select

from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.articles import columns, push_export, push_results, push_run, push_watch, pushes, readers
from sorting_miniapp.articles.models import Article, Channel, Push, PushState
from sorting_miniapp.db import db
from sorting_miniapp.deliveries import sender
from sorting_miniapp.deliveries.models import DeliveryState
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.jobs import running
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.jobs.models import Job, JobState
from tests.articles.conftest import NINE, TEMPLATE, Desk
from tests.articles.helpers import make_account, the_push
from tests.deliveries.helpers import make_residents
from tests.simulator_process import SEND

DAY = timedelta(days=1)


def sent_to(desk: Desk, good: int, without: int) -> Push:
    """A subscribe push: `good` get it, `without` are refused by WeChat, one call fails for good."""
    make_residents(desk.simulator.subscribers(TEMPLATE, good))
    make_residents([desk.simulator.new_user() for _ in range(without)])
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.SUBSCRIBE, NINE)
    push_run.run(push_id)
    desk.simulator.fault(SEND, "errcode", value=47003, times=1)
    number = the_push(push_id).fan_out_id
    assert number
    while sender.run_fan_out(number):
        pass
    push_watch.settle()
    return the_push(push_id)


def test_results_by_month_column_and_article_and_the_resending(desk: Desk) -> None:
    push = sent_to(desk, 5, 2)
    assert push.state is PushState.PARTLY_FAILED
    key = db.session().get_one(Article, push.article_id).public_id
    for reader in list(db.session().scalars(select(Resident.id).order_by(Resident.id)))[:3]:
        readers.read(key, reader)
    first, last = NINE.date() - 40 * DAY, NINE.date()
    found = push_results.overview(desk.editor.branches(), first, last)
    assert list(found.months) == ["2026-05", "2026-06"]
    for sums in (found.whole, found.months["2026-06"], found.columns[columns.get(desk.column).name]):
        states = [sums.messages[state] for state in push_results.SHOWN]
        assert (sums.pushes, sum(states), states[3], sums.reads) == (1, 7, 0, 3)
        assert states[1] == 1
    assert [(one[0], one[2].reads) for one in found.articles] == [(push.article_id, 3)]
    assert push_results.reads_after(push) == 3
    whose = [
        push_results.overview(desk.editor.branches(), first, last, column).whole for column in (desk.column, 999_999)
    ]
    assert [(one.pushes, one.reads) for one in whose] == [(1, 3), (0, 0)]
    with pytest.raises(Invalid, match="period"):
        push_results.overview(desk.editor.branches(), last, first)
    before = desk.simulator.summary(SEND)["count"]
    pushes.resend(desk.editor, push.id)
    assert the_push(push.id).state is PushState.SENDING
    while sender.run_fan_out(push.fan_out_id or 0):
        pass
    push_watch.settle()
    assert the_push(push.id).state is PushState.SENT
    assert desk.simulator.summary(SEND)["count"] == before + 1, "the one that failed, and nobody else"
    assert max(desk.simulator.summary(SEND)["by_openid"].values()) == 1
    with pytest.raises(Conflict):
        pushes.resend(desk.editor, push.id)
    assert found.whole.messages[DeliveryState.FAILED] == 1


def test_the_workbook_is_made_in_the_worker(desk: Desk) -> None:
    push = sent_to(desk, 3, 1)
    handed = pushes.plan(
        desk.editor, desk.approved(), Channel.HANDOVER, NINE, pushes.Target(account_id=make_account(desk))
    )
    public_id = push_export.ask(desk.editor, desk.city, NINE.date() - DAY, NINE.date())
    job = db.session().scalars(select(Job).where(Job.public_id == public_id)).one()
    db.session().commit()
    running.run(job.id)
    db.session().commit()
    db.session().expire_all()
    job = db.session().get_one(Job, job.id)
    assert job.state is JobState.DONE, job.message

    _, pieces = jobs.fetch(desk.editor, public_id)
    book = openpyxl.load_workbook(io.BytesIO(b"".join(pieces)))
    rows = {row[0]: row for row in book["推送"].iter_rows(values_only=True)}
    assert rows["推送编号"] == push_export.PUSHES
    numbers = rows[push.id][10:14]
    assert (sum(numbers), numbers[1], numbers[3]) == (4, 1, 0)
    assert rows[handed][10] is None
    assert rows[handed][5] == "“连州发布”公众号的读者"
    reasons = list(book["没有发到的原因"].iter_rows(min_row=2, values_only=True))
    assert {row[4] for row in reasons} == {43101, 47003}
    assert all(re.search("[一-鿿]", row[3]) for row in reasons)
