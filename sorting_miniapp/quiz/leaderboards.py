"""Leaderboards as people read them: persons, communities, schools, towns, teams; the own rank with its neighbours.

Pages are the same for everybody and kept as bytes for at most a second, so that a name whose consent was withdrawn is
gone within two. A rank is a sum over the counts of scores (tallies.py), not over people.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Select, and_, func, or_, select

from sorting_miniapp import clock
from sorting_miniapp.accounts import consents
from sorting_miniapp.accounts.models import Purpose, Resident
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import db
from sorting_miniapp.errors import Conflict, NotFound
from sorting_miniapp.orgs import settings
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.quiz import bank, boards
from sorting_miniapp.quiz.bank import Rules
from sorting_miniapp.quiz.models import Entry, QuizKind, QuizTotal
from sorting_miniapp.quiz.models_learning import RankCount, UnitTotal
from sorting_miniapp.quiz.models_teams import Team, TeamTotal
from sorting_miniapp.quiz.order import ONCE, Result, ranks, week_of
from sorting_miniapp.quiz.tallies import EVERYBODY

TOP, AROUND = 50, 2
NOBODY = "匿名用户"  # as the consent's text calls them
kept = KeptBytes(bank.VERSION, 1.0)


class By(StrEnum):
    PERSON = "person"
    COMMUNITY = "community"
    SCHOOL = "school"
    TOWN = "town"
    TEAM = "team"  # of a contest by class and team


class Span(StrEnum):
    DAY = "day"
    WEEK = "week"


BY_NAMES = {
    By.PERSON: "个人榜",
    By.COMMUNITY: "社区（村）榜",
    By.SCHOOL: "学校榜",
    By.TOWN: "镇（乡）榜",
    By.TEAM: "班级、小队榜",
}
SPAN_NAMES = {Span.DAY: "日榜", Span.WEEK: "周榜"}
ORDER = "先比得分，再比用时，再比完成先后；三项都相同的名次并列。"


@dataclass(frozen=True)
class Board:
    """A board by its key in the tables; `frozen` where the public sees the state at the freeze."""

    rules: Rules
    period: str
    frozen: bool = False


def board(slug: str, span: Span = Span.DAY, on: date | None = None, live: bool = False) -> Board:
    """The board of a quiz: a day's or a week's of the daily one (`on`: a day in it), a contest's own.

    `live` is for staff: also while the public sees the frozen one. Raises NotFound, Conflict for a quiz without boards.
    """
    rules = bank.quiz_of(slug)
    if rules.kind == QuizKind.DAILY.value:
        day = on or clock.today()
        return Board(rules, week_of(day) if span is Span.WEEK else day.isoformat())
    if rules.kind != QuizKind.CONTEST.value:
        raise Conflict("no_leaderboard", "这个练习没有排行榜")
    period = ONCE if live else boards.shown_period(rules, clock.now())
    return Board(rules, period, frozen=period != ONCE)


def page(found: Board, by: By) -> dict[str, Any]:
    """The first TOP people, the units or the teams: {items, next, period, frozen, rule}.

    Raises Conflict for teams where the contest is not by team.
    """
    if by is By.PERSON:
        items, rule = people(found), ORDER
    elif by is By.TEAM:
        items, rule = teams(found), _rule("team_board_min_people", "成绩算给参加时所选的班级或小队，之后退出也不变。")
    else:
        words = "居民算在本期第一次取得成绩时所选的单位，中途改换不影响。"
        items, rule = units(found, by), _rule("board_min_people", words)
    frozen = {"frozen": found.frozen, "revealed_at": found.rules.revealed_at}
    return {"items": items, "next": None, "period": found.period, "by": by.value, "rule": rule, **frozen}


def _rows(found: Board) -> Select[*tuple[Any, ...]]:
    columns = (
        QuizTotal.resident_id, QuizTotal.score, QuizTotal.duration_ms, QuizTotal.finished_at, QuizTotal.order_key,
    )  # fmt: skip
    return select(*columns).where(QuizTotal.quiz_id == found.rules.id, QuizTotal.period == found.period)


_IN_ORDER = (QuizTotal.order_key, QuizTotal.finished_at, QuizTotal.resident_id)


def people(found: Board, most: int = TOP) -> list[dict[str, Any]]:
    """The first people of a board; two statements besides the consents'."""
    rows = db.session().execute(_rows(found).order_by(*_IN_ORDER).limit(most)).all()
    return _named(rows, ranks([(row.order_key, row.finished_at) for row in rows]))


