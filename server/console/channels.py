"""Channels by which people get notices outside the console: who has which, adding, trying and removing one."""

from __future__ import annotations

import re
from uuid import UUID, uuid4

from flask import g, request, url_for

from server.actions.accounts.manage_users import find_user
from server.actions.notices.channels import CHANNELS
from server.actions.notices.edit_channels import (
    ADDRESS_MAX,
    NewChannel,
    add_channel,
    list_channels,
    opened_address,
    remove_channel,
)
from server.actions.notices.outgoing import Outgoing
from server.actions.reference.check_codes import wrong
from server.actions.reference.name_codes import read_names
from server.base.db import read
from server.base.problems import Problem
from server.console.pages import blueprint, render, require_role
from server.console.submit import Answer, submit, submit_once
from server.models.tx import Tx
from server.models.user import ADMIN
from server.web.responses import now_ms, runtime
from server.workflows.deliver_notices import sender, tried

_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


@blueprint.get("/admin/channels")
def list_notice_channels() -> str:
    """The channels, with a form for a new one. Addresses stay sealed."""
    return _page(None)


@blueprint.post("/admin/channels")
def add_notice_channel() -> Answer:
    """Add a channel; the secret that signs what it posts is shown this once."""
    require_role(ADMIN)
    typed = request.form

    def act(tx: Tx) -> str:
        quiet = _minutes("quiet_from"), _minutes("quiet_to")
        new = NewChannel(typed.get("kind", ""), typed.get("address", "").strip(), *quiet)
        user = find_user(tx.session, typed.get("user", ""))
        return add_channel(tx.session, runtime().seals, user, new, tx.now_ms, g.viewer.id)[1]

    return submit_once(act, lambda secret: _page(None, secret=secret, said="已添加。"), _page)


@blueprint.post("/admin/channels/<uuid:channel_id>/try")
def try_notice_channel(channel_id: UUID) -> Answer:
    """Send one notice by it at once, and say whether the service took it."""
    require_role(ADMIN)

    def look(tx: Tx) -> tuple[str, str]:
        return opened_address(tx.session, runtime().seals, str(channel_id))

    return submit_once(look, lambda found: _tried(*found), _page)


@blueprint.post("/admin/channels/<uuid:channel_id>/remove")
def remove_notice_channel(channel_id: UUID) -> Answer:
    """Remove one; what waits to go by it stays to be read at the console."""
    require_role(ADMIN)
    return submit(
        lambda tx: remove_channel(tx.session, str(channel_id), tx.now_ms, g.viewer.id),
        url_for("console.list_notice_channels"),
        _page,
    )


def _tried(kind: str, address: str) -> str:
    lines = ("这是一条试发的通知, 不用处理。",)
    outgoing = Outgoing(str(uuid4()), kind, address, "新乡现场检查: 试发", lines, 1, False, now_ms())
    taken = tried(sender(runtime().config.webhook_hosts), outgoing)
    said = "试发成功: 对方已收下。" if taken else "试发没有成功: 请核对地址、网络和内网主机的设置。"
    return _page(None, said=said, failed=not taken)


def _minutes(name: str) -> int:
    """A time of a form as minutes of the day; 0 when it is left out. Raises Problem 422."""
    text = request.form.get(name, "")
    at = _TIME.fullmatch(text)
    if text and at is None:
        raise wrong(name, "时间写成 22:00 这样。")
    return int(at[1]) * 60 + int(at[2]) if at is not None else 0


def _page(problem: Problem | None, *, secret: str = "", said: str = "", failed: bool = False) -> str:
    require_role(ADMIN)
    with read() as session:
        channels = list_channels(session)
        names = read_names(session)
    titles = {code: channel.TITLE for code, channel in CHANNELS.items()}
    examples = "; ".join(f"{channel.TITLE} {channel.EXAMPLE}" for channel in CHANNELS.values())
    listed = {"channels": channels, "titles": titles, "examples": examples, "address_max": ADDRESS_MAX}
    done = {"secret": secret, "said": said, "failed": failed}
    return render("admin_channels.html", names, problem=problem, **listed, **done)
