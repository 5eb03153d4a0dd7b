"""`gongdi bench`: figures as ratios, on each database in turn."""

from __future__ import annotations

import gc
import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from server.base.clock import SystemClock
from server.base.config import Config
from server.base.db import db
from server.base.migrate import upgrade
from server.bench.clients import measure_clients
from server.bench.figure import Figure
from server.bench.locks import measure_locks
from server.bench.pages import measure_pages
from server.bench.plan import measure_plan
from server.bench.push_pull import measure, measure_sync
from server.bench.rig import BenchClock
from server.bench.trips import measure_trips
from server.cli.base import make_whole_app

LOCK_SITES, LOCK_PEOPLE = 1_000, 50_000


@click.command()
@click.option("--database-url", "urls", multiple=True, help="另测一个空的 PostgreSQL 数据库; 可以多次给出。")
@click.option(
    "--sizes", default="10000,50000", show_default=True, help="各测一次的存量 (条测温记录), 逗号分隔。"
)
@click.option(
    "--locks", is_flag=True, help="只测 SQLite 写锁占用的最长时间: 1,000 个地点的调度, 50,000 人的名册。"
)
@click.option("--sync", is_flag=True, help="只测上报、下发和心跳。")
@click.option("--profile", is_flag=True, help="只测上报、下发和心跳, 并列出每条记录的处理器时间用在哪里。")
@click.option("--clients", is_flag=True, help="只测 1、4、8 个客户端同时经 HTTP 上报。")
@click.option("--trips", is_flag=True, help="只测 10,000 人各 30 次行程与风险地区名单的核对。")
@click.option("--plan", is_flag=True, help="只测整份方案: 1,000 个各类单位排两天时段, 空转, 方案落实页。")
@click.option(
    "--pages", is_flag=True, help="只测网页: 1,000 个地点、500 个标记, 记录条数取 --sizes 的第一个。"
)
@click.option("--burst-sites", default=500, show_default=True, help="同时缺失的地点数, 每个 50 个时段。")
def bench(
    urls: tuple[str, ...],
    sizes: str,
    locks: bool,
    sync: bool,
    profile: bool,
    clients: bool,
    trips: bool,
    plan: bool,
    pages: bool,
    burst_sites: int,
) -> None:
    """测量上报、下发和调度, 与数据库本身的速度相比, 打印比值。先测 SQLite, 再测给出的数据库。"""
    console = Console()
    wanted = [int(size) for size in sizes.split(",")]
    with tempfile.TemporaryDirectory() as folder:
        for url in (f"sqlite:///{Path(folder) / 'bench.sqlite3'}", *urls):
            config = Config.from_env({"GONGDI_DATABASE_URL": url, "GONGDI_DATA_DIR": folder})
            app = make_whole_app(config=config, clock=SystemClock() if clients else BenchClock())
            with app.app_context():
                upgrade(db.engine)
            gc.freeze()  # as the web server does
            with console.status(url.partition(":")[0]):
                if locks:
                    with app.app_context():
                        found = list(measure_locks(app, LOCK_SITES, LOCK_PEOPLE))
                elif clients:
                    with app.app_context():
                        found = list(measure_clients(app, config))
                elif trips:
                    with app.app_context():
                        found = list(measure_trips(app))
                elif plan:
                    with app.app_context():
                        found = list(measure_plan(app))
                elif pages:
                    with app.app_context():
                        found = list(measure_pages(app, wanted[0]))
                elif sync or profile:
                    with app.app_context():
                        found = list(measure_sync(app, wanted, profile))
                else:
                    found = list(measure(app, wanted, burst_sites))
            console.print(_table(url.partition(":")[0], found))


def _table(title: str, found: list[Figure]) -> Table:
    table = Table(title=title, title_justify="left")
    for heading in ("measured", "figure", "goal"):
        table.add_column(heading)
    for figure in found:
        table.add_row(figure.name, figure.value, figure.goal)
    return table
