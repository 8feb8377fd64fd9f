"""Jobs: asked once, done once, taken up again when the worker dies, their files seen by those who may."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from sorting_miniapp import clock, scheduler
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.audit import AuditEntry
from sorting_miniapp.db import db, transaction
from sorting_miniapp.errors import Conflict, Forbidden, Invalid
from sorting_miniapp.jobs import kinds, running, service
from sorting_miniapp.jobs.models import Job, JobChunk, JobState
from sorting_miniapp.orgs.models import Node
from tests.conftest import base_environ
from tests.console.helpers import post, sign_in
from tests.events.helpers import Hands, World

ROW = b"0123456789abcdef" * 64  # 1 KiB


def lines(asked: kinds.Asked, progress: kinds.Progress) -> kinds.File:
    """As many KiB as the parameters say, produced while they are read."""
    count = int(asked.parameters["kib"])

    def pieces() -> Iterator[bytes]:
        for number in range(count):
            progress(number, count, "正在导出")
            yield ROW

    return kinds.File("名单 2026.txt", "text/plain", pieces())


def refuses(_asked: kinds.Asked, _progress: kinds.Progress) -> kinds.File:
    raise Invalid("nothing_to_export", "没有可以导出的内容")


def breaks(_asked: kinds.Asked, _progress: kinds.Progress) -> kinds.File:
    raise RuntimeError("a bug")


@pytest.fixture(autouse=True)
def test_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "_kinds", dict(kinds._kinds))
    roles = (Role.ORGANISER, Role.ADMIN)
    kinds.register(kinds.Kind("lines", "导出测试", roles, lines))
    kinds.register(kinds.Kind("shared", "共用的导出", roles, lines, shared=True))
    kinds.register(kinds.Kind("refuses", "导出测试", roles, refuses))
    kinds.register(kinds.Kind("breaks", "导出测试", roles, breaks))


def ask(world: World, kind: str = "lines", **parameters: Any) -> str:
    node = db.session.get_one(Node, world.town)
    public_id = service.ask(world.organiser, kind, node, {"kib": 1} | parameters, "导出名单")
    db.session.commit()
    return public_id


def the_job(public_id: str) -> Job:
    db.session.commit()  # what the job wrote in a session of its own is not in this one's snapshot
    db.session.expire_all()
    return db.session.scalars(select(Job).where(Job.public_id == public_id)).one()


def chunks(job_id: int) -> int:
    return db.session.scalar(select(func.count()).select_from(JobChunk).where(JobChunk.job_id == job_id)) or 0


def end_lease(job_id: int) -> None:
    with transaction() as session:
        session.execute(update(Job).where(Job.id == job_id).values(lease_until=clock.wall_now() - timedelta(days=1)))


def test_a_job_is_done_and_its_file_fetched_in_the_same_bytes(world: World) -> None:
    with world.app.app_context():
        public_id = ask(world, kib=1300)
        job_id = the_job(public_id).id
        assert running.waiting() == [job_id]
        running.run(job_id)
        job = the_job(public_id)
        assert (job.state, job.file_name, job.file_size) == (JobState.DONE, "名单 2026.txt", 1300 * 1024)
        assert chunks(job_id) == 3
        assert running.waiting() == []
        running.run(job_id)  # a second wake-up finds nothing to do
        assert the_job(public_id).fence == 1
    client = sign_in(world, "organiser")
    assert "下载" in client.get("/console/jobs").text
    answer = client.get(f"/console/jobs/{public_id}/file")
    assert answer.data == ROW * 1300
    assert "filename*=UTF-8''" in answer.headers["Content-Disposition"]
    with world.app.app_context():
        audited = select(AuditEntry.action).where(AuditEntry.object_type == "job").order_by(AuditEntry.id)
        actions = db.session.scalars(audited).all()
        assert actions == ["job.ask", "job.download"]


def test_asking_twice_makes_one_job_and_five_are_the_most(sqlite_world: World) -> None:
    with sqlite_world.app.app_context():
        assert ask(sqlite_world) == ask(sqlite_world)
        for number in range(2, 6):
            ask(sqlite_world, kib=number)
        with pytest.raises(Conflict):
            ask(sqlite_world, kib=9)
        with pytest.raises(Forbidden):
            service.ask(sqlite_world.verifier, "lines", db.session.get_one(Node, sqlite_world.town), {}, "x")
        with pytest.raises(Forbidden):
            service.ask(sqlite_world.organiser, "lines", db.session.get_one(Node, sqlite_world.other_town), {}, "x")


def test_what_goes_wrong_is_said_and_can_be_tried_again(sqlite_world: World) -> None:
    client = sign_in(sqlite_world, "organiser")
    with sqlite_world.app.app_context():
        refused, broken = ask(sqlite_world, "refuses"), ask(sqlite_world, "breaks")
        for job_id in running.waiting():
            running.run(job_id)
        assert the_job(refused).message == "没有可以导出的内容"
        assert "请重试" in the_job(broken).message
        assert {the_job(one).state for one in (refused, broken)} == {JobState.FAILED}
    page = client.get("/console/jobs").text
    assert "没有可以导出的内容" in page
    assert client.get(f"/console/jobs/{refused}/file").status_code == 409
    post(client, f"/console/jobs/{refused}/retry")
    assert "hx-trigger" in client.get("/console/jobs/rows").text, "the page fetches itself while something waits"
    post(client, f"/console/jobs/{refused}/retry", 409)


def killed(world: World, job_id: int, point: str) -> None:
    """Run the job in a process that dies at `point`."""
    settings = world.app.extensions["settings"]
    code = (
        "from sorting_miniapp.app import create_app; from sorting_miniapp.jobs import kinds, running\n"
        "from tests.jobs.test_jobs import lines; app = create_app()\n"
        "kinds.register(kinds.Kind('lines', 'x', (), lines))\n"
        f"with app.app_context(): running.run({job_id})\n"
    )
    environ = base_environ(settings.instance_path) | {"DATABASE_URL": settings.database_url, "CRASH_AT": point}
    done = subprocess.run([sys.executable, "-c", code], env={**os.environ, **environ}, capture_output=True, timeout=60)
    assert done.returncode == 137, done.stderr.decode()


@pytest.mark.parametrize("point", ["job_after_chunk", "job_before_done"])
def test_a_killed_workers_job_is_taken_up_again(world: World, point: str) -> None:
    with world.app.app_context():
        public_id = ask(world, kib=1300)
        job_id = the_job(public_id).id
        killed(world, job_id, point)
        assert the_job(public_id).state is JobState.RUNNING
        assert chunks(job_id) >= 1
        assert running.waiting() == [], "the lease still runs"
        end_lease(job_id)
        assert running.waiting() == [job_id]
        running.run(job_id)
        job = the_job(public_id)
        assert (job.state, job.fence, chunks(job_id)) == (JobState.DONE, 2, 3)
        _, pieces = service.fetch(world.organiser, public_id)
        assert b"".join(pieces) == ROW * 1300, "nothing of the first try is in the file"


def test_control_without_the_lease_a_killed_workers_job_stays(
    sqlite_world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def ready_only() -> list[int]:
        return list(db.session.scalars(select(Job.id).where(Job.state == JobState.READY)))

    monkeypatch.setattr(running, "waiting", ready_only)
    with sqlite_world.app.app_context():
        public_id = ask(sqlite_world, kib=1300)
        killed(sqlite_world, the_job(public_id).id, "job_after_chunk")
        end_lease(the_job(public_id).id)
        assert running.waiting() == []
        assert the_job(public_id).state is JobState.RUNNING


def test_a_frozen_worker_that_wakes_up_late_writes_nothing(world: World) -> None:
    with world.app.app_context():
        public_id = ask(world, kib=2)
        job_id = the_job(public_id).id
        first = running.take(job_id)
        assert first == 1
        assert running.take(job_id) is None, "another worker has it"
        end_lease(job_id)
        running.run(job_id)
        late = running.Hold(job_id, first)
        for write in (
            lambda: late.progress(1, 2),
            lambda: late.keep(kinds.File("x", "text/plain", [b"late"])),
            lambda: late.fail("late"),
        ):
            with pytest.raises(running.Superseded):
                write()
        _, pieces = service.fetch(world.organiser, public_id)
        assert b"".join(pieces) == ROW * 2


def test_a_job_that_kills_its_worker_every_time_is_given_up(sqlite_world: World) -> None:
    with sqlite_world.app.app_context():
        public_id = ask(sqlite_world)
        job_id = the_job(public_id).id
        for _ in range(running.TRIES):
            assert running.take(job_id)
            end_lease(job_id)
        running.run(job_id)
        assert the_job(public_id).state is JobState.FAILED
        assert "多次中断" in the_job(public_id).message


def test_only_the_asker_sees_a_job_or_the_branch_when_its_kind_is_shared(sqlite_world: World) -> None:
    with sqlite_world.app.app_context():
        own, common = ask(sqlite_world), ask(sqlite_world, "shared")
        for job_id in running.waiting():
            running.run(job_id)
    town_admin, foreigner = sign_in(sqlite_world, "town_admin"), sign_in(sqlite_world, "foreigner")
    assert [town_admin.get(f"/console/jobs/{one}/file").status_code for one in (own, common)] == [404, 200]
    assert [foreigner.get(f"/console/jobs/{one}/file").status_code for one in (own, common)] == [404, 404]
    assert "共用的导出" in town_admin.get("/console/jobs").text
    assert "还没有任务" in foreigner.get("/console/jobs").text


def test_files_are_deleted_after_their_time(world: World, hands: Hands) -> None:
    with world.app.app_context():
        public_id = ask(world)
        running.run(the_job(public_id).id)
        assert running.purge() == 0
        hands.at(clock.local(clock.now() + timedelta(days=31)))
        assert running.purge() == 1
        assert db.session.scalar(select(func.count()).select_from(JobChunk)) == 0


def test_the_scheduler_wakes_the_worker_for_it(sqlite_world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    timetable = scheduler.Timetable(sqlite_world.app)
    woken: list[tuple[str, int]] = []
    monkeypatch.setattr(timetable.work, "wake", lambda *found: woken.append(found))
    with sqlite_world.app.app_context():
        public_id = ask(sqlite_world)
        timetable.wake_worker()
        assert [one for one in woken if one[0] == "job"] == [("job", the_job(public_id).id)]
