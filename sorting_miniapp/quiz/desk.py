"""What editors do with the bank: look at questions and change them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.quiz import bank
from sorting_miniapp.quiz.marking import CHOICES
from sorting_miniapp.quiz.models import (
    AUDIENCE_NAMES,
    PICTURE,
    QUESTION_KIND_NAMES,
    Pool,
    Question,
    QuestionKind,
    QuestionVersion,
)
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.models import ChangeKind

PART = "question"
CODES = frozenset(code for code, _ in CHOICES)
NEWEST = (QuestionVersion.question_id == Question.id) & (QuestionVersion.number == Question.number)


@dataclass(frozen=True)
class Draft:
    """A question as an editor types it; `options` are (text, right), right a class's code where things are sorted."""

    kind: str
    pool: str
    topic: str
    audience: str
    text: str
    options: tuple[tuple[str, Any], ...]
    explanation: str
    source: str
    difficulty: int = 1
    item: str = ""
    picture: str = ""
    reviewer: str = ""


def is_editor(actor: StaffActor) -> bool:
    """Questions and contests are the city's: an editor at the root of the tree."""
    return any(grant.role is Role.EDITOR and grant.path.count("/") == 1 for grant in actor.grants)


def require_editor(actor: StaffActor) -> None:
    """Raises Forbidden for anybody but an editor of the city."""
    if not is_editor(actor):
        raise Forbidden("city_editor", "题库由市级编辑维护")


def keeps(actor: StaffActor) -> bool:
    """Whether a person keeps the bank: an editor or reviewer at the root of the tree, who may read others' changes."""
    return any(grant.role in (Role.EDITOR, Role.REVIEWER) and grant.path.count("/") == 1 for grant in actor.grants)


def require_keeper(actor: StaffActor) -> None:
    """Raises Forbidden."""
    if not keeps(actor):
        raise Forbidden("city_keeper", "题目由市级编辑或审核员复核")


def problem(draft: Draft) -> tuple[str, str]:
    """(field, what is wrong with it), ('', '') when the question is good."""
    if draft.kind not in QUESTION_KIND_NAMES or draft.pool not in set(Pool) or draft.audience not in AUDIENCE_NAMES:
        return "kind", "请选择题型、题库和对象"
    if draft.difficulty not in (1, 2, 3):
        return "difficulty", "难度须为 1、2、3"
    if (draft.kind == PICTURE) != bool(draft.picture):
        return "picture", "看图题要选一张图片，其他题型不选"
    for field, label, most in (("text", "题目", 300), ("explanation", "解析", 500), ("source", "依据", 200)):
        if not 1 <= len(getattr(draft, field).strip()) <= most:
            return field, f"{label}须为 1 到 {most} 个字"
    if not 1 <= len(draft.topic.strip()) <= 20:
        return "topic", "主题须为 1 到 20 个字"
    texts = [text for text, _ in draft.options]
    if len(set(texts)) != len(texts) or any(not 1 <= len(text) <= 80 for text in texts):
        return "options", "选项不能重复，每项须为 1 到 80 个字"
    return ("", "") if options_fit(draft) else ("options", "选项的数量或正确答案的数量与题型不符")


def options_fit(draft: Draft) -> bool:
    """Whether the number of options and of right ones is what the kind asks for."""
    many, right = len(draft.options), sum(1 for _, good in draft.options if good)
    by_kind = {
        QuestionKind.SINGLE: 3 <= many <= 6 and right == 1,
        PICTURE: 3 <= many <= 6 and right == 1,
        QuestionKind.TRUE_FALSE: many == 2 and right == 1,
        QuestionKind.MULTIPLE: 3 <= many <= 8 and 2 <= right < many,
        QuestionKind.SORT: 2 <= many <= 8 and all(good in CODES for _, good in draft.options),
    }
    return by_kind[draft.kind]


def save(
    actor: StaffActor, question_id: int | None, draft: Draft, active: bool = True, kind: ChangeKind = ChangeKind.EDITED
) -> int:
    """A new version of a question, or a new question; returns its key. Past attempts keep the old version.

    What staff write comes here through proposals.py, once a second person has read it. Raises Invalid with the field
    as its code, NotFound, Forbidden.
    """
    require_keeper(actor)
    field, wrong = problem(draft)
    if wrong:
        raise Invalid(field, wrong)
    with transaction() as session:
        row = session.get(Question, question_id, with_for_update=True) if question_id else None
        before = row_of(row) if row is not None and row.active else None
        if question_id and row is None:
            raise NotFound("question_not_found", "没有找到这道题")
        if row is None:
            row = Question(key=f"s-{clock.wall_now():%Y%m%d%H%M%S%f}", number=0)
            session.add(row)
        put(session, row, draft, active)
        bank.changed()
        after = row_of(row) if active else None
        sync.record(session, PART, row.key, actor.username, kind, before, after)
        audit.record(
            actor.username, f"question.{'save' if kind is ChangeKind.EDITED else 'roll_back'}", "question", row.id,
            before=before, after=(after or {}) | {"version": row.number, "active": active},
        )  # fmt: skip
        return row.id


