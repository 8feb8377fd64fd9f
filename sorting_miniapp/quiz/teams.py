"""Classes and teams: made by a resident (the teacher) or by staff, joined by a code, left at any time.

Inside, people go by a number unless a name may be shown: in a class only with a guardian's consent for it, in a team
with the person's own consent to leaderboards (rules.md, Personal data). Consents are looked at each time.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from sorting_miniapp import clock
from sorting_miniapp.accounts import consents
from sorting_miniapp.accounts.models import Purpose, Resident
from sorting_miniapp.db import db, new_public_id, transaction, violated
from sorting_miniapp.errors import Conflict, Invalid, NotFound
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs import settings
from sorting_miniapp.quiz.models_teams import PSEUDONYMS, Team, TeamKind, TeamMember

# No letter or digit that looks or sounds like another: 0 O Q, 1 I L, 2 Z, 5 S, 8 B, U V are left out.
ALPHABET = "34679ACDEFGHJKMNPRTWXY"
CODE_LENGTH, NAME_LENGTH, TRIES = 7, 40, 5
CONSENTS = {TeamKind.CLASS: Purpose.CHILD_NAME_IN_CLASS, TeamKind.TEAM: Purpose.NAMES_ON_LEADERBOARD}


def _new_code() -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))


def tidy(code: str) -> str:
    """A code as people type it: any case, spaces and dashes between."""
    return "".join(letter for letter in code.upper() if letter.isalnum())


def add(session: Session, kind: TeamKind, name: str, node_id: int, **owner: int) -> Team:
    """A new team with a code of its own, in the caller's transaction. Raises Invalid."""
    row = Team(
        public_id=new_public_id(), kind=kind, name=checked_name(name), node_id=node_id, numbered=0,
        created_at=clock.now(), **owner,
    )  # fmt: skip
    session.add(row)
    session.flush()
    give_code(session, row)
    return row


def checked_name(name: str) -> str:
    """Raises Invalid."""
    tidied = name.strip()
    if not 1 <= len(tidied) <= NAME_LENGTH:
        raise Invalid("name", f"名称须为 1 到 {NAME_LENGTH} 个字", {"fields": {"name": ["填写有误"]}})
    return tidied


def give_code(session: Session, row: Team) -> None:
    """A new code; the old one no longer opens anything."""
    for left in reversed(range(TRIES)):
        try:
            with session.begin_nested():
                session.execute(update(Team).where(Team.id == row.id).values(code=_new_code()))
            break
        except IntegrityError as error:
            if violated(error) != "uq_team_code" or not left:
                raise  # else somebody else's code, one in two thousand million: draw again
    session.refresh(row)


def make(resident_id: int, kind: TeamKind, name: str) -> dict[str, Any]:
    """A resident's own class or team, at their school or community. Raises Invalid, Conflict too_many_teams."""
    with transaction() as session:
        home = session.execute(
            select(Resident.school_id, Resident.node_id).where(Resident.id == resident_id).with_for_update()
        ).one()
        most = int(settings.read("teams_of_one"))
        open_ones = select(func.count()).where(Team.teacher_id == resident_id, Team.closed_at.is_(None))
        if int(session.scalar(open_ones) or 0) >= most:
            raise Conflict("too_many_teams", f"每人最多建 {most} 个班级或小队，请先解散不用的")
        node_id = home.school_id or home.node_id or orgs.root().id
        row = add(session, kind, name, node_id, teacher_id=resident_id)
    return shown(row, resident_id)


def shown(row: Team, resident_id: int) -> dict[str, Any]:
    """A team as its teacher or member sees it; the code is the teacher's to give on."""
    teacher = row.teacher_id == resident_id
    return {
        "id": row.public_id,
        "kind": row.kind.value,
        "name": row.name,
        "role": "teacher" if teacher else "member",
        "code": row.code if teacher else None,
        "open": row.code is not None,
        "closed": row.closed_at is not None,
        "members": counts([row.id]).get(row.id, 0),
    }


def counts(teams: Collection[int]) -> dict[int, int]:
    """How many members each team has; one statement."""
    rows = db.session().execute(
        select(TeamMember.team_id, func.count())
        .where(TeamMember.team_id.in_(teams), TeamMember.live == 1)
        .group_by(TeamMember.team_id)
    )
    return {row[0]: int(row[1]) for row in rows}


def _seen_by(resident_id: int) -> ColumnElement[bool]:
    member = select(TeamMember.team_id).where(TeamMember.resident_id == resident_id, TeamMember.live == 1)
    return or_(Team.teacher_id == resident_id, Team.id.in_(member))


def of_resident(resident_id: int) -> list[dict[str, Any]]:
    """The open teams a resident teaches or belongs to, the newest first."""
    mine = select(Team).where(_seen_by(resident_id), Team.closed_at.is_(None)).order_by(Team.id.desc())
    rows = list(db.session().scalars(mine))
    sizes = counts([row.id for row in rows])
    return [shown(row, resident_id) | {"members": sizes.get(row.id, 0)} for row in rows]