def _named(rows: Sequence[Any], places: Iterable[int]) -> list[dict[str, Any]]:
    shown = names([row.resident_id for row in rows])
    return [
        {"rank": place, "name": shown[row.resident_id], "score": row.score, "duration_ms": row.duration_ms}
        for row, place in zip(rows, places, strict=True)
    ]


def names(residents: Sequence[int]) -> dict[int, str]:
    """What a leaderboard calls each: the nickname by consent, else NOBODY."""
    consented = consents.holders(residents, Purpose.NAMES_ON_LEADERBOARD)
    named = select(Resident.id, Resident.nickname).where(Resident.id.in_(consented), Resident.erased_at.is_(None))
    known = {row.id: row.nickname for row in db.session().execute(named)} if consented else {}
    return {one: known.get(one) or NOBODY for one in residents}


def boards_of(rules: Any) -> list[By]:
    """The boards a quiz has: teams only where a contest is by team."""
    return [by for by in By if by is not By.TEAM or rules.entry == Entry.TEAM]


def _rule(least: str, words: str) -> str:
    return (
        f"按参加者成绩的平均分排名，满 {int(settings.read(least))} 人参加才上榜；"
        f"平均分相同的，先比参加人数，再比平均用时。{words}"
    )


def units(found: Board, by: By) -> list[dict[str, Any]]:
    """The communities, schools or towns of a board, by the average of their people: few enough to sort here."""
    least = int(settings.read("board_min_people"))
    here = (UnitTotal.quiz_id == found.rules.id, UnitTotal.period == found.period, UnitTotal.kind == by.value)
    rows = db.session().execute(
        select(UnitTotal, Node.name).join(Node, Node.id == UnitTotal.node_id).where(*here, UnitTotal.people >= least)
    )
    return _by_average(rows)


def teams(found: Board) -> list[dict[str, Any]]:
    """The classes and teams of a contest, by the average of who entered for them. Raises Conflict no_leaderboard."""
    if By.TEAM not in boards_of(found.rules):
        raise Conflict("no_leaderboard", "这里不按班级、小队统计，没有班级、小队榜")
    least = int(settings.read("team_board_min_people"))
    here = (TeamTotal.quiz_id == found.rules.id, TeamTotal.period == found.period, TeamTotal.people >= least)
    rows = db.session().execute(
        select(TeamTotal, Team.name).join(Team, Team.id == TeamTotal.team_id).where(*here).order_by(Team.id)
    )
    return _by_average(rows)


