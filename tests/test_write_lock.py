"""SQLite's writers: one at a time over threads and processes, in the order of asking."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path

from sorting_miniapp.write_lock import WriterLock


def test_threads_are_served_in_the_order_of_asking(tmp_path: Path) -> None:
    lock, order = WriterLock(str(tmp_path / "a.db")), []
    lock.acquire()

    def ask(number: int) -> None:
        lock.acquire()
        order.append(number)
        lock.release()

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for number, thread in enumerate(threads):
        thread.start()
        while len(lock._gates) <= number:
            time.sleep(0.001)
    lock.release()
    for thread in threads:
        thread.join(10)
    assert order == list(range(8))


def _hold(path: str, log: str, turns: int) -> None:
    lock = WriterLock(path)
    for _ in range(turns):
        lock.acquire()
        with Path(log).open("a") as file:
            file.write("(")
            file.flush()
            time.sleep(0.002)
            file.write(")")
        lock.release()


def test_processes_never_hold_it_together(tmp_path: Path) -> None:
    path, log = str(tmp_path / "a.db"), tmp_path / "log"
    spawn = multiprocessing.get_context("spawn")
    held = [spawn.Process(target=_hold, args=(path, str(log), 20)) for _ in range(3)]
    for process in held:
        process.start()
    for process in held:
        process.join(60)
        assert process.exitcode == 0
    assert log.read_text() == "()" * 60


def test_a_database_in_memory_has_no_file(tmp_path: Path) -> None:
    lock = WriterLock("")
    lock.acquire()
    lock.release()
    assert list(tmp_path.iterdir()) == []
