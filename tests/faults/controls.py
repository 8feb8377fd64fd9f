"""The same faults without a guard: each must lose somebody's message or double something."""

from __future__ import annotations

from collections.abc import Callable

from sorting_miniapp.articles.models import Channel
from tests.faults import runs
from tests.faults.judge import Verdict
from tests.faults.stage import Stage
from tests.faults.trouble import MASS


def _dropped_mass_send(stage: Stage, patch: str) -> Verdict:
    """The answer of a mass send that happened does not come."""
    stage.begin()
    scene = runs.Scene(stage, patch, stage.plan("dropped", 0, (Channel.MASS,)), (patch,))
    stage.simulator.fault(MASS, "accepted_then_dropped", times=1)
    for role in runs.ROLES:
        scene.start(role)
    runs.wait_for(lambda: stage.simulator.summary(MASS)["count"] >= 2, 15, "the second try")
    return scene.settle()


def _crash(point: str) -> Callable[[Stage, str], Verdict]:
    return lambda stage, patch: runs.crash(stage, point, (patch,))


def _frozen_publisher(stage: Stage, patch: str) -> Verdict:
    return runs.frozen(stage, "after_draft_before_commit", (Channel.PUBLISH,), (patch,), late=2.5)


HERE = "tests.unguarded.sending"
CONTROLS: dict[str, Callable[[Stage, str], Verdict]] = {
    f"{HERE}:no_message_key": _dropped_mass_send,
    f"{HERE}:no_mark_before_the_call": _crash("answers_before_record"),
    f"{HERE}:no_fence": _frozen_publisher,
    f"{HERE}:sweep_into_the_queue": _crash("answers_before_record"),
    f"{HERE}:sent_before_the_call": _crash("sending_committed"),
}


def control(stage: Stage, patch: str) -> Verdict:
    """The fault that the guard `patch` takes off is there for."""
    return CONTROLS[patch](stage, patch)


def red(found: Verdict) -> bool:
    """Whether it failed, as it must."""
    return bool(found.lost or found.doubled)
