"""flask content check | load | export. `python -m sorting_miniapp.cli check` needs neither settings nor a database."""

from __future__ import annotations

import sys
import unicodedata
from pathlib import Path

import click
from flask.cli import AppGroup

from sorting_miniapp.cli import teaching
from sorting_miniapp.errors import DomainError
from sorting_miniapp.teaching.files import Level, Problem, Report
from sorting_miniapp.teaching.sync import Outcome

FOLDER = Path(__file__).resolve().parents[2] / "content"
content = AppGroup("content", help="The teaching material in content/.")
_folder = click.option(
    "--folder", type=click.Path(path_type=Path, exists=True, file_okay=False), default=FOLDER, show_default=False
)
LEVEL_NAMES = {Level.STRUCTURE: "格式", Level.TEXT: "文字", Level.DRAFT: "未完成"}
WIDTH = 30


@content.command("check", with_appcontext=False)
@_folder
@click.option("--only", "-o", multiple=True, type=click.Choice(list(teaching.CHECKS)), help="look at this part only")
@click.option("--draft", is_flag=True, help="let pass what is not reviewed yet, and amounts not reached yet")
def check_content(folder: Path, only: tuple[str, ...], draft: bool) -> None:
    """Print how much there is, and every problem with file and line; exit 1 when there is one."""
    reports = teaching.check(folder, only)
    for label, report in reports.items():
        _table(label, report)
    found = teaching.problems(reports, draft)
    for problem in found:
        click.echo(f"[{LEVEL_NAMES[problem.level]}] {problem}", err=True)
    click.echo(_summary(found))
    if found:
        sys.exit(1)


def _summary(found: list[Problem]) -> str:
    if not found:
        return "内容检查通过，没有问题"
    counts = "，".join(
        f"{name} {count}" for level, name in LEVEL_NAMES.items() if (count := sum(p.level is level for p in found))
    )
    return f"共 {len(found)} 个问题（{counts}）"


def _table(label: str, report: Report) -> None:
    click.echo(f"\n{label}")
    for row in report.amounts:
        wide = sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in row.label)
        wanted = f"  {'够' if row.count >= row.wanted else '不够'}（至少 {row.wanted}）" if row.wanted else ""
        click.echo(f"  {row.label}{' ' * max(1, WIDTH - wide)}{row.count:>6}{wanted}")


@content.command("load")
@_folder
@click.option("--dry-run", is_flag=True, help="only say what would happen")
@click.option("--take", multiple=True, metavar="KEY", help="let the file's version of this entry win")
def load_content(folder: Path, dry_run: bool, take: tuple[str, ...]) -> None:
    """Load the files; a second time changes nothing. What staff changed in the console is kept and told."""
    try:
        counts, outcomes = teaching.load(folder, take, dry_run)
    except DomainError as error:
        raise click.ClickException(error.message) from error
    for name, count in counts.items():
        click.echo(f"{name}：新增 {count['added']}，更改 {count['changed']}，未变 {count['same']}")
    for outcome in outcomes:
        _told(outcome)
    if dry_run:
        click.echo("只是试算，什么也没有改")


def _told(outcome: Outcome) -> None:
    sizes = {"新增": outcome.added, "更改": outcome.changed, "去掉": outcome.removed}
    click.echo(f"{outcome.label}：" + "，".join(f"{word} {len(names)}" for word, names in sizes.items()))
    for word, names in sizes.items():
        for name in names:
            click.echo(f"  {word} {name}")
    for one in outcome.kept:
        click.echo(f"  保留后台的版本：{one.title}（{one.part}:{one.key}，{one.reason}）")
        for key, new, old in one.fields:
            click.echo(f"    {key}\n      文件：{new or '（空）'}\n      后台：{old or '（空）'}")


@content.command("export")
@_folder
def export_content(folder: Path) -> None:
    """Write the database back to the files; what is the same stays as it is."""
    for label, names in teaching.export(folder).items():
        for name in names:
            click.echo(f"{label}：已写 {name}")
    click.echo("导出完成")
