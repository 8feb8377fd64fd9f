"""The paper list: read once the scanning is over, merged without doubles, all lines or none."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.events import closing, offline
from sorting_miniapp.events.models import CheckHow, CheckIn, SignUp, SignUpState
from sorting_miniapp.events.offline_merge import Fate, Stay, fates
from sorting_miniapp.imports import workbook
from sorting_miniapp.imports.sheet import Action
from sorting_miniapp.imports.workbook import Row
from tests.console.helpers import sign_in, token
from tests.events.helpers import NINE, Hands, Made, Person, World, at_once, make_event, make_people, scan, signed

AFTER = NINE + timedelta(hours=3)


def line(number: int, key: str, came: str, went: str = "", note: str = "") -> Row:
    return Row(number, (key[: offline.KEY_LENGTH], "某某", "", "1", came, went, note))


def pairs(world: World) -> list[tuple[str, str, CheckHow, bool]]:
    """What is registered: coming, going, how, whether the system closed it."""
    with world.app.app_context():
        rows = db.session.scalars(select(CheckIn).order_by(CheckIn.resident_id, CheckIn.in_at)).all()
        return [
            (f"{clock.local(p.in_at):%H:%M}", f"{clock.local(p.out_at):%H:%M}", p.in_how, p.closed_by_system)
            for p in rows
            if p.out_at
        ]


def party(world: World, count: int) -> tuple[Made, list[Person], list[str]]:
    event, people = make_event(world), make_people(world.app, count)
    return event, people, [signed(world, event, person) for person in people]


def upload(world: World, event: Made, *rows: Row) -> tuple[int, int, int]:
    with world.app.app_context():
        return offline.run(world.organiser, event.shift, rows)


def outcomes(world: World, event: Made, *rows: Row) -> list[tuple[Action, str]]:
    with world.app.app_context():
        return [(one.action, one.note) for one in offline.plan(world.organiser, event.shift, rows)]


def test_a_list_is_merged_with_scans_and_the_same_list_again_changes_nothing(world: World, hands: Hands) -> None:
    event, people, made = party(world, 4)
    client = world.app.test_client()
    hands.at(NINE)
    assert scan(client, people[0], event).status_code == 200
    assert scan(client, people[1], event).status_code == 200
    hands.at(NINE + timedelta(minutes=50))
    assert scan(client, people[0], event).get_json()["action"] == "out"
    hands.at(AFTER)
    sheet = (
        line(2, made[0], "9:02", "9:48"),
        line(3, made[0], "10:10", "11:00"),
        line(4, made[1], "9:00", "10:40"),
        line(5, made[2], "09:05", "11:00", "没带手机"),
        line(6, made[3], ""),
    )
    planned = outcomes(world, event, *sheet)
    assert [action for action, _ in planned] == [Action.SAME, Action.ADD, Action.CHANGE, Action.ADD, Action.SAME]
    assert len(pairs(world)) == 1, "a plan writes nothing"
    assert upload(world, event, *sheet) == (2, 1, 1), "two pairs, one going told, one known"
    expected = [
        ("09:00", "09:50", CheckHow.QR, False),
        ("10:10", "11:00", CheckHow.OFFLINE, False),
        ("09:00", "11:00", CheckHow.QR, True),
        ("09:05", "11:00", CheckHow.OFFLINE, False),
    ]
    assert pairs(world) == expected
    assert upload(world, event, *sheet) == (0, 0, 4)
    assert pairs(world) == expected
    assert {action for action, _ in outcomes(world, event, *sheet)} == {Action.SAME}, "nothing is left to enter"
    with world.app.app_context():
        closing.close_forgotten()
        reasons = db.session.scalars(select(CheckIn.reason).where(CheckIn.closed_by_system)).all()
        assert reasons == ["离线名单记签退 10:40"], "the verifier reads what the paper says"
        states = [db.session.scalars(select(SignUp.state).where(SignUp.public_id == one)).one() for one in made]
    assert states == [SignUpState.ATTENDED] * 3 + [SignUpState.ABSENT]


def test_uploads_at_once_add_each_line_once(world: World, hands: Hands) -> None:
    event, _, made = party(world, 2)
    hands.at(AFTER)
    sheet = [line(number, key, "9:00", "11:00") for number, key in enumerate(made, 2)]
    results = at_once([lambda: upload(world, event, *sheet)] * 4)
    assert sorted(results) == [(0, 0, 2)] * 3 + [(2, 0, 0)]
    assert len(pairs(world)) == 2


def test_one_wrong_line_and_nothing_is_written(sqlite_world: World, hands: Hands) -> None:
    event, _, made = party(sqlite_world, 1)
    hands.at(AFTER)
    wrong = {
        "编号不在": line(2, "nobodyxx", "9:00", "10:00"),
        "没有签到时间": line(2, made[0], "", "10:00"),
        "时间须写成": line(2, made[0], "nine", "10:00"),
        "签到时间须在": line(2, made[0], "7:30", "10:00"),
        "签退时间须在": line(2, made[0], "9:30", "9:10"),
        "另一行时间重叠": line(2, made[0], "9:10", "10:30"),
    }
    for words, row in wrong.items():
        found = outcomes(sqlite_world, event, line(3, made[0], "9:00", "10:00"), row)
        assert any(action is Action.WRONG and words in note for action, note in found), (words, found)
        with pytest.raises(Invalid, match="rows_wrong"):
            upload(sqlite_world, event, line(3, made[0], "9:00", "10:00"), row)
    assert pairs(sqlite_world) == []


def test_no_fourth_pair_of_a_day_by_paper(sqlite_world: World, hands: Hands) -> None:
    event, _, made = party(sqlite_world, 1)
    hands.at(AFTER)
    rows = [line(n, made[0], f"9:{n}0", f"9:{n}5") for n in range(1, 5)]
    assert [action for action, _ in outcomes(sqlite_world, event, *rows)] == [Action.ADD] * 3 + [Action.WRONG]


def test_a_list_is_read_after_the_check_outs_and_within_three_days(sqlite_world: World, hands: Hands) -> None:
    event, _, made = party(sqlite_world, 1)
    row = line(2, made[0], "9:00", "10:00")
    for moment, code in (
        (NINE + timedelta(hours=2, minutes=29), "too_early"),
        (NINE + timedelta(hours=75), "too_late"),
    ):
        hands.at(moment)
        with pytest.raises(Conflict, match=code):
            upload(sqlite_world, event, row)
    hands.at(AFTER)
    with sqlite_world.app.app_context():
        with pytest.raises(NotFound):
            offline.run(sqlite_world.foreigner, event.shift, [row])
        with pytest.raises(Forbidden):
            offline.run(sqlite_world.verifier, event.shift, [row])
    assert upload(sqlite_world, event, row) == (1, 0, 0)


def test_a_missing_going_on_paper_is_closed_at_the_end_and_flagged(sqlite_world: World, hands: Hands) -> None:
    event, _, made = party(sqlite_world, 1)
    hands.at(AFTER)
    upload(sqlite_world, event, line(2, made[0], "9:20"))
    assert pairs(sqlite_world) == [("09:20", "11:00", CheckHow.OFFLINE, True)]


def test_the_list_goes_out_and_comes_back_as_a_sheet_through_the_console(sqlite_world: World, hands: Hands) -> None:
    world = sqlite_world
    event, _, made = party(world, 2)
    hands.at(AFTER)
    client = sign_in(world, "organiser")
    url = f"/console/shifts/{event.shift}/offline"
    out = client.get(f"{url}.xlsx").get_data()
    rows = workbook.read(out, offline.COLUMNS, 100)
    assert [row.cells[0] for row in rows] == [key[: offline.KEY_LENGTH] for key in made]
    assert made[0][: offline.KEY_LENGTH] in client.get(f"{url}/print").get_data(as_text=True)
    filled = workbook.write("名单", offline.COLUMNS, [(*rows[0].cells[:4], "9:00", "11:00", ""), rows[1].cells])
    csrf = token(client.get(url).get_data(as_text=True))
    sent = {"file": (io.BytesIO(filled), "list.xlsx"), "csrf_token": csrf}
    page = client.post(url, data=sent, content_type="multipart/form-data").get_data(as_text=True)
    assert "将登记 1 行，不变 1 行，有误 0 行" in page
    packed = page.split('name="rows" value="')[1].split('"')[0].replace("&#34;", '"')
    answer = client.post(f"{url}/run", data={"rows": packed, "csrf_token": csrf})
    assert answer.status_code == 302
    assert pairs(world) == [("09:00", "11:00", CheckHow.OFFLINE, False)]
    again = {"file": (io.BytesIO(filled), "list.xlsx"), "csrf_token": csrf}
    page = client.post(url, data=again, content_type="multipart/form-data").get_data(as_text=True)
    assert "没有要登记的内容" in page
    assert "登记这" not in page
    bad = {"file": (io.BytesIO(b"no sheet"), "list.xlsx"), "csrf_token": csrf}
    assert client.post(url, data=bad, content_type="multipart/form-data").status_code == 422


MINUTE = timedelta(minutes=1)


@st.composite
def histories(draw: st.DrawFn) -> tuple[list[Stay], list[tuple[bool, bool]]]:
    """Up to three separate stays of one day, each seen by the scanner, on paper, or both."""
    cuts = sorted(draw(st.lists(st.integers(0, 150), min_size=2, max_size=6, unique=True)))
    stays = [Stay(NINE + cuts[at] * MINUTE, NINE + cuts[at + 1] * MINUTE) for at in range(0, len(cuts) - 1, 2)]
    seen = draw(
        st.lists(
            st.sampled_from([(True, False), (False, True), (True, True)]), min_size=len(stays), max_size=len(stays)
        )
    )
    return stays, seen


@given(histories(), st.data())
def test_any_order_of_scans_and_uploads_gives_the_same_pairs(
    history: tuple[list[Stay], list[tuple[bool, bool]]], data: st.DataObject
) -> None:
    """Lines may be cut into uploads in any way, in any order, and come again: what happened is there once."""
    stays, seen = history
    scanned = [stay for stay, (by_scan, _) in zip(stays, seen, strict=True) if by_scan]
    paper = [stay for stay, (_, on_paper) in zip(stays, seen, strict=True) if on_paper]
    if paper:  # a sloppy hand writes a scanned stay a little later
        late = data.draw(st.booleans())
        paper = [Stay(s.begin + (s.end - s.begin) / 2, s.end) if late and s in scanned else s for s in paper]
    known = list(scanned)
    uploads = data.draw(st.lists(st.lists(st.sampled_from(paper), max_size=5), max_size=4)) if paper else []
    for upload_ in (*uploads, paper, paper):
        outcome = fates(known, upload_)
        assert set(outcome) <= {Fate.ADD, Fate.KNOWN}
        known += [stay for stay, fate in zip(upload_, outcome, strict=True) if fate is Fate.ADD]
    assert sorted(known, key=lambda s: s.begin) == stays


@given(st.lists(st.tuples(st.integers(0, 150), st.integers(0, 60)), max_size=8), st.data())
def test_no_lines_ever_make_overlapping_pairs_or_a_fourth(rows: list[tuple[int, int]], data: st.DataObject) -> None:
    wanted = [Stay(NINE + at * MINUTE, NINE + (at + length) * MINUTE) for at, length in rows]
    known: list[Stay] = []
    for sheet in (wanted, data.draw(st.permutations(wanted))):
        outcome = fates(known, sheet)
        known += [stay for stay, fate in zip(sheet, outcome, strict=True) if fate is Fate.ADD]
    assert len(known) <= 3
    assert not any(a.touches(b) for n, a in enumerate(known) for b in known[n + 1 :])
