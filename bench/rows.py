"""What is measured, and how: each row against its ceiling of the same run."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

import requests

from bench import load, report
from bench.load import Outcome, Request
from bench.setting import Setting
from tests.demo.actors import simulate
from tests.demo.processes import ROOT, Instance, wait_for

SECONDS, CLIENTS = 2.0, 16
PLACES, RUSH_CLIENTS, RUSH_PEOPLE = 500, 64, 700
FAN_OUT, LATENCY = 60_882, 0.05
ATTEMPTS = 600
STEPS = ("hello", "cached", "search", "start", "submit", "rush", "sold_out", "check_in", "fan_out", "report")


@dataclass(frozen=True)
class Row:
    """A figure beside its target. `strict` rows (ratios) fail when missed, others only when missed by half."""

    name: str
    figure: float
    unit: str
    target: float | None = None
    at_most: bool = False
    strict: bool = True
    note: str = ""

    @property
    def good(self) -> bool:
        if self.target is None:
            return True
        slack = 1.0 if self.strict else 1.5
        return self.figure <= self.target * slack if self.at_most else self.figure >= self.target / slack

    @staticmethod
    def heading() -> str:
        return f"{'row':<58} {'figure':>12}  {'target':>12}  "

    def line(self) -> str:
        target = "" if self.target is None else f"{'<=' if self.at_most else '>='} {self.target:g}"
        mark = "" if self.target is None else ("ok" if self.good else "MISSED")
        return f"{self.name:<58} {self.figure:>9.2f} {self.unit:<3} {target:>12}  {mark:<6} {self.note}"


class Bench:
    """One database, the service and the ceilings, measured in turns."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.instance = Instance(folder, database_url, LOG_LEVEL="INFO", WECHAT_READ_TIMEOUT="10", LEASE_SECONDS="40")
        self.instance.prepare()
        self.setting = Setting(self.instance)
        self.processes: list[subprocess.Popen[bytes]] = []
        self.instance.start("simulator")
        self.bare = self._serve("bench.bare:app")
        self.full = self._serve("bench.hello:app")

    def _serve(self, target: str) -> str:
        """Another gunicorn with the same configuration; returns its address."""
        instance = Instance(self.instance.folder, self.instance.environ["DATABASE_URL"], LOG_LEVEL="INFO")
        environ = {**os.environ, **self.instance.environ, "PORT": instance.environ["PORT"]}
        instance.engine.dispose()
        with (self.instance.folder / f"{target}.log").open("ab") as log:
            command = [str(Path(sys.executable).parent / "gunicorn"), "-c", "gunicorn.conf.py", target]
            self.processes.append(
                subprocess.Popen(command, env=environ, cwd=ROOT, stdout=log, stderr=log, start_new_session=True)
            )
        url = f"http://127.0.0.1:{environ['PORT']}"
        wait_for(lambda: _answers(url), 60, url)
        return url

    def stop(self) -> None:
        for process in self.processes:
            process.terminate()
        for process in self.processes:
            process.wait(30)
        self.setting.close()
        self.instance.stop()

    def steps(self, chosen: Collection[str]) -> list[Callable[[], list[Row]]]:
        """The measurements of these names, in the order of STEPS."""
        return [getattr(self, name) for name in STEPS if name in chosen]

    def _rate(self, base: str, path: str, **headers: str) -> float:
        one = [Request("GET", path, headers=tuple(headers.items()))]
        found = load.run(base, [one] * CLIENTS, SECONDS / 2)
        assert set(found.statuses) <= {200, 304}, found.statuses
        return found.rate

    def _against(self, measure: Callable[[], float], ceiling: Callable[[], float]) -> float:
        """The median of three interleaved ratios."""
        return statistics.median(measure() / ceiling() for _ in range(3))

    def hello(self) -> list[Row]:
        ratio = self._against(lambda: self._rate(self.full, "/hello"), lambda: self._rate(self.bare, "/hello"))
        return [Row("hello behind the middleware / bare Flask hello", ratio, "x")]

    def cached(self) -> list[Row]:
        rows = []
        places = ("guide/categories", "quizzes", "events", "articles", "quizzes/daily/leaderboard")
        paths = {name: name for name in places} | {"articles/{id}": f"articles/{self.setting.article()}"}
        for name, path in paths.items():
            url = f"/api/v1/{path}"
            etag = self.setting.etag(self.full + url)
            hit = self._against(lambda url=url: self._rate(self.full, url), lambda: self._rate(self.full, "/hello"))  # type: ignore[misc]
            same = self._against(
                lambda url=url, etag=etag: self._rate(self.full, url, **{"If-None-Match": etag}),  # type: ignore[misc]
                lambda: self._rate(self.full, "/hello"),
            )
            rows.append(Row(f"GET {name}, cached bytes / hello", hit, "x", 0.85))
            rows.append(Row(f"GET {name}, 304 / hello", same, "x", 1.0))
        return rows

    def search(self) -> list[Row]:
        """Words nobody has asked for yet, among 5,000 items: the middle time of an answer in the process."""
        found = self.setting.cold_search(5_000)
        return [Row("cold guide search among 5,000 items", found, "ms", 10, at_most=True, strict=False)]

    def start(self) -> list[Row]:
        quiz = self.setting.quiz_id("yifencuo-lianxi")

        def lanes(path: str) -> list[list[Request]]:
            return [
                [Request("POST", path, headers=self.setting.bearer(lane * 40 + n % 40)) for n in range(4_000)]
                for lane in range(CLIENTS)
            ]

        def rate(base: str, path: str) -> float:
            found = load.run(base, lanes(path), SECONDS / 2)
            assert set(found.statuses) == {201}, found.statuses
            return found.rate

        ratio = self._against(
            lambda: rate(self.full, "/api/v1/quizzes/yifencuo-lianxi/attempts"),
            lambda: rate(self.bare, f"/start/{quiz}"),
        )
        return [Row("start an attempt of 10 questions / bare Core", ratio, "x", 0.6)]

    def submit(self) -> list[Row]:
        service, bare = Outcome(), Outcome()
        for turn in range(2):  # interleaved: each attempt can be submitted once
            service = _add(service, load.run(self.full, self._papers(turn * 2)))
            bare = _add(bare, load.run(self.bare, self._papers(turn * 2 + 1, bare=True)))
        for found in (service, bare):
            assert set(found.statuses) == {200}, (service.statuses, bare.statuses)
        ratio = service.rate / bare.rate
        slow = service.percentile(0.99) / bare.percentile(0.99)
        note = f"{service.percentile(0.99):.0f} / {bare.percentile(0.99):.0f} ms"
        return [
            Row("submit an attempt / bare Core", ratio, "x", 0.5),
            Row("submit an attempt, p99 / bare Core's", slow, "x", 2.0, at_most=True, strict=False, note=note),
        ]

    def _papers(self, turn: int, bare: bool = False) -> list[list[Request]]:
        """A submission of the daily quiz for each of ATTEMPTS residents, nothing of it right."""
        requests = []
        for number in range(turn * ATTEMPTS, (turn + 1) * ATTEMPTS):
            public_id, answers = self.setting.daily_attempt(number)
            path = f"/submit/{public_id}" if bare else f"/api/v1/attempts/{public_id}/submission"
            headers = (*self.setting.bearer(number), ("Content-Type", "application/json"))
            requests.append(Request("POST", path, answers, headers))
        return [requests[lane::CLIENTS] for lane in range(CLIENTS)]

    def rush(self) -> list[Row]:
        """64 clients, 500 places, 700 people: the time until all are served, and nothing over or under."""
        ratios, slowest, bare = [], [], []
        for _ in range(3):
            event, _ = self.setting.event(PLACES)
            path = f"/api/v1/events/{event}/signups"
            body = json.dumps({"risk_accepted": True, "wait": False}).encode()
            mine = load.run(self.full, self._crowd(path, body))
            assert mine.statuses[201] == PLACES, mine.statuses
            _, shift = self.setting.event(PLACES)
            ceiling = load.run(self.bare, self._crowd(f"/sign-up/{shift}", b"{}"))
            assert ceiling.statuses[201] == PLACES, ceiling.statuses
            ratios.append(mine.rate / ceiling.rate)
            slowest.append(mine.percentile(0.99))
            bare.append(ceiling.percentile(0.99))
        note = f"bare Core {statistics.median(bare):.0f} ms"
        postgres = self.instance.engine.dialect.name == "postgresql"
        return [
            Row("sign-up rush, 64 clients / bare Core", statistics.median(ratios), "x", 0.6 if postgres else None),
            Row("sign-up rush, p99", statistics.median(slowest), "ms", 250, at_most=True, strict=False, note=note),
        ]

    def sold_out(self) -> list[Row]:
        """Everybody asks for a place where none is left."""
        event, _ = self.setting.event(1)
        path, body = f"/api/v1/events/{event}/signups", json.dumps({"risk_accepted": True, "wait": False}).encode()
        crowd = self._crowd(path, body)
        assert load.run(self.full, crowd[:1]).statuses[201] == 1

        def rate() -> float:
            found = load.run(self.full, crowd[1 : CLIENTS + 1], SECONDS / 2)
            assert set(found.statuses) == {409}, found.statuses
            return found.rate

        ratio = self._against(rate, lambda: self._rate(self.full, "/hello"))
        return [Row("sold out / hello", ratio, "x", 0.5)]

    def check_in(self) -> list[Row]:
        """ATTEMPTS people scan the code of a shift, each once."""
        service, bare = Outcome(), Outcome()
        for _ in range(2):  # interleaved: each person checks in once
            shift, token = self.setting.open_shift(ATTEMPTS)
            body = json.dumps({"token": token}).encode()
            service = _add(service, load.run(self.full, self._scans("/api/v1/checkins", body)))
            shift, _ = self.setting.open_shift(ATTEMPTS)
            bare = _add(bare, load.run(self.bare, self._scans(f"/check-in/{shift}", b"{}")))
        for found in (service, bare):
            assert set(found.statuses) == {200}, (service.statuses, bare.statuses)
        note = f"{service.rate:.0f} a second"
        return [Row("check-in scan / bare Core", service.rate / bare.rate, "x", 0.6, note=note)]

    def _scans(self, path: str, body: bytes) -> list[list[Request]]:
        json_type = ("Content-Type", "application/json")
        requests = [Request("POST", path, body, (*self.setting.bearer(n), json_type)) for n in range(ATTEMPTS)]
        return [requests[lane::CLIENTS] for lane in range(CLIENTS)]

    def _crowd(self, path: str, body: bytes) -> list[list[Request]]:
        json_type = ("Content-Type", "application/json")
        requests = [
            Request("POST", path, body, (*self.setting.bearer(number), json_type)) for number in range(RUSH_PEOPLE)
        ]
        return [requests[lane::RUSH_CLIENTS] for lane in range(RUSH_CLIENTS)]

    def fan_out(self) -> list[Row]:
        """60,882 subscribe messages at 50 ms an answer, one worker process, every delivery recorded."""
        number = self.setting.fan_out(FAN_OUT)
        # The row is about sending; what WeChat tells afterwards is taken in by the web processes.
        simulate(self.instance, "POST", "/_sim/settings", {"sent_events": False})
        fault = {"path": "/cgi-bin/message/subscribe/send", "kind": "latency", "value": LATENCY}
        simulate(self.instance, "POST", "/_sim/faults", fault)
        try:
            took, cpu, grown, sent, total = run_alone(self.instance, "bench.fan_out", number)
        finally:
            simulate(self.instance, "DELETE", "/_sim/faults")
        assert sent == total == FAN_OUT, (sent, total)
        note = f"{sent / took:.0f} a second"
        return [
            Row(f"fan-out of {FAN_OUT:,} messages at 50 ms", took, "s", 60, at_most=True, strict=False, note=note),
            Row("fan-out, CPU for each message", cpu / sent * 1000, "ms", 0.25, at_most=True, strict=False),
            Row("fan-out, memory growth", grown, "MiB", 60, at_most=True, strict=False),
        ]

    def report(self) -> list[Row]:
        """A year of 10,000 events and 1,000,000 service records: the document and its evidence, made by the worker."""
        job = report.fill(self.setting.analyst(), self.setting.people)
        took, grown, size = run_alone(self.instance, "bench.report", job)
        note = f"{size / 2**20:.1f} MiB of documents"
        return [
            Row("report of 10,000 events, 1,000,000 records", took, "s", 30, at_most=True, strict=False, note=note),
            Row("report, memory growth", grown, "MiB", 150, at_most=True, strict=False),
        ]


def run_alone(instance: Instance, module: str, number: int) -> list[float]:
    """The figures that `python -m module number` prints, over the instance's database."""
    done = subprocess.run(
        [sys.executable, "-m", module, str(number)],
        env={**os.environ, **instance.environ}, cwd=ROOT, capture_output=True, text=True, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return [float(word) for word in done.stdout.split()]


def _add(first: Outcome, second: Outcome) -> Outcome:
    return Outcome(
        first.seconds + second.seconds, first.milliseconds + second.milliseconds, first.statuses + second.statuses
    )


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/hello", timeout=2).status_code == 200
    except requests.RequestException:
        return False
