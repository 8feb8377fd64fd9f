"""Prometheus metrics of every process on this host, gathered through the multi-process folder in INSTANCE."""

from __future__ import annotations

import os

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

REQUESTS = Counter("http_requests_total", "Requests answered", ["method", "endpoint", "status"])
LATENCY = Histogram(
    "http_request_seconds",
    "Time to answer a request",
    ["endpoint"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)
WECHAT_CALLS = Counter("wechat_calls_total", "Calls to WeChat", ["api", "outcome"])
DELIVERIES = Counter("deliveries_total", "Deliveries that reached an end state", ["channel", "state"])
EVENTS = Counter("wechat_events_total", "Events pushed by WeChat", ["account", "kind", "outcome"])
TASKS = Counter("worker_tasks_total", "Pieces of work done", ["kind", "outcome"])
# Read from the database when somebody looks (operations.py): any process may have opened or closed it.
BREAKER = Gauge(
    "wechat_breaker_open", "1 while calls to an account are held back", ["account"], multiprocess_mode="mostrecent"
)


def exposition() -> bytes:
    """All processes' figures in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)
    return generate_latest()
