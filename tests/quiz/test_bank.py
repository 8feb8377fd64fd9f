"""The question bank as editors work on it: nobody's question is asked before a second person has read it."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import openpyxl
import pytest
from sqlalchemy import func, select, update
from sqlalchemy.exc import IntegrityError

from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid
from sorting_miniapp.imports.sheet import Action
from sorting_miniapp.quiz import bank, content, desk, dictionary, proposals, question_list, sheet_questions
from sorting_miniapp.quiz.models import Question
from sorting_miniapp.quiz.models_bank import ProposalState, QuestionProposal
from sorting_miniapp.quiz.proposals import Wish
from sorting_miniapp.quiz.question_list import Filters
from tests.console.helpers import post, sign_in, token
from tests.events.helpers import NINE, Hands, World, at_once, make_staff
from tests.few_content import few
from tests.quiz.helpers import refused

NEW = desk.Draft(
    "single", "practice", "新主题", "all", "旧灯管应该怎样投放？",
    (("有害垃圾", True), ("其他垃圾", False), ("可回收物", False)), "灯管含汞，属于有害垃圾。", "guangzhou-guide",
)  # fmt: skip


def change(people: Desk, **values: str) -> Wish:
    return Wish(people.question, replace(people.draft, **values))  # type: ignore[arg-type]


class Desk:
    """Two people at the city's desk, and a few questions."""

    def __init__(self, world: World) -> None:
        self.world = world
        with world.app.app_context():
            content.load(few())
            db.session().commit()
            self.writer = make_staff("writer", Role.EDITOR, world.city)
            self.reader = make_staff("reader", Role.EDITOR, world.city)
            row = db.session.scalars(select(Question).where(Question.active).order_by(Question.id)).first()
            assert row is not None
            self.question, self.draft = row.id, desk.draft_of(desk.row_of(row))


@pytest.fixture
def people(world: World, hands: Hands) -> Desk:
    hands.at(NINE)
    return Desk(world)


@pytest.fixture
def few_people(sqlite_world: World, hands: Hands) -> Desk:
    hands.at(NINE)
    return Desk(sqlite_world)


def number(question_id: int) -> int:
    db.session.expire_all()
    return db.session.get_one(Question, question_id).number


def test_a_change_is_asked_only_after_a_second_person_read_it(people: Desk) -> None:
    with people.world.app.app_context():
        wish = change(people, text="改过的题目，还要再看一遍？")
        key = proposals.propose(people.writer, wish)
        assert number(people.question) == 1
        (waits,), many = question_list.listed(Filters(standing="waiting"), 0)
        assert (waits[0].id, waits.waits, many) == (people.question, True, 1)
        refused(Forbidden, "own_change", proposals.accept, people.writer, [key])
        assert proposals.accept(people.reader, [key]) == 1
        assert question_list.listed(Filters(standing="waiting"), 0) == ([], 0)
        assert number(people.question) == 2
        row = db.session.get_one(Question, people.question)
        assert row.reviewer.startswith("复核")
        refused(Conflict, "already_decided", proposals.accept, people.reader, [key])
        actions = select(AuditEntry.action, AuditEntry.actor).where(AuditEntry.object_type == "question")
        assert [tuple(one) for one in db.session.execute(actions.order_by(AuditEntry.id))] == [
            ("question.propose", "writer"), ("question.decide", "reader"), ("question.save", "reader"),
        ]  # fmt: skip


def test_the_list_shows_what_an_editor_looks_for(few_people: Desk) -> None:
    with few_people.world.app.app_context():
        db.session.get_one(Question, few_people.question).active = False
        db.session.commit()
        everything, page = [], 0
        while rows := question_list.listed(question_list.EVERYTHING, page)[0]:
            everything, page = everything + rows, page + 1

        def shows(fits: Any, **asked: str) -> None:
            expected = [question.id for question, version, _ in everything if fits(question, version)]
            rows, many = question_list.listed(Filters(**asked), 0)
            assert [row[0].id for row in rows] == expected[: question_list.PAGE]
            assert 0 < many == len(expected) < len(everything), asked

        shows(lambda q, v: q.pool == "contest", pool="contest", topic="", kind="nonsense")
        shows(lambda q, v: q.topic == "有害垃圾", topic="有害垃圾")
        shows(lambda q, v: v.kind == "single" and not v.picture, kind="single")
        shows(lambda q, v: v.picture, kind="picture")
        shows(lambda q, v: q.difficulty == 2 and q.audience == "all", difficulty="2", audience="all")
        shows(lambda q, v: q.id == few_people.question, standing="unused")
        shows(lambda q, v: q.active and "灯管" in v.text, standing="used", q="灯管")


