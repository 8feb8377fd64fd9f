"""What a push's state means to people, and what each lets them do next (design.md §6, Push states). Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sorting_miniapp import clock
from sorting_miniapp.articles.models import PUSH_STATE_NAMES, Channel, Push, PushState

S = PushState
# WeChat remembers a clientmsgid for 24 hours; after this a repeated mass send might go out twice.
SURE_FOR = timedelta(hours=22)
OVER = (S.SENT, S.PARTLY_FAILED, S.CANCELLED, S.MISSED)


@dataclass(frozen=True)
class Step:
    """A button: `key` is the step's address, `question` is asked first where there is one."""

    key: str
    label: str
    tone: str = "outline-primary"
    question: str = ""


NOW = Step("now", "马上发送", "primary", "确定现在就发送吗？发出后不能收回。")
PAUSE = Step("pause", "暂停", "warning")
RESUME = Step("resume", "继续", "primary")
GO_ON = Step("resume", "继续发送", "primary", "确定继续发送还没有发出的消息吗？")
CLOSE = Step("close", "关闭，不再发送", "outline-danger", "关闭后这次推送记为“已错过”，不能恢复。确定吗？")
CANCEL = Step("cancel", "取消推送", "outline-danger", "取消后不能恢复，还没有发出的不再发送。确定取消吗？")
HAND_OVER = Step("hand_over", "交稿", "primary", "交稿后文字和版头版尾用语固定下来，再修改须另外交稿。确定交稿吗？")
HANDED = Step("hand_over", "已把稿件交给对方", "primary")
RESEND = Step("resend", "补发给没有收到的人", "primary", "只发给确知没有收到、并且仍在订阅的人。确定补发吗？")
HANDOVER_NAMES = {S.MANUAL: "已交稿", S.SENT: "已刊出"}


def steps(push: Push) -> list[Step]:
    """What an editor may do now; another time and an address have forms of their own (`may_replan`, `may_confirm`)."""
    begun, ours = push.fan_out_id is not None, push.channel is not Channel.HANDOVER
    at_wechat = push.called_at is not None and push.state in (S.SENDING, S.AWAITING_ADMIN)
    found: list[Step] = []
    if push.state in (S.READY, S.PENDING_REVIEW):
        found = [NOW, PAUSE] if ours else ([HAND_OVER] if push.state is S.READY else [])
    elif push.state is S.SENDING and begun:
        found = [PAUSE]
    elif push.state is S.PAUSED:
        found = [GO_ON] if begun else [RESUME, NOW]
    elif push.state is S.PARTLY_FAILED and begun:
        found = [RESEND]
    elif push.state is S.HELD:
        found = [CLOSE] if maybe_sent(push) else [GO_ON if begun else NOW, CLOSE]
    elif push.state is S.MANUAL and not ours and push.handed_at is None:
        found = [HANDED]
    if push.state not in OVER and not at_wechat:
        found.append(CANCEL)
    return found


def mark(push: Push) -> str:
    """Changes when what may be done does: a page that shows another one is out of date."""
    return "-".join([push.state.value, *(step.key for step in steps(push))])


def maybe_sent(push: Push, now: datetime | None = None) -> bool:
    """Whether WeChat may have it already and would take one more try for another push. `now`: unshifted (None: the
    host's)."""
    if push.called_at is None:
        return False
    return push.channel is Channel.PUBLISH or (now or clock.wall_now()) - push.called_at > SURE_FOR


def may_replan(push: Push) -> bool:
    """Whether its time may be changed."""
    waits = push.state in (S.READY, S.PENDING_REVIEW, S.PAUSED, S.HELD)
    return waits and push.fan_out_id is None and not maybe_sent(push)


def may_confirm(push: Push) -> bool:
    """Whether the address may be entered under which it has come out."""
    return push.state in (S.HELD, S.MANUAL)


def may_download(push: Push) -> bool:
    return push.channel is Channel.HANDOVER and push.version_id is not None


def name(push: Push) -> str:
    """The state's name; a hand-over has names of its own."""
    if push.channel is Channel.HANDOVER and push.state in HANDOVER_NAMES:
        return "待交稿" if push.state is S.MANUAL and push.handed_at is None else HANDOVER_NAMES[push.state]
    return PUSH_STATE_NAMES[push.state]


def sentence(push: Push) -> str:
    """What the state means and what comes next."""
    due, late = (clock.local(moment).strftime("%m月%d日 %H:%M") for moment in (push.due_at, push.late_at))
    if push.channel is Channel.HANDOVER and push.state in (S.READY, S.MANUAL, S.SENT):
        return _handover(push, due)
    words = {
        S.PENDING_REVIEW: f"文章还在审核。通过以后 {due} 自动发出；到 {late} 还没有通过，会转为待人工，由您决定。",
        S.READY: f"{due} 自动发出。到 {late} 还没有发出的，会留给您处理，不会自己补发。",
        S.AWAITING_ADMIN: "请公众号管理员在手机上确认群发。30 分钟内没有确认，微信会取消这次群发，到时由您决定怎么办。",
        S.SENT: "已经发出。",
        S.PARTLY_FAILED: "有些人没有收到，下面列出原因。结果不明的不补发，以免重复。",
        S.CANCELLED: "已经取消，没有发出的不再发送。要再推送，请在文章页面另外安排。",
        S.HELD: "系统没有自动处理，请核对后选择：马上发送、改时间、登记已经发布的网址，或者关闭。",
        S.MANUAL: "还差这几步：",
        S.MISSED: "已经关闭，没有发出。",
    }
    if push.state is S.SENDING:
        return (
            "正在逐条发送，可以暂停；取消后还没有发出的不再发送。"
            if push.fan_out_id is not None
            else "已经交给公众号，正在等微信的结果，一般几分钟。"
        )
    if push.state is S.PAUSED:
        begun = "已经暂停，没有发出的消息等您继续。"
        return begun if push.fan_out_id is not None else f"已经暂停。{late} 以前可以继续，过后须改时间或马上发送。"
    if push.state is S.HELD and maybe_sent(push):
        return "请先到公众号后台核对：已经发出的，把网址登记在下面；没有发出的，关闭这次推送，再另外安排一次。"
    return words[push.state]


def by_hand(push: Push) -> list[str]:
    """The steps of a person where the account may only make drafts; none for other pushes. WeChat's console asks about
    telling the followers (群发通知) when an article is published: what makes a mass send of it."""
    if push.state is not S.MANUAL or push.channel is Channel.HANDOVER:
        return []
    told = {
        Channel.MASS: "打开“群发通知”" + ("，选好标签" if push.tag_id else ""),
        Channel.PUBLISH: "关掉“群发通知”",
    }[push.channel]
    return [
        "登录微信公众平台（mp.weixin.qq.com），打开“草稿箱”，找到这篇文章的草稿。",
        "核对标题、封面、正文和版头版尾用语。",
        f"点“发表”，{told}，再确认。",
        "打开发表好的文章，复制网址，登记在下面。",
    ]


def _handover(push: Push, due: str) -> str:
    if push.state is S.SENT:
        return "已经刊出，网址登记在媒体登记里。"
    if push.state is S.READY:
        return f"计划 {due} 刊出。可以现在就交稿；不提前交稿的话，到时间后在这里下载稿件。"
    if push.handed_at is None:
        return "请下载稿件交给对方，再点“已把稿件交给对方”。"
    return "稿件已交给对方。刊出后请把网址登记在下面，会同时进入媒体登记。"
