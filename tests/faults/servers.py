"""A Redis and a PostgreSQL of the campaign's own, on loopback ports, that may be killed and started again."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from tests.demo.processes import free_port, wait_for

PROGRAMS = Path("/usr/lib/postgresql")  # where Debian keeps each version's


class OwnRedis:
    """Keeps nothing on disk: after a kill it is empty."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.client = Redis.from_url(self.url, socket_connect_timeout=2)
        self.start()

    @staticmethod
    def installed() -> bool:
        return shutil.which("redis-server") is not None

    def start(self) -> None:
        options = ("--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", str(self.folder))
        self.process = subprocess.Popen(
            ["redis-server", "--port", str(self.port), *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_for(self._answers, 10, "Redis")

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except RedisError:
            return False

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(10)

    def close(self) -> None:
        self.client.close()
        self.kill()


class OwnPostgres:
    """One cluster in a folder of its own; run as `postgres` where we are root, which it refuses."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="faults-pg-"))
        if os.getuid() == 0:
            shutil.chown(self.folder, "postgres")
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/postgres"
        self._run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C")
        self.start()

    @staticmethod
    def installed() -> Path | None:
        """The folder of the newest version's programs."""
        return max(PROGRAMS.glob("*/bin"), key=lambda one: int(one.parent.name), default=None)

    def _run(self, program: str, *options: str) -> None:
        programs = self.installed()
        assert programs is not None
        user = ("runuser", "-u", "postgres", "--") if os.getuid() == 0 else ()
        command = [*user, str(programs / program), "-D", str(self.folder / "data"), *options]
        with (self.folder.parent / f"{self.folder.name}.log").open("ab") as log:
            subprocess.run(command, check=True, cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log, timeout=120)

    def start(self) -> None:
        listen = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self._run("pg_ctl", "start", "-w", "-o", listen, "-l", str(self.folder / "log"))
        wait_for(self._answers, 30, "PostgreSQL")

    def _answers(self) -> bool:
        engine = create_engine(self.url.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
        try:
            engine.connect().close()
        except OperationalError:
            return False
        return True

    def kill(self) -> None:
        """Every backend drops what it does, nothing is written any more; the next start recovers from the log."""
        self._run("pg_ctl", "stop", "-m", "immediate")

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.folder)
        (self.folder.parent / f"{self.folder.name}.log").unlink()
