"""What a person does while a fan-out runs on several workers: to the last moment; nothing more goes out after it."""

from __future__ import annotations

import time

from sqlalchemy import select

from sorting_miniapp.articles import pushes
from sorting_miniapp.articles.models import Push, PushState
from sorting_miniapp.db import db
from tests.faults.runs import Scene, wait_for
from tests.faults.stage import IN_FLIGHT, LATENCY
from tests.simulator_process import SEND


def _sent(scene: Scene) -> int:
    return int(scene.stage.simulator.summary(SEND)["count"])


def _until(scene: Scene, number: int) -> None:
    wait_for(lambda: _sent(scene) >= number, 20, f"{number} messages")


def _quiet(scene: Scene, at_the_moment: int) -> None:
    """No more than what was under way arrives, and then nothing."""
    time.sleep(LATENCY * 6)
    after = _sent(scene)
    if after > at_the_moment + 2 * IN_FLIGHT:
        raise AssertionError(f"{after - at_the_moment} messages went out after the pause")
    time.sleep(1.5)
    if _sent(scene) != after:
        raise AssertionError(f"{_sent(scene) - after} messages while it was paused")


def _steer(scene: Scene, step: str) -> int:
    """Returns how many had gone out when the step was done."""
    with scene.stage.app.app_context():
        getattr(pushes, step)(scene.stage.editor, scene.work.fan_out_push)
        db.session.remove()
    return _sent(scene)


def _state(scene: Scene) -> PushState:
    with scene.stage.app.app_context():
        found = db.session().scalars(select(Push.state).where(Push.id == scene.work.fan_out_push)).one()
        db.session.remove()
    return found


def pause_and_resume(scene: Scene) -> None:
    """Paused in the middle, a worker killed meanwhile, resumed: each gets one."""
    _until(scene, 12)
    _quiet(scene, _steer(scene, "pause"))
    scene.stage.zygote.kill(next(one for one in scene.stage.zygote.living.values() if one.role == "worker"))
    assert _state(scene) is PushState.PAUSED
    _steer(scene, "resume")


def cancel(scene: Scene) -> None:
    """Cancelled in the middle: the rest never goes out."""
    _until(scene, 20)
    _quiet(scene, _steer(scene, "cancel"))
    assert _state(scene) is PushState.CANCELLED
    assert _sent(scene) < len(scene.work.openids)


ALL = (pause_and_resume, cancel)
