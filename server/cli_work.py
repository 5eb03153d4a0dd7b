"""Commands for the scheduler's work and for reference data."""

from __future__ import annotations

import json

import click
from rich.progress import Progress

from server.actions.load_reference import load_reference
from server.cli_base import Teaching, check_schema, make_app, runtime_of, writing
from server.clock import FakeClock, SystemClock, from_iso
from server.db import read
from server.demo import read_city, seed_demo
from server.models.site import count_sites
from server.request_log import start_logging
from server.scheduler import run
from server.scheduler import tick as run_tick


@click.command()
def scheduler() -> None:
    """启动调度: 生成时段、到期判定、升级问题。可以同时运行多个。"""
    app = make_app()
    check_schema(app)
    start_logging(runtime_of(app).config.log_level)
    run(app)


@click.command()
@click.option("--now", "now", metavar="ISO8601", help="假定现在是这个时刻, 如 2026-11-23T08:00:00+08:00。")
def tick(now: str | None) -> None:
    """只做一次调度, 打印做了什么 (JSON)。"""
    app = make_app()
    check_schema(app)
    try:
        now_ms = runtime_of(app).clock.now_ms() if now is None else from_iso(now)
    except ValueError as error:
        raise click.UsageError("--now 要带时区的时刻, 如 2026-11-23T08:00:00+08:00。") from error
    click.echo(json.dumps(run_tick(app, now_ms), ensure_ascii=False))


@click.group(cls=Teaching)
def seed() -> None:
    """装入基础数据或演示数据。"""


@seed.command("reference")
def seed_reference() -> None:
    """装入区县、科室、工种、职责、规则和节假日 (seed_data/), 可以重复运行。"""
    with writing() as (session, runtime, now_ms):
        click.echo(json.dumps({"changed": load_reference(session, runtime.seals, now_ms)}))


@seed.command("demo")
@click.option("--sites", default=40, show_default=True, type=click.IntRange(1, 400), help="工地数。")
@click.option("--days", default=3, show_default=True, type=click.IntRange(1, 30), help="历史天数。")
def seed_demo_city(sites: int, days: int) -> None:
    """建一座演示城市: 模拟的平板经同步协议写入几天的记录。已有工地的数据库不会改动。"""
    until_ms = SystemClock().now_ms()
    app = make_app(FakeClock(until_ms))
    check_schema(app)
    with app.app_context(), read() as session:
        present = count_sites(session)
    if present:
        click.echo(f"数据库里已有 {present} 个工地, 未作改动。")
        return
    with Progress(transient=True) as bar:
        task = bar.add_task("演示城市", total=1.0)
        log_ins = seed_demo(app, sites, days, until_ms, lambda share: bar.update(task, completed=share))
    click.echo(f"演示城市已建好: {sites} 个工地, {days} 天。密码都是 {read_city()['password']} (仅供演示):")
    for log_in in log_ins:
        click.echo(f"  {log_in.name:<16}{log_in.shown}")
