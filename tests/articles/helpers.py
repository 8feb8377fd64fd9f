"""What tests of articles and pushes share: pushes run to their end, an account, what a form holds."""

from __future__ import annotations

import re

from sqlalchemy import update

from sorting_miniapp.articles import (
    accounts,
    push_claim,
    push_run,
)
from sorting_miniapp.articles.models import AccountKind, Push
from sorting_miniapp.db import db, transaction
from tests.articles.conftest import Desk


def the_push(push_id: int) -> Push:
    db.session().commit()
    db.session().expire_all()
    return db.session().get_one(Push, push_id)


def rested(push_id: int) -> None:
    """Let the pause between two steps be over."""
    with transaction() as session:
        session.execute(update(Push).where(Push.id == push_id).values(not_before=None))


def run_to_the_end(push_id: int, most: int = 10) -> Push:
    for _ in range(most):
        rested(push_id)
        for found in push_claim.waiting():
            push_run.run(found)
        if not push_claim.waiting() and the_push(push_id).not_before is None:
            break
    return the_push(push_id)


def make_account(desk: Desk, kind: AccountKind = AccountKind.SUBSCRIPTION) -> int:
    return accounts.save(desk.editor, accounts.Details("连州发布", "市委宣传部", "王主任 0763-6600000", kind))


def form_of(page: str) -> dict[str, str]:
    fields = dict(re.findall(r'<input[^>]*name="(seen|base|title|cover)" value="([^"]*)"', page))
    markdown = re.search(r'<textarea[^>]*name="markdown"[^>]*>\n(.*?)</textarea>', page, re.S)
    assert markdown
    return fields | {"markdown": markdown[1]}


MASS = "/cgi-bin/message/mass/sendall"
