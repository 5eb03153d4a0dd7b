"""A robot in a group of 钉钉 (DingTalk)."""

from __future__ import annotations

from collections.abc import Collection

from server.actions.notices.outgoing import Outgoing, send_by_apprise

CODE = "dingtalk"
TITLE = "钉钉群机器人"
SCHEMES = ("dingtalk",)
EXAMPLE = "dingtalk://…"


def send(outgoing: Outgoing, address: str, _private_hosts: Collection[str]) -> bool:
    """Send it; whether the service accepted it. The service is on the public Internet."""
    return send_by_apprise(outgoing, address)