def put(session: Session, row: Question, draft: Draft, active: bool) -> None:
    """Write a question, and a new version where its text changed, in the caller's transaction."""
    row.pool, row.topic, row.audience = Pool(draft.pool), draft.topic.strip(), draft.audience
    row.difficulty, row.item, row.reviewer = draft.difficulty, draft.item.strip(), draft.reviewer.strip()
    row.active, row.changed_at = active, clock.now()
    values = {
        "kind": QuestionKind.SINGLE if draft.kind == PICTURE else QuestionKind(draft.kind),
        "text": draft.text.strip(),
        "options": [{"text": text, "right": right} for text, right in draft.options],
        "explanation": draft.explanation.strip(),
        "source": draft.source.strip(),
        "picture": draft.picture,
    }
    session.flush()
    old = newest(session, row)
    if old is not None and all(getattr(old, key) == value for key, value in values.items()):
        return
    row.number += 1
    session.add(QuestionVersion(question_id=row.id, number=row.number, **values))
    session.flush()


def newest(session: Session, row: Question) -> QuestionVersion | None:
    """A question's newest version, None before the first."""
    mine = (QuestionVersion.question_id == row.id, QuestionVersion.number == row.number)
    return session.scalar(select(QuestionVersion).where(*mine)) if row.number else None


def row_of(row: Question, version: QuestionVersion | None = None) -> dict[str, Any]:
    """A question as it would be in the files."""
    version = version or newest(db.session(), row)
    assert version is not None
    draft = Draft(
        kind=version.asked_as, pool=row.pool.value, topic=row.topic, audience=row.audience, text=version.text,
        options=tuple((one["text"], one["right"]) for one in version.options), explanation=version.explanation,
        source=version.source, difficulty=row.difficulty, item=row.item, picture=version.picture, reviewer=row.reviewer,
    )  # fmt: skip
    return {"id": row.key} | values_of(draft)


def rows_of(question_ids: Collection[int]) -> dict[int, tuple[int, dict[str, Any], bool]]:
    """{key: (number of the newest version, the question as in the files, whether it is asked)}."""
    wanted = select(Question, QuestionVersion).join(QuestionVersion, NEWEST).where(Question.id.in_(question_ids))
    return {row.id: (row.number, row_of(row, version), row.active) for row, version in db.session().execute(wanted)}


def values_of(draft: Draft) -> dict[str, Any]:
    """What an editor typed as it would be in the files, without its id."""
    sorting = draft.kind == QuestionKind.SORT
    key, right = ("items", "category") if sorting else ("options", "correct")
    values = {
        "kind": draft.kind, "pool": draft.pool, "topic": draft.topic.strip(), "difficulty": draft.difficulty,
        "audience": draft.audience, "text": draft.text.strip(),
        key: [{"text": text, right: good} for text, good in draft.options],
        "explanation": draft.explanation.strip(), "source": draft.source.strip(), "item": draft.item.strip(),
        "picture": draft.picture, "reviewer": draft.reviewer.strip(),
    }  # fmt: skip
    return {key: value for key, value in values.items() if value != ""}


def draft_of(row: Mapping[str, Any]) -> Draft:
    """A question of the files, or of the history, as an editor would type it."""
    if row["kind"] == QuestionKind.SORT:
        options: list[tuple[str, Any]] = [(str(one["text"]), one["category"]) for one in row["items"]]
    else:
        options = [(str(one["text"]), one["correct"]) for one in row["options"]]
    same = ("kind", "pool", "topic", "audience", "text", "explanation", "source")
    texts = {key: str(row[key]) for key in same}
    more = {key: str(row.get(key) or "") for key in ("item", "picture", "reviewer")}
    return Draft(options=tuple(options), difficulty=int(row["difficulty"]), **texts, **more)


def roll_back(actor: StaffActor, question_id: int, change_id: int) -> None:
    """Bring a question back to what it was after a change of its history, as a new version."""
    require_editor(actor)
    row, _ = question(question_id)
    change = sync.change(PART, row.key, change_id)
    if change.after is None:
        raise Conflict("nothing_to_restore", "这一版是停用，没有内容可以恢复")
    save(actor, question_id, draft_of(change.after), kind=ChangeKind.ROLLED_BACK)


def question(question_id: int) -> tuple[Question, QuestionVersion]:
    """Raises NotFound."""
    row = (
        db.session()
        .execute(select(Question, QuestionVersion).join(QuestionVersion, NEWEST).where(Question.id == question_id))
        .first()
    )
    if row is None:
        raise NotFound("question_not_found", "没有找到这道题")
    return row[0], row[1]


def versions(question_id: int) -> list[QuestionVersion]:
    """A question's versions, the newest first. Raises NotFound."""
    question(question_id)
    mine = QuestionVersion.question_id == question_id
    return list(db.session().scalars(select(QuestionVersion).where(mine).order_by(QuestionVersion.number.desc())))
