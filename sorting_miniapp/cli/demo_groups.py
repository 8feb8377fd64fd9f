"""The demo volunteer groups of `make run`, so that joining, leading and signing a group up can be tried at once.

They are named as what they are: no group is invented for production (content/orgs.yaml has none).
"""

from __future__ import annotations

from sqlalchemy import select

from sorting_miniapp.accounts import groups
from sorting_miniapp.accounts.access import Grant, StaffActor
from sorting_miniapp.accounts.models import Role
from sorting_miniapp.db import db
from sorting_miniapp.orgs import service as orgs
from sorting_miniapp.orgs.models import Node, NodeKind

# Key, name, the unit it belongs to, what it does.
GROUPS = (
    ("demo-tongbian", "演示·桶边督导队", "lianzhou-zhen", "每周三、周六傍晚在投放点引导分类。演示数据。"),
    ("demo-xingzi", "演示·星子镇青年志愿队", "xingzi", "进村入户宣传和入校讲解。演示数据。"),
    ("demo-school", "演示·小手拉大手亲子队", "lianzhou", "家长和孩子一起参加活动。演示数据。"),
)
CONTACT = "演示联系人"


def make() -> int:
    """Make those that are missing. Returns how many were made."""
    nodes = {node.key: node for node in db.session().scalars(select(Node))}
    city = next(node for node in nodes.values() if node.parent_id is None)
    actor = StaffActor(0, "demo", "演示", (Grant(Role.ADMIN, 0, city.path),))
    made = 0
    for key, name, parent, about in GROUPS:
        if key not in nodes:
            node = orgs.add(nodes[parent].id, name, NodeKind.GROUP, actor.username, key=key)
            groups.describe(actor, node.id, "", CONTACT, about)
            made += 1
    return made
