"""Questions about a picture: kept, asked without a hint, marked; drawings served so that nothing in them can run."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from flask import Flask
from sqlalchemy import select

from sorting_miniapp.accounts.models import Role
from sorting_miniapp.cli import teaching
from sorting_miniapp.db import db
from sorting_miniapp.media import drawings
from sorting_miniapp.media.models import Drawing
from sorting_miniapp.orgs.models import Node
from sorting_miniapp.quiz import proposals
from sorting_miniapp.quiz.models import Question
from sorting_miniapp.quiz.models_bank import QuestionProposal
from tests.console.helpers import post, sign_in
from tests.events.helpers import World, make_person, make_staff
from tests.teaching.helpers import load, quiet

TEXT = "这个图形标志代表哪一类垃圾？"


def add_picture_question(folder: Path) -> None:
    row = {
        "id": "kantu-biaozhi", "kind": "picture", "pool": "practice", "topic": "看图", "difficulty": 2,
        "audience": "elderly", "text": TEXT,
        "options": [
            {"text": "有害垃圾", "correct": True}, {"text": "可回收物", "correct": False},
            {"text": "其他垃圾", "correct": False},
        ],
        "explanation": "电池加叉的图形表示有害垃圾。", "source": "gb-19095", "picture": "symbol-hazardous.svg",
        "reviewer": "测试",
    }  # fmt: skip
    text = yaml.safe_dump([row], allow_unicode=True, sort_keys=False)
    (folder / "quiz/pictures.yaml").write_text(text, encoding="utf-8")
    quiz = (
        "- {slug: kantu, title: 看图, kind: practice, pool: practice, count: 1, minutes: 5, topics: [看图], "
        "audience: elderly, intro: 看图认标志。}\n"
    )
    with (folder / "quiz/quizzes.yaml").open("a", encoding="utf-8") as stream:
        stream.write(quiz)


def test_a_picture_question_is_asked_without_a_hint_and_marked(app: Flask, folder: Path) -> None:
    add_picture_question(folder)
    with app.app_context():
        load(folder)
        assert quiet(load(folder))
        row = db.session.scalars(select(Question).where(Question.key == "kantu-biaozhi")).one()
        assert (row.difficulty, row.audience, row.reviewer) == (2, "elderly", "测试")
    person, client = make_person(app, "kantu"), app.test_client()
    paper = client.post("/api/v1/quizzes/kantu/attempts", headers=person.headers).json
    asked = paper["questions"][0]
    assert (asked["kind"], asked["text"]) == ("picture", TEXT)
    for hint in ("hazardous", "symbol", "有害垃圾收集", "correct", "电池"):
        assert hint not in str(asked).replace("有害垃圾'", ""), hint
    picture = client.get(asked["picture"])
    assert picture.status_code == 200
    assert picture.mimetype == "image/svg+xml"
    assert picture.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in picture.headers["Content-Security-Policy"]
    assert "有害" not in picture.text, "the drawing has no word that answers the question"
    right = next(one["id"] for one in asked["options"] if one["text"] == "有害垃圾")
    body = {"answers": [{"question": asked["id"], "options": [right]}]}
    result = client.post(f"/api/v1/attempts/{paper['id']}/submission", json=body, headers=person.headers).json
    assert result["result"]["right"] == 1
    assert client.get("/media/drawings/none").status_code == 404


def test_a_drawing_that_changed_gets_a_new_address(sqlite_app: Flask, folder: Path) -> None:
    with sqlite_app.app_context():
        drawings.load(folder)
        labels = drawings.labels()
        assert (labels["sign-food.svg"], labels["symbol-food.svg"]) == ("厨余垃圾", "图形标志 symbol-food")
        assert len(set(labels.values())) == len(labels), "staff tell them apart"
        before = drawings.addresses()
        path = folder / "pictures/sign-food.svg"
        path.write_text(path.read_text(encoding="utf-8").replace("32", "30"), encoding="utf-8")
        (folder / "pictures/sign-bulky.svg").unlink()
        assert drawings.load(folder)["changed"] == 2
        after = drawings.addresses()
        assert {name for name in before if before[name] != after.get(name)} == {"sign-food.svg", "sign-bulky.svg"}
        assert drawings.load(folder) == {"added": 0, "changed": 0, "same": len(after)}


BAD = {
    "script": "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
    "handler": "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "outside": "<svg xmlns='http://www.w3.org/2000/svg'><use href='https://example.org/a#b'/></svg>",
    "entity": "<!DOCTYPE svg [<!ENTITY a 'b'>]><svg xmlns='http://www.w3.org/2000/svg'/>",
    "foreign": "<svg xmlns='http://www.w3.org/2000/svg'><foreignObject/></svg>",
    "no drawing": "hello",
}


@pytest.mark.parametrize("fault", BAD)
def test_a_drawing_with_anything_active_is_refused(folder: Path, fault: str) -> None:
    assert drawings.check(folder).problems == []
    (folder / "pictures/bad.svg").write_text(BAD[fault], encoding="utf-8")
    found = teaching.check(folder, ["pictures"]).popitem()[1].problems
    assert [one.file for one in found] == ["pictures/bad.svg"]


def test_an_editor_chooses_a_picture_in_the_console(sqlite_app: Flask, folder: Path) -> None:
    with sqlite_app.app_context():
        load(folder)
        city = db.session.scalar(select(Node.id).where(Node.key == "lianzhou"))
        assert city is not None
        make_staff("city_editor", Role.EDITOR, city)
        assert db.session.scalar(select(Drawing.name).where(Drawing.name == "bin-food.svg"))
    client = sign_in(cast(World, SimpleNamespace(app=sqlite_app)), "city_editor")
    form: dict[str, Any] = {
        "kind": "picture", "pool": "practice", "topic": "看图", "audience": "staff", "difficulty": "3",
        "text": "图里是哪个桶？",
        "explanation": "绿色的是厨余垃圾桶。", "source": "gb-19095", "option0": "厨余垃圾", "right0": "1",
        "option1": "可回收物", "option2": "其他垃圾",
    }  # fmt: skip
    assert "看图题要选一张图片" in post(client, "/console/questions/new", 422, **form)
    post(client, "/console/questions/new", **form, picture="bin-food.svg")
    with sqlite_app.app_context():
        waiting = proposals.waiting()[0][0].proposal.id
        proposals.accept(make_staff("second_editor", Role.EDITOR, city), [waiting])
        question_id = db.session.scalar(select(QuestionProposal.question_id).where(QuestionProposal.id == waiting))
    page = client.get(f"/console/questions/{question_id}").text
    assert 'value="bin-food.svg" checked' in page
    assert "工作人员" in page
    assert "看图" in client.get("/console/questions?q=图里").text
