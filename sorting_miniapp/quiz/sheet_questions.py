"""Questions from and to a sheet: what is exported can be changed in a spreadsheet and handed in again.

Choices: 答案 names the right options by letter (`B`, `ACD`). Sorting: 答案 gives each thing's class in order, with ；
between. A row without 编号 is a new question. Nothing enters the bank by a sheet alone: each row waits for a second
person.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.errors import Invalid
from sorting_miniapp.imports import workbook
from sorting_miniapp.imports.sheet import Action, Outcome, Sheet, all_good
from sorting_miniapp.imports.workbook import Row
from sorting_miniapp.media import drawings
from sorting_miniapp.quiz import desk, dictionary, proposals
from sorting_miniapp.quiz.desk import Draft
from sorting_miniapp.quiz.marking import CHOICES
from sorting_miniapp.quiz.models import (
    AUDIENCE_NAMES,
    DIFFICULTY_NAMES,
    POOL_NAMES,
    QUESTION_KIND_NAMES,
    Question,
    QuestionKind,
    QuestionVersion,
)
from sorting_miniapp.quiz.models_bank import QuestionProposal
from sorting_miniapp.quiz.question_list import EVERYTHING, Filters
from sorting_miniapp.teaching import sources

OPTIONS = 8
LETTERS = "ABCDEFGH"
NUMBER, TYPE, TEXT = 0, 1, 6
FIRST_OPTION = 7
ANSWER = FIRST_OPTION + OPTIONS
ITEM = ANSWER + 3
COLUMNS = (
    "编号", "题型", "题库", "主题", "难度", "对象", "题目", *(f"选项{letter}" for letter in LETTERS),
    "答案", "解析", "依据", "词条编号", "图片", "使用",
)  # fmt: skip
DIFFICULTIES = {name: number for number, name in DIFFICULTY_NAMES.items()}
CLASSES = {name: code for code, name in CHOICES}
YES, NO = "是", "否"
MOST_ROWS = 500


class _Wrong(Exception):
    """What is wrong with a row, for people."""


def _one_of(names: Mapping[Any, str], text: str, label: str) -> str:
    for code, name in names.items():
        if text == name:
            return str(code)
    raise _Wrong(f"{label}须是：{'、'.join(names.values())}")


def _options(kind: str, cells: Sequence[str]) -> tuple[tuple[str, Any], ...]:
    texts = list(cells[FIRST_OPTION:ANSWER])
    while texts and not texts[-1]:
        texts.pop()
    if "" in texts:
        raise _Wrong("选项须从 A 起依次填写，中间不能空")
    answer = cells[ANSWER]
    if kind == QuestionKind.SORT:
        classes = [one.strip() for one in re.split("[；;]", answer) if one.strip()]
        if len(classes) != len(texts) or not set(classes) <= set(CLASSES):
            raise _Wrong(f"分拣题的答案按选项顺序写类别，用“；”隔开，类别是：{'、'.join(CLASSES)}")
        return tuple(zip(texts, (CLASSES[name] for name in classes), strict=True))
    letters = re.sub(r"[\s,，、；;]", "", answer).upper()
    if not letters or len(set(letters)) != len(letters) or not set(letters) <= set(LETTERS[: len(texts)]):
        raise _Wrong("答案须写正确选项的字母，如 B 或 ACD")
    return tuple((text, letter in letters) for text, letter in zip(texts, LETTERS, strict=False))


def _draft(cells: Sequence[str], titles: Mapping[str, str], pictures: Collection[str | None]) -> tuple[Draft, bool]:
    """The row as an editor would have typed it, and whether the question is asked. Raises _Wrong."""
    kind = _one_of(QUESTION_KIND_NAMES, cells[TYPE], "题型")
    if cells[4] not in DIFFICULTIES:
        raise _Wrong(f"难度须是：{'、'.join(DIFFICULTIES)}")
    explanation, source, item, picture, used = cells[ANSWER + 1 :]
    keys = {title: key for key, title in titles.items()}
    if source not in titles and source not in keys:
        raise _Wrong("依据须是来源表里的名称或编号")
    if picture and picture not in pictures:
        raise _Wrong("没有这张图片")
    if used not in (YES, NO, ""):
        raise _Wrong("“使用”须填“是”或“否”")
    draft = Draft(
        kind=kind, pool=_one_of(POOL_NAMES, cells[2], "题库"), topic=cells[3],
        audience=_one_of(AUDIENCE_NAMES, cells[5], "对象"), text=cells[TEXT], options=_options(kind, cells),
        explanation=explanation, source=keys.get(source, source), difficulty=DIFFICULTIES[cells[4]], item=item,
        picture=picture,
    )  # fmt: skip
    _, wrong = desk.problem(draft)
    if wrong:
        raise _Wrong(wrong)
    return draft, used != NO


class _Reading:
    """The rows of one sheet against the bank."""

    def __init__(self, rows: Sequence[Row], actor: StaffActor) -> None:
        keys = {row.cells[NUMBER] for row in rows if row.cells[NUMBER]}
        found = db.session().execute(select(Question.key, Question.id).where(Question.key.in_(keys)))
        self.ids = {row.key: row.id for row in found}
        self.known = desk.rows_of(list(self.ids.values()))
        waits = select(QuestionProposal.question_id).where(
            QuestionProposal.live == 1, QuestionProposal.made_by != actor.id, QuestionProposal.question_id.is_not(None)
        )
        self.waiting = set(db.session().scalars(waits))
        now = [values for _, values, _ in self.known.values()]
        self.titles = {one["source"]: one["source"] for one in now} | sources.titles()
        self.items = dictionary.items(row.cells[ITEM] for row in rows)
        self.pictures = {*drawings.addresses(), *(one.get("picture") for one in now)}
        self.seen: dict[str, int] = {}

    def read(self, row: Row) -> tuple[Action, str, proposals.Wish | None]:
        """(what the row will do, what to say of it, the change it asks for)."""
        try:
            return self._read(row)
        except _Wrong as wrong:
            return Action.WRONG, str(wrong), None
        except Invalid as error:
            return Action.WRONG, error.message, None

    def _read(self, row: Row) -> tuple[Action, str, proposals.Wish | None]:
        draft, active = _draft(row.cells, self.titles, self.pictures)
        key = row.cells[NUMBER]
        draft, item = dictionary.settled(draft, self.items, self._item_of(key))
        self._only(key, "编号", row.number)
        self._only("\n".join((draft.text, draft.picture, *(text for text, _ in draft.options))), "题目", row.number)
        if not key:
            dictionary.check_key(draft, item)
            return Action.ADD, "", proposals.Wish(None, draft)
        if key not in self.ids:
            raise _Wrong("题库里没有这个编号；新题请把编号留空")
        question_id = self.ids[key]
        if question_id in self.waiting:
            raise _Wrong("这道题已有别人的修改在等复核")
        _, now, used = self.known[question_id]
        if {"id": key, **desk.values_of(draft), "reviewer": ""} == {**now, "reviewer": ""} and active == used:
            return Action.SAME, "", None
        if active:
            dictionary.check_key(draft, item)
        return Action.CHANGE, "", proposals.Wish(question_id, draft, active)

    def _item_of(self, key: str) -> str:
        """The item's key of a question that is in the bank."""
        return str(self.known[self.ids[key]][1].get("item", "")) if key in self.ids else ""

    def _only(self, what: str, label: str, number: int) -> None:
        if what and what in self.seen:
            raise _Wrong(f"{label}与第 {self.seen[what]} 行重复")
        self.seen[what] = number