def test_a_look_at_the_list_goes_along_with_its_links(few_people: Desk) -> None:
    writer = sign_in(few_people.world, "writer")
    look = "pool=practice&amp;standing=used"
    page = writer.get("/console/questions?pool=practice&standing=used&topic=").text
    following = page.split('rel="next" href="')[1].split('"')[0]
    assert following == f"/console/questions?page=1&amp;{look}"
    assert f'href="/console/questions.xlsx?{look}"' in page
    second = writer.get(following.replace("&amp;", "&")).text
    assert "第 2 页" in second
    one = second.split('<td class="long-cell"><a href="')[1].split('"')[0]
    assert one.endswith(f"?page=1&amp;{look}")
    assert f'href="{following}">返回</a>' in writer.get(one.replace("&amp;", "&")).text


def test_a_new_question_waits_too(people: Desk) -> None:
    with people.world.app.app_context():
        before = db.session.scalar(select(func.count()).select_from(Question))
        key = proposals.propose(people.writer, Wish(None, NEW))
        assert db.session.scalar(select(func.count()).select_from(Question)) == before
        proposals.accept(people.reader, [key])
        found = db.session.scalars(select(Question).where(Question.topic == "新主题")).one()
        assert db.session.get_one(QuestionProposal, key).question_id == found.id


