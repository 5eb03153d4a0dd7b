"""Commands for people and their devices."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import click
import segno

from server.actions.accounts.manage_users import (
    NewUser,
    add_user,
    find_user,
    list_users,
    set_active,
    set_password,
    working_devices,
)
from server.actions.devices.enrol_code import TABLET, code_link, make_code
from server.actions.devices.revoke_device import page_of_devices, revoke_device
from server.actions.reference.load_reference import rules_in_force
from server.actions.sites.assign_site import assign_site, find_site, unassign_site
from server.base.clock import to_iso
from server.base.runtime import Runtime
from server.cli.address import own_address
from server.cli.base import make_app, print_table, runtime_of, table, writing
from server.models.paging import LIMIT_MAX
from server.models.user import ROLES
from server.rules.calendar import local_date_of
from server.workflows.import_export import import_export
from sync_protocol.outcomes import problem_title

_OUTCOMES = {
    "applied": "生效",
    "merged": "已合并",
    "contested": "有争议",
    "duplicate": "已有",
    "held": "待处理",
    "refused": "未采用",
    "retry": "暂未收下",
}
_PHOTOS = {"kept": "收下", "media_here": "已有", "export_invalid": "文件里没有或已损坏"}


@click.command("add")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True, help="角色。")
@click.option("--display-name", default="", help="显示的姓名; 不填则用登录名。")
@click.option("--unit", help="科室代码, 如 zhian、jiancha (section 和 brigade 必填)。")
@click.option("--company", help="施工单位的 18 位统一社会信用代码 (contractor 必填)。")
@click.option("--district", help="科室负责的区县代码, 逗号分隔; 不填为全部区县。")
@click.option("--password-stdin", is_flag=True, help="从标准输入读密码 (脚本用), 否则会提示输入。")
def add(
    name: str,
    role: str,
    display_name: str,
    unit: str | None,
    company: str | None,
    district: str | None,
    password_stdin: bool,
) -> None:
    """新增用户 NAME。

    \b
    gongdi user add lihua --role inspector
    echo "$PASSWORD" | gongdi user add wang --role section --unit zhian --district 410702 \\
        --password-stdin
    """
    new = NewUser(name, role, _password(password_stdin), display_name, unit, company, district)
    with writing() as (session, _, now_ms):
        made = add_user(session, new, now_ms)
        click.echo(f"已新增用户 {made.name} ({made.role}), 编号 {made.id}")


@click.command("list")
def show() -> None:
    """列出全部用户。"""
    shown = table("登录名", "姓名", "角色", "科室", "单位", "区县", "在用", "编号")
    with writing() as (session, _, _now):
        for one in list_users(session):
            active = "是" if one.active else "否"
            cells = (
                one.name,
                one.display_name,
                one.role,
                one.unit,
                one.company,
                one.district,
                active,
                one.id,
            )
            shown.add_row(*(cell or "" for cell in cells))
    print_table(shown)


@click.command("password")
@click.argument("name")
@click.option("--password-stdin", is_flag=True, help="从标准输入读密码。")
def password(name: str, password_stdin: bool) -> None:
    """给用户 NAME 设新密码; 其全部登录立即失效。"""
    given = _password(password_stdin)
    with writing() as (session, _, now_ms):
        set_password(session, find_user(session, name), given, now_ms)
    click.echo(f"已更新 {name} 的密码")


@click.command("disable")
@click.argument("name")
def disable(name: str) -> None:
    """停用用户 NAME (可用 enable 恢复)。"""
    with writing() as (session, _, now_ms):
        devices = set_active(session, find_user(session, name), active=False, now_ms=now_ms)
    click.echo(f"已停用 {name}")
    for device_name in devices:
        click.echo(f"平板随之停用: {device_name}; 停用前写下的记录仍会收下, 由人复核")


@click.command("enable")
@click.argument("name")
def enable(name: str) -> None:
    """恢复被停用的用户 NAME。"""
    with writing() as (session, _, now_ms):
        devices = set_active(session, find_user(session, name), active=True, now_ms=now_ms)
    click.echo(f"已恢复 {name}")
    for device_name in devices:
        click.echo(f"平板随之恢复: {device_name}")


def _password(from_stdin: bool) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise click.UsageError("没有终端可输入密码; 请用 --password-stdin。")
    typed: str = click.prompt("密码", hide_input=True, confirmation_prompt="再输一次")
    return typed


@click.command("assign")
@click.argument("name", metavar="USER")
@click.argument("site", metavar="SITE")
def assign(name: str, site: str) -> None:
    """把地点 SITE (编号或名称) 分配给用户 USER; 其平板下次同步就会收到。"""
    with writing() as (session, runtime, now_ms):
        found = find_site(session, site)
        assign_site(session, runtime.seals, find_user(session, name), found, now_ms)
        click.echo(f"已把 {found.name} 分配给 {name}")


@click.command("unassign")
@click.argument("name", metavar="USER")
@click.argument("site", metavar="SITE")
def unassign(name: str, site: str) -> None:
    """收回用户 USER 的地点 SITE; 其平板发完未发的记录后会清除该地点的数据。"""
    with writing() as (session, runtime, now_ms):
        found = find_site(session, site)
        unassign_site(session, runtime.seals, find_user(session, name), found, now_ms)
        click.echo(f"已收回 {name} 的 {found.name}")


@click.command("list")
def devices() -> None:
    """列出全部设备, 以及最近联系的时间。"""
    shown = table("编号", "名称", "用户", "状态", "最近联系", "未发")
    cursor: str | None = None
    with writing() as (session, _, _now):
        while True:
            page = page_of_devices(session, cursor, LIMIT_MAX)
            for held in page.items:
                one = held.device
                seen = to_iso(one.seen_ms)[:19] if one.seen_ms else "从未"
                shown.add_row(one.id, one.name, held.user, one.state, seen, str(one.unsent or 0))
            cursor = page.next
            if cursor is None:
                break
    print_table(shown)


@click.command("revoke")
@click.argument("device_id", metavar="DEVICE", type=click.UUID)
def revoke(device_id: object) -> None:
    """注销设备 DEVICE (丢失或停用时): 此后被拒绝, 也不再影响完整性判断。"""
    with writing() as (session, _, now_ms):
        shown = revoke_device(session, str(device_id), now_ms)
        click.echo(f"已注销 {shown.device.name} (用户 {shown.user})")


@click.command("replace")
@click.argument("device_id", metavar="DEVICE", type=click.UUID)
@click.option("--url", help="新平板要连接的服务器地址; 默认为服务器在本机的地址。")
def replace(device_id: object, url: str | None) -> None:
    """换下坏了的设备 DEVICE: 注销它, 并给同一个人的新平板发注册码。

    旧平板还能打开时, 请先让它同步, 或在它的“同步”页应急导出: 未上传的记录用 take-export 导入, 没写完的内容由本人在
    新平板的“同步”页接回。注销后旧平板会清除没写完的内容, 所以先导出。已收到的记录, 新平板同步后都会有。
    """
    with writing() as (session, runtime, now_ms):
        shown = revoke_device(session, str(device_id), now_ms)
        code = make_code(session, find_user(session, shown.user), now_ms)
        address = _address(runtime, url)
    click.echo(f"已注销 {shown.device.name} (用户 {shown.user})")
    _tell_code(code, address)


@click.command("take-export")
@click.argument("file", metavar="FILE", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def take_in(file: Path) -> None:
    """导入平板的应急导出文件 FILE: 记录照常判断, 照片随后入库。重复导入, 或平板后来又自己上传, 都不会重复。

    \b
    gongdi device take-export gongdi-2026-11-24-08-00.zip
    """
    app = make_app()
    runtime = runtime_of(app)
    with app.app_context():
        taken = import_export(runtime, file, runtime.clock.now_ms())
    click.echo(f"设备: {taken.device}")
    click.echo(f"记录: {_counted(taken.entries, _OUTCOMES)}")
    click.echo(f"照片: {_counted(taken.photos, _PHOTOS)}")
    if taken.entries["retry"]:
        click.echo("有记录暂时没有收下, 请再运行一次。")


def _counted(counts: Counter[str], words: Mapping[str, str]) -> str:
    shown = ((words.get(code) or f"{problem_title(code)} [{code}]", count) for code, count in counts.items())
    return ", ".join(f"{word} {count}" for word, count in shown) or "没有"


@click.command("enrol-code")
@click.argument("name", metavar="USER")
@click.option("--url", help="平板要连接的服务器地址, 写进二维码; 默认为服务器在本机的地址。")
@click.option(
    "--class",
    "device_class",
    default=TABLET,
    show_default=True,
    help="设备种类: 决定它可以写哪些记录。",
)
@click.option("--link", "link_only", is_flag=True, help="只打印链接 (脚本用)。")
def enrol_code(name: str, url: str | None, device_class: str, link_only: bool) -> None:
    """给检查员 USER 的新平板或闸机发一个注册码: 10 分钟有效, 只能用一次。

    \b
    gongdi enrol-code lihua --url https://gongdi.example.cn
    """
    with writing() as (session, runtime, now_ms):
        user = find_user(session, name)
        classes = rules_in_force(session).device_classes(local_date_of(now_ms))
        code = make_code(session, user, now_ms, device_class, {TABLET, *classes})
        working = working_devices(session, user)
        address = _address(runtime, url)
    if link_only:
        click.echo(code_link(code, address))
    else:
        _tell_code(code, address)
        for one in working:
            click.echo(
                f"{name} 还有在用的设备 {one.name}。如由新设备替换, 确认它已报清后注销: gongdi device revoke {one.id}"
            )


def _address(runtime: Runtime, url: str | None) -> str:
    return (url or own_address(runtime.config)).rstrip("/")


def _tell_code(code: str, address: str) -> None:
    link = code_link(code, address)
    click.echo(f"注册码: {code}    (10 分钟内有效, 只能用一次; 输错 5 次作废)")
    click.echo(f"服务器: {address}")
    click.echo(f"移动端应用: {link}")
    segno.make(link, error="m").terminal(sys.stdout, compact=True)
