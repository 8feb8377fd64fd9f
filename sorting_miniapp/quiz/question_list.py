"""The bank as staff look through it: the same filters for its list, its sheet and the paper builder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from sorting_miniapp.db import db
from sorting_miniapp.quiz import desk
from sorting_miniapp.quiz.models import (
    AUDIENCE_NAMES,
    DIFFICULTY_NAMES,
    PICTURE,
    POOL_NAMES,
    Question,
    QuestionKind,
    QuestionVersion,
)
from sorting_miniapp.quiz.models_bank import QuestionProposal

PAGE, LONGEST = 50, 40
WAITS = exists().where(QuestionProposal.question_id == Question.id, QuestionProposal.live == 1)


class Standing(StrEnum):
    """How a question stands between its writer and the people it is asked."""

    USED = "used"
    UNUSED = "unused"
    WAITING = "waiting"  # a change of it waits for a second person
    UNREAD = "unread"  # nobody read its newest version again: a correction wrote it


STANDING_NAMES = {
    Standing.USED: "使用",
    Standing.UNUSED: "停用",
    Standing.WAITING: "修改待复核",
    Standing.UNREAD: "没有复核记录",
}
_STANDS: dict[str, ColumnElement[bool]] = {
    Standing.USED: Question.active.is_(True),
    Standing.UNUSED: Question.active.is_(False),
    Standing.WAITING: WAITS,
    Standing.UNREAD: Question.reviewer == "",
}


@dataclass(frozen=True)
class Filters:
    """What is asked for; '' or a value nobody could choose asks for nothing."""

    pool: str = ""
    topic: str = ""
    kind: str = ""
    difficulty: str = ""
    audience: str = ""
    standing: str = ""
    q: str = ""

    @classmethod
    def of(cls, values: Mapping[str, str]) -> Filters:
        """From a query string."""
        return cls(**{one.name: values.get(one.name, "").strip()[:LONGEST] for one in fields(cls)})

    def asked(self) -> dict[str, Any]:
        """What is asked for, by name: the query string of the same look."""
        return {name: value for name, value in asdict(self).items() if value}

    def conditions(self) -> list[ColumnElement[bool]]:
        """Over Question and its newest QuestionVersion."""
        found = [
            *_same(Question.pool, self.pool, POOL_NAMES),
            *_same(Question.audience, self.audience, AUDIENCE_NAMES),
            *_of_kind(self.kind),
        ]
        if self.difficulty in map(str, DIFFICULTY_NAMES):
            found.append(Question.difficulty == int(self.difficulty))
        if self.topic:
            found.append(Question.topic == self.topic)
        if self.standing in _STANDS:
            found.append(_STANDS[self.standing])
        if self.q:
            found.append(QuestionVersion.text.contains(self.q, autoescape=True))
        return found


EVERYTHING = Filters()


def _same(column: Any, value: str, known: Iterable[str]) -> list[ColumnElement[bool]]:
    return [column == value] if value in known else []


def _of_kind(kind: str) -> list[ColumnElement[bool]]:
    """A question about a picture is stored as a single choice with a picture's name."""
    if kind == PICTURE:
        return [QuestionVersion.picture != ""]
    if kind in set(QuestionKind):
        return [QuestionVersion.kind == QuestionKind(kind), QuestionVersion.picture == ""]
    return []


def listed(of: Filters, page: int) -> tuple[list[Any], int]:
    """A page of (Question, QuestionVersion, whether a change of it waits), and how many fit in all."""
    fitting = select(Question, QuestionVersion, WAITS.label("waits"))
    fitting = fitting.join(QuestionVersion, desk.NEWEST).where(*of.conditions())
    many = db.session().scalar(select(func.count()).select_from(fitting.subquery())) or 0
    rows = db.session().execute(fitting.order_by(Question.id).offset(page * PAGE).limit(PAGE))
    return list(rows), many


def topics(of: Filters) -> list[str]:
    """The topics of the questions that fit, in order."""
    fitting = select(Question.topic).join(QuestionVersion, desk.NEWEST).where(*of.conditions()).distinct()
    return sorted(db.session().scalars(fitting))
