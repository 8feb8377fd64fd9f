"""One worker process sending one fan-out: `python -m bench.fan_out ID` prints seconds, CPU milliseconds, MiB grown."""

from __future__ import annotations

import resource
import sys
import time
from pathlib import Path

from sorting_miniapp.app import create_app
from sorting_miniapp.deliveries import claims, fan_out, sender


def _resident_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def main(fan_out_id: int) -> None:
    app = create_app()
    # Quiet hours would pause it: the bench runs at any hour.
    claims.quiet_now = lambda: False
    with app.app_context():
        before, begun = _resident_mib(), time.monotonic()
        used = time.process_time()
        most = before
        while sender.run_fan_out(fan_out_id):
            most = max(most, _resident_mib())
        most = max(most, _resident_mib())
        took, cpu = time.monotonic() - begun, time.process_time() - used
        counts = fan_out.counts(fan_out_id)
        assert fan_out.finished(fan_out_id), counts
    print(took, cpu, most - before, counts["sent"], sum(counts.values()))


if __name__ == "__main__":
    main(int(sys.argv[1]))
