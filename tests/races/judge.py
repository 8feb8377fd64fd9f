"""The model: what the answers alone say must be so at the end, compared with the tables.

It knows nothing of the service's code; it reads three tables with statements of its own.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, text

from tests.races.race import Answer, Race

HOLDING = ("confirmed", "offered", "attended", "absent")
# (what, status) → codes a client may be told; None: any body.
ALLOWED: dict[tuple[str, int], set[str] | None] = {
    ("sign_up", 201): None,
    ("sign_up", 409): {"already_signed_up", "shifts_overlap", "event_full"},
    ("withdraw", 204): None,
    ("withdraw", 409): {"signup_ended", "signup_attended"},
    ("confirm", 200): None,
    ("confirm", 409): {"offer_lapsed", "not_offered"},
    ("lapse", 200): None,
    ("check_in", 200): None,
    ("check_in", 409): {"not_signed_up"},
}


@dataclass
class Verdict:
    """How often places were oversold, left free while somebody waited, or given twice; and what else was wrong."""

    races: int = 0
    oversold: int = 0
    underfilled: int = 0
    doubled: int = 0
    wrong: list[str] = field(default_factory=list)

    def __iadd__(self, other: Verdict) -> Verdict:
        self.races += other.races
        self.oversold += other.oversold
        self.underfilled += other.underfilled
        self.doubled += other.doubled
        self.wrong += other.wrong
        return self

    def line(self) -> str:
        return (
            f"{self.races} races, oversold {self.oversold}, underfilled {self.underfilled}, doubled {self.doubled}, "
            f"otherwise wrong {len(self.wrong)}"
        )

    @property
    def good(self) -> bool:
        return not (self.oversold or self.underfilled or self.doubled or self.wrong)


class Model:
    """The sign-ups as the answers describe them: who is in, who has left, who came."""

    def __init__(self, race: Race) -> None:
        signed = [a for a in race.answers if a.what == "sign_up" and a.status == 201]
        self.made: dict[str, Answer] = {a.body["id"]: a for a in signed}
        self.left = {a.about for a in race.answers if a.what == "withdraw" and a.status == 204}
        self.confirmed = {a.about for a in race.answers if a.what == "confirm" and a.status == 200}
        self.came = {(a.runner.id, a.about) for a in race.answers if a.what == "check_in" and a.status == 200}
        self.ran_out = race.expired - self.left
        self.live = set(self.made) - self.left - self.ran_out

    def live_places(self, shift: int) -> int:
        return sum(self.made[one].places for one in self.live if self.made[one].about == shift)


def judge(engine: Engine, race: Race) -> Verdict:
    """Compare the race's end with the model."""
    model, found = Model(race), Verdict(races=1)
    found.wrong += [f"seed {race.seed}: {problem}" for problem in _answers_problems(race)]
    shifts = {place.shift: place for place in race.places}
    with engine.connect() as connection:
        rows = _read(connection, "SELECT * FROM sign_up WHERE shift_id IN", list(shifts))
        counters = {row["id"]: row for row in _read(connection, "SELECT * FROM shift WHERE id IN", list(shifts))}
        pairs = _read(
            connection,
            "SELECT c.* FROM check_in AS c JOIN sign_up AS s ON s.id = c.sign_up_id WHERE s.shift_id IN",
            list(shifts),
        )
    live_by_person = Counter(row["resident_id"] for row in rows if row["live"])
    found.doubled += sum(number - 1 for number in live_by_person.values())
    found.doubled += sum(number - 1 for number in Counter(pair["sign_up_id"] for pair in pairs).values())
    problems = _rows_problems(model, rows, pairs)
    for shift, place in shifts.items():
        own = [row for row in rows if row["shift_id"] == shift and row["live"]]
        held = sum(row["places"] for row in own if row["state"] in HOLDING)
        queue = sorted((row for row in own if row["state"] == "waiting"), key=lambda row: row["queue_number"])
        found.oversold += max(0, held - place.capacity)
        if queue and place.capacity - held >= queue[0]["places"]:
            found.underfilled += 1
        problems += _shift_problems(model, race, place.capacity, counters[shift], own, held, queue)
    found.wrong += [f"seed {race.seed}: {problem}" for problem in problems]
    return found


def _read(connection: Any, statement: str, keys: list[int]) -> list[dict[str, Any]]:
    listed = ", ".join(str(int(key)) for key in keys)
    return [dict(row) for row in connection.execute(text(f"{statement} ({listed})")).mappings()]


def _answers_problems(race: Race) -> list[str]:
    problems = []
    for a in race.answers:
        codes = ALLOWED.get((a.what, a.status), set())
        if codes is not None and (not isinstance(a.body, dict) or a.body.get("code") not in codes):
            problems.append(f"{a.what} was answered {a.status} {a.body}")
    return problems


def _rows_problems(model: Model, rows: list[dict[str, Any]], pairs: list[dict[str, Any]]) -> list[str]:
    """Every acknowledged sign-up stands as its answers say, and there are no others."""
    problems = []
    by_id = {row["public_id"]: row for row in rows}
    if set(by_id) != set(model.made):
        problems.append(
            f"{len(set(model.made) - set(by_id))} sign-ups lost, {len(set(by_id) - set(model.made))} unasked"
        )
    for one, row in by_id.items():
        if bool(row["live"]) != (one in model.live):
            problems.append(f"{one} is {row['state']}, the answers say {'in' if one in model.live else 'out'}")
        if one in model.confirmed and row["live"] and row["state"] not in ("confirmed", "attended"):
            problems.append(f"{one} was confirmed and is {row['state']}")
        came = (row["resident_id"], row["shift_id"]) in model.came
        if bool(row["live"]) and came != (row["state"] == "attended"):
            problems.append(f"{one} came: {came}, and is {row['state']}")
    if len(pairs) != len(model.came):
        problems.append(f"{len(pairs)} check-ins for {len(model.came)} people who came")
    return problems


def _shift_problems(
    model: Model,
    race: Race,
    capacity: int,
    counter: dict[str, Any],
    own: list[dict[str, Any]],
    held: int,
    queue: list[dict[str, Any]],
) -> list[str]:
    problems = []
    if (counter["places_taken"], counter["waiting"]) != (held, len(queue)):
        problems.append(f"counted {counter['places_taken']}/{counter['waiting']}, rows say {held}/{len(queue)}")
    if sum(row["places"] for row in own) != model.live_places(counter["id"]):
        problems.append("the places of the live are not those of the answers")
    if race.singles and queue and held != capacity:
        problems.append(f"{held} of {capacity} held while {len(queue)} wait")
    promoted = [row["queue_number"] for row in own if row["queue_number"] and row["state"] != "waiting"]
    if queue and promoted and max(promoted) > queue[0]["queue_number"]:
        problems.append("somebody passed the head of the waiting list")
    return problems
