"""Requests to join a group, answered by its leader or by staff; who asked is told."""

from __future__ import annotations

from typing import Any

from sorting_miniapp import audit, clock
from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.access import StaffActor
from sorting_miniapp.db import transaction
from sorting_miniapp.deliveries import service as deliveries
from sorting_miniapp.hours import volunteers

LEADER = "leader:{}"


def people(rows: list[groups.Member]) -> list[dict[str, Any]]:
    """Members or requests as leaders and staff see them: the registered name masked, else the nickname."""
    names = volunteers.names([row.resident_id for row in rows])
    return [
        {
            "id": row.id,
            "name": names.get(row.resident_id) or row.nickname or "未填昵称",
            "registered": row.resident_id in names,
            "leader": row.leader,
            "since": row.decided_at or row.asked_at,
        }
        for row in rows
    ]


def decide_as_leader(resident_id: int, node_id: int, member_id: str, accept: bool) -> None:
    """Answer a request to one's own group. Raises NotFound, Conflict request_answered."""
    group = groups.require_leader(resident_id, node_id)
    with transaction():
        member = groups.decide(member_id, node_id, accept, LEADER.format(resident_id))
        _tell(member.resident_id, group, accept)


def decide_as_staff(actor: StaffActor, node_id: int, member_id: str, accept: bool) -> None:
    """Answer a request to a group of the own branch; audited. Raises NotFound, Forbidden, Conflict."""
    group = groups.require_manager(actor, node_id)
    with transaction():
        member = groups.decide(member_id, node_id, accept, actor.username)
        _write(actor, "group.accept" if accept else "group.decline", member_id, group.path)
        _tell(member.resident_id, group, accept)


def remove_as_leader(resident_id: int, node_id: int, member_id: str) -> None:
    """Take somebody else out of one's own group. Raises NotFound, Conflict."""
    groups.require_leader(resident_id, node_id)
    groups.remove(member_id, node_id, LEADER.format(resident_id))


def remove_as_staff(actor: StaffActor, node_id: int, member_id: str) -> None:
    """Take a member out of a group of the own branch; audited. Raises NotFound, Forbidden, Conflict."""
    group = groups.require_manager(actor, node_id)
    with transaction():
        groups.remove(member_id, node_id, actor.username)
        _write(actor, "group.remove", member_id, group.path)


def _write(actor: StaffActor, action: str, member_id: str, path: str) -> None:
    audit.record(actor.username, action, "group_member", member_id, node_path=path)


def _tell(resident_id: int, group: Any, accept: bool) -> None:
    deliveries.notify(
        "result_ready",
        resident_id,
        {
            "title": group.name,
            "time": clock.local_text(clock.now()),
            "place": "",
            "remark": "欢迎加入" if accept else "可以改申请其他团体",
            "status": "已加入" if accept else "未通过",
            "deadline": "",
        },
        object_type="group",
        object_id=group.id,
        page_id=str(group.id),
    )
