"""Numbers from our own records: reported activities, roll-ups that lose and double nothing, rows behind a number."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import media_register
from sorting_miniapp.articles.models_media import Origin
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.events import reported
from sorting_miniapp.events.models import Event, EventState, EventTag, Tag
from sorting_miniapp.events.models_counts import CountKind, HeadCount
from sorting_miniapp.figures import periods
from sorting_miniapp.hours.models import RecordState, ServiceRecord, Source, Tier
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.reports import counting, rollup
from sorting_miniapp.reports.counting import Scope
from sorting_miniapp.reports.rollup import Activity, Dimension
from tests.console.helpers import sign_in
from tests.events.helpers import make_person, make_staff
from tests.figures.conftest import Bureau, make_bureau

Y2025 = periods.parse("2025")
MAY = date(2025, 5, 20)


def activity(title: str = "社区宣传", **more: Any) -> reported.Activity:
    values: dict[str, Any] = {"heads": {CountKind.DIRECT: 120}, "counted_by": "小李", "how": "签到表"}
    return reported.Activity(title, "publicity", MAY, **(values | more))


def scope(node_id: int, code: str = "2025") -> Scope:
    return Scope(periods.parse(code), db.session.get_one(Node, node_id).path)


def test_a_reported_activity_counts_like_an_event(bureau: Bureau) -> None:
    with bureau.app.app_context():
        heads = {CountKind.DIRECT: 120, CountKind.LEAFLETS: 300, CountKind.PARTY_MEMBERS: 0}
        event = reported.report(bureau.clerk, bureau.union, activity(heads=heads, tags=("dangjian", "jin-shequ")))
        city = scope(bureau.city)
        assert counting.total(city, {"of": "events"}) == 100
        assert counting.total(city, {"of": "events", "tags": ["dangjian", "jin-shequ"]}) == 100
        assert counting.total(city, {"of": "events", "tags": ["dangjian", "jin-xuexiao"]}) == 0
        assert counting.total(city, {"of": "head_count", "count": "direct"}) == 12_000
        assert counting.total(city, {"of": "head_count", "count": "leaflets"}) == 30_000
        assert counting.total(scope(bureau.housing), {"of": "events"}) == 0
        assert counting.total(scope(bureau.city, "2025-Q1"), {"of": "events"}) == 0
        assert counting.total(scope(bureau.city, "2025-05"), {"of": "events"}) == 100
        assert counting.total(scope(bureau.housing), {"of": "events", "node": "zonggonghui"}) == 0
        (row,) = counting.rows(city, {"of": "events"})
        assert (row.day, row.title, row.unit, row.id) == (MAY, "社区宣传", "市总工会", event)
        with pytest.raises(Conflict):
            reported.report(bureau.clerk, bureau.union, activity())
        for wrong in (
            {"heads": {}},
            {"title": ""},
            {"day": clock.today() + timedelta(days=1)},
            {"kind": "moon"},
            {"counted_by": ""},
            {"heads": {CountKind.DIRECT: 10**8}},
        ):
            values = (
                {"title": "别的", "kind": "publicity", "day": MAY} | activity().__dict__ | {"title": "别的"} | wrong
            )
            with pytest.raises(Invalid):
                reported.report(bureau.clerk, bureau.union, reported.Activity(**values))
        with pytest.raises(NotFound):
            reported.report(bureau.foreigner, bureau.union, activity("别家"))
        assert counting.total(city, {"of": "events"}) == 100, "nothing refused was left behind"


def put_events(bureau: Bureau, wanted: Sequence[tuple[str, str, int, set[str], int]]) -> None:
    """Held events as (unit's key, kind, day of 2025, tags, direct participants), past the service for speed."""
    nodes = {node.key: node.id for node in db.session.scalars(select(Node))}
    tags = {tag.key: tag.id for tag in db.session.scalars(select(Tag))}
    with transaction() as session:
        for table in (HeadCount, EventTag, Event):
            session.execute(delete(table))
        for number, (unit, kind, day, marks, people) in enumerate(wanted):
            at = clock.local_midnight(date(2025, 1, 1) + timedelta(days=day))
            event = Event(public_id=new_public_id(), node_id=nodes[unit], title=f"活动{number}", kind=kind)
            event.state, event.created_by, event.created_at, event.changed_at = (
                EventState.FINISHED,
                bureau.clerk.id,
                at,
                at,
            )
            event.starts_at, event.ends_at = at, at + timedelta(hours=2)
            session.add(event)
            session.flush()
            for mark in sorted(marks):
                session.execute(insert(EventTag).values(event_id=event.id, tag_id=tags[mark]))
            count = HeadCount(event_id=event.id, kind=CountKind.DIRECT, value=people, counted_by="x", how="x")
            count.recorded_by, count.recorded_at = bureau.clerk.id, at
            session.add(count)
            session.flush()


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["lianzhou", "zonggonghui", "zhujianju", "xingzi", "dongpi", "gongxinju"]),
        st.sampled_from(["publicity", "volunteer", "training"]),
        st.integers(0, 364),
        st.sets(st.sampled_from(["dangjian", "jin-shequ", "jin-xuexiao", "shehui-liliang"])),
        st.integers(1, 500),
    ),
    max_size=12,
)