def played_for(resident_id: int) -> list[Team]:
    """The open teams a resident can play for, the oldest first: those joined, and a 小队 they lead (no class)."""
    joined = select(TeamMember.team_id).where(TeamMember.resident_id == resident_id, TeamMember.live == 1)
    leads = and_(Team.teacher_id == resident_id, Team.kind == TeamKind.TEAM)
    query = select(Team).where(or_(leads, Team.id.in_(joined)), Team.closed_at.is_(None)).order_by(Team.id)
    return list(db.session().scalars(query))


def get(resident_id: int, public_id: str) -> Team:
    """A team for its teacher and members; to anybody else it does not exist. Raises NotFound."""
    row = db.session().scalar(select(Team).where(Team.public_id == public_id, _seen_by(resident_id)))
    if row is None:
        raise NotFound("team_not_found", "没有找到这个班级或小队")
    return row


def taught(resident_id: int, public_id: str) -> Team:
    """An own team. Raises NotFound, also for its members."""
    row = get(resident_id, public_id)
    if row.teacher_id != resident_id:
        raise NotFound("not_the_teacher", "只有建立的人可以这样做")
    return row


def change(row: Team, name: str | None, is_open: bool | None) -> None:
    """Rename it, stop people from joining, or let them with a new code. Raises Invalid, Conflict team_closed."""
    with transaction() as session:
        held = locked(session, row.id)
        if held.closed_at is not None:
            raise Conflict("team_closed", "已经解散")
        if name is not None:
            held.name = checked_name(name)
        if is_open is False:
            held.code = None
        session.flush()
        if is_open and held.code is None:
            give_code(session, held)


def renew_code(row: Team) -> None:
    """A new code in place of the old one. Raises Conflict team_closed."""
    with transaction() as session:
        held = locked(session, row.id)
        if held.closed_at is not None:
            raise Conflict("team_closed", "已经解散")
        give_code(session, held)


def close(row: Team) -> None:
    """Nobody joins any more and nothing is counted; the figures stay. Raises Conflict team_closed."""
    with transaction() as session:
        held = locked(session, row.id)
        if held.closed_at is not None:
            raise Conflict("team_closed", "已经解散")
        held.closed_at, held.code = clock.now(), None
        session.flush()


def locked(session: Session, team_id: int) -> Team:
    """The team's row, locked: whoever changes it or joins waits."""
    query = select(Team).where(Team.id == team_id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one()


def join(resident_id: int, code: str) -> dict[str, Any]:
    """Join by the code; twice changes nothing. Raises NotFound, Conflict own_team, team_full, too_many_teams."""
    with transaction() as session:
        found = session.scalar(select(Team.id).where(Team.code == tidy(code)))
        row = locked(session, found) if found is not None else None
        if row is None or row.code != tidy(code):
            raise NotFound("code_unknown", "没有这个班级码，请核对后再试")
        if row.teacher_id == resident_id:
            raise Conflict("own_team", "这是您自己建的，不用加入")
        here = (TeamMember.resident_id == resident_id, TeamMember.live == 1)
        belongs = list(session.scalars(select(TeamMember.team_id).where(*here)))
        if row.id not in belongs:
            _check_room(row, len(belongs))
            row.numbered += 1
            session.add(
                TeamMember(
                    team_id=row.id, resident_id=resident_id, number=row.numbered, live=1, joined_at=clock.now(),
                    attempts=0,
                )
            )  # fmt: skip
            session.flush()
    return shown(row, resident_id)


def _check_room(row: Team, others: int) -> None:
    most, own = int(settings.read("team_members")), int(settings.read("teams_of_one"))
    if counts([row.id]).get(row.id, 0) >= most:
        raise Conflict("team_full", f"已经满 {most} 人，请联系老师或队长")
    if others >= own:
        raise Conflict("too_many_teams", f"每人最多加入 {own} 个班级或小队，请先退出不用的")


def leave(resident_id: int, public_id: str) -> None:
    """Leave it; the number is not given to anybody else. Raises NotFound."""
    row = get(resident_id, public_id)
    _end(TeamMember.team_id == row.id, TeamMember.resident_id == resident_id)


def remove(row: Team, number: int) -> None:
    """Take a member out. Raises NotFound."""
    _end(TeamMember.team_id == row.id, TeamMember.number == number)


def _end(*which: ColumnElement[bool]) -> None:
    with transaction() as session:
        gone = update(TeamMember).where(*which, TeamMember.live == 1).values(live=None, left_at=clock.now())
        if session.execute(gone).rowcount == 0:  # type: ignore[attr-defined]
            raise NotFound("member_not_found", "没有找到这个成员")


def members(row: Team) -> list[TeamMember]:
    """Who belongs to it, by number."""
    query = select(TeamMember).where(TeamMember.team_id == row.id, TeamMember.live == 1).order_by(TeamMember.number)
    return list(db.session().scalars(query))


def names(row: Team, people: Sequence[TeamMember]) -> dict[int, str]:
    """What each member is called inside, by their resident's key."""
    consented = consents.holders([one.resident_id for one in people], CONSENTS[row.kind])
    known: dict[int, str] = {}
    if consented:
        query = select(Resident.id, Resident.nickname).where(Resident.id.in_(consented), Resident.erased_at.is_(None))
        known = {found.id: found.nickname for found in db.session().execute(query)}
    return {one.resident_id: known.get(one.resident_id) or PSEUDONYMS[row.kind].format(one.number) for one in people}
