"""`python -m sorting_miniapp.wechat.simulator`: serve on 127.0.0.1:SIMULATOR_PORT until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import yaml
from aiohttp import web

from sorting_miniapp import config
from sorting_miniapp.wechat.simulator import store
from sorting_miniapp.wechat.simulator.server import make_app
from sorting_miniapp.wechat.simulator.state import Account, State, Template

NOTICES = Path(__file__).resolve().parents[3] / "content" / "messages.yaml"
KINDS = {"one_time": 2, "long_term": 3}


def _templates(path: Path) -> dict[str, Template]:
    """The templates of the rehearsal: one for each notice, with its fields, under the id sim_<key>."""
    rows = yaml.safe_load(path.read_text("utf-8")) if path.exists() else []
    made = [
        Template(f"sim_{row['key']}", row["title"], [[f["key"], f["label"]] for f in row["fields"]], KINDS[row["kind"]])
        for row in rows
    ]
    return {one.id: one for one in made}


def new_state(settings: config.Settings) -> State:
    """An empty platform with the two accounts of the environment."""
    state = State(
        Account("mini", settings.mini_appid, settings.mini_secret, settings.mini_token, settings.mini_aes_key),
        Account(
            "official",
            settings.official_appid,
            settings.official_secret,
            settings.official_token,
            settings.official_aes_key,
        ),
    )
    base = settings.simulator_callback_base or f"http://127.0.0.1:{settings.port}"
    state.settings.callback_base = base.rstrip("/")
    return state


async def _serve(settings: config.Settings) -> None:
    state = new_state(settings)
    file = store.File(Path(settings.simulator_state), state) if settings.simulator_state else None
    state.templates |= _templates(NOTICES)
    runner = web.AppRunner(make_app(state, file), access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", int(settings.simulator_port), backlog=1024)
    await site.start()
    port = runner.addresses[0][1]
    sys.stdout.write(f"simulator listening on http://127.0.0.1:{port}\n")
    sys.stdout.flush()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    await runner.cleanup()


def main() -> None:
    """Refused in production and outside simulator mode."""
    try:
        settings = config.load()
    except config.ConfigError as error:
        sys.exit(str(error))
    if settings.production or not settings.simulated:
        sys.exit("The simulator runs in simulator mode only, never in production.")
    asyncio.run(_serve(settings))


if __name__ == "__main__":
    main()
