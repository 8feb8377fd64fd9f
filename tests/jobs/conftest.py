"""The world of the events' tests, and kinds of jobs that only tests name."""

from tests.events.helpers import hands, sqlite_world, world  # noqa: F401
