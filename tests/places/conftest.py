"""The fixtures of events' helpers for this folder."""

from tests.events.helpers import hands, sqlite_world, world

__all__ = ["hands", "sqlite_world", "world"]
