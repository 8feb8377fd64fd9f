"""The teaching material of quizzes: quizzes from quizzes.yaml, questions from every other file of the folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import select

from sorting_miniapp.db import transaction
from sorting_miniapp.quiz import bank, desk
from sorting_miniapp.quiz.models import Pool, Question, QuestionVersion, Quiz, QuizKind

FOLDER = "quiz"
QUIZZES = "quizzes"
REVIEW = {
    "slug": "cuoti", "title": "错题重练", "kind": "review", "pool": "practice", "count": 10, "minutes": 15,
    "topics": [], "audience": "all", "intro": "把答错的题再做一遍，答对了就从错题里去掉。",
}  # fmt: skip
_QUIZ = ("title", "intro", "count", "minutes", "topics", "audience")


def _read(folder: Path, name: str) -> list[dict[str, Any]]:
    return list(yaml.safe_load((folder / FOLDER / f"{name}.yaml").read_text(encoding="utf-8")))


def _questions(folder: Path) -> list[dict[str, Any]]:
    names = sorted(file.stem for file in (folder / FOLDER).glob("*.yaml"))
    return [row for name in names if name != QUIZZES for row in _read(folder, name)]


def _sources(folder: Path) -> dict[str, str]:
    """Titles by id."""
    return {row["id"]: row["title"] for row in yaml.safe_load((folder / "sources.yaml").read_text(encoding="utf-8"))}


def _draft(row: dict[str, Any], sources: dict[str, str]) -> desk.Draft:
    options = [(one["text"], one["correct"]) for one in row.get("options", [])]
    options += [(one["text"], one["category"]) for one in row.get("items", [])]
    return desk.Draft(
        row["kind"], row["pool"], row["topic"], row["audience"], row["text"], tuple(options), row["explanation"],
        sources.get(row["source"], ""),
    )  # fmt: skip


def check(folder: Path) -> list[str]:
    """What is wrong with the files, in Chinese; empty when they are good."""
    sources = _sources(folder)
    problems, keys, drafts = [], set(), []
    for row in _questions(folder):
        draft = _draft(row, sources)
        drafts.append(draft)
        _, wrong = desk.problem(draft)
        if wrong:
            problems.append(f"题目 {row['id']}：{wrong}")
        if row["id"] in keys:
            problems.append(f"题目编号重复：{row['id']}")
        keys.add(row["id"])
    for quiz in _read(folder, QUIZZES):
        fit = [
            one
            for one in drafts
            if one.pool == quiz["pool"]
            and one.audience == quiz["audience"]
            and (not quiz["topics"] or one.topic in quiz["topics"])
        ]
        if len(fit) < quiz["count"]:
            problems.append(f"quizzes.yaml: {quiz['slug']} 的题目不够")
    return problems


def load(folder: Path) -> dict[str, int]:
    """Load everything in one transaction. Returns counts added, changed, same.

    What staff have edited stays theirs; a question that is gone from the files is no longer asked.
    """
    counts = {"added": 0, "changed": 0, "same": 0}
    sources = _sources(folder)
    with transaction() as session:
        known = {row.key: row for row in session.scalars(select(Question))}
        newest = {
            question.id: version
            for question, version in session.execute(
                select(Question, QuestionVersion).join(QuestionVersion, desk.NEWEST)
            )
        }
        rows = _questions(folder)
        for row in rows:
            found = known.get(row["id"])
            counts[_put(row["id"], _draft(row, sources), found, newest.get(found.id) if found else None)] += 1
        here = {row["id"] for row in rows}
        for question in known.values():
            if question.key not in here and question.active and not question.edited:
                question.active = False
                counts["changed"] += 1
        for position, quiz in enumerate([*_read(folder, QUIZZES), REVIEW]):
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
