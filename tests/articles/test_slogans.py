"""Slogans take turns on each way out, and which one ran when is kept (rules.md, Articles and pushes)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import DBAPIError

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import push_claim, pushes, slogans
from sorting_miniapp.articles import slogan_library as library
from sorting_miniapp.articles.models import Channel, Push, Slogan, SloganPlace
from sorting_miniapp.articles.models_writing import SloganUse
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid
from tests.articles.conftest import NINE, Desk, person
from tests.console.helpers import post, sign_in


def test_a_slogan_of_an_occasion_goes_before_the_lasting_ones(sqlite_desk: Desk) -> None:
    may, june = NINE.date().replace(month=5, day=20), NINE.date()
    assert "五月第四周" in slogans.next_for(SloganPlace.HEAD, "official", may).text  # type: ignore[union-attr]
    assert "五月" not in slogans.next_for(SloganPlace.HEAD, "official", june).text  # type: ignore[union-attr]


def test_the_slogan_that_has_rested_longest_runs_next_on_each_account(desk: Desk) -> None:
    desk.simulator.settings(mass_daily_quota=10)
    ran: dict[Channel, list[int | None]] = {Channel.PUBLISH: [], Channel.IN_APP: []}
    for turn in range(3):
        desk.hands.at(NINE + timedelta(hours=turn))
        for channel, heads in ran.items():
            push_id = pushes.plan(desk.editor, desk.approved(), channel, NINE + timedelta(hours=turn))
            push_claim.claim(push_id)
            heads.append(db.session().get_one(Push, push_id).head_id)
    published, handed = ran.values()
    assert len(set(published)) == 3, "nobody reads the same one twice while others wait"
    assert published == handed, "each account has its own turns"
    kept = db.session().execute(select(SloganUse.push_id, SloganUse.place, SloganUse.at)).all()
    assert len(kept) == 12
    assert {clock.local(row.at).hour for row in kept} == {9, 10, 11}


WISH = library.Wish("垃圾分一分，家园美十分", SloganPlace.HEAD, date(2026, 6, 1))


def test_the_library_is_kept_by_the_citys_editors(desk: Desk) -> None:
    for wrong in (
        {"text": ""}, {"text": "长" * 31}, {"text": "干垃圾要分开"}, {"starts_on": None}, {"ends_on": date(2026, 5, 1)},
        {"text": "两\n行"},
    ):  # fmt: skip
        with pytest.raises(Invalid):
            library.save(desk.editor, replace(WISH, **wrong))
    with pytest.raises(DBAPIError), transaction() as session:
        session.execute(update(Slogan).values(starts_on=date(2026, 6, 2), ends_on=date(2026, 6, 1)))
    town = person("town", Role.EDITOR, desk.town)
    with pytest.raises(Forbidden):
        library.save(town, WISH)
    key = library.save(desk.editor, WISH)
    with pytest.raises(Conflict, match="slogan_exists"):
        library.save(desk.editor, WISH)
    library.save(desk.editor, replace(WISH, ends_on=date(2026, 6, 30)), key)
    assert slogans.next_for(SloganPlace.HEAD, "official", NINE.date()).id == key  # type: ignore[union-attr]
    push_id = pushes.plan(desk.editor, desk.approved(), Channel.PUBLISH, NINE)
    push_claim.claim(push_id)
    assert [(use.push_id, use.account) for use in library.uses(key)] == [(push_id, "公众号")]
    with pytest.raises(Conflict, match="slogan_ran"):
        library.save(desk.editor, replace(WISH, text="换一句话"), key)
    library.end(desk.editor, key)
    with pytest.raises(Conflict, match="slogan_ended"):
        library.end(desk.editor, key)
    row = next(one for one in library.listed() if one.slogan.id == key)
    assert (row.standing, row.times) == ("已停用", 1)
    assert slogans.next_for(SloganPlace.HEAD, "official", NINE.date()).id != key  # type: ignore[union-attr]


def test_the_pages_of_the_library(page_desk: Desk) -> None:
    editor, reviewer = sign_in(page_desk, "editor"), sign_in(page_desk, "reviewer1")
    assert "添加用语" in editor.get("/console/slogans").text
    assert "添加用语" not in reviewer.get("/console/slogans").text
    form = {"text": "新的一句用语", "place": "foot", "starts_on": "2026-06-01", "ends_on": ""}
    assert "结束日期写作" in post(editor, "/console/slogans/new", 422, **form | {"ends_on": "x"})
    post(editor, "/console/slogans/new", **form)
    page = editor.get("/console/slogans").text
    found = re.search(r'/console/slogans/(\d+)">新的一句用语', page)
    assert found
    assert "还没有用过" in reviewer.get(f"/console/slogans/{found[1]}").text
    post(reviewer, f"/console/slogans/{found[1]}", 403, **form)
    post(editor, f"/console/slogans/{found[1]}", **form | {"ends_on": "2026-12-31"})
    post(editor, f"/console/slogans/{found[1]}/end")
    assert editor.get("/console/slogans/999999").status_code == 404
