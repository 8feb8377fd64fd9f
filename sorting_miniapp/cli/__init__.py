"""flask scheduler | worker | simulator | content … | staff … | wechat check | clock shift | openapi."""

from __future__ import annotations

import getpass
import json
import sys
from datetime import timedelta

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext

from sorting_miniapp import scheduler as timetable
from sorting_miniapp import state, worker
from sorting_miniapp.accounts import staff as accounts
from sorting_miniapp.articles import push_watch
from sorting_miniapp.cli import demo_figures, wechat_check
from sorting_miniapp.cli.content import content
from sorting_miniapp.errors import DomainError

staff = AppGroup("staff", help="Staff accounts.")
wechat = AppGroup("wechat", help="The connection to WeChat.")
demo = AppGroup("demo", help="Data for a demonstration; refused in production.")
clock = AppGroup("clock", help="Domain time in simulator mode.")


@click.command()
@with_appcontext
def scheduler() -> None:
    """Keep the timetable."""
    timetable.run(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command("worker")
@with_appcontext
def work() -> None:
    """Do what takes time: messages, pushes."""
    worker.run(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command()
def simulator() -> None:
    """Stand in for WeChat's servers (development and tests only)."""
    from sorting_miniapp.wechat.simulator.__main__ import main

    main()


@staff.command("create")
@click.argument("username")
@click.argument("name")
@click.option("--role", default="admin", show_default=True)
@click.option("--node", default="lianzhou", show_default=True, help="key of the unit at which the role is held")
def create_staff(username: str, name: str, role: str, node: str) -> None:
    """Make an account with one role; the password is asked for."""
    password = getpass.getpass("密码：")
    try:
        accounts.create_with_role(username, name, password, role, node)
    except DomainError as error:
        raise click.ClickException(error.message) from error
    click.echo(f"已建立账号 {username}")


@wechat.command("check")
def check_wechat() -> None:
    """Say what works with the configured accounts and what does not; exit 1 when anything is wrong."""
    lines, good = wechat_check.report()
    click.echo("\n".join(lines))
    if not good:
        sys.exit(1)


@demo.command("figures-2025")
def demo_year() -> None:
    """Load the figures of 2025: entries, 27 events, 4 trainings; a second time changes nothing."""
    try:
        counts = demo_figures.load()
    except DomainError as error:
        raise click.ClickException(error.message) from error
    click.echo("，".join(f"{name} {count} 条" for name, count in counts.items()))


@clock.command("shift")
@click.argument("seconds", type=float)
def shift(seconds: float) -> None:
    """Move domain time to SECONDS ahead of the wall."""
    if not current_app.extensions["settings"].simulated:
        raise click.ClickException("只能在模拟器模式下移动时间")
    state.put(state.CLOCK_OFFSET, int(timedelta(seconds=seconds).total_seconds() * 1000))
    click.echo(f"业务时间已移动 {seconds:g} 秒")


@click.command()
@with_appcontext
def restored() -> None:
    """Say that the database was restored from a backup; what may have gone out since then waits for a person."""
    click.echo(f"已登记，{push_watch.restored()} 次推送等待人工处理")


@click.command()
@with_appcontext
def openapi() -> None:
    """Print the OpenAPI document."""
    answer = current_app.test_client().get("/api/openapi.json")
    click.echo(json.dumps(answer.get_json(), ensure_ascii=False, indent=2))


def init_app(app: Flask) -> None:
    for command in (scheduler, work, simulator, restored, openapi):
        app.cli.add_command(command)
    for group in (content, staff, wechat, demo, clock):
        app.cli.add_command(group)
