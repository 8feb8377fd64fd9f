"""Who is at a shift now: counts and people, for the console's board and for the shift's leaders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, select

from sorting_miniapp.accounts.models import Resident
from sorting_miniapp.db import db
from sorting_miniapp.events import persons, registers
from sorting_miniapp.events.attendance import PRESENT
from sorting_miniapp.events.models import CheckIn, SignUp
from sorting_miniapp.events.models_day import WalkIn

SHOWN = 60


class Standing(StrEnum):
    MISSING = "missing"
    HERE = "here"
    LEFT = "left"


STANDING_NAMES = {Standing.MISSING: "未到", Standing.HERE: "在场", Standing.LEFT: "已签退"}


@dataclass(frozen=True)
class Line:
    """One sign-up on the board. `since` is the last coming or going; `outside`: a printed code was used elsewhere."""

    sign_up_id: int
    public_id: str
    resident_id: int
    name: str
    number: str
    places: int
    standing: Standing
    since: datetime | None
    pairs: int
    walk_in: bool
    outside: bool


@dataclass(frozen=True)
class Board:
    """`people` counts persons (companions too) by standing; `lines` are those asked for, `more` those cut off."""

    people: dict[Standing, int]
    lines: list[Line]
    more: int

    @property
    def expected(self) -> int:
        return sum(self.people.values())


def of(
    shift_id: int, words: str = "", standing: Standing | None = None, scope: ColumnElement[bool] | None = None
) -> Board:
    """The board of a shift; three statements. `words` finds people, `scope` narrows the sign-ups to a leader's own."""
    query = (
        select(SignUp, Resident.nickname, WalkIn.at.label("walked_in"))
        .join(Resident, Resident.id == SignUp.resident_id)
        .outerjoin(WalkIn, WalkIn.sign_up_id == SignUp.id)
        .where(SignUp.shift_id == shift_id, SignUp.live == 1, SignUp.state.in_(PRESENT))
        .order_by(SignUp.id)
        .execution_options(populate_existing=True)
    )
    rows = db.session().execute(query if scope is None else query.where(scope)).all()
    pairs = registers.pairs_of(shift_id)
    known = persons.of([row.SignUp.resident_id for row in rows])
    people = dict.fromkeys(Standing, 0)
    found = []
    for row in rows:
        person = known.get(row.SignUp.resident_id)
        line = _line(row.SignUp, row.nickname, person, pairs.get(row.SignUp.id, []), row.walked_in is not None)
        people[line.standing] += line.places
        if standing in (None, line.standing) and _wanted(words)(line, row.nickname, person):
            found.append(line)
    return Board(people, found[:SHOWN], max(len(found) - SHOWN, 0))


def _wanted(words: str) -> Callable[[Line, str, persons.Person | None], bool]:
    def good(line: Line, nickname: str, person: persons.Person | None) -> bool:
        by_person = person is not None and person.answers_to(words)
        return not words or by_person or words in line.name or words in nickname or line.public_id.startswith(words)

    return good


def _line(sign_up: SignUp, nickname: str, person: persons.Person | None, pairs: list[CheckIn], walked_in: bool) -> Line:
    last = pairs[-1] if pairs else None
    if last is None:
        standing, since = Standing.MISSING, None
    elif last.open:
        standing, since = Standing.HERE, last.in_at
    else:
        standing, since = Standing.LEFT, last.out_at
    return Line(
        sign_up_id=sign_up.id,
        public_id=sign_up.public_id,
        resident_id=sign_up.resident_id,
        name=(person.name if person else "") or nickname or "微信用户",
        number=person.number if person else "",
        places=sign_up.places,
        standing=standing,
        since=since,
        pairs=len(pairs),
        walk_in=walked_in,
        outside=any(pair.inside is False for pair in pairs),
    )
