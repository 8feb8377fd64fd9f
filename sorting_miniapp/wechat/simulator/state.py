"""What the simulated platform knows: accounts, people, credits, material, jobs, events, and what it was asked."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

from sorting_miniapp.wechat.simulator.faults import Faults

LOG_SIZE = 20_000
EVENTS_KEPT = 2_000
SHANGHAI = 8 * 3600


class Refused(Exception):
    """An answer with an errcode other than 0; `extra` is added to its body."""

    def __init__(self, errcode: int, errmsg: str, **extra: Any) -> None:
        super().__init__(errmsg)
        self.errcode, self.errmsg, self.extra = errcode, errmsg, extra


@dataclass
class Account:
    """A mini-program or an official account. `tokens` maps each token to the moment it dies.

    stable_token and cgi-bin/token keep apart (`stable`, `plain`): a new one of one leaves the other alive.
    """

    name: str
    appid: str
    secret: str
    callback_token: str = ""
    aes_key: str = ""
    tokens: dict[str, float] = field(default_factory=dict)
    stable: str = ""
    plain: str = ""
    forced: list[float] = field(default_factory=list)

    @property
    def original_id(self) -> str:
        """The gh_… id that stands in ToUserName."""
        return f"gh_{self.appid[-12:]}"


@dataclass
class Template:
    """A message template; `fields` is [[key, label]], empty where any field is taken. `kind`: 2 once, 3 long-term."""

    id: str
    title: str
    fields: list[list[str]] = field(default_factory=list)
    kind: int = 2
    banned: bool = False


@dataclass
class Person:
    """A person with WeChat: two openids, one unionid, credits by template, what the phone shows."""

    openid: str
    official_openid: str
    unionid: str | None
    name: str = ""
    follows: bool = True
    followed_at: float = 0.0
    tags: list[int] = field(default_factory=lambda: [2])
    seen_at: float = 0.0
    phone: str = ""
    session_key: str = ""
    blocked: bool = False
    credits: Counter[str] = field(default_factory=Counter)
    lasting: set[str] = field(default_factory=set)
    sending: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class MassJob:
    """One mass send. `state`: waiting (for the administrator), sending, done, refused, deleted."""

    msg_id: int
    clientmsgid: str
    to_all: bool
    tag_id: int | None
    media_id: str
    title: str
    at: float
    state: str = "sending"
    polls: int = 0
    outcome: str = "send success"
    counts: dict[str, int] = field(default_factory=dict)


@dataclass
class PublishJob:
    """One freepublish task; `status` is what it ends with, -1 while it runs."""

    publish_id: str
    title: str
    at: float
    polls: int = 0
    status: int = -1
    article_id: str = ""


@dataclass
class Event:
    """One push to a callback and what became of it: waiting, delivered, failed, lost, no callback.

    `rows` is what `List` holds in the subscribe_msg_ events, `wrapper` the XML element around it.
    """

    number: int
    account: str
    name: str
    openid: str
    at: float
    content: dict[str, Any] = field(default_factory=dict)
    wrapper: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)
    state: str = "waiting"
    attempts: int = 0
    answer: str = ""


@dataclass
class Settings:
    """What POST /_sim/settings may change. Times in seconds."""

    token_life: int = 7200
    job_polls: int = 2  # a job is over when it was looked at this often …
    job_seconds: float = 5.0  # … or after this long
    publish_status: int = 0  # what publish jobs end with: 0, 2, 3, 4, 5, 6
    freepublish_right: bool = True
    mass_status: str = "send success"  # what mass jobs end with: send success, send fail, err(20001) …
    mass_daily_quota: int = 1
    mass_monthly_quota: int = 4  # for each follower of a service account
    official_kind: str = "subscription"  # or "service"
    admin_confirmation: bool = False
    mass_retry_wait: float = 0.0  # WeChat asks for 60 between two calls with one clientmsgid (45066)
    preview_daily_quota: int = 100
    sent_events: bool = True  # subscribe_msg_sent_event for every message
    mini_format: str = "json"  # or "xml": the mini-program's events
    list_shape: str = "auto"  # or "object", "array": the shape of List in JSON events
    event_timeout: float = 5.0
    event_retry_wait: float = 1.0
    media_check_seconds: float = 2.0
    media_check_result: str = "pass"  # or "review", "risky"
    released_pages: list[str] = field(default_factory=list)  # empty: every page is in the released version
    daily_quota: dict[str, int] = field(default_factory=dict)
    minute_quota: dict[str, int] = field(default_factory=dict)
    ip_allowed: bool = True
    callback_base: str = ""


@dataclass
class State:
    """Everything. What begins with an underscore lives in this process only and is not kept in the file."""

    mini: Account
    official: Account
    settings: Settings = field(default_factory=Settings)
    faults: Faults = field(default_factory=Faults)
    offset: float = 0.0
    templates: dict[str, Template] = field(default_factory=dict)
    people: dict[str, Person] = field(default_factory=dict)
    tags: dict[int, str] = field(default_factory=lambda: {2: "星标组"})
    codes: dict[str, tuple[str, float]] = field(default_factory=dict)
    phone_codes: dict[str, tuple[str, float]] = field(default_factory=dict)
    used_codes: set[str] = field(default_factory=set)
    images: dict[str, bytes] = field(default_factory=dict)
    materials: dict[str, str] = field(default_factory=dict)
    drafts: dict[str, dict[str, Any]] = field(default_factory=dict)
    articles: dict[str, dict[str, Any]] = field(default_factory=dict)
    mass_jobs: dict[int, MassJob] = field(default_factory=dict)
    publish_jobs: dict[str, PublishJob] = field(default_factory=dict)
    rids: dict[str, dict[str, Any]] = field(default_factory=dict)
    log: deque[dict[str, Any]] = field(default_factory=lambda: deque(maxlen=LOG_SIZE))
    events: deque[Event] = field(default_factory=lambda: deque(maxlen=EVENTS_KEPT))
    counts: dict[str, Counter[int]] = field(default_factory=dict)
    by_openid: Counter[str] = field(default_factory=Counter)
    used: dict[str, int] = field(default_factory=dict)
    sequence: int = 0
    changes: int = 0
    numbers: int = 0
    _followers: dict[str, Person] = field(default_factory=dict)
    _outbox: asyncio.Queue[Event] = field(default_factory=asyncio.Queue)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def now(self) -> float:
        """The simulator's own time: the wall plus what POST /_sim/clock added."""
        return time.time() + self.offset

    def day(self) -> int:
        """The day in Shanghai, where quotas begin anew at midnight."""
        return int((self.now() + SHANGHAI) // 86400)

    def next_number(self) -> int:
        self.numbers += 1
        return 3_147_483_647 + self.numbers

    def person(self, openid: str) -> Person:
        """By the mini-program's openid. Raises Refused 40003."""
        found = self.people.get(openid)
        if found is None:
            raise Refused(40003, "invalid openid")
        return found

    def follower(self, official_openid: str) -> Person | None:
        """By the official account's openid."""
        if len(self._followers) != len(self.people):
            self._followers = {person.official_openid: person for person in self.people.values()}
        return self._followers.get(official_openid)

    def new_person(self, unionid: bool = True) -> Person:
        person = Person(
            openid=f"o{secrets.token_urlsafe(21)[:27]}",
            official_openid=f"f{secrets.token_urlsafe(21)[:27]}",
            unionid=f"u{secrets.token_urlsafe(21)[:27]}" if unionid else None,
            name=f"居民 {len(self.people) + 1}",
            phone=f"139{secrets.randbelow(10**8):08d}",
            followed_at=self.now(),
        )
        self.people[person.openid] = person
        return person

    def template(self, template_id: str) -> Template:
        """Raises Refused 40037."""
        found = self.templates.get(template_id)
        if found is None:
            raise Refused(40037, "invalid template_id")
        return found

    def note(self, path: str, body: Any, errcode: int, accepted: bool) -> None:
        """Keep what was asked: the last 20,000 in full, all of them in numbers."""
        self.sequence += 1
        self.counts.setdefault(path, Counter())[errcode] += 1
        good = accepted and errcode == 0
        openid = body.get("touser") if isinstance(body, dict) else None
        if good and isinstance(openid, str):
            self.by_openid[openid] += 1
        self.log.append(
            {"seq": self.sequence, "path": path, "at": time.time(), "body": body, "errcode": errcode, "accepted": good}
        )
