"""How many subscribe messages the simulator takes: `python -m bench.simulator_sends [MESSAGES]`.

Prints messages a second and the simulator's CPU for each, with 50 ms of latency switched on; one process asks, the
simulator is another. CPU for each is the figure that a busy machine spoils least: 0.33 ms is 3,000 a second on a core.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from pathlib import Path

import aiohttp
import orjson

from tests.conftest import MINI, base_environ
from tests.simulator_process import SEND, Simulator, running

MESSAGES = 30_000
CONNECTIONS = 256
LATENCY = 0.05
TEMPLATE = "bench"


def _cpu(pid: int) -> float:
    """Seconds of CPU a process has used."""
    used = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


async def _send(simulator: Simulator, openids: list[str]) -> None:
    secret = {"grant_type": "client_credential", "appid": MINI, "secret": "mini-secret"}
    token = simulator.wechat("POST", "/cgi-bin/stable_token", secret)["access_token"]
    waiting = iter(openids)
    more = {
        "template_id": TEMPLATE,
        "page": "pages/articles/detail?id=3",
        "data": {"thing1": {"value": "旧电池去哪儿"}, "time2": {"value": "2026年11月25日 09:00"}},
        "miniprogram_state": "formal",
        "lang": "zh_CN",
    }
    connector = aiohttp.TCPConnector(limit=CONNECTIONS)
    async with aiohttp.ClientSession(simulator.url, connector=connector) as session:

        async def lane() -> None:
            for openid in waiting:
                body = orjson.dumps({"touser": openid, **more})
                async with session.post(f"{SEND}?access_token={token}", data=body) as answer:
                    found = orjson.loads(await answer.read())
                    assert found["errcode"] == 0, found

        await asyncio.gather(*(lane() for _ in range(CONNECTIONS)))


def main(messages: int = MESSAGES) -> None:
    with tempfile.TemporaryDirectory() as folder, running(base_environ(Path(folder))) as simulator:
        openids = simulator.subscribers(TEMPLATE, messages)
        simulator.fault(SEND, "latency", value=LATENCY)
        begun, used = time.monotonic(), _cpu(simulator.pid)
        asyncio.run(_send(simulator, openids))
        took, cpu = time.monotonic() - begun, _cpu(simulator.pid) - used
        assert simulator.summary(SEND)["by_errcode"] == {"0": messages}
        each = f"{cpu / messages * 1000:.3f} ms of the simulator's CPU for each"
        print(f"{messages / took:.0f} messages a second; {each}: {messages / cpu:.0f} a second on a core of its own")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MESSAGES)
