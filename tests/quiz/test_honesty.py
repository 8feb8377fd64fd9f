"""What looks odd is said with its evidence; nothing is taken away for it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import bank, honesty, monitor
from sorting_miniapp.quiz.honesty import Limits, Seen, Sign
from sorting_miniapp.quiz.models import Attempt
from tests.events.helpers import NINE, Hands, World, make_people, make_staff
from tests.quiz.contests import make_bank, make_quiz
from tests.quiz.helpers import begin, call, submit

LIMITS = Limits(device_people=3, address_people=4)


def make_seen(number: int, **values: Any) -> Seen:
    plain: dict[str, Any] = {
        "resident_id": number, "score": 80, "count": 10, "duration_ms": 60_000 + number, "too_fast": False,
        "address": f"address {number}", "device": f"device {number}",
    }  # fmt: skip
    return Seen(number, **plain | values)


def test_all_right_faster_than_nearly_everybody_is_pointed_out() -> None:
    crowd = [make_seen(number) for number in range(99)]
    found = honesty.signs([*crowd, make_seen(99, score=100, duration_ms=20_000)], LIMITS)
    assert {key: [sign for sign, _ in signs] for key, signs in found.items()} == {99: [Sign.TOO_PERFECT]}
    assert found[99][0][1] == "满分，用时 20.0 秒；95% 的人不少于 60.0 秒"
    assert honesty.signs([*crowd, make_seen(99, score=90, duration_ms=20_000)], LIMITS) == {}, "quick, but not perfect"
    assert honesty.signs([*crowd[:10], make_seen(99, score=100, duration_ms=20_000)], LIMITS) == {}, "too few to say"


def test_many_people_on_one_telephone_or_in_one_network_are_pointed_out() -> None:
    seen = [make_seen(number, address="school", device="model" if number < 3 else f"m{number}") for number in range(4)]
    again = make_seen(9, resident_id=3, address="school", device="model 3")  # the same person once more
    found = honesty.signs([*seen, again], LIMITS)
    assert [sign for sign, _ in found[0]] == [Sign.SAME_DEVICE, Sign.SAME_ADDRESS]
    assert found[0][0][1] == "同一网络、同一型号手机上有 3 人参加"
    bot = honesty.signs([make_seen(0, too_fast=True)], LIMITS)[0]
    assert honesty.weight(bot) > honesty.weight(found[0]) > honesty.weight(found[3]), "a class shares its network"
    assert [sign for sign, _ in found[3]] == [sign for sign, _ in found[9]] == [Sign.SAME_ADDRESS]
    without = [make_seen(number, address=None, device=None) for number in range(9)]
    assert honesty.signs(without, LIMITS) == {}, "traces that were emptied say nothing"


@given(st.lists(st.integers(0, 10**7), max_size=200), st.randoms())
def test_the_fifth_percentile_leaves_out_no_more_than_five_of_a_hundred(durations: list[int], chance: Any) -> None:
    quick = honesty.slow_enough(durations)
    if quick is None:
        assert len(durations) < honesty.FEWEST
        return
    assert sum(one < quick for one in durations) * 100 <= len(durations) * 5
    chance.shuffle(durations)
    assert honesty.slow_enough(durations) == quick


@pytest.fixture
def contest(world: World, hands: Hands) -> tuple[World, str]:
    hands.at(NINE)
    with world.app.app_context():
        make_bank()
        settings.write(world.city, "same_device_people", 2, "test")
        settings.write(world.city, "contest_contact", "0763-6600000", "test")
        editor = make_staff("editor1", Role.EDITOR, world.city)
    return world, make_quiz(world, editor, count=3, per_day=2, prizes="第一名奖厨余桶")


def test_the_monitor_counts_for_a_branch_and_judges_by_the_whole(contest: tuple[World, str]) -> None:
    world, slug = contest
    people = make_people(world.app, 3)
    for person in people[:2]:
        call(world, person, "PATCH", "/me", {"community_id": world.town})
    for wrong, person in enumerate(people):
        submit(world, person, begin(world, person, slug), wrong)
    begin(world, people[0], slug)
    with world.app.app_context():
        quiz_id = bank.quiz(slug).id
        root, town = (
            db.session.scalar(select(settings.Node.path).where(settings.Node.id == key)) or ""
            for key in (world.city, world.town)
        )
        whole, part = (monitor.counts(quiz_id, [path]) for path in (root, town))
        assert whole == {"people": 3, "begun": 4, "submitted": 3, "going": 1, "disqualified": 0, "mean": 66.3}
        assert part == {"people": 2, "begun": 3, "submitted": 2, "going": 1, "disqualified": 0, "mean": 83.0}
        units = [(row.name, row.people, row.submitted) for row in monitor.units(quiz_id, [root])]
        assert units == [("星子镇", 2, 2), (None, 1, 1)]
        odd, many = monitor.odd(quiz_id, [root])
        assert many == 3
        assert {sign for one in odd for sign, _ in one.signs} == {Sign.TOO_FAST, Sign.SAME_DEVICE}
        assert len(monitor.odd(quiz_id, [town])[0]) == 2, "people of the branch"
        mine = db.session.scalars(select(Attempt.id).where(Attempt.resident_id == people[2].id)).one()
        assert len(monitor.others(mine)) == 3
        assert monitor.own(db.session.get_one(Attempt, mine)) == []
        first, second = db.session.scalars(select(Attempt).where(Attempt.resident_id == people[0].id)).all()
        assert [len(monitor.own(one)) for one in (first, second)] == [0, 1], "only what was handed in"
    shown = call(
        world, people[0], "GET", f"/attempts/{call(world, people[0], 'GET', '/me/attempts').json['items'][1]['id']}"
    )
    assert shown.json["result"]["score"] == 100, "pointed out, and nothing else"


def test_a_contest_says_its_rules_before_the_start(contest: tuple[World, str]) -> None:
    world, slug = contest
    shown = world.app.test_client().get(f"/api/v1/quizzes/{slug}").json
    assert shown["contact"] == "0763-6600000"
    assert shown["prizes"] == "第一名奖厨余桶"
    assert shown["rules"] == [
        "3 道题，限时 10 分钟；到时没有交卷的，按已保存的答案交卷。",
        "单选、判断、看图题答对得分；多选题全部选对得满分，少选得一半，有选错的不得分；分拣题按放对的件数得分。",
        "每天可以参加 2 次，取最好的一次成绩；先比得分，再比用时，再比先后。",
        "答案和解析在竞赛结束后公布。",
    ]
