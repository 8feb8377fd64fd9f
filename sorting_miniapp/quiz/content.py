"""The teaching material of quizzes: quizzes from quizzes.yaml, questions from every other file of the folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from sqlalchemy import select

from sorting_miniapp.db import transaction
from sorting_miniapp.quiz import bank, check, desk
from sorting_miniapp.quiz.models import Pool, Question, QuestionVersion, Quiz, QuizKind
from sorting_miniapp.teaching.files import Files, sources

REVIEW = {
    "slug": "cuoti", "title": "错题重练", "kind": "review", "pool": "practice", "count": 10, "minutes": 15,
    "topics": [], "audience": "all", "intro": "把答错的题再做一遍，答对了就从错题里去掉。",
}  # fmt: skip
_QUIZ = ("title", "intro", "count", "minutes", "topics", "audience")


def _sources(folder: Path) -> dict[str, str]:
    """Titles by id."""
    return {key: row["title"] for key, row in sources(Files(folder)).items()}


def load(folder: Path) -> dict[str, int]:
    """Load everything in one transaction. Returns counts added, changed, same.

    What staff have edited stays theirs; a question that is gone from the files is no longer asked.
    """
    counts = {"added": 0, "changed": 0, "same": 0}
    titles = _sources(folder)
    files = Files(folder)
    with transaction() as session:
        known = {row.key: row for row in session.scalars(select(Question))}
        newest = {
            question.id: version
            for question, version in session.execute(
                select(Question, QuestionVersion).join(QuestionVersion, desk.NEWEST)
            )
        }
        rows = [entry.values for entry in check.read(files)]
        for row in rows:
            found = known.get(row["id"])
            counts[
                _put(row["id"], check.draft(row, titles[row["source"]]), found, newest.get(found.id) if found else None)
            ] += 1
        here = {row["id"] for row in rows}
        for question in known.values():
            if question.key not in here and question.active and not question.edited:
                question.active = False
                counts["changed"] += 1
        for position, quiz in enumerate([*(entry.values for entry in files.yaml(check.QUIZZES)), REVIEW]):
            counts[_put_quiz(quiz, position)] += 1
        if counts["added"] + counts["changed"]:
            bank.changed()
    return counts


def _put(key: str, draft: desk.Draft, found: Question | None, version: QuestionVersion | None) -> str:
    with transaction() as session:
        if found is None:
            row = Question(key=key, number=0)
            session.add(row)
            desk.put(session, row, draft, True)
            return "added"
        assert version is not None
        options = [{"text": text, "right": right} for text, right in draft.options]
        same = (found.pool.value, found.topic, found.audience, found.active) == (
            draft.pool, draft.topic, draft.audience, True,
        ) and (version.kind.value, version.text, version.options, version.explanation, version.source) == (
            draft.kind, draft.text, options, draft.explanation, draft.source,
        )  # fmt: skip
        if same or found.edited:
            return "same"
        desk.put(session, found, draft, True)
        return "changed"


def _put_quiz(row: dict[str, Any], position: int) -> str:
    """A quiz is added once; afterwards it is changed in the console."""
    with transaction() as session:
        found = session.scalar(select(Quiz).where(Quiz.slug == row["slug"]))
        if found is not None:
            return "same"
        values = {key: row[key] for key in _QUIZ}
        session.add(
            Quiz(
                slug=row["slug"], kind=QuizKind(row["kind"]), pool=Pool(row["pool"]), position=position,
                active=row["kind"] != "contest", **values,
            )
        )  # fmt: skip
        session.flush()
        return "added"
