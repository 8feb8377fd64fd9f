"""Loading and exporting content: idempotent, in one transaction, and what staff wrote is never lost."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from sorting_miniapp.articles.models import Article, ArticleState, Slogan
from sorting_miniapp.cli import teaching
from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Invalid
from sorting_miniapp.guide import service as guide
from sorting_miniapp.guide.models import Item, Name
from sorting_miniapp.quiz.models import Question, QuestionVersion
from tests.teaching.helpers import draft, editor, item, load, quiet

Edit = Callable[[Path, str, str], None]
KITCHEN, LAMPS = "guide/items/kitchen.csv", "guide/items/lamps-batteries.csv"


def same_files(one: Path, two: Path) -> list[str]:
    """Names of the files that differ."""
    names = {str(path.relative_to(root)) for root in (one, two) for path in root.rglob("*") if path.is_file()}
    return sorted(
        name
        for name in names
        if not (one / name).exists()
        or not (two / name).exists()
        or (one / name).read_bytes() != (two / name).read_bytes()
    )


def test_loading_twice_changes_nothing_and_export_gives_the_same_bytes(app: Flask, folder: Path) -> None:
    with app.app_context():
        first = load(folder)
        assert len(first["词条"].added) == 24
        assert "剩饭" in first["词条"].added
        assert quiet(load(folder))
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy)
        assert not any(teaching.export(copy).values())
        assert same_files(folder, copy) == []


def test_the_whole_of_the_real_files_comes_back_unchanged(sqlite_app: Flask, tmp_path: Path) -> None:
    copy = tmp_path / "content"
    shutil.copytree(FOLDER, copy)
    with sqlite_app.app_context():
        load(FOLDER)
        assert quiet(load(FOLDER))
        teaching.export(copy)
        assert same_files(FOLDER, copy) == []
        names = db.session.scalar(select(func.count()).select_from(Name))
        local = db.session.scalar(select(func.count()).select_from(Name).where(Name.local.is_(True)))
        assert 0 < (local or 0) < (names or 0)


def test_an_export_into_an_empty_folder_says_the_same(sqlite_app: Flask, folder: Path) -> None:
    with sqlite_app.app_context():
        load(folder)
        other = folder.with_name("other")
        shutil.copytree(folder, other)
        for path in [*(other / "guide/items").glob("*"), *(other / "quiz").glob("*"), *(other / "articles").glob("*")]:
            path.unlink()
        (other / "slogans.yaml").unlink()
        teaching.export(other)
        assert (other / KITCHEN).read_bytes().startswith(b"\xef\xbb\xbf"), "a spreadsheet needs the mark"
        assert quiet(load(other))


def test_a_change_of_the_file_is_loaded_and_told_by_name(app: Flask, folder: Path, change: Edit) -> None:
    with app.app_context():
        load(folder)
        change(folder / KITCHEN, "滗掉汤水", "倒掉汤水")
        change(folder / "quiz/questions.yaml", "连州市的生活垃圾分为哪四类", "连州的生活垃圾分成哪四类")
        tried = load(folder, dry_run=True)
        assert (tried["词条"].changed, tried["题目"].changed) == (["剩饭"], ["连州的生活垃圾分成哪四类？"])
        assert "滗掉" in item("shengfan").how, "a dry run writes nothing"
        done = load(folder)
        assert done["词条"].changed == ["剩饭"]
        assert "倒掉" in item("shengfan").how
        assert quiet(load(folder))
        versions = (
            select(QuestionVersion.number)
            .join(Question, Question.id == QuestionVersion.question_id)
            .where(Question.key == "biaozhun-si-lei")
            .order_by(QuestionVersion.number)
        )
        assert list(db.session.scalars(versions)) == [1, 2], "attempts keep the version they were asked"


def test_what_staff_wrote_is_kept_and_shown_until_the_file_is_taken(app: Flask, folder: Path, change: Edit) -> None:
    with app.app_context():
        load(folder)
        guide.save(editor(), "shengfan", draft("shengfan", how="本地说法。"))
        for _ in range(2):
            kept = load(folder)["词条"].kept
            assert [(one.key, one.title) for one in kept] == [("shengfan", "剩饭")]
            assert [field for field, _, _ in kept[0].fields] == ["how"]
            assert kept[0].fields[0][2] == "本地说法。"
            assert item("shengfan").how == "本地说法。"
        change(folder / KITCHEN, "滗掉汤水", "倒掉汤水")
        assert len(load(folder)["词条"].kept) == 1, "changed on both sides: staff's stays"
        assert item("shengfan").how == "本地说法。"
        assert load(folder, "item:shengfan")["词条"].changed == ["剩饭"]
        assert item("shengfan").how.startswith("倒掉汤水")
        assert quiet(load(folder))


def test_a_console_edit_is_one_changed_row_of_the_export(app: Flask, folder: Path) -> None:
    with app.app_context():
        load(folder)
        guide.save(editor(), "shengfan", draft("shengfan", how="本地说法，含“引号”。", note="a,b"))
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy)
        assert teaching.export(copy)["词条"] == [KITCHEN]
        assert same_files(folder, copy) == [KITCHEN]
        old = (folder / KITCHEN).read_text(encoding="utf-8").splitlines()
        new = (copy / KITCHEN).read_text(encoding="utf-8").splitlines()
        assert len([1 for one, two in zip(old, new, strict=True) if one != two]) == 1
        assert quiet(load(copy)), "the export is what the database has"


def test_what_is_gone_from_the_file_goes_unless_staff_changed_it(app: Flask, folder: Path) -> None:
    with app.app_context():
        load(folder)
        guide.save(editor(), "hefen", draft("hefen", how="本地说法。"))
        lines = (folder / KITCHEN).read_bytes().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith((b"hefen,", b"shengfan,"))]
        (folder / KITCHEN).write_bytes(b"".join(kept))
        outcome = load(folder)["词条"]
        assert outcome.removed == ["剩饭"]
        assert [(one.key, one.reason) for one in outcome.kept] == [("hefen", "文件里没有，后台有")]
        assert db.session.scalar(select(Item.id).where(Item.key == "shengfan")) is None
        assert db.session.scalar(select(Name.item_id).where(Name.folded == "剩米饭")) is None


def test_an_item_that_staff_hid_stays_hidden(app: Flask, folder: Path) -> None:
    with app.app_context():
        load(folder)
        guide.save(editor(), "hefen", draft("hefen"), active=False)
        assert [one.reason for one in load(folder)["词条"].kept] == ["文件里有，后台已停用"]
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy)
        teaching.export(copy)
        assert "hefen" not in (copy / KITCHEN).read_text(encoding="utf-8")
        assert load(folder, "hefen")["词条"].added == ["河粉"]
        assert item("hefen").active


def test_what_staff_add_is_theirs_and_goes_into_the_files(app: Flask, folder: Path) -> None:
    with app.app_context():
        load(folder)
        new = guide.Draft(
            "量子灯管", "hazardous", "灯管", "含有荧光粉。", "包好再投放。", "gb-19095", aliases=("量子管",)
        )
        guide.save(editor(), "", new)
        outcome = load(folder)["词条"]
        assert [one.title for one in outcome.kept] == ["量子灯管"]
        copy = folder.with_name("copy")
        shutil.copytree(folder, copy)
        assert teaching.export(copy)["词条"] == [LAMPS]
        assert "量子灯管,量子管,," in (copy / LAMPS).read_text(encoding="utf-8").splitlines()[-1]
        assert quiet(load(copy))


def test_a_name_goes_from_one_item_to_another_in_one_loading(app: Flask, folder: Path, change: Edit) -> None:
    with app.app_context():
        load(folder)
        change(folder / KITCHEN, "剩米饭；冷饭", "冷饭")
        change(folder / KITCHEN, "shengcai,剩饭剩菜,", "shengcai,剩米饭,")
        change(folder / KITCHEN, "shengfan,剩饭,", "shengfan,剩饭剩菜,")
        assert load(folder)["词条"].changed == ["剩饭剩菜", "剩米饭"]
        assert (item("shengfan").name, item("shengcai").name) == ("剩饭剩菜", "剩米饭")


def test_a_name_that_staff_gave_away_stops_the_loading_whole(app: Flask, folder: Path, change: Edit) -> None:
    with app.app_context():
        load(folder)
        new = guide.Draft("量子灯管", "hazardous", "灯管", "含有荧光粉。", "包好再投放。", "gb-19095")
        guide.save(editor(), "", new)
        change(folder / KITCHEN, "剩米饭；冷饭", "量子灯管；冷饭")
        change(folder / "slogans.yaml", "垃圾分一分，环境美十分", "垃圾分一分，家园美十分")
        with pytest.raises(Conflict) as caught:
            load(folder)
        assert "量子灯管" in caught.value.message
        assert db.session.scalar(select(Slogan.id).where(Slogan.text.contains("家园美"))) is None, "all or nothing"


def test_broken_files_are_refused_before_anything_is_written(sqlite_app: Flask, folder: Path, change: Edit) -> None:
    with sqlite_app.app_context():
        change(folder / KITCHEN, ",food,", ",dry,")
        with pytest.raises(Invalid) as caught:
            load(folder)
        assert "guide/items/kitchen.csv:2：类别不认识：dry" in caught.value.message
        assert db.session.scalar(select(func.count()).select_from(Item)) == 0


def test_an_article_handed_in_is_left_alone(app: Flask, folder: Path, change: Edit) -> None:
    with app.app_context():
        load(folder)
        path = sorted((folder / "articles").glob("*.md"))[0]
        change(path, "digest: ", "digest: 新的摘要，")
        assert len(load(folder)["文章"].changed) == 1
        with transaction() as session:
            article = session.scalars(select(Article).where(Article.key == path.stem)).one()
            article.state = ArticleState.IN_REVIEW
        change(path, "digest: 新的摘要，", "digest: 更新的摘要，")
        kept = load(folder, path.stem)["文章"].kept
        assert [one.reason for one in kept] == ["已经交审或发布"], "not even when it is taken"


def test_residents_see_every_column(app: Flask, folder: Path, change: Edit) -> None:
    with app.app_context():
        load(folder)
        whole = draft(
            "hefen", conditions="带汤的先滤掉汤。", note="各地一样。", season="夏天", parts="剩饭=food；塑料碗=residual"
        )
        actor = editor()
        guide.save(actor, "hefen", whole)
        local = guide.Draft(
            "量子饭盒",
            "recyclable",
            "塑料",
            "可以再造粒。",
            "洗净再投放。",
            "gb-19095",
            local_names=("饭壳仔",),
            low_value=True,
        )
        guide.save(actor, "", local)
    client = app.test_client()
    hit = client.get("/api/v1/guide/items?q=河粉").json["items"][0]
    assert (hit["conditions"], hit["note"], hit["season"], hit["low_value"]) == (
        "带汤的先滤掉汤。",
        "各地一样。",
        "夏天",
        False,
    )
    page = "/api/v1/guide/categories/"
    assert hit["parts"] == [
        {
            "name": "剩饭",
            "category": {"code": "food", "name": "厨余垃圾", "page": f"{page}food"},
            "item": "shengfan",
        },
        {
            "name": "塑料碗",
            "category": {"code": "residual", "name": "其他垃圾", "page": f"{page}residual"},
            "item": None,
        },
    ]
    found = client.get("/api/v1/guide/items?q=饭壳仔").json["items"][0]
    detail = client.get(f"/api/v1/guide/items/{found['id']}").json
    assert detail["low_value"] is True
    assert detail["local_names"] == [{"name": "饭壳仔", "mark": "未核"}]
    assert detail["aliases"] == []
    assert detail["basis"].startswith("生活垃圾分类标志")
    assert detail["source"]["checked"] == "未核"
    assert detail["confidence"] == "high"
