"""The fixtures of events' helpers for this folder."""

from tests.events.helpers import hands, simulator, sqlite_world, world

__all__ = ["hands", "simulator", "sqlite_world", "world"]
