"""The first page: the figures of the day, and what waits for this person."""

from __future__ import annotations

from flask import render_template

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.console import waiting
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.reports import figures


@blueprint.get("/")
@staff_only()
def home() -> str:
    actor = current_staff()
    return render_template(
        "console/home.html",
        today=clock.today(),
        figures=figures.day(actor.branches()),
        waiting=waiting.of(actor),
        roles=sorted({grant.role for grant in actor.grants}),
    )
