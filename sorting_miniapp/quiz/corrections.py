"""Questions that prove wrong: which version, what is done about it, a look beforehand, and the word that binds.

One person writes down what is to be done, another one confirms it: marks and points of many people hang on it.

A correction binds from the moment it has a number. Every mark is given with the newest correction its process knows and
remembers that number; a submission is stored only while no newer one has reached its row (submission.py), and the job
that marks anew (regrading.py) raises that number on the attempts that are still open. So no submission slips through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Staff
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.jobs import service as jobs
from sorting_miniapp.jobs.models import Job
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.quiz import bank, desk, question_stats
from sorting_miniapp.quiz.models import Question, QuestionVersion
from sorting_miniapp.quiz.models_desk import Correction, CorrectionAction
from sorting_miniapp.retries import again
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.models import ChangeKind

JOB = "regrade"
REASON = 200
UNDECIDED = (Correction.number.is_(None), Correction.dropped_at.is_(None), Correction.preview.is_not(None))


def of_question(question_id: int) -> list[Any]:
    """(Correction, version's number, who made it) of a question, newest first."""
    query = (
        select(Correction, QuestionVersion.number, Staff.name)
        .join(QuestionVersion, QuestionVersion.id == Correction.version_id)
        .join(Staff, Staff.id == Correction.made_by)
        .where(QuestionVersion.question_id == question_id)
        .order_by(Correction.id.desc())
    )
    return list(db.session().execute(query.execution_options(populate_existing=True)))


def waiting(actor: StaffActor) -> list[Any]:
    """(Correction, version's text) of the corrections that wait for this person's eyes, the oldest first."""
    if not desk.keeps(actor):
        return []
    query = (
        select(Correction, QuestionVersion.text)
        .join(QuestionVersion, QuestionVersion.id == Correction.version_id)
        .where(*UNDECIDED, Correction.made_by != actor.id)
        .order_by(Correction.id)
    )
    return list(db.session().execute(query))


def people(row: Correction) -> dict[int, str]:
    """The names of those who had to do with a correction, by their keys."""
    keys = {key for key in (row.made_by, row.confirmed_by, row.dropped_by) if key is not None}
    return {one.id: one.name for one in db.session().execute(select(Staff.id, Staff.name).where(Staff.id.in_(keys)))}


def job(row: Correction) -> Job | None:
    """The work that is being done for a correction, or was last."""
    return jobs.latest(JOB, _work(row, row.number is not None))


def _work(row: Correction, apply: bool) -> dict[str, Any]:
    return {"correction": row.id, "apply": apply}


def find(correction_id: int) -> tuple[Correction, QuestionVersion]:
    """Raises NotFound."""
    row = (
        db.session()
        .execute(
            select(Correction, QuestionVersion)
            .join(QuestionVersion, QuestionVersion.id == Correction.version_id)
            .where(Correction.id == correction_id)
            .execution_options(populate_existing=True)
        )
        .first()
    )
    if row is None:
        raise NotFound("correction_not_found", "没有找到这次更正")
    return row[0], row[1]


def draft(actor: StaffActor, version_id: int, action: str, rights: Sequence[Any], reason: str) -> int:
    """Write down what is to be done and ask for a look at what it would change; returns the correction's key.

    `rights` are, with a new key, the right values of the version's options in their order. Raises Invalid, NotFound,
    Forbidden.
    """
    desk.require_editor(actor)
    version = db.session().get(QuestionVersion, version_id)
    if version is None:
        raise NotFound("version_not_found", "没有找到这一版题目")
    if action not in set(CorrectionAction):
        raise Invalid("action", "请选择处理办法")
    if not 0 < len(reason) <= REASON:
        raise Invalid("reason", f"请填写原因（{REASON} 字内），有成绩变化的人会看到")
    options = _new_key(version, rights) if action == CorrectionAction.NEW_KEY else None
    with transaction() as session:
        row = Correction(
            version_id=version_id, action=CorrectionAction(action), options=options, reason=reason, made_by=actor.id,
            made_at=clock.now(),
        )  # fmt: skip
        session.add(row)
        session.flush()
        audit.record(actor.username, "question.draft_correction", "question", version.question_id, after=_words(row))
        jobs.ask(actor, JOB, orgs.root(), _work(row, False), f"预览更正：{version.text[:40]}")
        return row.id


def _words(row: Correction) -> dict[str, Any]:
    return {"action": row.action.value, "reason": row.reason, "version": row.version_id}


def _new_key(version: QuestionVersion, rights: Sequence[Any]) -> list[dict[str, Any]]:
    """The version's options with another key. Raises Invalid."""
    old = bank.versions([version.id])[0].options
    options = tuple((text, right) for (text, _), right in zip(old, rights, strict=False))
    plain = desk.Draft(version.asked_as, "practice", "x", "all", "x", options, "x", "x", picture=version.picture)
    if len(rights) != len(old) or not desk.options_fit(plain):
        raise Invalid("options", "正确答案的数量与题型不符")
    if options == old:
        raise Invalid("options", "新答案和现在的答案一样")
    return [{"text": text, "right": right} for text, right in options]


def confirm(actor: StaffActor, correction_id: int) -> None:
    """Let it bind and ask for the marking anew. The question is asked no more as it was: with a new key it gets a new
    version, else it is put out of use. Raises NotFound, Forbidden (also one's own), Conflict.
    """
    desk.require_keeper(actor)
    again(lambda: _confirm(actor, correction_id))


def drop(actor: StaffActor, correction_id: int, remark: str) -> None:
    """Take one's own back, or send another person's back with a remark. Raises as `confirm`, and Invalid."""
    desk.require_keeper(actor)
    row, version = find(correction_id)
    own = row.made_by == actor.id
    if not own and not 0 < len(remark) <= REASON:
        raise Invalid("remark", f"请写明退回的原因（{REASON} 字内）")
    with transaction() as session:
        dropped = session.execute(
            update(Correction)
            .where(Correction.id == correction_id, Correction.number.is_(None), Correction.dropped_at.is_(None))
            .values(dropped_at=clock.now(), dropped_by=actor.id, remark="" if own else remark)
        )
        if dropped.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("correction_decided", "这次更正已经确认、退回或撤回，请刷新后再看")
        verb = "withdraw_correction" if own else "return_correction"
        after = _words(row) | ({} if own else {"remark": remark})
        audit.record(actor.username, f"question.{verb}", "question", version.question_id, after=after)


def _confirm(actor: StaffActor, correction_id: int) -> None:
    row, version = find(correction_id)
    if row.made_by == actor.id:
        raise Forbidden("own_correction", "自己提出的更正要由另一个人确认")
    with transaction() as session:
        number = int(session.scalar(select(func.max(Correction.number))) or 0) + 1
        bound = session.execute(
            update(Correction)
            .where(Correction.id == correction_id, *UNDECIDED)
            .values(number=number, confirmed_at=clock.now(), confirmed_by=actor.id)
        )
        if bound.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("not_to_be_confirmed", "这次更正已经确认、退回或撤回，或者试算还没有完成")
        _ask_no_more(actor, row, version)
        bank.changed()
        question_stats.restart()
        audit.record(actor.username, "question.correct", "question", version.question_id, after=_words(row))
        jobs.ask(actor, JOB, orgs.root(), _work(row, True), f"重新计分：{version.text[:40]}")


def _ask_no_more(actor: StaffActor, row: Correction, version: QuestionVersion) -> None:
    session = db.session()
    question = session.get_one(Question, version.question_id, with_for_update=True, populate_existing=True)
    if not question.active or question.number != version.number:
        return  # another text is asked by now
    before = desk.row_of(question, version)
    if row.action is CorrectionAction.NEW_KEY:
        key = "category" if version.kind == "sort" else "correct"
        options = [{"text": one["text"], key: one["right"]} for one in row.options]
        changed = before | {("items" if key == "category" else "options"): options, "reviewer": ""}
        desk.put(session, question, desk.draft_of(changed), True)
    else:
        question.active, question.changed_at = False, clock.now()
    after = desk.row_of(question) if question.active else None
    sync.record(session, desk.PART, question.key, actor.username, ChangeKind.EDITED, before, after)