def plan(rows: Sequence[Row], actor: StaffActor) -> list[Outcome]:
    """Each row's outcome, nothing written."""
    reading = _Reading(rows, actor)
    outcomes = []
    for row in rows:
        action, note, _ = reading.read(row)
        outcomes.append(Outcome(row.number, row.cells, action, note))
    return outcomes


def run(rows: Sequence[Row], actor: StaffActor) -> str:
    """Hand the rows in for a second person's eyes, all or none. Raises Invalid when a row is wrong."""
    all_good(plan(rows, actor))
    reading = _Reading(rows, actor)
    wishes = [wish for row in rows if (wish := reading.read(row)[2]) is not None]
    proposals.propose_all(actor, wishes, proposals.new_batch())
    return f"已提交 {len(wishes)} 道题，由另一位同事复核后才会使用"


def export(of: Filters = EVERYTHING) -> bytes:
    """The bank, or what of it fits, as a sheet of the same columns."""
    wanted = select(Question, QuestionVersion).join(QuestionVersion, desk.NEWEST)
    wanted = wanted.where(*of.conditions()).order_by(Question.id)
    titles = sources.titles()
    return workbook.write("题库", COLUMNS, _lines(db.session().execute(wanted), titles))


def _lines(rows: Iterable[Any], titles: Mapping[str, str]) -> Iterable[tuple[object, ...]]:
    names = dict(CHOICES)
    for question, version in rows:
        texts = [one["text"] for one in version.options]
        if version.kind is QuestionKind.SORT:
            answer = "；".join(names[one["right"]] for one in version.options)
        else:
            answer = "".join(letter for letter, one in zip(LETTERS, version.options, strict=False) if one["right"])
        yield (
            question.key, QUESTION_KIND_NAMES[version.asked_as], POOL_NAMES[question.pool], question.topic,
            DIFFICULTY_NAMES[question.difficulty], AUDIENCE_NAMES[question.audience], version.text,
            *texts, *[""] * (OPTIONS - len(texts)), answer, version.explanation,
            titles.get(version.source, version.source), question.item, version.picture,
            YES if question.active else NO,
        )  # fmt: skip


SHEET = Sheet(
    key="questions",
    title="从表格导入题目",
    columns=COLUMNS,
    most_rows=MOST_ROWS,
    about="编号留空是新题，填编号是修改。可以先导出题库，改好再上传。导入的题目由另一位同事复核后才会使用。",
    roles=(Role.EDITOR,),
    plan=plan,
    run=run,
)
