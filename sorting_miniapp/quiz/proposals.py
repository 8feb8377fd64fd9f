"""Changes of the question bank and the second person who reads them.

Public question banks carry wrong keys: nothing is asked before somebody who did not write it has read it (rules.md,
Quizzes). The persons are compared, not the roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Staff
from sorting_miniapp.db import db, new_public_id, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid, NotFound
from sorting_miniapp.quiz import desk, dictionary
from sorting_miniapp.quiz.desk import Draft
from sorting_miniapp.quiz.dictionary import Item
from sorting_miniapp.quiz.marking import CHOICES
from sorting_miniapp.quiz.models import (
    AUDIENCE_NAMES,
    DIFFICULTY_NAMES,
    POOL_NAMES,
    QUESTION_KIND_NAMES,
    Pool,
    Question,
)
from sorting_miniapp.quiz.models_bank import ProposalState, QuestionProposal
from sorting_miniapp.teaching import sources, sync

TABLE: Any = QuestionProposal.__table__
PAGE = 50


@dataclass(frozen=True)
class Wish:
    """One change somebody wants: of the question, or a new one (None)."""

    question_id: int | None
    draft: Draft
    active: bool = True


@dataclass(frozen=True)
class Waiting:
    """A change as the second person reads it: field by field before and after, and who wrote it."""

    proposal: QuestionProposal
    writer: str
    title: str
    fields: tuple[tuple[str, str, str], ...]
    stale: bool


def propose(actor: StaffActor, wish: Wish) -> int:
    """Hand in a change; one's own waiting change of the same question is replaced. Returns the change's key.

    Raises Invalid with the field as its code, Conflict (nothing changed; somebody else's change waits), NotFound,
    Forbidden.
    """
    return propose_all(actor, [wish])[0]


def propose_all(actor: StaffActor, wishes: Sequence[Wish], batch: str = "") -> list[int]:
    """Hand in several changes, all or none. Raises as `propose`."""
    desk.require_editor(actor)
    for wish in wishes:
        field, wrong = desk.problem(wish.draft)
        if wrong:
            raise Invalid(field, wrong)
    known = dictionary.items(wish.draft.item for wish in wishes)
    with transaction():
        return [_propose(actor, wish, batch, known) for wish in wishes]


def _propose(actor: StaffActor, wish: Wish, batch: str, known: Mapping[str, Item]) -> int:
    with transaction() as session:
        if wish.question_id is None:
            draft, item = dictionary.settled(wish.draft, known)
            base, values = 0, desk.values_of(draft)
        else:
            row, version = desk.question(wish.question_id)
            draft, item = dictionary.settled(wish.draft, known, row.item)
            base, values = row.number, {"id": row.key} | desk.values_of(draft)
            if wish.active == row.active and _same(values, desk.row_of(row, version)):
                raise Conflict("nothing_changed", "内容没有变化")
            _replace_own(actor, wish.question_id)
        if wish.active:  # one that is wrong can always be taken out of use
            dictionary.check_key(draft, item)
        made = QuestionProposal(
            question_id=wish.question_id, base=base, values=values, active=wish.active, batch=batch,
            state=ProposalState.OPEN, live=1, made_by=actor.id, made_at=clock.now(),
        )  # fmt: skip
        try:
            with session.begin_nested():
                session.add(made)
        except IntegrityError as error:
            raise Conflict("change_waits", "这道题已有别人的修改在等复核，请先处理那一条") from error
        about = wish.question_id or f"new-{made.id}"
        audit.record(actor.username, "question.propose", "question", about, after=values | {"active": wish.active})
        return made.id


def _same(one: dict[str, Any], two: dict[str, Any]) -> bool:
    """Who read it last is not part of the content."""
    return {**one, "reviewer": ""} == {**two, "reviewer": ""}


def _replace_own(actor: StaffActor, question_id: int) -> None:
    with transaction() as session:
        session.execute(
            update(TABLE)
            .where(TABLE.c.question_id == question_id, TABLE.c.live == 1, TABLE.c.made_by == actor.id)
            .values(state=ProposalState.WITHDRAWN, live=None, decided_by=actor.id, decided_at=clock.now())
        )


def withdraw(actor: StaffActor, proposal_id: int) -> None:
    """Take one's own change back. Raises NotFound, Forbidden, Conflict when it was decided."""
    proposal = _proposal(proposal_id)
    if proposal.made_by != actor.id:
        raise Forbidden("not_yours", "只能撤回自己提交的修改")
    with transaction():
        _decide(actor, proposal, ProposalState.WITHDRAWN, "")


def send_back(actor: StaffActor, proposal_id: int, remark: str) -> None:
    """Return a change to its writer with the reason. Raises NotFound, Forbidden, Invalid, Conflict."""
    proposal = _second_person(actor, proposal_id)
    if not 1 <= len(remark.strip()) <= 300:
        raise Invalid("remark", "请写明退回的原因（不超过 300 个字）")
    with transaction():
        _decide(actor, proposal, ProposalState.RETURNED, remark.strip())


def accept(actor: StaffActor, proposal_ids: Iterable[int]) -> int:
    """Put changes into the bank, all or none; returns how many. Past attempts keep the version they were asked.

    Raises NotFound, Forbidden (one's own), Conflict (decided meanwhile; the question was changed since).
    """
    wanted = sorted(set(proposal_ids))
    if not wanted:
        raise Invalid("none_chosen", "请先勾选要通过的题目")
    with transaction():
        for proposal_id in wanted:
            proposal = _second_person(actor, proposal_id)
            _decide(actor, proposal, ProposalState.ACCEPTED, "")
            _put(actor, proposal)
    return len(wanted)


def _put(actor: StaffActor, proposal: QuestionProposal) -> None:
    if proposal.question_id is not None:
        row = db.session().get(Question, proposal.question_id, with_for_update=True, populate_existing=True)
        if row is None or row.number != proposal.base:
            words = f"“{proposal.values['text'][:30]}”在提交之后又改过，请退回，让编辑在新的一版上再改"
            raise Conflict("changed_since", words)
    read_in = f"复核{clock.today():%Y-%m}"
    draft = replace(desk.draft_of(proposal.values), reviewer=read_in)
    key = desk.save(actor, proposal.question_id, draft, proposal.active)
    with transaction() as session:
        session.execute(update(TABLE).where(TABLE.c.id == proposal.id).values(question_id=key))


def _second_person(actor: StaffActor, proposal_id: int) -> QuestionProposal:
    desk.require_keeper(actor)
    proposal = _proposal(proposal_id)
    if proposal.made_by == actor.id:
        raise Forbidden("own_change", "自己提交的修改要由另一个人复核")
    return proposal


def _proposal(proposal_id: int) -> QuestionProposal:
    found = db.session().get(QuestionProposal, proposal_id)
    if found is None:
        raise NotFound("proposal_not_found", "没有找到这条修改")
    return found


def _decide(actor: StaffActor, proposal: QuestionProposal, state: ProposalState, remark: str) -> None:
    with transaction() as session:
        done = session.execute(
            update(TABLE)
            .where(TABLE.c.id == proposal.id, TABLE.c.state == ProposalState.OPEN)
            .values(state=state, live=None, decided_by=actor.id, decided_at=clock.now(), remark=remark)
        )
        if done.rowcount == 0:  # type: ignore[attr-defined]
            raise Conflict("already_decided", "这条修改已经处理过了，请刷新后再看")
        after = {"state": state.value} | ({"remark": remark} if remark else {})
        audit.record(
            actor.username, "question.decide", "question", proposal.question_id or f"new-{proposal.id}", after=after
        )
        session.expire(proposal)


def waiting(batch: str = "", before: int = 0) -> tuple[list[Waiting], int]:
    """The changes that wait, the newest first, and the key to go on from (0: no more)."""
    wanted = [QuestionProposal.state == ProposalState.OPEN]
    if batch:
        wanted.append(QuestionProposal.batch == batch)
    if before:
        wanted.append(QuestionProposal.id < before)
    statement = (
        select(QuestionProposal, Staff.name)
        .join(Staff, Staff.id == QuestionProposal.made_by)
        .where(*wanted)
        .order_by(QuestionProposal.id.desc())
        .limit(PAGE + 1)
    )
    rows = list(db.session().execute(statement))
    following = rows[PAGE - 1][0].id if len(rows) > PAGE else 0
    return _described([(row[0], row[1]) for row in rows[:PAGE]]), following


def _described(rows: Sequence[tuple[QuestionProposal, str]]) -> list[Waiting]:
    known = desk.rows_of([one.question_id for one, _ in rows if one.question_id is not None])
    titles = sources.titles()
    found = []
    for proposal, writer in rows:
        number, before, active = known.get(proposal.question_id or 0, (0, None, True))
        one = _readable(before, active, titles) if before else {}
        fields = sync.differing(one, _readable(proposal.values, proposal.active, titles))
        stale = proposal.question_id is not None and number != proposal.base
        found.append(Waiting(proposal, writer, str(proposal.values["text"]), fields, stale))
    return found


def _readable(values: Mapping[str, Any], active: bool, titles: Mapping[str, str]) -> dict[str, str]:
    """A question in the words of people, field by field."""
    draft, classes = desk.draft_of(values), dict(CHOICES)
    options = [
        f"{letter} {text}（{classes[right]}）" if right in classes else f"{letter} {text}{'（正确）' if right else ''}"
        for letter, (text, right) in zip("ABCDEFGH", draft.options, strict=False)
    ]
    return {
        "text": draft.text, "options": "\n".join(options), "explanation": draft.explanation,
        "source": titles.get(draft.source, draft.source), "kind": QUESTION_KIND_NAMES[draft.kind],
        "pool": POOL_NAMES[Pool(draft.pool)], "topic": draft.topic, "difficulty": DIFFICULTY_NAMES[draft.difficulty],
        "audience": AUDIENCE_NAMES[draft.audience], "item": draft.item, "picture": draft.picture,
        "active": "使用" if active else "停用",
    }  # fmt: skip


def count_waiting(actor: StaffActor) -> int:
    """How many changes wait for this person's eyes."""
    if not desk.keeps(actor):
        return 0
    others = (QuestionProposal.state == ProposalState.OPEN, QuestionProposal.made_by != actor.id)
    return db.session().scalar(select(func.count()).where(*others)) or 0


def of_question(question_id: int) -> Waiting | None:
    """The change that waits for a question."""
    row = (
        db.session()
        .execute(
            select(QuestionProposal, Staff.name)
            .join(Staff, Staff.id == QuestionProposal.made_by)
            .where(QuestionProposal.question_id == question_id, QuestionProposal.live == 1)
        )
        .first()
    )
    return _described([(row[0], row[1])])[0] if row else None


def own_returned(actor: StaffActor) -> list[QuestionProposal]:
    """One's own changes that came back, the newest first."""
    mine = (QuestionProposal.made_by == actor.id, QuestionProposal.state == ProposalState.RETURNED)
    return list(
        db.session().scalars(select(QuestionProposal).where(*mine).order_by(QuestionProposal.id.desc()).limit(20))
    )


def new_batch() -> str:
    """A name for the rows of one sheet."""
    return new_public_id()
