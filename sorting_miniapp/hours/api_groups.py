"""/groups: searched by anybody, joined and left by residents, its requests answered by its leaders."""

from __future__ import annotations

from typing import Any

from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.access import current_resident, open_to_all, resident_only
from sorting_miniapp.hours import joining, schemas_groups
from sorting_miniapp.idempotency import idempotent
from sorting_miniapp.web import ApiBlueprint

blueprint = ApiBlueprint("groups", __name__, description="志愿服务团体")


def _group(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "number": row.number or "",
        "about": row.about or "",
        "org": {"id": row.parent_id, "name": row.parent_name},
        "members": row.members,
    }


@blueprint.get("/groups")
@blueprint.arguments(schemas_groups.SearchSchema, location="query")
@blueprint.response(200, schemas_groups.GroupsSchema)
@blueprint.doc(security=[])
@open_to_all
def listed(query: dict[str, Any]) -> dict[str, Any]:
    """志愿服务团体列表，可按名称或 i志愿编号查找"""
    page = groups.search(query.get("q", ""), query.get("cursor"))
    return {"items": [_group(row) for row in page["items"]], "next": page["next"]}


@blueprint.get("/groups/<int:group_id>")
@blueprint.response(200, schemas_groups.GroupSchema)
@blueprint.doc(security=[])
@open_to_all
def group(group_id: int) -> dict[str, Any]:
    """一个志愿服务团体"""
    return _group(groups.get(group_id))


@blueprint.get("/me/groups")
@blueprint.response(200, schemas_groups.MyGroupsSchema)
@resident_only
def my_groups() -> dict[str, Any]:
    """我加入和申请加入的团体"""
    return {"items": [row._asdict() for row in groups.of_resident(current_resident().id)], "next": None}


@blueprint.post("/groups/<int:group_id>/requests")
@blueprint.response(201, schemas_groups.GroupStandingSchema)
@idempotent
@resident_only
def ask(group_id: int) -> tuple[dict[str, Any], int]:
    """申请加入团体"""
    return {"state": groups.ask(current_resident().id, group_id)}, 201


@blueprint.delete("/me/groups/<int:group_id>")
@blueprint.response(204)
@resident_only
def leave(group_id: int) -> None:
    """退出团体，或撤回申请"""
    groups.leave(current_resident().id, group_id)


@blueprint.get("/groups/<int:group_id>/members")
@blueprint.response(200, schemas_groups.PeopleSchema)
@resident_only
def members(group_id: int) -> dict[str, Any]:
    """团体成员（负责人可见，姓名遮盖显示）"""
    groups.require_leader(current_resident().id, group_id)
    return {"items": joining.people(groups.members(group_id)), "next": None}


@blueprint.delete("/groups/<int:group_id>/members/<string:member_id>")
@blueprint.response(204)
@resident_only
def remove(group_id: int, member_id: str) -> None:
    """把成员移出团体（负责人）"""
    joining.remove_as_leader(current_resident().id, group_id, member_id)


@blueprint.get("/groups/<int:group_id>/requests")
@blueprint.response(200, schemas_groups.PeopleSchema)
@resident_only
def requests(group_id: int) -> dict[str, Any]:
    """待批准的加入申请（负责人）"""
    groups.require_leader(current_resident().id, group_id)
    return {"items": joining.people(groups.requests(group_id)), "next": None}


@blueprint.post("/groups/<int:group_id>/requests/<string:member_id>/decision")
@blueprint.arguments(schemas_groups.DecisionSchema)
@blueprint.response(204)
@resident_only
def decide(body: dict[str, Any], group_id: int, member_id: str) -> None:
    """批准或不批准加入申请（负责人）"""
    joining.decide_as_leader(current_resident().id, group_id, member_id, body["accept"])
