"""Slogans take turns on each way out, and which one ran when is kept (rules.md, Articles and pushes)."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.articles import push_claim, pushes, slogans
from sorting_miniapp.articles.models import Channel, Push, SloganPlace
from sorting_miniapp.articles.models_writing import SloganUse
from sorting_miniapp.db import db
from tests.articles.conftest import NINE, Desk


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
