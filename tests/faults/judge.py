"""The judge: what reached people, by the simulator's log alone; and what our tables admit not to know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text

from tests.simulator_process import SEND, Simulator


@dataclass
class Verdict:
    """L: targets that got nothing and of which nobody says so. D: effects over one. U: of which it is not known.

    `allowed` is how many may be unknown: calls in flight at the kills and freezes, and answers that were dropped.
    """

    runs: int = 0
    lost: int = 0
    doubled: int = 0
    unknown: int = 0
    allowed: int = 0
    wrong: list[str] = field(default_factory=list)

    def __iadd__(self, other: Verdict) -> Verdict:
        self.runs += other.runs
        self.lost += other.lost
        self.doubled += other.doubled
        self.unknown += other.unknown
        self.allowed += other.allowed
        self.wrong += other.wrong
        return self

    def line(self) -> str:
        return (
            f"{self.runs:>5} {self.lost:>5} {self.doubled:>7} {self.unknown:>8} {self.allowed:>8} {len(self.wrong):>6}"
        )

    @property
    def good(self) -> bool:
        return not (self.lost or self.doubled or self.wrong) and self.unknown <= self.allowed


HEADING = f"{'':<34} {'runs':>5} {'lost':>5} {'doubled':>7} {'unknown':>8} {'allowed':>8} {'wrong':>6}"


@dataclass(frozen=True)
class Work:
    """What a run is to bring about: one message to each openid, one mass send and one publication, by their titles."""

    openids: dict[int, str]  # by the resident's key
    titles: dict[int, tuple[str, str]]  # by the push's key: (channel, title); the fan-out's own is left out
    fan_out_push: int


def judge(simulator: Simulator, engine: Engine, work: Work, allowed: int, name: str) -> Verdict:
    """Compare the end of a run with the simulator's log. D is counted before L: both may be."""
    found = Verdict(runs=1, allowed=allowed)
    arrived: Counter[str] = Counter()
    if work.openids:
        arrived.update(simulator.summary(SEND)["by_openid"])
    states = _states(engine, work)
    unsure = [f"{what} {key}" for (what, key), state in states.items() if state == "unknown"]
    if len(unsure) > allowed:
        found.wrong.append(f"{name}: unknown are {', '.join(unsure)}, {allowed} may be")
    for resident, openid in work.openids.items():
        _count(found, arrived[openid], states.get(("message", resident), ""), f"{name}: message to {resident}")
    effects = _jobs(simulator)
    for push, (channel, title) in work.titles.items():
        _count(found, effects[channel, title], states[channel, push], f"{name}: {channel} {push}")
    return found


def _count(found: Verdict, effects: int, state: str, what: str) -> None:
    found.doubled += max(0, effects - 1)
    if state == "unknown":
        found.unknown += 1
    elif effects == 0 and state not in ("cancelled", "failed"):
        found.lost += 1
        found.wrong.append(f"{what} is {state or 'nowhere'} and nothing arrived")
    elif effects and state != "sent":
        found.wrong.append(f"{what} arrived and is {state or 'nowhere'}")


def _jobs(simulator: Simulator) -> Counter[tuple[str, str]]:
    told = simulator.jobs()
    found = Counter(("mass", job["title"]) for job in told["mass"] if job["state"] != "refused")
    found.update(("publish", job["title"]) for job in told["publish"])
    return found


def _states(engine: Engine, work: Work) -> dict[tuple[str, int], str]:
    """How our tables see each target. A push that waits for a person because its answer was lost is `unknown`."""
    keys = [*work.titles, *([work.fan_out_push] if work.fan_out_push else [])]
    listed = ", ".join(str(int(key)) for key in keys)
    found: dict[tuple[str, int], str] = {}
    with engine.connect() as connection:
        pushes: list[Any] = list(
            connection.execute(
                text(f"SELECT id, channel, state, called_at, remote_id FROM push WHERE id IN ({listed})")
            )
        )
        rows: list[Any] = list(
            connection.execute(
                text(
                    "SELECT d.resident_id, d.state FROM delivery AS d JOIN push AS p ON p.fan_out_id = d.fan_out_id "
                    "WHERE p.id = :push"
                ),
                {"push": work.fan_out_push},
            )
        )
    for one in pushes:
        unsure = one.state == "held" and one.called_at is not None
        found[one.channel, one.id] = "unknown" if unsure else one.state
    found |= {("message", row.resident_id): row.state for row in rows}
    return found
