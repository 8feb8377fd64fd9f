"""The quizzes' part of content/: quizzes from quizzes.yaml, questions from every other file of quiz/, both ways."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from sorting_miniapp.quiz import bank, check, desk
from sorting_miniapp.quiz.models import Pool, Question, QuestionVersion, Quiz, QuizKind
from sorting_miniapp.quiz.planning import PLANNED
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.files import Entry, Files
from sorting_miniapp.teaching.sources import SOURCES
from sorting_miniapp.teaching.sync import Part, Values

# Everybody's own mistakes: no file can say anything else about it.
REVIEW = {
    "slug": "cuoti", "title": "错题重练", "kind": "review", "pool": "practice", "count": 10, "minutes": 15,
    "topics": [], "audience": "all", "intro": "把答错的题再做一遍，答对了就从错题里去掉。",
}  # fmt: skip
_QUIZ = ("slug", "title", "kind", "pool", "count", "minutes", "topics", "audience", "intro")
# What only some kinds have, with what the others have in its place.
_MORE: dict[str, Any] = {
    "pass_percent": None, "per_day": None, "question_seconds": None, "series": "", "stage": 0, "stars": None,
}  # fmt: skip
_ORDER = (
    "id", "kind", "pool", "topic", "difficulty", "audience", "text", "options", "items", "explanation", "source",
    "item", "picture", "reviewer",
)  # fmt: skip


def _normal(row: Mapping[str, Any]) -> Values:
    return {key: row[key] for key in _ORDER if row.get(key) not in (None, "")}


def _stored(session: Session) -> dict[str, Values]:
    found = select(Question, QuestionVersion).join(QuestionVersion, desk.NEWEST).where(Question.active.is_(True))
    return {row.key: desk.row_of(row, version) for row, version in session.execute(found.order_by(Question.id))}


def _put(session: Session, rows: dict[str, Values]) -> None:
    known = {row.key: row for row in session.scalars(select(Question).where(Question.key.in_(rows)))}
    for key, values in rows.items():
        row = known.get(key)
        if row is None:
            row = Question(key=key, number=0)
            session.add(row)
        desk.put(session, row, desk.draft_of(values), True)


def _remove(session: Session, keys: Collection[str]) -> None:
    """A question that is in no file any more is no longer asked; attempts keep its versions."""
    session.execute(update(Question).where(Question.key.in_(keys)).values(active=False))


QUESTIONS = Part(
    name=desk.PART, label="题目", key="id", entries=check.read, normal=_normal, stored=_stored, put=_put,
    remove=_remove, title=lambda row: str(row["text"]), outward=dict, place=lambda row: f"{check.FOLDER}/console.yaml",
    changed=bank.changed,
)  # fmt: skip


def _quizzes(files: Files) -> list[Entry]:
    return [*files.yaml(check.QUIZZES), Entry("", 0, 0, REVIEW)]


def _quiz(row: Mapping[str, Any]) -> Values:
    found = {key: row.get(key) or ([] if key == "topics" else "") for key in _QUIZ}
    return found | {key: row[key] for key in _MORE if row.get(key)}


def _stored_quizzes(session: Session) -> dict[str, Values]:
    """Contests and exams planned in the console are no part of the files."""
    planned = or_(*(Quiz.slug.startswith(f"{kind.value}-", autoescape=True) for kind in PLANNED))
    rows = session.scalars(select(Quiz).where(~planned).order_by(Quiz.id))
    found = {}
    for row in rows:
        values = {key: getattr(row, key) for key in (*_QUIZ, *_MORE)}
        found[row.slug] = _quiz(values | {"kind": row.kind.value, "pool": row.pool.value})
    return found


def _put_quizzes(session: Session, rows: dict[str, Values]) -> None:
    known = {row.slug: row for row in session.scalars(select(Quiz))}
    for slug, row in rows.items():
        values = _MORE | row | {"kind": QuizKind(row["kind"]), "pool": Pool(row["pool"])}
        found = known.get(slug)
        if found is None:
            session.add(Quiz(**values, position=len(known), active=row["kind"] != QuizKind.CONTEST))
            known[slug] = Quiz(**values)
        else:
            for key, value in values.items():
                setattr(found, key, value)
    session.flush()


def _remove_quizzes(session: Session, slugs: Collection[str]) -> None:
    session.execute(update(Quiz).where(Quiz.slug.in_(slugs)).values(active=False))


QUIZZES = Part(
    name="quiz", label="答题", key="slug", entries=_quizzes, normal=_quiz, stored=_stored_quizzes, put=_put_quizzes,
    remove=_remove_quizzes, title=lambda row: str(row["title"]), outward=dict, place=lambda row: check.QUIZZES,
    changed=bank.changed,
)  # fmt: skip
PARTS = (SOURCES, QUESTIONS, QUIZZES)


def load(folder: Path) -> dict[str, int]:
    """Load sources, questions and quizzes; returns how many were added, changed, the same."""
    outcomes = [one.counts() for one in sync.load(PARTS, folder)]
    return {key: sum(one[key] for one in outcomes) for key in ("added", "changed", "same")}
