"""One writer of a SQLite file at a time, in the order of asking, over the threads and processes of a host.

SQLite lets who finds it locked sleep and try again, for longer and longer: with two busy processes some wait for a
second while others pass. A queue in the process and a lock of the kernel's on a file beside the database wake the
next one at once. BEGIN IMMEDIATE still stands behind it, for writers that do not come this way.
"""

from __future__ import annotations

import fcntl
import os
import threading
from collections import deque
from pathlib import Path


class WriterLock:
    """`path` is the database's file; '' for one in memory, which no other process sees."""

    def __init__(self, path: str) -> None:
        self._path = Path(f"{path}-writers") if path else None
        self._mutex = threading.Lock()
        self._gates: deque[threading.Lock] = deque()
        self._held = False
        self._file: tuple[int, int] = (0, -1)

    def acquire(self) -> None:
        with self._mutex:
            gate = threading.Lock() if self._held else None
            self._held = True
            if gate is not None:
                gate.acquire()
                self._gates.append(gate)
        if gate is not None:
            gate.acquire()
        if self._path is not None:
            fcntl.flock(self._descriptor(self._path), fcntl.LOCK_EX)

    def release(self) -> None:
        if self._path is not None:
            fcntl.flock(self._file[1], fcntl.LOCK_UN)
        with self._mutex:
            if self._gates:
                self._gates.popleft().release()
            else:
                self._held = False

    def _descriptor(self, path: Path) -> int:
        """This process's own: one inherited over a fork would share the parent's lock."""
        process, found = self._file
        if process != os.getpid():
            found = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            self._file = (os.getpid(), found)
        return found


_locks: dict[str, WriterLock] = {}
_making = threading.Lock()


def of(path: str) -> WriterLock:
    """The process's lock for this database file."""
    with _making:
        return _locks.setdefault(path, WriterLock(path))
