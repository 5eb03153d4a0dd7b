"""Commands for the keys: which are in use, how to change the sealing key, and when the old one may go."""

from __future__ import annotations

import click

from server.actions.ops.reseal import is_rotating, progress, retire_key
from server.base.clock import to_iso
from server.base.db import read, write
from server.base.seal import fresh_key
from server.cli.base import check_schema, make_app, print_table, runtime_of, table
from server.models.key import known_keys


@click.command("list")
def show() -> None:
    """列出数据库认得的密钥 (只有指纹), 以及重新加密的进度。"""
    app = make_app()
    check_schema(app)
    seals = runtime_of(app).seals
    shown = table("密钥", "指纹", "自", "状态")
    with app.app_context(), read() as session:
        for name, key in sorted(known_keys(session).items()):
            state = f"已停用 {to_iso(key.retired_ms)}" if key.retired_ms else "在用"
            shown.add_row(name, key.fingerprint[:8], to_iso(key.made_ms), state)
        passes = progress(session) if is_rotating(session) else []
    print_table(shown)
    click.echo(f"新数据用密钥 {seals.current_name}")
    for one in passes:
        state = "完成" if one.done else "进行中"
        click.echo(
            f"  {one.name}: 换到 {one.key_name} {state}" + (f", {one.failed} 项打不开" * bool(one.failed))
        )


@click.command("rotate")
def rotate() -> None:
    """生成一把新密钥, 并说明怎样换上它。不改动任何东西。"""
    click.echo(
        "更换加密密钥 (身份证号、电话、健康数据、照片):\n"
        f"  1. 新密钥 (请妥善保管): {fresh_key()}\n"
        "  2. 起一个 1 至 4 位的新名字 (如 k2), 写在 GONGDI_SECRET_KEYS 最前面, 旧的留在后面:\n"
        "       GONGDI_SECRET_KEYS=k2:新密钥,k1:旧密钥\n"
        "     未设置该变量时, 改 GONGDI_DATA_DIR/keys/secret_keys 文件, 写法相同。\n"
        "     有多个进程时, 先把新的排在最后并全部重启, 再移到最前面。\n"
        "  3. 重启 serve 和 scheduler。新数据用新密钥; scheduler 在后台逐步重新加密旧数据, 中断后接着做。\n"
        "  4. gongdi keys list 看进度; 全部完成后 gongdi keys retire k1 核对并停用旧密钥。\n"
        "  5. 停用之后才可以从 GONGDI_SECRET_KEYS 里删去旧密钥; 更早的备份仍要用它, 请与备份分开保存。\n"
        "GONGDI_DIGEST_KEY 和 GONGDI_SIGNING_KEY 不能更换: 按它们查找证件号, 核对回执。"
    )


@click.command("retire")
@click.argument("name")
def retire(name: str) -> None:
    """停用一把旧的加密密钥 NAME: 先逐项核对数据库和照片里不再有用它加密的内容。"""
    app = make_app()
    check_schema(app)
    runtime = runtime_of(app)
    with app.app_context():
        left = runtime.media.count_sealed_with(name)
        with write() as session:
            needed = retire_key(session, runtime.seals, name, left, runtime.clock.now_ms())
    if needed:
        named = ", ".join(f"{where} {count}" for where, count in needed.items())
        raise click.ClickException(
            f"还有用 {name} 加密的内容 ({named}), 已安排重新加密; 请等 scheduler 完成后再试。[key_needed]"
        )
    click.echo(f"密钥 {name} 已停用, 可以从 GONGDI_SECRET_KEYS 里删去。更早的备份仍要用它。")