def test_rolling_up_never_loses_or_doubles_an_event(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    bureau = make_bureau(sqlite_app, monkeypatch)

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(EVENTS)
    def holds(wanted: Sequence[tuple[str, str, int, set[str], int]]) -> None:
        with bureau.app.app_context():
            put_events(bureau, wanted)
            city = scope(bureau.city)
            people = sum(one[4] for one in wanted)
            for dimension in Dimension:
                table = rollup.by(dimension, city)
                assert table.total.events == len(wanted)
                assert table.total.heads[CountKind.DIRECT] == people
                if dimension is not Dimension.TAG:
                    assert sum(line.events for line in table.lines) == len(wanted), dimension
                    assert sum(line.heads[CountKind.DIRECT] for line in table.lines) == people, dimension
            tags = {line.key: line.events for line in rollup.by(Dimension.TAG, city).lines}
            for key in ("dangjian", "jin-shequ", "jin-xuexiao", "shehui-liliang"):
                bearing = sum(key in one[3] for one in wanted)
                assert tags.get(key, 0) == bearing
                assert counting.total(city, {"of": "events", "tags": [key]}) == bearing * 100
            assert tags.get("", 0) == sum(not one[3] for one in wanted)
            quarters = [scope(bureau.city, part.code) for part in periods.parts(Y2025, periods.PeriodKind.QUARTER)]
            assert sum(counting.total(one, {"of": "events"}) for one in quarters) == len(wanted) * 100
            units = [scope(node.id) for node in orgs.visible([city.branch]) if node.path != city.branch]
            below = sum(counting.total(one, {"of": "events"}) for one in units)
            own = sum(one[0] == "lianzhou" for one in wanted)
            assert below + own * 100 == len(wanted) * 100
            for spec in ({"of": "events"}, {"of": "head_count", "count": "direct"}):
                assert sum(row.amount for row in counting.rows(city, spec)) == counting.total(city, spec)

    holds()


def test_control_adding_tags_up_as_if_they_did_not_overlap_doubles() -> None:
    """What the roll-up by tag must not be used for: the control of the test above."""
    at = datetime(2025, 5, 1, tzinfo=clock.LOCAL)
    both = Activity(1, "1/", "publicity", None, at, frozenset({"a", "b"}), {CountKind.DIRECT: 10})
    table = rollup.table([both], lambda one: one.tags, {}, overlaps=True)
    assert sum(line.events for line in table.lines) == 2
    assert table.total.events == 1


@given(st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(0, 4))
def test_the_child_of_a_branch_holds_the_path(numbers: list[int], depth: int) -> None:
    path = "".join(f"{number}/" for number in numbers)
    branch = "".join(f"{number}/" for number in numbers[: min(depth, len(numbers) - 1) + 1])
    child = rollup.child_of(branch, path)
    assert path.startswith(child)
    assert child == branch if path == branch else child.count("/") == branch.count("/") + 1


def test_service_records_by_event_and_day(bureau: Bureau) -> None:
    person = make_person(bureau.app, "openid-records")
    with bureau.app.app_context():
        event = reported.report(bureau.clerk, bureau.union, activity(tags=("dangjian",)))
        now = clock.now()
        with transaction() as session:
            for number, (minutes, state) in enumerate(
                [(90, RecordState.EFFECTIVE), (50, RecordState.EFFECTIVE), (999, RecordState.PENDING)]
            ):
                row = ServiceRecord(
                    public_id=new_public_id(), resident_id=person.id, node_id=bureau.union, event_id=event
                )
                row.source, row.source_id, row.served_on = Source.CLAIM, number + 1, MAY
                row.title, row.place, row.content, row.person_in_charge = "服务", "社区", "桶边", "小李"
                row.minutes, row.longest, row.state, row.tier, row.created_at = minutes, 1440, state, Tier.OWN, now
                session.add(row)
        city = scope(bureau.city)
        assert counting.total(city, {"of": "records", "count": "times"}) == 200
        assert counting.total(city, {"of": "records", "count": "hours"}) == 233, "140 minutes are 2.33 hours, cut"
        assert counting.total(city, {"of": "records", "count": "times", "tags": ["dangjian"]}) == 200
        assert counting.total(city, {"of": "records", "count": "times", "tags": ["jin-shequ"]}) == 0
        (row,) = counting.rows(city, {"of": "records", "count": "times"})
        assert (row.day, row.amount, row.id) == (MAY, 200, event)


def test_every_counter_counts_and_shows_its_rows_on_every_database(bureau: Bureau) -> None:
    """All of the figures that are defined: the number is the sum of its rows, also where there is nothing."""
    with bureau.app.app_context():
        reported.report(bureau.clerk, bureau.union, activity(tags=("dangjian", "jin-shequ")))
        editor = make_staff("editor", Role.EDITOR, bureau.city)
        media_register.save(editor, bureau.union, media_register.Piece("连州发布", "分类在行动", MAY, Origin.OWN))
        city = scope(bureau.city)
        from sorting_miniapp.figures import standing

        counted = [figure for figure in standing.figures() if figure.auto]
        assert len(counted) >= 15
        for figure in counted:
            rows = list(counting.rows(city, figure.auto))
            assert sum(row.amount for row in rows) == counting.total(city, figure.auto), figure.key
        assert counting.total(city, {"of": "media"}) == 100
        assert counting.total(city, {"of": "media", "origin": "reprint"}) == 0


def test_the_rows_behind_a_number_open_page_by_page(sqlite_bureau: Bureau) -> None:
    bureau = sqlite_bureau
    with bureau.app.app_context():
        put_events(bureau, [("zonggonghui", "publicity", day, set(), 10) for day in range(60)])
        figure, typed = bureau.figure("gonghui-huodong"), bureau.figure("zhujian-lian")
    client = sign_in(bureau, "analyst")  # type: ignore[arg-type]
    page = client.get(f"/console/figures/{figure}/rows?period=2025").text
    assert re.search(r'id="total">60 场次', page)
    assert page.count("/console/events/") == 50
    assert client.get(f"/console/figures/{figure}/rows?period=2025&page=2").text.count("/console/events/") == 10
    assert client.get(f"/console/figures/{typed}/rows").status_code == 404, "entered, not counted"
    for url in (
        "/console/rollup?period=2025",
        "/console/rollup?period=2025&by=tag",
        "/console/coverage?period=2025-Q2",
    ):
        assert client.get(url).status_code == 200
    assert 'id="total-events">60<' in client.get("/console/rollup?period=2025&by=kind").text
    coverage = client.get("/console/coverage?period=2025-Q2").text
    assert "星子镇" in coverage, "a town without an activity"
    assert "<svg" in coverage
    assert "style=" not in coverage
    for odd in ("figures?period=20250519-20250525", "coverage?period=20250519-20250525", "rollup?period=2025&node="):
        assert client.get(f"/console/{odd}").status_code == 200, odd
    for odd in ("figures?period=x", "rollup?period=2025-13", "rollup?by=moon", "coverage?period=2025-Q9"):
        assert client.get(f"/console/{odd}").status_code == 422, odd
    for odd in ("media?year=99999&page=-1", "reports?before=99999999999999999999", "jobs?before=-5"):
        assert client.get(f"/console/{odd}").status_code == 200, odd
    foreigner = sign_in(bureau, "foreigner")  # type: ignore[arg-type]
    assert 'id="total">0 ' in foreigner.get(f"/console/figures/{figure}/rows?period=2025").text
    assert foreigner.get(f"/console/rollup?node={bureau.union}").status_code == 404
