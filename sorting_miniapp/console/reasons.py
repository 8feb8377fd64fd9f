"""The page that asks for a reason before what cannot be undone."""

from __future__ import annotations

from flask import render_template, request

from sorting_miniapp.errors import DomainError

ADVICE = "会写进记录；涉及报名的，原因会通知到本人。这一步不能撤销。"


def reason_page(title: str, subject: str, back: str, error: DomainError | None = None, advice: str = ADVICE) -> str:
    """`title` is what the button says, `subject` what it is done to; what was typed is kept after an error."""
    return render_template(
        "console/events/reason.html",
        heading=title,
        subject=subject,
        back=back,
        reason=request.form.get("reason", ""),
        problem=error.message if error else "",
        advice=advice,
    )
