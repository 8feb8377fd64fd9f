"""What residents may play: everything to know before the start, and how far they are themselves."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import or_, select

from sorting_miniapp import clock
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import db
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz import attempts, bank, levels, marking, team_entries
from sorting_miniapp.quiz.attempts import COLUMNS, TABLE, Open
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import Entry, QuizKind

PAGE = 20
ENTRY_WORDS = {
    Entry.UNIT: ["成绩除个人外，还算给您所在的社区（村）、学校，须先在“我的”里选好。"],
    Entry.TEAM: [
        "按班级、小队统计：须先用班级码加入一个班级或小队，或者自己建一个小队；第一次参加时选定代表哪一个，之后不能更换。"
    ],
}
# Short, because words that settings give are in it.
kept = KeptBytes(bank.VERSION, 2.0)


def quizzes() -> dict[str, Any]:
    """Every quiz that is open or will be."""
    now = clock.now()
    items = [shown(one) for one in bank.quizzes() if one.closes_at is None or one.closes_at > now]
    return {"items": items, "next": None}


def quiz(slug: str) -> dict[str, Any]:
    """One quiz, also a contest that is over. Raises NotFound."""
    return shown(bank.quiz(slug))


def shown(rules: Rules) -> dict[str, Any]:
    """A quiz as it is offered, with its rules in words."""
    contest = rules.kind == QuizKind.CONTEST
    return {
        "slug": rules.slug, "title": rules.title, "intro": rules.intro, "kind": rules.kind, "count": rules.count,
        "minutes": rules.minutes, "question_seconds": rules.question_seconds, "opens_at": rules.opens_at,
        "closes_at": rules.closes_at, "per_day": attempts.per_day(rules), "pass_percent": rules.pass_percent,
        "series": rules.series, "stage": rules.stage, "stars": list(rules.stars),
        "untimed": not contest or rules.untimed_allowed, "entry": rules.entry, "prizes": rules.prizes,
        "rules": _words(rules), "contact": str(settings.read("contest_contact")) if contest else "",
    }  # fmt: skip


def _words(rules: Rules) -> list[str]:
    """What a resident reads before the start, a sentence each."""
    if rules.question_seconds:
        time = f"每题 {rules.question_seconds} 秒，{rules.count} 道题一共 {rules.question_seconds * rules.count} 秒"
    else:
        time = f"{rules.count} 道题，限时 {rules.minutes} 分钟"
    sentences = [f"{time}；到时没有交卷的，按已保存的答案交卷。", marking.words(attempts.marking_rule())]
    if rules.kind == QuizKind.CONTEST:
        sentences += ENTRY_WORDS.get(Entry(rules.entry), [])
        sentences += [
            f"每天可以参加 {attempts.per_day(rules)} 次，取最好的一次成绩；先比得分，再比用时，再比先后。",
            "答案和解析在竞赛结束后公布。",
        ]
    if rules.kind == QuizKind.EXAM:
        sentences.append(
            f"每天可以测试 {attempts.per_day(rules)} 次，{rules.pass_percent} 分及格，及格后可以领取学习证明。"
        )
    if rules.kind == QuizKind.LEVEL:
        steps = "、".join(f"{step} 分{'一二三'[number]}星" for number, step in enumerate(rules.stars))
        later = any(one.series == rules.series and one.stage > rules.stage for one in bank.quizzes())
        sentences.append(f"{rules.pass_percent} 分过关{'，打开下一关' if later else ''}；{steps}。")
    return sentences


def mine(resident_id: int) -> dict[str, Any]:
    """How far the resident is in every quiz on offer: an attempt to go on with, tries left today, best, stars."""
    now, offered = clock.now(), bank.quizzes()
    best = levels.best_scores(resident_id, [one.id for one in offered])
    mine: dict[int, list[Open]] = defaultdict(list)
    for one in _recent(resident_id, now):
        mine[one.quiz_id].append(one)
    entered = team_entries.of_resident(resident_id, [one.id for one in offered if one.entry == Entry.TEAM])
    items = [_standing(one, best, mine[one.id], now) | {"team": entered.get(one.id)} for one in offered]
    return {"items": items, "next": None}


def _recent(resident_id: int, now: datetime) -> list[Open]:
    """Attempts begun today, and older ones that may still be submitted."""
    rows = db.session().execute(
        select(*COLUMNS)
        .where(
            TABLE.c.resident_id == resident_id,
            or_(
                TABLE.c.started_at >= clock.local_midnight(clock.local(now).date()),
                TABLE.c.submitted_at.is_(None) & (TABLE.c.deadline > now),
            ),
        )
        .order_by(TABLE.c.id)
    )
    return [Open(*tuple(row)) for row in rows]


def _standing(rules: Rules, best: dict[int, int], recent: list[Open], now: datetime) -> dict[str, Any]:
    score, limit = best.get(rules.id), attempts.per_day(rules)
    going = [one for one in recent if one.submitted_at is None and now <= attempts.last_moment(one)]
    used = sum(_day(one) == clock.local(now).date() for one in recent)
    return {
        "slug": rules.slug,
        "open_attempt": going[-1].public_id if going else None,
        "left_today": None if limit is None else max(0, limit - used),
        "best": score,
        "stars": 0 if score is None else marking.stars(score, rules.stars),
        "passed": None if rules.pass_percent is None else (score or 0) >= rules.pass_percent,
        "locked": rules.kind == QuizKind.LEVEL and not levels.is_open(rules, best),
    }


def _day(one: Open) -> date:
    return clock.local(one.started_at).date()


def attempts_of(resident_id: int, before: int | None) -> dict[str, Any]:
    """The resident's own attempts, newest first."""
    wanted = [TABLE.c.resident_id == resident_id, *([] if before is None else [TABLE.c.id < before])]
    rows = db.session().execute(select(*COLUMNS).where(*wanted).order_by(TABLE.c.id.desc()).limit(PAGE + 1)).all()
    found, now = [Open(*tuple(row)) for row in rows], clock.now()
    items = [_line(one, now) for one in found[:PAGE]]
    return {"items": items, "next": str(found[PAGE - 1].id) if len(found) > PAGE else None}


def _line(one: Open, now: datetime) -> dict[str, Any]:
    rules = bank.by_id(one.quiz_id)
    return {
        "id": one.public_id, "quiz": {"slug": rules.slug, "title": rules.title}, "state": attempts.state_of(one, now),
        "started_at": one.started_at, "deadline": one.deadline,
        "result": None if one.submitted_at is None else attempts.result(rules, one),
    }  # fmt: skip
