"""The named crash points of the push path, and in which process each lies."""

from __future__ import annotations

import re
from pathlib import Path

from tests.demo.processes import ROOT

# Every one of these is reached when a mass send, a publication and a fan-out go out.
POINTS = {
    "work_enqueued": "scheduler",
    "push_claim_before_commit": "worker",
    "push_claimed": "worker",
    "after_upload_before_commit": "worker",
    "after_draft_before_commit": "worker",
    "before_post": "worker",
    "after_post_before_commit": "worker",
    "after_poll_before_end": "worker",
    "fan_out_made_before_commit": "worker",
    "runner_taken": "worker",
    "sending_before_commit": "worker",
    "sending_committed": "worker",
    "answers_before_record": "worker",
    "ends_before_commit": "worker",
    "runner_before_leaving": "worker",
    "fan_out_done_before_commit": "worker",
    "swept_before_commit": "scheduler",
    "push_settled_before_commit": "scheduler",
}
# Where another process must have died before: the sweeper finds what a dead worker left.
BEFORE = {"swept_before_commit": "sending_committed"}
# Not on the way of a push: tested in tests/jobs.
ELSEWHERE = {"job_before_done", "job_after_chunk"}


def in_the_code() -> set[str]:
    """The points the service names."""
    files: list[Path] = sorted((ROOT / "sorting_miniapp").rglob("*.py"))
    return {name for one in files for name in re.findall(r'crash_point\("(\w+)"\)', one.read_text("utf-8"))}
