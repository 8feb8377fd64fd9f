"""Load over HTTP from processes of its own: closed loops over keep-alive connections, latencies kept."""

from __future__ import annotations

import http.client
import multiprocessing
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Request:
    """One request: method, path, body, headers."""

    method: str
    path: str
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


@dataclass
class Outcome:
    """What a run saw: requests per second, latencies in milliseconds, answers by status."""

    seconds: float = 0.0
    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        return len(self.milliseconds) / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        found = sorted(self.milliseconds)
        return found[min(len(found) - 1, int(len(found) * share))] if found else 0.0


def _client(base: str, requests: list[Request], stop_at: float, out: Outcome, keep: bool) -> None:
    """Send the requests one after the other; with `stop_at` go round until then."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=60)
    number = 0
    while (number < len(requests)) if not stop_at else time.monotonic() < stop_at:
        one = requests[number % len(requests)]
        number += 1
        begun = time.perf_counter()
        connection.request(one.method, one.path, one.body or None, dict(one.headers))
        answer = connection.getresponse()
        body = answer.read()
        out.milliseconds.append((time.perf_counter() - begun) * 1000)
        out.statuses[answer.status] += 1
        if keep:
            out.bodies.append(body)
    connection.close()


def _process(base: str, lanes: list[list[Request]], seconds: float, keep: bool, barrier, queue) -> None:  # type: ignore[no-untyped-def]
    outcomes = [Outcome() for _ in lanes]
    barrier.wait()
    begun = time.monotonic()
    stop_at = begun + seconds if seconds else 0.0
    threads = [
        threading.Thread(target=_client, args=(base, lane, stop_at, out, keep))
        for lane, out in zip(lanes, outcomes, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    queue.put((time.monotonic() - begun, outcomes))


def run(base: str, lanes: list[list[Request]], seconds: float = 0.0, keep: bool = False, processes: int = 2) -> Outcome:
    """Each lane is one client. Without `seconds` every request is sent once."""
    context = multiprocessing.get_context("fork")
    parts = [lanes[number::processes] for number in range(processes)]
    parts = [part for part in parts if part]
    barrier, queue = context.Barrier(len(parts)), context.Queue()
    workers = [
        context.Process(target=_process, args=(base, part, seconds, keep, barrier, queue), daemon=True)
        for part in parts
    ]
    for worker in workers:
        worker.start()
    total = Outcome()
    for _ in workers:
        took, outcomes = queue.get(timeout=600)
        total.seconds = max(total.seconds, took)
        for one in outcomes:
            total.milliseconds += one.milliseconds
            total.statuses += one.statuses
            total.bodies += one.bodies
    for worker in workers:
        worker.join(30)
    return total
