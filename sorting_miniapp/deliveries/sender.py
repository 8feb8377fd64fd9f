"""The worker's half: claim, send many at once, record, until nothing is left or the slice of time is over.

One event loop sends; one thread beside it talks to the database, so that calls go on while a batch is written. Never
more deliveries are claimed and not yet recorded than may be in flight, so a kill leaves at most those `unknown`.
"""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import structlog
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from sorting_miniapp import clock
from sorting_miniapp.db import transaction
from sorting_miniapp.deliveries import claims, ends, fan_out, quota, texts
from sorting_miniapp.deliveries.claims import Claimed
from sorting_miniapp.deliveries.ends import Result
from sorting_miniapp.deliveries.fan_out import Turn
from sorting_miniapp.faults import crash_point
from sorting_miniapp.orgs import settings
from sorting_miniapp.wechat import mini
from sorting_miniapp.wechat.bulk import Body, Sender
from sorting_miniapp.wechat.errors import TOKEN_CODES, Outcome, WeChatError
from sorting_miniapp.wechat.tokens import AccessToken

log = structlog.get_logger(__name__)
SLICE_SECONDS = 20.0
STORE_PAUSES = (0.1, 0.3, 0.5, 0.5, 0.5)  # seconds after which the last ends are written again
T = TypeVar("T")


@dataclass(frozen=True)
class Lane:
    """What is being sent: a fan-out in its turn, or the notices (fan_out_id None)."""

    fan_out_id: int | None
    turn: Turn


def run_fan_out(fan_out_id: int) -> bool:
    """Send a fan-out for one slice of time; True when more is left to do now. Nothing when another worker runs it."""
    lease = current_app.extensions["settings"].lease_seconds
    turn = fan_out.take(fan_out_id, lease)
    if turn is None:
        return False
    try:
        return _run(Lane(fan_out_id, turn), lease)
    finally:
        fan_out.leave(fan_out_id, turn.fence)


def send_notices() -> bool:
    """Send the notices that are ready, for one slice of time; True when more is left to do now."""
    return _run(Lane(None, Turn(0, {}, 0)), current_app.extensions["settings"].lease_seconds)


def _run(lane: Lane, lease: float) -> bool:
    return asyncio.run(_Slice(lane, lease).run())


