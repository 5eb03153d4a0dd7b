"""Commands that run the server, and look after its database and keys."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from server.cli_base import check_schema, make_app, make_whole_app, runtime_of, writing
from server.db import db
from server.migrate import newest, upgrade
from server.models.scope import renew_epochs
from server.request_log import start_logging
from server.seal import fresh_key
from server.web_server import listen


@click.command()
def serve() -> None:
    """启动网页和接口, 直到 Ctrl-C。

    地址由 GONGDI_HOST 和 PORT 决定。

    对外服务时请放在提供 HTTPS 的反向代理之后, 并设置 GONGDI_TRUSTED_PROXIES。
    """
    app = make_whole_app()
    config = runtime_of(app).config
    check_schema(app)
    start_logging(config.log_level)
    servers = listen(app, config)
    click.echo(f"工地 Gongdi 在 http://{config.host}:{servers[0].effective_port} (Ctrl-C 停止)")
    signal.signal(signal.SIGTERM, _stop)
    servers[0].run()
    for server in servers:
        server.close()


@click.command("upgrade")
def db_upgrade() -> None:
    """把数据库升级到本版本 (第一次时建好全部表)。可以重复运行。"""
    app = make_app()
    with app.app_context(), db.engine.begin() as connection:
        upgrade(connection)
    click.echo(f"数据库已是版本 {newest()}")


@click.command("restored")
@click.confirmation_option(prompt="确认数据库刚从备份恢复? 全部平板会重新取一遍数据 (未发的记录不受影响)")
def db_restored() -> None:
    """从备份恢复之后运行一次: 让每台平板重新核对, 补回备份之后的记录。"""
    with writing() as (session, _, _now):
        click.echo(f"已更新 {renew_epochs(session)} 个范围")


@click.command("rotate")
def rotate() -> None:
    """生成一把新密钥, 并说明怎样换上它。不改动任何东西。"""
    click.echo(
        "更换加密密钥 (身份证号、电话、健康数据):\n"
        f"  1. 新密钥 (请妥善保管): {fresh_key()}\n"
        "  2. 起一个 1 至 4 位的新名字 (如 k2), 写在 GONGDI_SECRET_KEYS 最前面, 旧的留在后面:\n"
        "       GONGDI_SECRET_KEYS=k2:新密钥,k1:旧密钥\n"
        "     未设置该变量时, 改 GONGDI_DATA_DIR/keys/secret_keys 文件, 写法相同。\n"
        "  3. 重启 serve 和 scheduler。新数据用新密钥; 旧数据仍能读。\n"
        "  4. 只要还有旧数据 (包括备份), 就不要删除旧密钥。\n"
        "GONGDI_DIGEST_KEY 不能更换: 按它查找证件号。"
    )


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
