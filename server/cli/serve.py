"""Commands that run the server, and look after its database."""

from __future__ import annotations

import gc
import signal
import sys
from contextlib import nullcontext
from queue import SimpleQueue
from threading import Thread
from types import FrameType

import click
from flask import Flask
from werkzeug.serving import is_running_from_reloader, run_simple

from server.base.config import Config
from server.base.db import db
from server.base.migrate import newest
from server.cli.address import note_address
from server.cli.base import check_schema, make_app, make_whole_app, upgrade_database, writing
from server.models.scope import renew_epochs
from server.web.processes import run_processes, shared_figures, web_processes
from server.web.request_log import start_logging
from server.web.web_server import bound, listen
from server.workflows.scheduler import run_until


@click.command()
@click.option("--reload", "reloads", is_flag=True, help="代码一改就重新启动, 调度也在其中 (只供开发)。")
def serve(reloads: bool) -> None:
    """启动网页和接口, 直到 Ctrl-C。

    地址由 GONGDI_HOST 和 PORT 决定, 进程数由 GONGDI_PROCESSES 决定。

    对外服务时请放在提供 HTTPS 的反向代理之后, 并设置 GONGDI_TRUSTED_PROXIES。
    """
    config = Config.from_env()
    count = 1 if reloads else web_processes(config)
    with shared_figures() if count > 1 else nullcontext():
        app = make_whole_app(config=config)
        check_schema(app)
        start_logging(config.log_level)
        if reloads:
            _serve_reloading(app, config)
        else:
            _serve(app, config, count)


def _serve_reloading(app: Flask, config: Config) -> None:
    if is_running_from_reloader():
        Thread(target=run_until, args=(app, SimpleQueue()), daemon=True).start()
    run_simple(config.host, config.port, app, use_reloader=True, threaded=True)


def _serve(app: Flask, config: Config, count: int) -> None:
    """In so many processes, which share the sockets."""

    def answer() -> None:
        servers = listen(app, config, sockets)
        servers[0].run()
        for server in servers:
            server.close()

    with app.app_context():
        db.engine.dispose()  # no process may use another's connection
    sockets = bound(config)
    signal.signal(signal.SIGTERM, _stop)
    gc.freeze()  # what is here stays: a collection would walk it at every few pushes, and write to pages that are shared
    click.echo(f"工地 Gongdi 在 {note_address(config, sockets[0].getsockname()[1])} (Ctrl-C 停止)")
    if count == 1:
        answer()
    else:
        run_processes(count, answer)


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
