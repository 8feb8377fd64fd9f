"""`make run`: migrate, load content, make the demo staff and groups, then start all four processes together."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from flask_migrate import upgrade
from honcho.manager import Manager

from sorting_miniapp import config
from sorting_miniapp.cli import demo_groups, demo_places, demo_staff, teaching
from sorting_miniapp.cli.content import FOLDER
from sorting_miniapp.cli.instance import environment

ROOT = Path(__file__).resolve().parents[2]


def prepare(environ: dict[str, str]) -> dict[str, dict[str, int]]:
    """Bring the instance up to date. Returns what the content changed."""
    from sorting_miniapp.app import create_app

    os.environ.update(environ)
    Path(environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(parents=True, exist_ok=True)
    app = create_app(config.load(environ))
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        counts, outcomes = teaching.load(FOLDER)
        demo_staff.make(environ["DEMO_PASSWORD"])
        demo_groups.make()
        demo_places.make()
    return counts | {one.label: one.counts() for one in outcomes}


def processes(environ: dict[str, str]) -> list[tuple[str, str]]:
    """(name, command) of each process in the Procfile."""
    lines = (ROOT / "Procfile").read_text("utf-8").splitlines()
    return [(name.strip(), command.strip()) for name, _, command in (line.partition(":") for line in lines) if command]


def _welcome(environ: dict[str, str]) -> str:
    web, simulator = f"http://127.0.0.1:{environ['PORT']}", f"http://127.0.0.1:{environ['SIMULATOR_PORT']}"
    people = "\n".join(f"    {username:<10}  {name}" for username, name, _, _ in demo_staff.PEOPLE)
    return (
        f"\n  Console     {web}/console/\n  API docs    {web}/api/docs\n  Simulator   {simulator}/\n\n"
        f"  Demo staff, password {environ['DEMO_PASSWORD']}\n{people}\n\n  Ctrl-C stops everything.\n"
    )


def main() -> int:
    os.chdir(ROOT)
    environ = environment(Path(os.environ.get("INSTANCE") or "instance").resolve())
    environ.setdefault("SIMULATOR_STATE", str(Path(environ["INSTANCE"]) / "simulator.json"))
    counts = prepare(environ)
    fresh = sum(part["added"] + part["changed"] for part in counts.values())
    sys.stdout.write(f"  Content: {fresh} rows added or changed\n{_welcome(environ)}")
    sys.stdout.flush()
    environ["PATH"] = f"{Path(sys.executable).parent}:{environ.get('PATH', '')}"
    environ["PYTHONUNBUFFERED"] = "1"
    manager = Manager()
    for name, command in processes(environ):
        manager.add_process(name, f"exec {command}", env=environ, cwd=str(ROOT))
    manager.loop()
    return int(manager.returncode or 0)


if __name__ == "__main__":
    sys.exit(main())
