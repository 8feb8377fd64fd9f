"""Subscribe messages: templates, credits, sending, and the events about them (wechat.md §2.3)."""

from __future__ import annotations

import time
from typing import Any

from sorting_miniapp.wechat.simulator import events, fields, links, values
from sorting_miniapp.wechat.simulator.state import Person, Refused, State, Template

LONG_TERM = 3
BAD_WORD = "违规测试"
LANGUAGES = ("zh_CN", "en_US", "zh_HK", "zh_TW")


def templates(state: State, _query: dict[str, Any]) -> dict[str, Any]:
    """wxaapi/newtmpl/gettemplate."""
    rows = []
    for one in state.templates.values():
        content = "\n".join(f"{label}:{{{{{key}.DATA}}}}" for key, label in one.fields)
        example = "\n".join(f"{label}:示例" for _, label in one.fields)
        rows.append({"priTmplId": one.id, "title": one.title, "content": content, "example": example, "type": one.kind})
    return {"data": rows}


def answer_popup(state: State, person: Person, wanted: dict[str, bool], times: int = 1) -> None:
    """What a person answered to requestSubscribeMessage: each accept is one credit, or lasting for a long-term one."""
    rows = []
    for template_id, accepted in wanted.items():
        found = state.templates.setdefault(template_id, Template(template_id, template_id))
        if accepted and found.kind == LONG_TERM:
            person.lasting.add(template_id)
        elif accepted:
            person.credits[template_id] += times
        said = "accept" if accepted else "reject"
        rows.append({"TemplateId": template_id, "SubscribeStatusString": said, "PopupScene": "0"})
    events.push(state, "mini", "subscribe_msg_popup_event", person.openid, rows=("SubscribeMsgPopupEvent", rows))


def revoke(state: State, person: Person, template_id: str) -> None:
    """The person turns the messages off in the settings of the mini-program."""
    person.credits.pop(template_id, None)
    person.lasting.discard(template_id)
    rows = [{"TemplateId": template_id, "SubscribeStatusString": "reject"}]
    events.push(state, "mini", "subscribe_msg_change_event", person.openid, rows=("SubscribeMsgChangeEvent", rows))


def begin(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """message/subscribe/send, up to the moment it is on its way: everything that is refused before it takes time."""
    person = state.person(fields.text(body, "touser", 40003))
    if person.sending:
        raise Refused(43108, "concurrent send to one user")
    template = state.template(fields.text(body, "template_id", 40037))
    if template.banned:
        raise Refused(43107, "subscribe message capability is banned")
    links.check_page(state, fields.text(body, "page", default=""))
    _check_data(template, fields.part(body, "data", 47003))
    if fields.text(body, "miniprogram_state") not in ("developer", "trial", "formal"):
        raise Refused(47001, "data format error hint: [miniprogram_state]")
    if fields.text(body, "lang") not in LANGUAGES:
        raise Refused(47001, "data format error hint: [lang]")
    if person.credits[template.id] <= 0 and template.id not in person.lasting:
        raise Refused(43101, "user refuse to accept the msg")
    person.sending = True
    return {}


def _check_data(template: Template, data: dict[str, Any]) -> None:
    for key in [key for key, _ in template.fields] or data:
        if key not in data:
            raise Refused(47003, f"argument invalid! data.{key}.value is empty")
    if not data:
        raise Refused(47003, "argument invalid! data is empty")
    known = {key for key, _ in template.fields}
    for key, value in data.items():
        text = value.get("value") if isinstance(value, dict) else None
        why = "keyword not exist" if known and key not in known else values.wrong(key, text)
        if why:
            raise Refused(47003, f"argument invalid! data.{key}.value {why}")
        if BAD_WORD in str(text):
            raise Refused(45168, "hit sensitive word")


def end(state: State, body: dict[str, Any]) -> dict[str, Any]:
    """The message arrives on the phone and takes one credit."""
    person, template = state.person(body["touser"]), body["template_id"]
    person.sending = False
    if template not in person.lasting:
        person.credits[template] -= 1
    texts = {key: value["value"] for key, value in body["data"].items()}
    msgid = state.next_number()
    person.messages.append(
        {"template_id": template, "page": body.get("page", ""), "data": texts, "at": time.time(), "msgid": msgid}
    )
    if state.settings.sent_events:
        rows = [{"TemplateId": template, "MsgID": str(msgid), "ErrorCode": "0", "ErrorStatus": "success"}]
        events.push(state, "mini", "subscribe_msg_sent_event", person.openid, rows=("SubscribeMsgSentEvent", rows))
    return {"msgid": msgid}
