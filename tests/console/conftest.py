"""The fixtures of the events' helpers for the console's pages."""

from tests.events.helpers import hands, sqlite_world, world

__all__ = ["hands", "sqlite_world", "world"]
