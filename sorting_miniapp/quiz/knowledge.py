"""What a resident knows, topic by topic and class by class: the share of right answers, and how well it sits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from sorting_miniapp.db import db
from sorting_miniapp.quiz.marking import CHOICES, SORT, Version
from sorting_miniapp.quiz.models_learning import FieldKind, Knowledge

TABLE: Any = Knowledge.__table__
CLASS_NAMES = dict(CHOICES)
FEW, MANY = 5, 10
GOOD, VERY_GOOD = 700, 900
WEIGHT = 8  # the latest answer counts an eighth, the one before a little less
Field = tuple[FieldKind, str]


def classes_of(version: Version, topic: str) -> set[str]:
    """The waste classes a question is about: where things are sorted all of them, else topic or right option."""
    if version.kind == SORT:
        return {CLASS_NAMES[right] for _, right in version.options if right in CLASS_NAMES}
    names = {text for text, right in version.options if right} | {topic}
    return names & set(CLASS_NAMES.values())


def fields_of(version: Version, topic: str) -> list[Field]:
    """What an answer to the question counts for."""
    found = [(FieldKind.WASTE_CLASS, name) for name in sorted(classes_of(version, topic))]
    return [*found, (FieldKind.TOPIC, topic)] if topic else found


def after(recent: int, asked: int, good: bool) -> int:
    """The recent share with one more answer, in thousandths; the first answers count evenly. Pure."""
    share = min(asked + 1, WEIGHT)
    return recent + ((1000 if good else 0) - recent) // share


def mastery(asked: int, recent: int) -> str:
    """How well it sits, in a word. Pure."""
    if asked < FEW:
        return "刚开始"
    if recent >= VERY_GOOD and asked >= MANY:
        return "熟练"
    return "掌握" if recent >= GOOD else "还要多练"


def record(
    session: Session, resident_id: int, answers: Iterable[tuple[Version, bool]], topics: Mapping[int, str]
) -> None:
    """Take the answers of a submission in. The caller holds the learner's lock."""
    known = _known(session, resident_id)
    changed: dict[Field, list[int]] = {}
    for version, good in answers:
        for field in fields_of(version, topics.get(version.question_id, "")):
            asked, right, recent = changed.get(field) or known.get(field, [0, 0, 0])
            changed[field] = [asked + 1, right + good, after(recent, asked, good)]
    new = []
    for (kind, name), (asked, right, recent) in sorted(changed.items()):
        values = {"asked": asked, "right_count": right, "recent": recent}
        if (kind, name) in known:
            here = (TABLE.c.resident_id == resident_id, TABLE.c.kind == kind, TABLE.c.name == name)
            session.execute(update(TABLE).where(*here).values(**values))
        else:
            new.append({"resident_id": resident_id, "kind": kind, "name": name, **values})
    if new:
        session.execute(insert(TABLE), new)


def correct(
    session: Session, resident_id: int, changed: Sequence[tuple[Version, bool]], topics: Mapping[int, str]
) -> None:
    """A regrade: the counts of right answers follow; how well it sits follows with the next answers."""
    for version, good in changed:
        for kind, name in fields_of(version, topics.get(version.question_id, "")):
            here = (TABLE.c.resident_id == resident_id, TABLE.c.kind == kind, TABLE.c.name == name)
            moved = TABLE.c.right_count + (1 if good else -1)
            session.execute(update(TABLE).where(*here, moved >= 0, moved <= TABLE.c.asked).values(right_count=moved))


def _known(session: Session, resident_id: int) -> dict[Field, list[int]]:
    rows = session.execute(select(TABLE).where(TABLE.c.resident_id == resident_id))
    return {(row.kind, row.name): [row.asked, row.right_count, row.recent] for row in rows}


def of_resident(resident_id: int) -> dict[str, Any]:
    """Every topic met so far, the weakest first, and the four classes in their order."""
    known = _known(db.session(), resident_id)
    topics = [_shown(name, *numbers) for (kind, name), numbers in known.items() if kind is FieldKind.TOPIC]
    classes = [_shown(name, *known.get((FieldKind.WASTE_CLASS, name), [0, 0, 0])) for name in CLASS_NAMES.values()]
    return {"topics": sorted(topics, key=lambda one: (one["recent"], one["name"])), "classes": classes}


def _shown(name: str, asked: int, right: int, recent: int) -> dict[str, Any]:
    share = right * 100 // asked if asked else 0
    words = mastery(asked, recent) if asked else "还没答过"
    return {"name": name, "asked": asked, "right": right, "share": share, "recent": recent // 10, "mastery": words}


def right_in_every_class(session: Session, resident_id: int) -> int:
    """The number of right answers in the class with the fewest."""
    known = _known(session, resident_id)
    return min(known.get((FieldKind.WASTE_CLASS, name), [0, 0, 0])[1] for name in CLASS_NAMES.values())
