"""Commands for the accounts of programs that call us."""

from __future__ import annotations

import click

from server.actions.accounts.service_accounts import (
    SCOPES,
    NewService,
    add_service,
    close_service,
    list_services,
    make_key,
    open_service,
    revoke_key,
)
from server.actions.events.sinks import add_sink, close_sink, list_sinks
from server.actions.records.outbox import EVENT_TYPES
from server.actions.reference.load_reference import tx_of
from server.actions.sites.assign_site import find_site
from server.cli.base import print_table, table, writing
from server.rules.flags.words import moment

_SCOPE = click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(list(SCOPES)),
    help="; ".join(f"{code} {words}" for code, words in SCOPES.items()),
)


@click.command("add")
@click.argument("name")
@_SCOPE
@click.option("--site", "sites", multiple=True, help="它的地点: 名称或编号, 可写多次。")
@click.option("--everywhere", is_flag=True, help="可以看到全部地点 (演练地点除外)。")
@click.option("--system", default="", help="人员编号属于哪个系统; 同一系统的账号写同一个。不写为它自己。")
def add(name: str, scopes: tuple[str, ...], sites: tuple[str, ...], everywhere: bool, system: str) -> None:
    """新增对接账号 NAME, 发第一把密钥。密钥只显示这一次。

    \b
    gongdi service add 东门闸机 --scope gate_passes --site 东苑一期
    gongdi service add 省平台 --scope roster --everywhere --system sheng
    """
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        found = [find_site(session, site) for site in dict.fromkeys(sites)]
        account, key = add_service(tx, NewService(name, scopes, found, everywhere, system))
        click.echo(f"已新增 {account.name}, 编号 {account.id}")
        click.echo(f"密钥 {key}")


@click.command("key")
@click.argument("account")
@_SCOPE
def key(account: str, scopes: tuple[str, ...]) -> None:
    """给对接账号 ACCOUNT (名称或编号) 再发一把密钥。密钥只显示这一次。"""
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        click.echo(f"密钥 {make_key(tx, open_service(session, account), scopes)}")


@click.command("revoke")
@click.argument("key_id", metavar="KEY")
def revoke(key_id: str) -> None:
    """作废密钥 KEY (编号, 见 gongdi service list)。从下一个请求起不再有效。"""
    with writing() as (session, runtime, now_ms):
        done = revoke_key(tx_of(session, runtime.seals, now_ms), key_id)
        click.echo(f"已作废 {done.begins}…")


@click.command("close")
@click.argument("account")
def close(account: str) -> None:
    """停用对接账号 ACCOUNT (名称或编号); 它写入的记录保留。"""
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        done = close_service(tx, open_service(session, account).id)
        click.echo(f"已停用 {done.name}")


@click.command("sink")
@click.argument("account")
@click.argument("address")
@click.option(
    "--type",
    "types",
    multiple=True,
    type=click.Choice(list(EVENT_TYPES)),
    help="只要这些事件; 不写为全部。",
)
def sink(account: str, address: str, types: tuple[str, ...]) -> None:
    """把以后的事件推送到地址 ADDRESS, 按 Standard Webhooks 签名。签名密钥只显示这一次。

    \b
    gongdi service sink 省平台 https://sheng.example/gongdi --type flag.opened --type window.missed
    """
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        made, secret = add_sink(tx, open_service(session, account), address, types)
        click.echo(f"已新增接收地址 {made.host}, 编号 {made.id}")
        click.echo(f"签名密钥 {secret}")


@click.command("unsink")
@click.argument("sink_id", metavar="SINK")
def unsink(sink_id: str) -> None:
    """停用接收地址 SINK (编号, 见 gongdi service list)。"""
    with writing() as (session, runtime, now_ms):
        done = close_sink(tx_of(session, runtime.seals, now_ms), sink_id)
        click.echo(f"已停用 {done.host}")


@click.command("list")
def show() -> None:
    """列出在用的对接账号和密钥。"""
    shown = table("账号", "系统", "地点", "密钥", "权限", "发放", "最近使用", "密钥编号")
    with writing() as (session, _, _now):
        for one in list_services(session):
            where = "全部" if one.is_everywhere else "、".join(one.sites)
            for row in one.keys:
                scopes = " ".join(row.scopes)
                times = (moment(row.made_ms), moment(row.used_ms))
                shown.add_row(
                    one.account.name, one.account.system, where, f"{row.begins}…", scopes, *times, row.id
                )
            if not one.keys:
                shown.add_row(one.account.name, one.account.system, where, "—", "", "", "", "")
        sinks = table("接收地址", "账号", "最近送达", "送不到自", "编号")
        open_sinks = list_sinks(session)
        for one in list_services(session):
            for one_sink in open_sinks.get(one.account.id, ()):
                failed = moment(one_sink.failed_ms) if one_sink.failed_ms else ""
                sinks.add_row(one_sink.host, one.account.name, moment(one_sink.sent_ms), failed, one_sink.id)
    print_table(shown)
    if sinks.row_count:
        print_table(sinks)
