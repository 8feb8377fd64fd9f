"""Console: 我的任务, what the worker does for a person, and the files it made."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, url_for
from werkzeug.wrappers import Response

from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.console import forms
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.console.downloads import attachment
from sorting_miniapp.jobs import kinds, service
from sorting_miniapp.jobs.models import JOB_STATE_NAMES, OPEN_STATES, JobState

TONES = {JobState.DONE: "success", JobState.FAILED: "danger", JobState.RUNNING: "primary"}


def _shown() -> dict[str, Any]:
    rows, following = service.listed(current_staff(), forms.query_number("before", 1))
    return {
        "rows": rows,
        "following": url_for("console.jobs", before=following) if following else "",
        "moving": any(row.Job.state in OPEN_STATES for row in rows),
        "me": current_staff().id,
        "states": JOB_STATE_NAMES,
        "tones": TONES,
        "kinds": kinds.labels(),
    }


@blueprint.get("/jobs")
@staff_only()
def jobs() -> str:
    return render_template("console/jobs/list.html", **_shown())


@blueprint.get("/jobs/rows")
@staff_only()
def job_rows() -> str:
    """The part of the page that htmx fetches while something is being done."""
    return render_template("console/jobs/_rows.html", **_shown())


@blueprint.get("/jobs/<string:public_id>/file")
@staff_only()
def job_file(public_id: str) -> Response:
    job, pieces = service.fetch(current_staff(), public_id)
    answer = attachment(pieces, job.file_name, job.file_type)
    answer.headers["Content-Length"] = str(job.file_size)
    return answer


@blueprint.post("/jobs/<string:public_id>/retry")
@staff_only()
def job_retry(public_id: str) -> Response:
    service.retry(current_staff(), public_id)
    flash("已重新排队", "success")
    return redirect(url_for("console.jobs"))
