"""Commands for cameras and the platforms that report on them."""

from __future__ import annotations

from pathlib import Path

import click

from server.actions.cameras.ask_platform import PROBLEMS
from server.actions.cameras.edit_cameras import (
    NewCamera,
    add_camera,
    close_camera,
    enter_cameras,
    read_cameras,
)
from server.actions.cameras.edit_platforms import (
    NewPlatform,
    add_platform,
    close_platform,
    list_platforms,
    open_platform,
    renew_secret,
)
from server.actions.reference.load_reference import tx_of
from server.cli.base import print_table, table, writing
from server.files.read_workbook import read_workbook
from server.rules.flags.words import moment

_SECRET = "GONGDI_PLATFORM_SECRET"


@click.command("add")
@click.argument("name")
@click.argument("adapter")
@click.option(
    "--address", default="", help="被询问的平台的地址, 如 https://wvp.example:18080; MQTT 写代理的。"
)
@click.option(
    "--secret",
    envvar=_SECRET,
    default="",
    show_envvar=True,
    help="平台的密钥 (MQTT 为 用户名:密码); 宜写在环境变量里。",
)
def add(name: str, adapter: str, address: str, secret: str) -> None:
    """新增监控平台 NAME, 接入方式 ADAPTER (wvp、list、webhook、mqtt)。主动推送的平台不给密钥则自动生成, 只显示这一次。

    \b
    GONGDI_PLATFORM_SECRET=… gongdi platform add 市平台 wvp --address https://wvp.example:18080
    gongdi platform add 智慧工地平台 webhook
    GONGDI_PLATFORM_SECRET=用户名:密码 gongdi platform add 市代理 mqtt --address mqtts://broker.example:8883
    """
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        made, shown = add_platform(tx, NewPlatform(name, adapter, address, secret))
        click.echo(f"已新增 {made.name}, 编号 {made.id}")
        if shown:
            click.echo(f"推送到 /telemetry/v1/platforms/{made.id}, 密钥 {shown}")


@click.command("secret")
@click.argument("platform")
@click.option("--secret", envvar=_SECRET, default="", show_envvar=True, help="新的密钥; 宜写在环境变量里。")
def secret(platform: str, secret: str) -> None:
    """给平台 PLATFORM (名称或编号) 换密钥。"""
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        shown = renew_secret(tx, open_platform(session, platform).id, secret)
    click.echo(f"密钥已更换{': ' + shown if shown else ''}")


@click.command("close")
@click.argument("platform")
def close(platform: str) -> None:
    """停用平台 PLATFORM (名称或编号); 它的摄像机要先停用。"""
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        done = close_platform(tx, open_platform(session, platform).id)
        click.echo(f"已停用 {done.name}")


@click.command("list")
def show() -> None:
    """列出在用的平台; 密钥不显示。"""
    shown = table("名称", "接入方式", "地址", "最近上报", "最近一次询问", "编号")
    with writing() as (session, _, _now):
        for row in list_platforms(session):
            problem = PROBLEMS.get(row.problem, row.problem)
            shown.add_row(row.name, row.adapter, row.address, moment(row.heard_ms), problem, row.id)
    print_table(shown)


@click.command("add")
@click.argument("site")
@click.argument("code")
@click.argument("name")
@click.option("--platform", required=True, help="由哪个平台上报: 名称或编号。")
@click.option("--place", default="", help="在地点的哪处场所; 不写为不分场所。")
def add_one(site: str, code: str, name: str, platform: str, place: str) -> None:
    """给地点 SITE 新增摄像机: 20 位国标编码 CODE, 名称 NAME。从下一个开始的时段起要求。

    \b
    gongdi camera add 东苑一期 41070200001320000001 大门球机 --platform 市平台 --place 大门
    """
    with writing() as (session, runtime, now_ms):
        tx = tx_of(session, runtime.seals, now_ms)
        made = add_camera(tx, NewCamera(code, name, site, place, platform))
        click.echo(f"已新增 {made.name}, 编号 {made.id}")


@click.command("close")
@click.argument("camera")
def close_one(camera: str) -> None:
    """停用摄像机 CAMERA (国标编码或编号)。"""
    with writing() as (session, runtime, now_ms):
        click.echo(f"已停用 {close_camera(tx_of(session, runtime.seals, now_ms), camera).name}")


@click.command("import")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_list(file: Path) -> None:
    """从 FILE (.xlsx 或 .csv) 新增摄像机: 列为 编码、名称、地点、场所、平台。全部正确才新增, 已有的不变。"""
    cameras = read_cameras(read_workbook(file.read_bytes()))
    with writing() as (session, runtime, now_ms):
        done = enter_cameras(tx_of(session, runtime.seals, now_ms), cameras)
    click.echo(f"新增 {done.added} 个, 已有 {done.same} 个")