class _Slice:
    """One slice of sending. `errors` counts the calls in a row that went wrong, over slices and workers."""

    def __init__(self, lane: Lane, lease: float) -> None:
        self.lane, self.lease = lane, lease
        self.most = int(settings.read("send_in_flight"))
        self.rate = int(settings.read("send_rate")) / max(1, len(fan_out.running()))
        self.stop_after = int(settings.read("stop_after_errors"))
        self.texts = texts.load_all()
        self.bodies: dict[tuple[str, str], tuple[Body | None, str]] = {}
        self.results: list[Result] = []
        self.flying: set[asyncio.Task[None]] = set()
        self.in_air, self.enough, self.ended = 0, max(1, self.most // 4), asyncio.Event()
        self.errors, self.last_error = lane.turn.errors, ""
        self.needs_person = False
        self.stopped = False
        self.claimed_in_all = 0
        self.bad_token = ""
        self.begun = clock.monotonic()
        self.executor = ThreadPoolExecutor(1, thread_name_prefix="deliveries")

    async def _beside(self, work: Callable[[], T]) -> T:
        """Run database work in the one thread, with the app's context."""
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self.executor, lambda: context.run(work))

    async def run(self) -> bool:
        mini_program = mini()
        more = True
        try:
            token = await self._beside(mini_program.client.tokens.current)
            async with Sender(mini_program) as sender:
                try:
                    while more and not self.stopped and clock.monotonic() - self.begun < SLICE_SECONDS:
                        if self.bad_token:
                            token = await self._new_token()
                        more = await self._turn(sender, token)
                    while self.in_air:
                        await self._some_end()
                        await self._store(0)
                finally:  # whatever stops the slice: a call whose connection is closed under it would be `unknown`
                    if self.flying:
                        await asyncio.wait(self.flying)
        except WeChatError as error:
            log.warning("sending_stopped", errcode=error.errcode, reason=error.reason)
            self.stopped = True
            await self._beside(partial(self._waits, error.explanation))
        finally:
            await self._store_the_last()
            self.executor.shutdown()
        return more and not self.stopped

    async def _new_token(self) -> AccessToken:
        tokens = mini().client.tokens
        refused, self.bad_token = self.bad_token, ""
        await self._beside(lambda: tokens.refuse(refused))
        return await self._beside(tokens.current)

    async def _turn(self, sender: Sender, token: str) -> bool:
        """Record what ended, claim what is free, start the calls; False when nothing is left to claim."""
        if self.in_air and self.most - self.in_air < self.enough:
            await self._some_end()
        allowed = self._allowance(self.most - self.in_air)
        claimed = await self._store(allowed)
        if claimed is None:
            return False
        for one in claimed:
            task = asyncio.create_task(self._send(sender, token, one))
            self.flying.add(task)
            task.add_done_callback(self.flying.discard)
        self.in_air += len(claimed)
        self.claimed_in_all += len(claimed)
        if claimed or not allowed:
            await asyncio.sleep(0 if claimed else 0.05)
            return True
        if self.in_air:
            await self._some_end()
            return True
        return bool(self.results)

    async def _some_end(self) -> None:
        """Wait until calls have ended: so many that a batch is worth its transaction, or all."""
        while self.in_air and (not self.results or self.most - self.in_air < self.enough):
            self.ended.clear()
            await self.ended.wait()

    def _allowance(self, free: int) -> int:
        if not self.rate:
            return free
        due = int((clock.monotonic() - self.begun) * self.rate) + 1 - self.claimed_in_all
        return max(0, min(free, due))

    async def _store(self, claim: int) -> list[Claimed] | None:
        """One transaction: the ends of calls, and new claims. None when this worker may not go on."""
        done, self.results = self.results, []
        if not done and not claim:
            return []
        try:
            return await self._beside(lambda: self._store_now(done, claim))
        except SQLAlchemyError:
            self.results = done + self.results
            raise

    async def _store_the_last(self) -> None:
        """What is known is written, also when the database has just been restarted; else it would be `unknown`."""
        for pause in STORE_PAUSES:
            try:
                await self._store(0)
                return
            except SQLAlchemyError as error:
                log.warning("deliveries_not_recorded", error=type(error).__name__, number=len(self.results))
                await asyncio.sleep(pause)

    def _store_now(self, done: list[Result], claim: int) -> list[Claimed] | None:
        fan_out_id = self.lane.fan_out_id
        if done:
            crash_point("answers_before_record")
        with transaction():
            ends.record(done)
            if any(one.outcome is Outcome.QUOTA for one in done):
                self._waits(quota.WORDS)
                self.stopped, claim = True, 0
            if fan_out_id is not None:
                if not fan_out.keep(fan_out_id, self.lane.turn.fence, self.lease, self.errors):
                    return None
                if reason := self._must_stop():
                    self.stopped = True
                    fan_out.pause(fan_out_id, reason)
                    return None
            claimed = claims.claim(fan_out_id, claim, self.lease)
        if claimed:
            crash_point("sending_committed")
        return claimed

    def _must_stop(self) -> str:
        """Why the fan-out pauses itself, in Chinese; '' when it goes on."""
        if self.needs_person:
            return f"需要处理后再继续：{self.last_error}"
        if self.errors >= self.stop_after:
            return f"连续 {self.errors} 次出错，已自动暂停：{self.last_error}"
        return ""

    def _waits(self, reason: str) -> None:
        if self.lane.fan_out_id is not None:
            fan_out.waits(self.lane.fan_out_id, reason)

    async def _send(self, sender: Sender, token: str, one: Claimed) -> None:
        try:
            result = await self._result(sender, token, one)
            self.results.append(result)  # only now: the list is replaced while the call is out
        finally:
            self.in_air -= 1
            if self.in_air == 0 or self.most - self.in_air >= self.enough:
                self.ended.set()

    def _body(self, sender: Sender, one: Claimed) -> tuple[Body | None, str]:
        """The message without its receiver, or what is wrong with it; a fan-out's is made once for all its messages."""
        shared = (one.notice_key, one.page_id)
        if one.texts is None and shared in self.bodies:
            return self.bodies[shared]
        text = self.texts[one.notice_key]
        values, wrong = text.fill(self.lane.turn.texts if one.texts is None else one.texts)
        if not text.template_id:
            wrong = "消息模板编号未填写"
        body = None if wrong else sender.body(text.template_id, text.page_for(one.page_id), values)
        if one.texts is None:
            self.bodies[shared] = body, wrong
        return body, wrong

    async def _result(self, sender: Sender, token: str, one: Claimed) -> Result:
        body, wrong = self._body(sender, one)
        if body is None:
            return Result(one, Outcome.REFUSED, 47003, wrong)
        try:
            msgid = await sender.send(token, one.openid, body)
        except WeChatError as error:
            if error.errcode in TOKEN_CODES:
                self.bad_token = token
            self._note(error)
            return Result(one, error.outcome, error.errcode, error.explanation, error.rid)
        self.errors = 0
        return Result(one, None, msgid=msgid)

    def _note(self, error: WeChatError) -> None:
        """A refusal is about one person and a used-up quota ends by itself; any other error may be about all."""
        if error.outcome in (Outcome.REFUSED, Outcome.QUOTA):
            return
        self.errors += 1
        self.last_error = error.explanation + (f"（{error.errcode}）" if error.errcode else "")
        self.needs_person = self.needs_person or error.outcome is Outcome.PERSON
