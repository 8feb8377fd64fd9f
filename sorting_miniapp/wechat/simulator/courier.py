"""Couriers bring the events to the callbacks: three more tries when nobody says "success" in time (wechat.md §2.7)."""

from __future__ import annotations

import asyncio
import time

import aiohttp

from sorting_miniapp.wechat.simulator import events, wire
from sorting_miniapp.wechat.simulator.faults import Fault
from sorting_miniapp.wechat.simulator.state import Account, Event, State

COURIERS = 16
TRIES = 4
LOOK_AGAIN = 5.0  # seconds until an address that did not answer its check is asked once more
GOOD_ANSWERS = ("success", "")


def account_of(state: State, event: Event) -> Account:
    return state.mini if event.account == "mini" else state.official


def posted(state: State, event: Event, met: dict[str, Fault]) -> wire.Post:
    """The event as it would be delivered now. The official account knows XML only."""
    form = state.settings.mini_format if event.account == "mini" else "xml"
    return wire.post(account_of(state, event), event, time.time(), form, state.settings.list_shape, met)


class Couriers:
    """Start inside the loop. Before the first post an address is asked once with a GET, as WeChat's console does."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._checked: dict[str, tuple[str, bool, float]] = {}
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=COURIERS))
        self._tasks = [asyncio.create_task(self._run()) for _ in range(COURIERS)]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()

    def address(self, account: Account) -> str:
        return f"{self.state.settings.callback_base}/wechat/callback/{account.name}"

    async def check(self, account: Account) -> bool:
        """Ask the callback's address to prove itself."""
        query, echo = wire.probe(account, time.time())
        address, good = self.address(account), False
        try:
            async with self._session.get(f"{address}?{query}", timeout=self._timeout()) as answer:
                good = answer.status == 200 and (await answer.text()).strip() == echo
        except (aiohttp.ClientError, TimeoutError, ValueError):
            good = False
        self._checked[account.name] = (address, good, time.monotonic())
        return good

    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self.state.settings.event_timeout)

    async def _answers(self, account: Account) -> bool:
        address, good, at = self._checked.get(account.name, ("", False, 0.0))
        if address == self.address(account) and (good or time.monotonic() - at < LOOK_AGAIN):
            return good
        return bool(account.callback_token) and await self.check(account)

    async def _run(self) -> None:
        while True:
            event = await self.state._outbox.get()
            await self._bring(event)

    async def _bring(self, event: Event) -> None:
        met = self.state.faults.met_by(f"event:{event.name}")
        if "event_lost" in met:
            event.state = "lost"
            return
        if "event_late" in met and event.state != "late":
            event.state = "late"
            outbox = self.state._outbox
            events.later(self.state, met["event_late"].value, lambda: outbox.put_nowait(event))
            return
        if not await self._answers(account_of(self.state, event)):
            event.state = "no callback"
            return
        for _ in range(2 if "event_doubled" in met else 1):
            await self._deliver(event, met)

    async def _deliver(self, event: Event, met: dict[str, Fault]) -> None:
        for attempt in range(TRIES):
            if attempt:
                await asyncio.sleep(self.state.settings.event_retry_wait)
            event.attempts += 1
            event.answer = await self._post(event, met)
            if event.answer in GOOD_ANSWERS:
                event.state = "delivered"
                return
        event.state = "failed"

    async def _post(self, event: Event, met: dict[str, Fault]) -> str:
        """What the callback answered; "success" and nothing are good."""
        sent = posted(self.state, event, met)
        address = f"{self.address(account_of(self.state, event))}?{sent.query}"
        headers = {"Content-Type": sent.content_type}
        try:
            async with self._session.post(address, data=sent.body, headers=headers, timeout=self._timeout()) as answer:
                said = (await answer.text()).strip()
                return said[:200] if answer.status == 200 else f"HTTP {answer.status}"
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            return type(error).__name__
