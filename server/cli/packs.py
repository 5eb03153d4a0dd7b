"""Commands for packs: what a plan brings, in one folder."""

from __future__ import annotations

import json
import sys

import click

from server.actions.packs.load_pack import Loaded, check_pack, load_pack
from server.actions.packs.loaded_packs import loaded_packs
from server.actions.packs.switch_pack import OFF, ON, switch_pack
from server.actions.reference.load_reference import tx_of
from server.base.clock import to_iso
from server.base.db import read, write
from server.cli.base import check_schema, make_app, print_table, runtime_of, table, writing
from server.files.pack_files import Pack, PackRefused, read_pack, shipped_packs
from server.workflows.judge_forms import judge_waiting

_PACK = click.argument("pack", metavar="PACK")


@click.command("check")
@_PACK
@click.option("--json", "as_json", is_flag=True, help="打印全部问题 (JSON)。")
def check(pack: str, as_json: bool) -> None:
    """检查内容包 PACK (名称或文件夹), 什么都不改。有问题时以 1 退出。"""
    app = make_app()
    check_schema(app)
    runtime = runtime_of(app)
    try:
        found = read_pack(pack)
        with app.app_context(), write() as session:
            done = check_pack(tx_of(session, runtime.seals, runtime.clock.now_ms()), found)
    except PackRefused as refused:
        faults = [fault.as_json() for fault in refused.faults]
        text = json.dumps(faults, ensure_ascii=False, indent=1) if as_json else refused.detail
        click.echo(text)
        raise SystemExit(1) from refused
    click.echo("[]" if as_json else f"没有问题: {_said(found, done)}")


@click.command("load")
@_PACK
def load(pack: str) -> None:
    """装入内容包 PACK (名称或文件夹): 表单、职责、类型、科室和数; 有一处不对就全部不装。平板下一次同步就有。

    \b
    gongdi pack check notice_2021
    gongdi pack load notice_2021
    """
    app = make_app()
    check_schema(app)
    runtime = runtime_of(app)
    now_ms = runtime.clock.now_ms()
    try:
        found = read_pack(pack)
        with app.app_context(), write() as session:
            done = load_pack(tx_of(session, runtime.seals, now_ms), found)
    except PackRefused as refused:
        click.echo(f"内容包没有装入, 请改正后重试:\n{refused.detail}", err=True)
        sys.exit(1)
    with app.app_context():
        again = judge_waiting(runtime, now_ms)
    click.echo(f"{'已装入' if done.is_new else '内容相同, 没有变化'}: {_said(found, done)}")
    if again["done"]:
        click.echo(f"以前退回、等这些表单的记录已重新处理: {again['done']} 条")


@click.command("switch")
@_PACK
@click.option("--off-from", "off", metavar="YYYY-MM-DD", help="从这一天起不再要求。")
@click.option("--on-from", "on", metavar="YYYY-MM-DD", help="从这一天起重新要求。")
@click.option("--source", required=True, help="依据: 文号, 或谁的决定。")
def switch(pack: str, off: str | None, on: str | None, source: str) -> None:
    """按日期停用或起用内容包 PACK 的全部职责: 季节性的方案过季停用, 下一季再起用。最早从明天起。

    表单、类型、场所和已有的记录都留着; 过去的日子按原来的判定。一季可以一次写好:

    \b
    gongdi pack switch canteens_2026 --off-from 2027-01-16 --source 放假
    gongdi pack switch canteens_2026 --on-from 2027-02-22 --source 开学
    """
    days = [(OFF, off), (ON, on)]
    if not any(day for _, day in days):
        raise click.UsageError("请写 --off-from 或 --on-from。")
    if off and on and on <= off:
        raise click.UsageError("--on-from 应晚于 --off-from。")
    with writing() as (session, runtime, now_ms):
        found = read_pack(pack)
        for way, day in days:
            if day is not None:
                tx = tx_of(session, runtime.seals, now_ms)
                done = switch_pack(tx, found, way, day, source)
                click.echo(f"{found.title}: 自 {day} {'停用' if way == OFF else '起用'} {done} 项职责")


@click.command("list")
def show() -> None:
    """列出随系统提供的和已装入的内容包。"""
    shown = table("名称", "标题", "起用", "装入")
    app = make_app()
    check_schema(app)
    with app.app_context(), read() as session:
        loaded = loaded_packs(session)
    for name in shipped_packs():
        pack = read_pack(name)
        at = loaded.pop(pack.code, None)
        shown.add_row(name, pack.title, pack.since, "未装入" if at is None else to_iso(at.at_ms)[:10])
    for one in loaded.values():
        shown.add_row(one.code, one.title, one.since, to_iso(one.at_ms)[:10])
    print_table(shown)


def _said(pack: Pack, done: Loaded) -> str:
    return f"{pack.title} ({pack.code}), 新的表单版本 {done.forms} 个, 新的行 {done.rows} 行"
