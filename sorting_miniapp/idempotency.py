"""A POST that comes twice with one Idempotency-Key has one effect and one answer, for 24 hours (design.md §4)."""

from __future__ import annotations

import copy
import functools
import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

from flask import Response, g, make_response, request
from sqlalchemy import UniqueConstraint, delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from sorting_miniapp import clock
from sorting_miniapp.db import Base, BigKey, Bytes, CaseString, UTCDateTime, db, transaction, violated
from sorting_miniapp.errors import BadRequest, Conflict, DomainError
from sorting_miniapp.retries import Again, again

View = TypeVar("View", bound=Callable[..., Any])
DAY = timedelta(hours=24)


class IdempotentAnswer(Base):
    """The answer given to a POST with an Idempotency-Key, kept 24 hours (design.md §4)."""

    __tablename__ = "idempotent_answer"
    __table_args__ = (UniqueConstraint("actor", "route", "key"),)
    id: Mapped[int] = mapped_column(BigKey, primary_key=True)
    actor: Mapped[str] = mapped_column(CaseString(40))
    route: Mapped[str] = mapped_column(CaseString(120))
    key: Mapped[str] = mapped_column(CaseString(80))
    body_hash: Mapped[str] = mapped_column(CaseString(64))
    status: Mapped[int]
    body: Mapped[bytes] = mapped_column(Bytes)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)


def idempotent(view: View) -> View:
    """Honour Idempotency-Key: the answer is kept with the effect in one transaction, and given again for 24 hours."""

    @functools.wraps(view)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        key = request.headers.get("Idempotency-Key", "")
        if not key:
            return view(*args, **kwargs)
        if not 8 <= len(key) <= 80 or not key.isascii() or not key.isprintable():
            raise BadRequest("idempotency_key", "Idempotency-Key 须为 8 到 80 个可见字符")
        actor = f"r{g.resident.id}" if "resident" in g else f"s{g.staff.id}"
        body_hash = hashlib.sha256(request.get_data(cache=True)).hexdigest()
        known = _known_answer(actor, key, body_hash)
        if known is not None:
            return known
        try:
            # Views take the body apart: each try has its own.
            answer = functools.partial(_answer_of, view, args, kwargs)
            return again(lambda: _first_answer(answer, actor, key, body_hash))
        except (_AnsweredMeanwhile, DomainError) as error:
            # The same request twice at once: the second may also be refused because of what the first has done.
            known = _known_answer(actor, key, body_hash)
            if known is not None:
                return known
            if isinstance(error, DomainError):
                raise
            raise Again() from error

    return wrapper  # type: ignore[return-value]


def _answer_of(view: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Response:
    return make_response(view(*copy.deepcopy(args), **kwargs))


class _AnsweredMeanwhile(Exception):  # noqa: N818  not an error: the same request came twice at once
    """Another request with the key was the first to be stored."""


def _first_answer(call: Callable[[], Response], actor: str, key: str, body_hash: str) -> Response:
    """The answer of `call`, kept with its effect in one transaction. Raises _AnsweredMeanwhile."""
    try:
        with transaction() as session:
            answer = call()
            session.execute(
                insert(IdempotentAnswer).values(
                    actor=actor,
                    route=_route(),
                    key=key,
                    body_hash=body_hash,
                    status=answer.status_code,
                    body=answer.get_data(),
                    created_at=clock.wall_now(),
                )
            )
    except IntegrityError as error:
        if violated(error).startswith("uq_idempotent_answer"):
            raise _AnsweredMeanwhile from error
        raise
    return answer


def _route() -> str:
    return f"{request.method} {request.path}"[:120]


def _known_answer(actor: str, key: str, body_hash: str) -> Response | None:
    row = (
        db.session()
        .execute(
            select(IdempotentAnswer.body_hash, IdempotentAnswer.status, IdempotentAnswer.body).where(
                IdempotentAnswer.actor == actor, IdempotentAnswer.route == _route(), IdempotentAnswer.key == key
            )
        )
        .first()
    )
    if row is None:
        return None
    if row.body_hash != body_hash:
        raise Conflict("idempotency_key_reused", "同一个 Idempotency-Key 用在了不同的请求上")
    answer = Response(row.body, status=row.status, mimetype="application/json")
    answer.headers["Idempotency-Replayed"] = "true"
    return answer


def purge() -> int:
    """Delete answers older than 24 hours. Returns how many."""
    with transaction() as session:
        gone = delete(IdempotentAnswer).where(IdempotentAnswer.created_at <= clock.wall_now() - DAY)
        return int(session.execute(gone).rowcount)  # type: ignore[attr-defined]
