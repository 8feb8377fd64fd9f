"""The pages of contests and corrections, each with what staff see on it."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from sorting_miniapp import clock
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.quiz import bank, content
from sorting_miniapp.quiz.models import Attempt
from sorting_miniapp.quiz.models_desk import ContestPrize, Correction, Disqualification
from tests.console.helpers import post, sign_in
from tests.events.helpers import NINE, Hands, World, make_people, make_staff, sqlite_world
from tests.few_content import few
from tests.quiz.contests import make_quiz, run_jobs, version_of
from tests.quiz.helpers import begin, call, submit

__all__ = ["sqlite_world"]


@pytest.fixture
def contest(sqlite_world: World, hands: Hands, monkeypatch: pytest.MonkeyPatch) -> tuple[World, int, str]:
    """A contest that two people have finished, one of them far too fast, and two editors of the city."""
    monkeypatch.setattr(clock, "sleep", lambda _seconds: None)
    world = sqlite_world
    hands.at(NINE)
    with world.app.app_context():
        content.load(few())
        editor = make_staff("editor1", Role.EDITOR, world.city)
        make_staff("editor2", Role.EDITOR, world.city)
        make_staff("town_analyst", Role.ANALYST, world.town)
    slug = make_quiz(world, editor, prizes="第一名奖厨余桶")
    fast, slow = make_people(world.app, 2)
    papers = begin(world, fast, slug), begin(world, slow, slug)
    submit(world, fast, papers[0])
    hands.at(NINE + timedelta(minutes=3))
    submit(world, slow, papers[1], wrong=1)
    run_jobs(world)
    with world.app.app_context():
        return world, bank.quiz(slug).id, slug


def attempt_of(world: World, score: int) -> int:
    with world.app.app_context():
        return db.session.scalars(select(Attempt.id).where(Attempt.score == score)).one()


def page(client: FlaskClient, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return answer.text


def test_the_monitor_shows_counts_and_evidence(contest: tuple[World, int, str]) -> None:
    world, quiz_id, _ = contest
    editor = sign_in(world, "editor1")
    shown = page(editor, f"/console/quizzes/{quiz_id}/monitor")
    assert "答得过快" in shown
    assert "平均每题" in shown
    assert "未选单位" in shown
    assert "已交卷</dt><dd>2 " in page(editor, f"/console/quizzes/{quiz_id}/monitor/lines")
    one = attempt_of(world, 100)
    assert "答得过快" in page(editor, f"/console/attempts/{one}")
    analyst = sign_in(world, "town_analyst")
    assert "已交卷</dt><dd>0 " in page(analyst, f"/console/quizzes/{quiz_id}/monitor"), "people of other units"
    assert analyst.get(f"/console/attempts/{one}").status_code == 404
    assert analyst.get(f"/console/attempts/{one}/disqualification").status_code == 403
    assert "竞赛监控" in page(editor, f"/console/quizzes/{quiz_id}")


def test_a_result_is_taken_away_and_the_appeal_answered_by_another(contest: tuple[World, int, str]) -> None:
    world, quiz_id, _ = contest
    first, second = sign_in(world, "editor1"), sign_in(world, "editor2")
    one = attempt_of(world, 100)
    url = f"/console/attempts/{one}/disqualification"
    assert "请填写理由" in post(first, url, 422, reason="")
    post(first, url, reason="用时不可能")
    assert "已取消" in page(first, f"/console/quizzes/{quiz_id}/monitor")
    assert "没有需要复核的申诉" in page(second, "/console/result-appeals")
    with world.app.app_context():
        public_id = db.session.get_one(Attempt, one).public_id
    (person, _) = make_people(world.app, 2)
    assert call(world, person, "POST", f"/attempts/{public_id}/appeal", {"reason": "我真的会"}).status_code == 201
    with world.app.app_context():
        appeal = db.session.scalars(select(Disqualification.id)).one()
    assert "成绩申诉" in page(second, "/console/")
    assert "须由另一名工作人员复核" in page(first, f"/console/result-appeals/{appeal}")
    assert "请填写复核意见" in post(second, f"/console/result-appeals/{appeal}", 422, verdict="lift", answer="")
    assert "请选择复核结果" in post(second, f"/console/result-appeals/{appeal}", 422, answer="好")
    post(second, f"/console/result-appeals/{appeal}", verdict="lift", answer="核对无误")
    assert "核对无误" in page(first, "/console/result-appeals?stage=lifted")
    assert "已恢复成绩" in page(first, f"/console/attempts/{one}")
    post(first, url, reason="又发现新情况")
    post(second, f"/console/attempts/{one}/restoration", reason="查明是误会")
    assert "查明是误会" in page(first, f"/console/attempts/{one}")


def test_prizes_are_written_down_and_handed_over(contest: tuple[World, int, str], hands: Hands) -> None:
    world, quiz_id, _ = contest
    editor = sign_in(world, "editor1")
    url = f"/console/quizzes/{quiz_id}/prizes"
    assert "竞赛结束并公布名次之后" in page(editor, url)
    assert "竞赛结束、公布名次之后才能登记" in post(editor, url, 409, resident="1", prize="厨余桶")
    hands.at(NINE + timedelta(hours=9))
    assert "第 1 名 居民" in page(editor, url)
    with world.app.app_context():
        winner = db.session.scalars(select(Attempt.resident_id).where(Attempt.score == 100)).one()
    assert "请填写奖品" in post(editor, url, 422, resident=str(winner), prize="")
    post(editor, url, resident=str(winner), prize="厨余桶")
    with world.app.app_context():
        prize = db.session.scalars(select(ContestPrize.id)).one()
    assert "请填写领取人姓名" in post(editor, f"/console/prizes/{prize}/handover", 422, winner="")
    post(editor, f"/console/prizes/{prize}/handover", winner="陈小明", note="本人")
    shown = page(editor, url)
    assert "陈小明 于" in shown
    assert "经办人 editor1" in shown
    assert "已经领取" in post(editor, f"/console/prizes/{prize}/removal", 409)


def test_a_wrong_question_is_looked_at_and_corrected(contest: tuple[World, int, str]) -> None:
    world, _, slug = contest
    editor = sign_in(world, "editor1")
    with world.app.app_context():
        one = db.session.scalars(select(Attempt).where(Attempt.score == 100)).one()
        text = bank.versions(one.versions)[0].text
    version = version_of(world, text)
    url = f"/console/questions/{version.question_id}/corrections"
    assert "题目有错，更正成绩" in page(editor, f"/console/questions/{version.question_id}")
    assert text in page(editor, url)
    assert "请填写原因" in post(editor, url, 422, action="void", reason="")
    assert "请选择处理办法" in post(editor, url, 422, action="x", reason="有误")
    made = post(editor, url, action="void", reason="题干有歧义")
    assert "正在试算" in page(editor, made)
    run_jobs(world)
    shown = page(editor, f"{made}/state")
    assert "如果确认，会有这些变化" in shown
    assert "自己提出的自己不能确认" in shown
    post(editor, f"{made}/confirmation")
    assert "等另一人确认" in page(editor, made), "one's own word does not bind"
    assert made not in page(editor, "/console/"), "it does not wait for who proposed it"
    second = sign_in(world, "editor2")
    assert made in page(second, "/console/")
    assert "请写明退回的原因" in post(second, f"{made}/return", 422)
    post(second, f"{made}/confirmation")
    assert "正在重新计分" in page(editor, made)
    run_jobs(world)
    shown = page(editor, made)
    assert "已完成" in shown
    assert "已完成" in page(editor, url)
    with world.app.app_context():
        assert db.session.scalars(select(Correction.done_at)).one() is not None
        assert db.session.get_one(Attempt, one.id).total == 4
    analyst = sign_in(world, "town_analyst")
    assert "更正由市级编辑办理" in page(analyst, url)
    assert "editor2" in page(analyst, made), "who confirmed it"
    returned, withdrawn = (post(editor, url, action="everyone_right", reason=why) for why in ("再看", "写错"))
    run_jobs(world)
    post(second, f"{returned}/return", remark="没有错")
    post(editor, f"{withdrawn}/return")
    assert "没有错" in page(editor, returned)
    assert "已撤回" in page(editor, withdrawn)
    post(second, f"{returned}/return", 409, remark="再退一次")
    post(second, f"{withdrawn}/confirmation")
    assert "已撤回" in page(editor, withdrawn), "what was taken back does not bind"
    assert post(analyst, url, 403, action="void", reason="x")


def test_contests_and_exams_are_planned(contest: tuple[World, int, str]) -> None:
    world, _, _ = contest
    editor = sign_in(world, "editor1")
    assert "竞赛咨询方式" in page(editor, "/console/quizzes/new"), "nobody has written down whom to ask"
    plan: dict[str, Any] = {
        "title": "社区赛",
        "count": "5",
        "minutes": "10",
        "per_day": "2",
        "entry": "unit",
        "active": "1",
    }
    assert "须填写开始和结束时间" in post(editor, "/console/quizzes/new", 422, **plan)
    assert "次数须为 1 到 20" in post(editor, "/console/quizzes/new", 422, **plan | {"per_day": "", "active": ""})
    plan |= {
        "opens_at": "2026-06-11T09:00",
        "closes_at": "2026-06-11T10:00",
        "question_seconds": "20",
        "prizes": "奖品",
    }
    made = post(editor, "/console/quizzes/new", **plan)
    shown = page(editor, made)
    assert 'value="20"' in shown
    exam = post(
        editor,
        "/console/quizzes/new?kind=exam",
        title="培训测试",
        count="5",
        minutes="10",
        per_day="3",
        pass_percent="80",
    )
    assert "及格分" in page(editor, exam)
    level = page(editor, "/console/quizzes")
    assert re.search(r"社区赛</a>.*?未开始", level), "it opens tomorrow"
    assert "第一关" in level
