"""The bureau of the figures' tests."""

from tests.figures.conftest import Bureau, bureau, sqlite_bureau

__all__ = ["Bureau", "bureau", "sqlite_bureau"]
