"""Command for a tablet whose work is over: nothing that it holds is lost."""

from __future__ import annotations

import click

from server.actions.accounts.manage_users import find_user
from server.actions.devices.find_devices import one_device
from server.actions.devices.revoke_device import may_hold_unsent, revoke_device
from server.base.clock import to_iso
from server.cli.base import writing


@click.command("retire")
@click.argument("device_id", metavar="DEVICE", type=click.UUID)
@click.option("--by", "user", required=True, help="经办的管理员 (登录名)。")
@click.option("--reason", required=True, help="理由。")
@click.option(
    "--anyway", is_flag=True, help="还有未发的也注销: 平板仍会先上传它们, 由人复核, 然后清除自己的数据。"
)
def retire(device_id: object, user: str, reason: str, anyway: bool) -> None:
    """停用平板 DEVICE 并让它清除自己的数据; 还有未上传的, 先说明有多少、在哪里, 不注销。

    \b
    平板下次联网时先上传还没有上传的记录和照片, 然后清除已下载的数据, 并显示本设备已被停用。已签收的记录都在服务器上。
    """
    with writing() as (session, _, now_ms):
        found, sites = one_device(session, str(device_id))
        device = found.device
        held = [f"{row.site.name} {row.unsent} 条" for row in sites if row.unsent]
        if not anyway and may_hold_unsent(device, now_ms):
            seen = to_iso(device.seen_ms)[:16] if device.seen_ms is not None else "从未"
            what = "、".join(held) or f"{device.unsent or 0} 条"
            raise click.ClickException(
                f"{device.name} 没有停用: 未上传 {what}, 最近联系 {seen}。"
                "请先让它同步 (或在它的“同步”页应急导出), 再停用; 平板已丢失或损坏的加 --anyway。"
            )
        by = find_user(session, user)
        shown = revoke_device(session, str(device_id), now_ms, by.id, reason)
    left = f", 它还会先上传 {device.unsent} 条" if device.unsent else ""
    click.echo(f"已停用 {shown.device.name} (用户 {shown.user}){left}; 下次联网时它清除自己的数据")