def test_the_key_of_a_question_about_an_item_is_the_dictionarys_class(
    few_people: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    lamp = ("jiu-dengguan", "旧灯管", "有害垃圾")
    monkeypatch.setattr(dictionary, "_ask", lambda typed: {one: lamp for one in typed if one in lamp[:2]})
    about, turned = replace(NEW, item="旧灯管"), tuple((text, text == "其他垃圾") for text, _ in NEW.options)
    with few_people.world.app.app_context():
        writer, rows = few_people.writer, lines(sheet_questions.export())
        for wrong, field in ((replace(NEW, item="没有的东西"), "item"), (replace(about, options=turned), "options")):
            refused(Invalid, field, proposals.propose, writer, Wish(None, wrong))
        for fine in (replace(about, options=turned, text="旧灯管不属于哪一类？"), about):
            key = proposals.propose(writer, Wish(None, fine))
        assert db.session.get_one(QuestionProposal, key).values["item"] == "jiu-dengguan", "by its key"
        kept = few_people.question
        db.session.execute(update(Question).where(Question.id == kept).values(item="jiu-dengguan"))
        wrong = replace(about, options=turned)
        refused(Invalid, "options", proposals.propose, writer, Wish(kept, wrong))
        assert proposals.propose(writer, Wish(kept, wrong, active=False)), "a wrong one can be taken out of use"
        row = next(row for row in rows[1:] if row[1] == "单选")
        row[0], row[6], row[18] = "", "旧灯管属于哪一类？", "旧灯管"
        row[7:16] = ["有害垃圾", "其他垃圾", "可回收物", "", "", "", "", "", "B"]
        (outcome,) = sheet_questions.plan(sheet_questions.SHEET.rows_of(as_file([rows[0], row])), writer)
        assert (outcome.action, outcome.note) == (Action.WRONG, "答案和词典不一致，词条“旧灯管”是有害垃圾")


def test_what_comes_back_tells_why_and_changes_nothing(people: Desk) -> None:
    with people.world.app.app_context():
        key = proposals.propose(people.writer, change(people, explanation="写错了的解析。"))
        refused(Invalid, "remark", proposals.send_back, people.reader, key, "  ")
        proposals.send_back(people.reader, key, "依据里没有这句话")
        assert [one.remark for one in proposals.own_returned(people.writer)] == ["依据里没有这句话"]
        assert number(people.question) == 1
        again = proposals.propose(people.writer, change(people, explanation="改好的解析。"))
        refused(Forbidden, "not_yours", proposals.withdraw, people.reader, again)
        proposals.withdraw(people.writer, again)
        assert proposals.waiting() == ([], 0)


def test_one_waiting_change_a_question(people: Desk) -> None:
    with people.world.app.app_context():
        other = make_staff("other", Role.EDITOR, people.world.city)
        first = proposals.propose(people.writer, change(people, text="第一次的改法行不行？"))
        second = proposals.propose(people.writer, change(people, text="第二次的改法行不行？"))
        assert db.session.get_one(QuestionProposal, first).state is ProposalState.WITHDRAWN
        wish = change(people, text="别人的改法行不行？")
        refused(Conflict, "change_waits", proposals.propose, other, wish)
        refused(Conflict, "nothing_changed", proposals.propose, other, Wish(people.question, people.draft))
        with pytest.raises(IntegrityError), transaction() as session:
            session.execute(
                update(QuestionProposal)
                .where(QuestionProposal.id == first)
                .values(live=1, state="open", decided_by=None)
            )
        assert second


def test_a_change_written_from_an_older_version_is_not_taken(people: Desk) -> None:
    with people.world.app.app_context():
        key = proposals.propose(people.writer, change(people, text="从旧版改来的题目？"))
        desk.save(people.reader, people.question, replace(people.draft, text="这期间换上的题目？"))
        assert proposals.waiting()[0][0].stale
        new = proposals.propose(people.writer, Wish(None, NEW))
        refused(Conflict, "changed_since", proposals.accept, people.reader, [new, key])
        assert db.session.get_one(QuestionProposal, new).state is ProposalState.OPEN, "all or none"


def test_two_readers_at_once_take_a_question_once(people: Desk) -> None:
    app = people.world.app
    with app.app_context():
        readers = [people.reader, *(make_staff(f"reader{n}", Role.EDITOR, people.world.city) for n in range(5))]
        key = proposals.propose(people.writer, Wish(None, NEW))

    def accept(reader: StaffActor) -> str:
        with app.app_context():
            try:
                proposals.accept(reader, [key])
            except Conflict as error:
                return error.code
            return "done"

    told = at_once([lambda reader=reader: accept(reader) for reader in readers])
    assert sorted(told) == ["already_decided"] * 5 + ["done"]
    with app.app_context():
        assert db.session.scalar(select(func.count()).where(Question.topic == "新主题")) == 1


def lines(data: bytes) -> list[list[Any]]:
    sheet = openpyxl.load_workbook(io.BytesIO(data)).worksheets[0]
    return [["" if cell is None else str(cell) for cell in row] for row in sheet.iter_rows(values_only=True)]


def as_file(rows: list[list[Any]]) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_the_exported_bank_comes_back_without_a_change(people: Desk) -> None:
    with people.world.app.app_context():
        rows = sheet_questions.SHEET.rows_of(sheet_questions.export())
        assert len(rows) == db.session.scalar(select(func.count()).select_from(Question))
        plan = sheet_questions.plan(rows, people.writer)
        assert [one.note for one in plan if one.action is not Action.SAME] == []


def test_a_sheet_is_handed_in_whole_or_not_at_all(people: Desk) -> None:
    with people.world.app.app_context():
        table = lines(sheet_questions.export())
        single = next(row for row in table[1:] if row[1] == "单选")
        changed, new, wrong = list(single), ["", *single[1:]], ["", *single[1:]]
        changed[6], new[6], wrong[6] = "改过的题目是哪一道？", "新来的题目是哪一道？", "写错答案的是哪一道？"
        wrong[sheet_questions.ANSWER] = "H"
        rows = sheet_questions.SHEET.rows_of(as_file([table[0], changed, new, wrong]))
        plan = sheet_questions.plan(rows, people.writer)
        assert [one.action for one in plan] == [Action.CHANGE, Action.ADD, Action.WRONG]
        assert "答案须写正确选项的字母" in plan[2].note
        refused(Invalid, "rows_wrong", sheet_questions.run, rows, people.writer)
        assert proposals.waiting()[0] == []
        sheet_questions.run(rows[:2], people.writer)
        waiting, _ = proposals.waiting()
        assert len({one.proposal.batch for one in waiting}) == 1
        proposals.accept(people.reader, [one.proposal.id for one in waiting])
        bank.forget()
        texts = {row[6] for row in lines(sheet_questions.export())}
        assert {"改过的题目是哪一道？", "新来的题目是哪一道？"} <= texts


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        (1, "填空", "题型须是"),
        (2, "", "题库须是"),
        (4, "很难", "难度须是"),
        (6, "短" * 301, "题目须为"),
        (9, "", "选项须从 A 起依次填写"),
        (sheet_questions.ANSWER, "AB", "选项的数量或正确答案的数量"),
        (sheet_questions.ANSWER + 2, "某本书", "依据须是"),
        (sheet_questions.ANSWER + 4, "no.svg", "没有这张图片"),
        (0, "nobody", "题库里没有这个编号"),
    ],
)
def test_a_wrong_row_says_what_is_wrong(few_people: Desk, column: int, value: str, said: str) -> None:
    with few_people.world.app.app_context():
        table = lines(sheet_questions.export())
        row = next(row for row in table[1:] if row[1] == "单选" and row[10])
        row[column] = value
        outcome = sheet_questions.plan(sheet_questions.SHEET.rows_of(as_file([table[0], row])), few_people.writer)[0]
        assert outcome.action is Action.WRONG
        assert said in outcome.note


