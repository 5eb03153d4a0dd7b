"""`gongdi`: run the server and look after it."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Any

import click
import waitress

from server import __version__
from server.cli_backup import backup, restore
from server.cli_base import Teaching, check_schema, make_app, runtime_of, upgrade_database, writing
from server.cli_bench import bench
from server.cli_keys import keys
from server.cli_log import rebuild, verify_log
from server.cli_notices import channel
from server.cli_people import assign, device, enrol_code, unassign, user
from server.cli_sites import site
from server.cli_tablet import tablet
from server.cli_work import prepare, scheduler, seed, tick
from server.migrate import newest
from server.models.scope import renew_epochs
from server.request_log import start_logging


@click.group(cls=Teaching, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="gongdi")
def gongdi() -> None:
    """工地 Gongdi: 离线优先的工地检查。

    \b
    第一次使用:
      gongdi db upgrade                       建好数据库
      gongdi seed reference                   装入区县、科室、职责、规则
      gongdi user add lihua --role inspector  新增检查员
      gongdi site add 东苑一期 --district 410702  新增工地
      gongdi assign lihua 东苑一期            分配工地
      gongdi enrol-code lihua                 给平板发注册码
      gongdi serve                            网页和接口
      gongdi scheduler                        判定时段, 升级问题 (另开一个进程)

    设置全部在环境变量里, 见 README。每个命令都有 --help。
    """


@gongdi.command()
def serve() -> None:
    """启动网页和接口, 直到 Ctrl-C。

    地址由 GONGDI_HOST 和 PORT 决定。

    对外服务时请放在提供 HTTPS 的反向代理之后, 并设置 GONGDI_TRUSTED_PROXIES。
    """
    app = make_app()
    config = runtime_of(app).config
    check_schema(app)
    start_logging(config.log_level)
    server: Any = waitress.create_server(
        app,
        listen=f"{config.host}:{config.port}",
        threads=config.threads,
        ident=None,
        max_request_body_size=32 * 1024 * 1024,
        clear_untrusted_proxy_headers=False,
    )
    port = getattr(server, "effective_port", config.port)
    click.echo(f"工地 Gongdi 在 http://{config.host}:{port} (Ctrl-C 停止)")
    signal.signal(signal.SIGTERM, _stop)
    server.run()
    server.close()


@gongdi.group("db", cls=Teaching)
def database() -> None:
    """数据库: 升级, 从备份恢复之后的处理。"""


@database.command("upgrade")
def db_upgrade() -> None:
    """把数据库升级到本版本 (第一次时建好全部表)。可以重复运行。"""
    app = make_app()
    upgrade_database(app)
    click.echo(f"数据库已是版本 {newest()}")


@database.command("restored")
@click.confirmation_option(prompt="确认数据库刚从备份恢复? 全部平板会重新取一遍数据 (未发的记录不受影响)")
def db_restored() -> None:
    """从备份恢复之后运行一次: 让每台平板重新核对, 补回备份之后的记录。"""
    with writing() as (session, _, _now):
        click.echo(f"已更新 {renew_epochs(session)} 个范围")


for command in (
    backup,
    restore,
    bench,
    channel,
    keys,
    prepare,
    scheduler,
    tick,
    seed,
    site,
    user,
    assign,
    unassign,
    device,
    enrol_code,
    tablet,
    rebuild,
    verify_log,
):
    gongdi.add_command(command)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)
