"""Console: the history of a dictionary item or a question, side by side, and the way back to an earlier version."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.guide import service as guide
from sorting_miniapp.quiz import desk
from sorting_miniapp.teaching import sync
from sorting_miniapp.teaching.models import CHANGE_KIND_NAMES

READERS = (Role.EDITOR, Role.REVIEWER, Role.ADMIN)
FIELD_NAMES = {
    "id": "编号", "name": "名称", "aliases": "别名", "local_names": "粤语和本地叫法", "category": "类别",
    "subclass": "小类", "why": "为什么", "how": "怎样投放", "conditions": "条件", "parts": "由几部分组成",
    "basis": "依据", "note": "地区差异", "low_value": "低值", "season": "时令", "confidence": "把握",
    "reviewer": "复核", "family": "同组", "kind": "题型",
    "pool": "题库", "topic": "主题", "difficulty": "难度", "audience": "对象", "text": "题目", "options": "选项",
    "items": "要分的东西", "correct": "正确", "explanation": "解析", "source": "依据", "item": "词条",
    "picture": "图片",
}  # fmt: skip


def _page(part: str, key: str, title: str, back: str, undo: Any) -> str:
    rows = [
        {"change": one, "fields": sync.differing(one.before, one.after), "undo": undo(one.id) if one.after else ""}
        for one in sync.history(part, key)
    ]
    return render_template(
        "console/content/history.html", rows=rows, title=title, back=back, kinds=CHANGE_KIND_NAMES, names=FIELD_NAMES
    )


@blueprint.get("/guide/items/<string:key>/history")
@staff_only(*READERS)
def guide_item_history(key: str) -> str:
    item, _ = guide.item(key)
    back = url_for("console.guide_item", key=key)
    return _page(guide.PART, key, item.name, back, lambda n: url_for("console.guide_roll_back", key=key, change_id=n))


@blueprint.post("/guide/items/<string:key>/history/<int:change_id>")
@staff_only(Role.EDITOR)
def guide_roll_back(key: str, change_id: int) -> Response:
    guide.roll_back(current_staff(), key, change_id)
    flash("已恢复到这一版", "success")
    return redirect(url_for("console.guide_item_history", key=key))


@blueprint.get("/questions/<int:question_id>/history")
@staff_only(*READERS)
def question_history(question_id: int) -> str:
    row, version = desk.question(question_id)

    def undo(change_id: int) -> str:
        return url_for("console.question_roll_back", question_id=question_id, change_id=change_id)

    return _page(desk.PART, row.key, version.text, url_for("console.question", question_id=question_id), undo)


@blueprint.post("/questions/<int:question_id>/history/<int:change_id>")
@staff_only(Role.EDITOR)
def question_roll_back(question_id: int, change_id: int) -> Response:
    desk.roll_back(current_staff(), question_id, change_id)
    flash("已恢复到这一版，已有的成绩不变", "success")
    return redirect(url_for("console.question_history", question_id=question_id))
