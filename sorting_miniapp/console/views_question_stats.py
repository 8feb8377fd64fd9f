"""Console: how questions fare, what people get wrong most this month, and what to write about because of it."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Response, render_template, request, url_for

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import staff_only
from sorting_miniapp.articles import listing
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.console.views_quiz import READERS, asked_version
from sorting_miniapp.guide import names
from sorting_miniapp.imports import workbook
from sorting_miniapp.quiz import question_stats
from sorting_miniapp.quiz.models import POOL_NAMES, QUESTION_KIND_NAMES, Pool
from sorting_miniapp.quiz.question_stats import ENOUGH, Missed

SUGGESTED = 10
MISSED_COLUMNS = ("物品或主题", "类别", "作答次数", "答错次数", "答错率", "题目举例")


@dataclass(frozen=True)
class Suggestion:
    """What was got wrong, in words: the thing or topic, its class, a title to write under, articles there are."""

    missed: Missed
    subject: str
    waste_class: str
    title: str
    articles: tuple[tuple[str, str], ...]


def _suggestions(month: str) -> list[Suggestion]:
    found = question_stats.most_missed(month)
    known = names.titles([one.item for one in found if one.item])
    rows = []
    for place, one in enumerate(found):
        subject, waste_class = known.get(one.item, (one.topic, ""))
        title = f"{subject}为什么是{waste_class}？" if waste_class else f"{subject}：这几点最容易答错"
        written = listing.page(q=subject)["items"][:2] if place < SUGGESTED else []
        articles = tuple((item["title"], item["id"]) for item in written)
        rows.append(Suggestion(one, subject, waste_class, title[:32], articles))
    return rows


def _month() -> tuple[str, list[str]]:
    known = question_stats.months()
    asked = request.args.get("month", "")
    return (asked if asked in known else f"{clock.today():%Y-%m}"), known


@blueprint.get("/question-stats")
@staff_only(*READERS)
def question_stats_page() -> str:
    order, pool = request.args.get("order", "hard"), request.args.get("pool", "")
    order, pool = order if order in question_stats.ORDERS else "hard", pool if pool in set(Pool) else ""
    page = forms.query_number("page", 0, 10_000) or 0
    rows, more = question_stats.listed(order, pool, page)
    month, known = _month()
    return render_template(
        "console/quiz/stats.html",
        rows=rows, order=order, pool=pool, month=month, months=known, pools=POOL_NAMES,
        orders=[(key, label) for key, (label, _) in question_stats.ORDERS.items()], enough=ENOUGH,
        suggestions=_suggestions(month) if page == 0 else [],
        following=url_for("console.question_stats_page", order=order, pool=pool, page=page + 1) if more else "",
    )  # fmt: skip


@blueprint.get("/question-stats/missed.xlsx")
@staff_only(*READERS)
def question_stats_missed() -> Response:
    month, _ = _month()
    lines = [
        (one.subject, one.waste_class, one.missed.asked, one.missed.wrong, f"{one.missed.share:.0%}",
         "；".join(one.missed.texts))
        for one in _suggestions(month)
    ]  # fmt: skip
    return attachment(workbook.write("易错题", MISSED_COLUMNS, lines), f"易错题{month}.xlsx", workbook.XLSX)


@blueprint.get("/questions/<int:question_id>/stats")
@staff_only(*READERS)
def question_stats_one(question_id: int) -> str:
    versions, version = asked_version(question_id)
    return render_template(
        "console/quiz/question_stats.html",
        question_id=question_id, versions=versions, version=version,
        fare=question_stats.of_version(version.id), kinds=QUESTION_KIND_NAMES,
        enough=ENOUGH,
    )  # fmt: skip
