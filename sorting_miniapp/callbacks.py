"""GET, POST /wechat/callback/mini and /official: WeChat's pushes are stored and answered; the worker does the rest."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, current_app, request

from sorting_miniapp.accounts import binding
from sorting_miniapp.accounts.access import wechat_callback
from sorting_miniapp.config import Settings
from sorting_miniapp.errors import Forbidden
from sorting_miniapp.wechat import callback, followers, media_checks
from sorting_miniapp.wechat.callback import Channel
from sorting_miniapp.wechat.events import on

blueprint = Blueprint("callbacks", __name__, url_prefix="/wechat/callback")


def channel(account: str) -> Channel:
    """The callback of `mini` or `official`."""
    settings: Settings = current_app.extensions["settings"]
    appid, token, key = (getattr(settings, f"{account}_{part}") for part in ("appid", "token", "aes_key"))
    return Channel(account, appid, token, key)


@blueprint.get("/<any(mini,official):account>")
@wechat_callback
def check(account: str) -> Response:
    """WeChat's check of the address when it is entered in its console."""
    return Response(callback.echo(channel(account), request.args), mimetype="text/plain")


@blueprint.post("/<any(mini,official):account>")
@wechat_callback
def receive(account: str) -> Response:
    """A message or an event."""
    request.max_content_length = callback.MOST_BYTES
    body = request.get_data()
    if "msg_signature" not in request.args and current_app.extensions["settings"].cloudrun:
        if not request.headers.get("X-WX-SOURCE"):
            raise Forbidden("callback_forged", "请求不是微信云托管转来的")
        callback.receive_plain(account, body)
    else:
        callback.receive(channel(account), request.args, body)
    return Response(callback.ANSWER, mimetype="text/plain")


def init_app(app: Flask) -> None:
    """Add the views and what the gateway and the accounts do with events. Features add theirs."""
    on("wxa_media_check", media_checks.on_result)
    on("subscribe", followers.on_follow, followers.look_up)
    on("unsubscribe", followers.on_unfollow)
    on("text", binding.on_text)
    app.register_blueprint(blueprint)
