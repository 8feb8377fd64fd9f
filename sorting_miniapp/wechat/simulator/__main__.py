"""`python -m sorting_miniapp.wechat.simulator`: serve on 127.0.0.1:SIMULATOR_PORT until SIGTERM."""

from __future__ import annotations

import asyncio
import signal
import sys

from aiohttp import web

from sorting_miniapp import config
from sorting_miniapp.wechat.simulator.server import make_app
from sorting_miniapp.wechat.simulator.state import Account, State


async def _serve(settings: config.Settings) -> None:
    state = State(
        Account(settings.mini_appid, settings.mini_secret), Account(settings.official_appid, settings.official_secret)
    )
    runner = web.AppRunner(make_app(state), access_log=None)
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
    settings = config.load()
    if settings.production or not settings.simulated:
        sys.exit("The simulator runs in simulator mode only, never in production.")
    asyncio.run(_serve(settings))


if __name__ == "__main__":
    main()
