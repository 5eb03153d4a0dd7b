"""Commands for notices: by which channels people get them."""

from __future__ import annotations

import re

import click
from rich.console import Console
from rich.table import Table

from server.actions.accounts.manage_users import find_user
from server.actions.notices.channels import CHANNELS
from server.actions.notices.edit_channels import NewChannel, add_channel, list_channels, remove_channel
from server.base.clock import to_iso
from server.cli.base import writing

_QUIET = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")


_ADDRESSES = "; ".join(f"{code} ({one.TITLE}): {one.EXAMPLE}" for code, one in CHANNELS.items())


@click.command("add", help=f"给用户加一个通知渠道。KIND 和它的地址: {_ADDRESSES}。")
@click.argument("user")
@click.argument("kind", type=click.Choice(list(CHANNELS)))
@click.option("--quiet", "quiet", metavar="HH:MM-HH:MM", help="免打扰时间, 如 22:00-07:00; 严重事项除外。")
@click.option(
    "--address", prompt="地址 (不显示)", hide_input=True, help="不写则提示输入, 以免留在命令历史里。"
)
def add(user: str, kind: str, quiet: str | None, address: str) -> None:
    hours = _QUIET.fullmatch(quiet) if quiet else None
    if quiet and hours is None:
        raise click.UsageError("--quiet 写成 HH:MM-HH:MM, 如 22:00-07:00。")
    ends = tuple(int(hours[at]) * 60 + int(hours[at + 1]) for at in (1, 3)) if hours is not None else (0, 0)
    with writing() as (session, runtime, now_ms):
        new = NewChannel(kind, address, *ends)
        channel_id, secret = add_channel(session, runtime.seals, find_user(session, user), new, now_ms)
    click.echo(f"已添加 {channel_id}")
    if secret:
        click.echo(f"签名密钥 (只显示这一次, 填到接收方): {secret}")


@click.command("list")
def show() -> None:
    """列出通知渠道; 地址不显示。"""
    table = Table("编号", "用户", "渠道", "免打扰", "发送失败自")
    with writing() as (session, _, _now):
        for one, user in list_channels(session):
            hours = (one.quiet_from, one.quiet_to)
            quiet = "-".join(f"{at // 60:02}:{at % 60:02}" for at in hours) if hours[0] != hours[1] else ""
            table.add_row(one.id, user.name, one.kind, quiet, to_iso(one.failed_ms) if one.failed_ms else "")
    Console().print(table)


@click.command("remove")
@click.argument("channel_id")
def remove(channel_id: str) -> None:
    """去掉一个通知渠道; 等待它的通知仍可在网页上看到。"""
    with writing() as (session, _, now_ms):
        remove_channel(session, channel_id, now_ms)
    click.echo("已去掉")
