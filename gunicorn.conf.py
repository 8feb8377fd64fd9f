"""gunicorn's settings: threads in a few workers; every worker's metrics meet in one folder."""

from __future__ import annotations

import os
from pathlib import Path

_metrics = Path(os.environ.get("INSTANCE") or "instance").resolve() / "metrics"
_metrics.mkdir(parents=True, exist_ok=True)
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(_metrics))

# CloudRun's gateway reaches the container from outside; elsewhere a reverse proxy stands on the same host.
_everywhere = os.environ.get("WECHAT_MODE") == "cloudrun"
_host = os.environ.get("HOST") or ("0.0.0.0" if _everywhere else "127.0.0.1")  # noqa: S104
bind = f"{_host}:{os.environ.get('PORT') or 8000}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or 2)
threads = int(os.environ.get("WEB_THREADS") or 8)
timeout = 60
graceful_timeout = 20
keepalive = 30
# A new worker needs seconds until it answers: seldom, and so far apart that two hardly ever go at once.
max_requests = 400_000
max_requests_jitter = 200_000
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108  heartbeats need memory, not disk
errorlog = "-"
accesslog = None
limit_request_line = 8190
control_socket_disable = True


def child_exit(server: object, worker: object) -> None:
    """Let the dead worker's gauges go."""
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[attr-defined]
