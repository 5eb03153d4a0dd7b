"""The reference tablet as commands: for trials, for support, and as an example of a client."""

from __future__ import annotations

import dataclasses
import json
import platform
import sys
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from server.base.clock import SHANGHAI
from server.cli.group import Teaching
from sync_protocol.client.reports import RefusedEntry
from sync_protocol.client.tablet import Tablet

pass_home = click.make_pass_decorator(Path)


@click.group(cls=Teaching)
@click.option(
    "--home",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="平板的目录: 身份、未发的记录、收到的数据都在里面。",
)
@click.pass_context
def tablet(ctx: click.Context, home: Path) -> None:
    """一台参考平板: 注册、离线写记录、同步、查看。

    \b
    gongdi tablet --home var/tablet enrol http://127.0.0.1:8000 ABCD-EFGHJ-KLMNP
    gongdi tablet --home var/tablet sync
    gongdi tablet --home var/tablet add disinfection_log \\
      '{"place": "canteen", "agent": "chlorine", "operator": "李华"}'
    gongdi tablet --home var/tablet sync
    """
    ctx.obj = home


@tablet.command()
@click.argument("url")
@click.argument("code", required=False)
@click.option("--name", default=lambda: platform.node() or "tablet", help="设备名称; 默认为本机名。")
@pass_home
def enrol(home: Path, url: str, code: str | None, name: str) -> None:
    """用注册码 CODE 向服务器 URL 注册; URL 也可以是 enrol-code 给出的链接, 注册码已在其中。"""
    if not url.startswith(("http://", "https://")):
        raise click.UsageError("URL 要以 http:// 或 https:// 开头。")
    if code is None:
        url, _, code = url.partition("/field/#code=")
    if not code:
        raise click.UsageError("请给出注册码, 或者完整的链接。")
    with Tablet(home) as own:
        device = own.enrol(url, code, name, platform.system().lower() or "unknown")
    click.echo(f"已注册, 设备编号 {device}")


@tablet.command()
@click.argument("kind")
@click.argument("body", metavar="JSON")
@click.option("--site", help="地点的名称或编号; 只分配了一个地点时可省略。")
@click.option("--record", type=click.UUID, help="记录编号 (登记类); 默认新建。")
@click.option(
    "--observed",
    type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S"]),
    help="补录: 实际时间 (北京时间), 如 2026-11-23T07:41; 用于先记在纸上、现在补写的记录。",
)
@click.option("--anyway", is_flag=True, help="本机已有证件号码相符的人员时, 仍然登记。")
@pass_home
def add(
    home: Path,
    kind: str,
    body: str,
    site: str | None,
    record: object | None,
    observed: datetime | None,
    anyway: bool,
) -> None:
    """离线写一条 KIND 记录; JSON 是内容, - 表示从标准输入读。"""
    observed_ms = None if observed is None else round(observed.replace(tzinfo=SHANGHAI).timestamp() * 1000)
    with Tablet(home) as own:
        scope, fields = _scope(own, site), _object(body)
        known = own.same_person(scope, fields) if kind == "worker" and not anyway else []
        if known:
            named = "\n".join(
                f"  {item.id} {item.body.get('name')} {item.body.get('team')}" for item in known
            )
            text = f"本机已有证件号码相符的人员, 没有登记 [same_person]:\n{named}\n确认不是同一个人时加 --anyway。"
            raise click.ClickException(text)
        if record is None:
            entry = own.add(scope, kind, fields, observed_ms=observed_ms)
        else:
            entry = own.add_as(str(record), scope, kind, fields, observed_ms)
    click.echo(entry)


@tablet.command()
@pass_home
def sync(home: Path) -> None:
    """上传未发的记录, 再取回变化; 打印结果 (JSON)。失败时退出码为 1。"""
    with Tablet(home) as own:
        report = own.sync()
        refused = own.refused()
    _print(dataclasses.asdict(report))
    for one in refused:
        click.echo(_reason(one), err=True)
    if not report.ok:
        raise click.exceptions.Exit(1)


@tablet.command("list")
@click.argument("kind")
@click.option("--site", help="只看这个地点。")
@pass_home
def show(home: Path, kind: str, site: str | None) -> None:
    """列出本机的 KIND 记录, 每行一条 JSON, 包括未发的。"""
    with Tablet(home) as own:
        for item in own.list(kind, _name(own, site) if site else None):
            click.echo(json.dumps(dataclasses.asdict(item), ensure_ascii=False, default=dict))


@tablet.command()
@pass_home
def status(home: Path) -> None:
    """身份、未发的条数、各地点的状态 (JSON)。"""
    with Tablet(home) as own:
        _print(dataclasses.asdict(own.status()))


def _scope(own: Tablet, site: str | None) -> str:
    if site:
        return _name(own, site)
    sites = [name for name in own.scopes() if name.startswith("site:")]
    if len(sites) != 1:
        raise click.UsageError(f"请用 --site 指明地点。本机已有: {_sites_known(own)}")
    return sites[0]


def _name(own: Tablet, site: str) -> str:
    """The scope of a site that is named by its id, or by its name."""
    key = site.removeprefix("site:")
    found = [f"site:{item.id}" for item in own.list("site") if key in (item.id, item.body.get("name"))]
    if len(found) != 1 and f"site:{key}" not in own.scopes():
        raise click.UsageError(f"本机没有地点“{key}”, 或不止一个叫这个名字。本机已有: {_sites_known(own)}")
    return found[0] if len(found) == 1 else f"site:{key}"


def _sites_known(own: Tablet) -> str:
    sites = [f"{item.body.get('name')} ({item.id})" for item in own.list("site")]
    return ", ".join(sites) or "没有 (先运行 sync)"


def _reason(refused: RefusedEntry) -> str:
    """Why the server refused an entry, which stays readable at the console (待核对)."""
    said = "; ".join(f"{pointer}: {' '.join(map(str, texts))}" for pointer, texts in refused.errors.items())
    return f"没有收下: {refused.kind} {refused.id} [{refused.code}] {said}"


def _object(text: str) -> Mapping[str, Any]:
    try:
        value = json.loads(sys.stdin.read() if text == "-" else text)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"JSON 有误: {error}") from error
    if not isinstance(value, dict):
        raise click.UsageError('JSON 要是一个对象, 如 {"place": "canteen"}。')
    return value


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=dict))
