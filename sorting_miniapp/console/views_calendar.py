"""Console: the calendar of pushes by month and week; moving one by dragging or by a form."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from sorting_miniapp import clock
from sorting_miniapp.accounts.access import current_staff, staff_only
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.articles import accounts, calendar, desk, pushes, quotas
from sorting_miniapp.articles.models import CHANNEL_NAMES, Channel, PushState
from sorting_miniapp.console import forms, forms_events
from sorting_miniapp.console.blueprint import blueprint
from sorting_miniapp.errors import DomainError
from sorting_miniapp.events import days as event_days

Page = Response | str | tuple[str, int]
READERS = (Role.EDITOR, Role.REVIEWER, Role.ANALYST, Role.ADMIN)
VIEWS = {"month": "月", "week": "周"}
AROUND = 7


def _chosen() -> dict[str, str]:
    """What the address asks for, tidied; its own values when it is used to come back."""
    asked = request.values
    view = asked.get("view", "")
    day = forms.day(asked.get("at", "")) or clock.today()
    near = abs(day.year - clock.today().year) <= 5
    return {
        "view": view if view in VIEWS else "month",
        "at": (day if near else clock.today()).isoformat(),
        "channel": asked.get("channel", "")[:24],
        "state": asked.get("state", "")[:24],
        "events": "1" if asked.get("events") else "",
    }


def _wanted(chosen: dict[str, str]) -> calendar.Wanted:
    """The channel is one of ours, or handover:<key> for one account of another office."""
    state = PushState(chosen["state"]) if chosen["state"] in set(PushState) else None
    name, _, key = chosen["channel"].partition(":")
    if name not in set(Channel):
        return calendar.Wanted(state=state)
    account = int(key) if key.isascii() and key.isdigit() and len(key) < 10 else None
    known = account if account in {one.id for one in accounts.known()} else None
    return calendar.Wanted(Channel(name), known, state)


def _channels() -> list[tuple[str, str]]:
    ours = [(kind.value, name) for kind, name in CHANNEL_NAMES.items() if kind is not Channel.HANDOVER]
    return [("", "全部")] + ours + [(f"handover:{one.id}", f"交稿：{one.name}") for one in accounts.known()]


@blueprint.get("/calendar", endpoint="calendar")
@staff_only(*READERS)
def calendar_page() -> str:
    actor, chosen = current_staff(), _chosen()
    day = date.fromisoformat(chosen["at"])
    weeks = calendar.month_weeks(day) if chosen["view"] == "month" else [calendar.week_of(day)]
    shown = [one for week in weeks for one in week]
    return render_template(
        "console/calendar/calendar.html",
        chosen=chosen,
        weeks=weeks,
        cells=calendar.days(actor.branches(*READERS), _wanted(chosen), shown),
        events=_events(shown) if chosen["events"] else {},
        month=day.month,
        title=f"{day.year}年{day.month}月" if chosen["view"] == "month" else f"{shown[0]} 至 {shown[-1]}",
        today=clock.today(),
        around=_around(chosen, day, shown),
        channels=_channels(),
        views=VIEWS,
        may_edit=bool(actor.branches(Role.EDITOR)),
        may_steer=lambda path: actor.may(Role.EDITOR, path),
    )


def _events(shown: list[date]) -> dict[date, list[Any]]:
    """Events by day; all staff see the published ones of their branches."""
    start, end = clock.local_midnight(shown[0]), clock.local_midnight(shown[-1] + timedelta(days=1))
    found: dict[date, list[Any]] = {}
    for row in event_days.between(current_staff().branches(), start, end):
        found.setdefault(clock.local(row.starts_at).date(), []).append(row)
    return found


def _around(chosen: dict[str, str], day: date, shown: list[date]) -> dict[str, str]:
    """The addresses of the span before, of today, and of the span after."""
    if chosen["view"] == "week":
        before, after = day - timedelta(days=7), day + timedelta(days=7)
    else:
        before, after = day.replace(day=1) - timedelta(days=1), (day.replace(day=1) + timedelta(days=32)).replace(day=1)
    places = {"before": before, "today": clock.today(), "after": after}
    return {name: _address(chosen | {"at": at.isoformat()}) for name, at in places.items()}


def _address(chosen: dict[str, str]) -> str:
    kept: dict[str, Any] = {key: value for key, value in chosen.items() if value}
    return url_for("console.calendar", **kept)


@blueprint.get("/calendar/new")
@staff_only(Role.EDITOR)
def calendar_new() -> str:
    """A day was chosen; which article?"""
    day = forms.day(request.args.get("day", "")) or clock.today()
    words = request.args.get("q", "").strip()[:40]
    rows = calendar.plannable(current_staff().branches(Role.EDITOR), words)
    left = quotas.left(None, [day])[day].words if day >= clock.today() else "这一天已经过去"
    return render_template("console/calendar/pick.html", day=day, rows=rows, words=words, left=left)


@blueprint.route("/pushes/<int:push_id>/move", methods=["GET", "POST"])
@staff_only(Role.EDITOR)
def push_move(push_id: int) -> Page:
    """Dragged to a day (`day`: the hour stays), or typed into the form (`due_at`)."""
    row, chosen = desk.push(current_staff().branches(Role.EDITOR), push_id), _chosen()
    if request.method == "GET":
        return _move_form(row, chosen, forms_events.local_input(row.Push.due_at))
    dragged = forms.day(request.form.get("day", ""))
    try:
        pushes.replan(current_staff(), push_id, _moved(row.Push.due_at, dragged))
    except DomainError as error:
        if dragged is None:
            return _move_form(row, chosen, request.form.get("due_at", ""), error.message), error.status
        flash(f"没有移动“{row.title}”：{error.message}", "danger")
        return redirect(_address(chosen))
    flash(f"已改时间：{row.title}", "success")
    return redirect(_address(chosen))


def _moved(due_at: datetime, day: date | None) -> datetime:
    if day is None:
        return forms_events.moment(request.form.get("due_at", ""), "推送时间")
    return datetime.combine(day, clock.local(due_at).time(), clock.LOCAL)


def _move_form(row: Any, chosen: dict[str, str], typed: str, problem: str = "") -> str:
    push = row.Push
    start = max(clock.local(push.due_at).date() - timedelta(days=3), clock.today())
    lefts = quotas.left(push.account_id, [start + timedelta(days=n) for n in range(AROUND)])
    counted = push.channel in quotas.COUNTED
    return render_template(
        "console/calendar/move.html",
        row=row,
        push=push,
        chosen=chosen,
        back=_address(chosen),
        typed=typed,
        problem=problem,
        lefts=lefts if counted else {},
    )