def test_the_console_takes_a_change_from_one_and_the_nod_from_another(few_people: Desk) -> None:
    world, key = few_people.world, few_people.question
    writer, reader = sign_in(world, "writer"), sign_in(world, "reader")
    assert writer.get("/console/questions/new").status_code == 200
    draft = few_people.draft
    form = {
        "kind": draft.kind, "pool": draft.pool, "topic": draft.topic, "audience": draft.audience,
        "difficulty": str(draft.difficulty), "text": "在页面上改过的题目？", "explanation": draft.explanation,
        "source": draft.source, "item": draft.item, "picture": draft.picture, "active": "1",
    }  # fmt: skip
    for place, (text, right) in enumerate(draft.options):
        form[f"option{place}"] = text
        form |= {f"right{place}": "1"} if right is True else {}
        form |= {f"class{place}": right} if isinstance(right, str) else {}
    assert "题目须为" in post(writer, f"/console/questions/{key}", 422, **form | {"text": ""})
    post(writer, f"/console/questions/{key}", **form)
    assert "正在等复核" in writer.get(f"/console/questions/{key}").text
    queue = reader.get("/console/questions/reviews").text
    assert "在页面上改过的题目？" in queue
    assert "请先勾选" in post(reader, "/console/questions/reviews/accept", 422)
    with world.app.app_context():
        waiting = proposals.waiting()[0][0].proposal.id
    assert "要由另一个人复核" in post(writer, "/console/questions/reviews/accept", 403, change=str(waiting))
    post(reader, "/console/questions/reviews/accept", change=str(waiting))
    assert "在页面上改过的题目？" in reader.get(f"/console/questions/{key}").text


def test_the_sheet_goes_out_and_in_through_the_console(few_people: Desk) -> None:
    writer = sign_in(few_people.world, "writer")
    answer = writer.get("/console/questions.xlsx?pool=contest")
    assert "%E9%A2%98%E5%BA%93" in answer.headers["Content-Disposition"]
    table = lines(answer.data)
    assert {row[2] for row in table[1:]} == {"竞赛"}
    single = next(row for row in table[1:] if row[1] == "单选")
    sheet = as_file([table[0], ["", *single[1:6], "从表格来的一道新题是？", *single[7:18], "", *single[19:]]])
    form = {"csrf_token": token(writer.get("/console/questions/import").text), "file": (io.BytesIO(sheet), "题.xlsx")}
    page = writer.post("/console/questions/import", data=form).text
    assert "可导入 1 行" in page
    packed = page.split('name="rows" value="')[1].split('"')[0].replace("&#34;", '"')
    post(writer, "/console/questions/import/run", rows=packed)
    assert "从表格来的一道新题是？" in writer.get("/console/questions/reviews").text
