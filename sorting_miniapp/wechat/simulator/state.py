"""What the simulated platform knows: accounts, people, credits, drafts, jobs, and what it was asked."""

from __future__ import annotations

import secrets
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

LOG_SIZE = 20_000


class Refused(Exception):
    """An answer with an errcode other than 0; `extra` is added to its body."""

    def __init__(self, errcode: int, errmsg: str, **extra: Any) -> None:
        super().__init__(errmsg)
        self.errcode, self.errmsg, self.extra = errcode, errmsg, extra


@dataclass
class Account:
    """A mini-program or an official account. `tokens` maps each live token to the moment it dies."""

    appid: str
    secret: str
    tokens: dict[str, float] = field(default_factory=dict)
    current: str = ""


@dataclass
class Person:
    """A follower's phone: two openids, one unionid, credits by template, messages received."""

    openid: str
    official_openid: str
    unionid: str | None
    follows: bool = True
    seen_at: float = 0.0
    phone: str = ""
    credits: Counter[str] = field(default_factory=Counter)
    sending: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class MassJob:
    """One mass send; SENDING until it was looked at `polls` times."""

    msg_id: int
    clientmsgid: str
    media_id: str
    title: str
    status: str = "SENDING"
    polls: int = 0
    confirmed: bool = True


@dataclass
class Settings:
    """What POST /_sim/settings may change."""

    token_life: int = 7200
    job_polls: int = 2
    mass_daily_quota: int = 1
    admin_confirmation: bool = False
    freepublish_right: bool = True


@dataclass
class State:
    """Everything, in memory."""

    mini: Account
    official: Account
    settings: Settings = field(default_factory=Settings)
    people: dict[str, Person] = field(default_factory=dict)
    followers: dict[str, Person] = field(default_factory=dict)
    codes: dict[str, tuple[str, float]] = field(default_factory=dict)
    phone_codes: dict[str, tuple[str, float]] = field(default_factory=dict)
    used_codes: set[str] = field(default_factory=set)
    materials: dict[str, bytes] = field(default_factory=dict)
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    mass_jobs: dict[int, MassJob] = field(default_factory=dict)
    publish_jobs: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_SIZE))
    counts: Counter[tuple[str, int]] = field(default_factory=Counter)
    by_openid: Counter[str] = field(default_factory=Counter)
    sequence: int = 0
    numbers: int = 0

    def next_number(self) -> int:
        self.numbers += 1
        return 3_147_483_647 + self.numbers

    def person(self, openid: str) -> Person:
        found = self.people.get(openid)
        if found is None:
            raise Refused(40003, "invalid openid")
        return found

    def new_person(self, unionid: bool = True) -> Person:
        person = Person(
            openid=f"o{secrets.token_urlsafe(20)[:27]}",
            official_openid=f"f{secrets.token_urlsafe(20)[:27]}",
            unionid=f"u{secrets.token_urlsafe(20)[:27]}" if unionid else None,
            phone=f"139{secrets.randbelow(10**8):08d}",
        )
        self.people[person.openid] = person
        self.followers[person.official_openid] = person
        return person

    def note(self, path: str, body: Any, errcode: int, accepted: bool) -> None:
        """Keep what was asked: the last 20,000 in full, all of them in numbers."""
        self.sequence += 1
        self.counts[path, errcode] += 1
        openid = body.get("touser") if isinstance(body, dict) else None
        if accepted and isinstance(openid, str) and errcode == 0:
            self.by_openid[openid] += 1
        self.log.append(
            {
                "seq": self.sequence,
                "path": path,
                "at": time.time(),
                "body": body,
                "errcode": errcode,
                "accepted": accepted and errcode == 0,
            }
        )
