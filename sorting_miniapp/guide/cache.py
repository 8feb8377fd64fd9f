"""The guide's answers as bytes, kept in each process until the dictionary's shared version moves."""

from __future__ import annotations

from sorting_miniapp import state
from sorting_miniapp.caching import KeptBytes
from sorting_miniapp.db import after_commit

VERSION = "guide_version"
kept = KeptBytes(VERSION, 300.0)
# What people have typed so far: many short answers, which must not push out the others.
typing = KeptBytes(VERSION, 300.0)
# What settings, and what the counts of look-ups, have a part in: neither moves the dictionary's version.
settled, counted = KeptBytes(VERSION, 2.0), KeptBytes(VERSION, 60.0)


def forget() -> None:
    for one in (kept, typing, settled, counted):
        one.forget()


def changed() -> None:
    """Let every process build its answers anew, from the caller's transaction on."""
    state.bump(VERSION)
    after_commit(forget)