def _by_average(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """The first TOP of (total, name), in the order the rule says."""
    keyed = sorted(((_unit_key(total), name, total) for total, name in rows), key=lambda one: one[:2])
    return [
        {
            "rank": place,
            "name": name,
            "people": total.people,
            "score": round(total.score / total.people, 1),
            "duration_ms": total.duration_ms // total.people,
        }
        for place, (_, name, total) in zip(ranks([key for key, *_ in keyed]), keyed, strict=True)
    ][:TOP]


def _unit_key(total: UnitTotal | TeamTotal) -> tuple[float, int, float]:
    return -total.score / total.people, -total.people, total.duration_ms / total.people


def rank(resident_id: int, found: Board) -> dict[str, Any]:
    """The own rank, among how many, and who stands just before and after. Raises NotFound before the own result."""
    mine = db.session().execute(_rows(found).where(QuizTotal.resident_id == resident_id)).first()
    if mine is None:
        words = "排行榜已封存，封榜后的成绩在公布时一起显示" if found.frozen else "您还没有成绩"
        raise NotFound("no_result", words)
    place = _place(found, mine)
    of = _people(found, RankCount.of_score == EVERYBODY)
    return {
        "rank": place,
        "of": of,
        "score": mine.score,
        "duration_ms": mine.duration_ms,
        "period": found.period,
        "frozen": found.frozen,
        "around": _around(found, mine, place),
    }


def _people(found: Board, which: Any) -> int:
    here = (RankCount.quiz_id == found.rules.id, RankCount.period == found.period, which)
    return int(db.session().scalar(select(func.sum(RankCount.people)).where(*here)) or 0)


def _place(found: Board, mine: Any) -> int:
    """1 + everybody with a better score, with the score and fewer seconds, and those ahead within the same second."""
    own = Result(mine.score, mine.duration_ms, mine.finished_at)
    better = _people(found, and_(RankCount.of_score == EVERYBODY, RankCount.value > own.score))
    faster = _people(found, and_(RankCount.of_score == own.score, RankCount.value < own.second))
    first = own.order_key - own.duration_ms % 1000
    near = (QuizTotal.quiz_id == found.rules.id, QuizTotal.period == found.period)
    within = or_(
        QuizTotal.order_key < own.order_key,
        and_(QuizTotal.order_key == own.order_key, QuizTotal.finished_at < own.finished_at),
    )
    inside = select(func.count()).select_from(QuizTotal).where(*near, QuizTotal.order_key.between(first, own.order_key))
    return 1 + better + faster + int(db.session().scalar(inside.where(within)) or 0)


def _around(found: Board, mine: Any, place: int) -> list[dict[str, Any]]:
    """The AROUND rows before and after, in order, with the own between them; their ranks follow from the own.

    Rows equal to the first one shown, or to the own where that is the first, may stand before or after what is shown.
    """
    before = _next_to(found, mine, ahead=True)[::-1]
    rows = [*before, mine, *_next_to(found, mine, ahead=False)]
    keys = [(row.order_key, row.finished_at) for row in rows]
    at, first = len(before), keys.index((mine.order_key, mine.finished_at))
    if first:
        start = place - first
        places = [start - _equal(found, rows[0], QuizTotal.resident_id < rows[0].resident_id)]
    else:
        start = place + _equal(found, mine) - keys.count(keys[0])
        places = [place]
    for step in range(1, len(rows)):
        places.append(places[-1] if keys[step] == keys[step - 1] else start + step)
    return [one | {"mine": step == at} for step, one in enumerate(_named(rows, places))]


def _equal(found: Board, row: Any, *which: Any) -> int:
    """How many share the rank of a row."""
    same = (QuizTotal.order_key == row.order_key, QuizTotal.finished_at == row.finished_at)
    counted = _rows(found).where(*same, *which).with_only_columns(func.count())
    return int(db.session().scalar(counted) or 0)


def _next_to(found: Board, mine: Any, ahead: bool) -> list[Any]:
    """The nearest rows on one side, the nearest first: equal ones, then the same score and time, then the others."""
    key, at, own = QuizTotal.order_key, QuizTotal.finished_at, QuizTotal.resident_id
    sides = (
        (key == mine.order_key, at == mine.finished_at, own < mine.resident_id if ahead else own > mine.resident_id),
        (key == mine.order_key, at < mine.finished_at if ahead else at > mine.finished_at),
        (key < mine.order_key if ahead else key > mine.order_key,),
    )
    order = [column.desc() for column in _IN_ORDER] if ahead else list(_IN_ORDER)
    rows: list[Any] = []
    for side in sides:
        if len(rows) < AROUND:
            query = _rows(found).where(*side).order_by(*order).limit(AROUND - len(rows))
            rows += db.session().execute(query).all()
    return rows
