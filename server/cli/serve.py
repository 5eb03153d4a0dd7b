"""Commands that run the server, and look after its database."""

from __future__ import annotations

import signal
import sys
from queue import SimpleQueue
from threading import Thread
from types import FrameType

import click
from werkzeug.serving import is_running_from_reloader, run_simple

from server.base.migrate import newest
from server.cli.base import check_schema, make_app, make_whole_app, runtime_of, upgrade_database, writing
from server.models.scope import renew_epochs
from server.web.request_log import start_logging
from server.web.web_server import listen
from server.workflows.scheduler import run_until


@click.command()
@click.option("--reload", "reloads", is_flag=True, help="代码一改就重新启动, 调度也在其中 (只供开发)。")
def serve(reloads: bool) -> None:
    """启动网页和接口, 直到 Ctrl-C。

    地址由 GONGDI_HOST 和 PORT 决定。

    对外服务时请放在提供 HTTPS 的反向代理之后, 并设置 GONGDI_TRUSTED_PROXIES。
    """
    app = make_whole_app()
    config = runtime_of(app).config
    check_schema(app)
    start_logging(config.log_level)
    if reloads:
        if is_running_from_reloader():
            Thread(target=run_until, args=(app, SimpleQueue()), daemon=True).start()
        run_simple(config.host, config.port, app, use_reloader=True, threaded=True)
        return
    servers = listen(app, config)
    click.echo(f"工地 Gongdi 在 http://{config.host}:{servers[0].effective_port} (Ctrl-C 停止)")
    signal.signal(signal.SIGTERM, _stop)
    servers[0].run()
    for server in servers:
        server.close()


@click.command("upgrade")
def db_upgrade() -> None:
    """把数据库升级到本版本 (第一次时建好全部表)。可以重复运行。"""
    upgrade_database(make_app())
    click.echo(f"数据库已是版本 {newest()}")


@click.command("restored")
@click.confirmation_option(prompt="确认数据库刚从备份恢复? 全部平板会重新取一遍数据 (未发的记录不受影响)")
def db_restored() -> None:
    """从备份恢复之后运行一次: 让每台平板重新核对, 补回备份之后的记录。"""
    with writing() as (session, _, _now):
        click.echo(f"已更新 {renew_epochs(session)} 个范围")


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
