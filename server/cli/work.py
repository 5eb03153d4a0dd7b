"""Commands for the scheduler's work and for reference data."""

from __future__ import annotations

import json

import click
from flask import Flask
from rich.progress import Progress

from server.actions.reference.load_reference import load_reference
from server.actions.sites.end_demo import end_demo
from server.base.clock import FakeClock, SystemClock, from_iso
from server.base.db import read, write
from server.cli.base import check_schema, make_app, make_whole_app, runtime_of, upgrade_database, writing
from server.demo.city import demo_log_ins, read_city, seed_demo
from server.models.site import count_sites
from server.web.request_log import start_logging
from server.workflows.deliver_events import deliver_events
from server.workflows.poll_platforms import poll_platforms
from server.workflows.scheduler import deliver, resume_and_tick, run


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
    """只做一次调度, 再发送到期的通知、询问监控平台, 打印做了什么 (JSON)。带 --now 的不算心跳。"""
    app = make_app()
    check_schema(app)
    try:
        now_ms = runtime_of(app).clock.now_ms() if now is None else from_iso(now)
    except ValueError as error:
        raise click.UsageError("--now 要带时区的时刻, 如 2026-11-23T08:00:00+08:00。") from error
    did = resume_and_tick(app, now_ms, assumed=now is not None)
    asked = poll_platforms(app, now_ms) if now is None else {}
    sent = {"notices": deliver(app, now_ms), "events": deliver_events(app, now_ms)}
    click.echo(json.dumps({**did, **sent, "platforms": asked}, ensure_ascii=False))


@click.command("reference")
def seed_reference() -> None:
    """装入区县、科室、工种、职责、规则和节假日 (seed_data/), 可以重复运行。"""
    with writing() as (session, runtime, now_ms):
        click.echo(json.dumps({"changed": load_reference(session, runtime.seals, now_ms)}))


@click.command("demo")
@click.option("--sites", default=20, show_default=True, type=click.IntRange(1, 1000), help="地点数。")
@click.option(
    "--days",
    default=3,
    show_default=True,
    type=click.IntRange(1, 30),
    help="历史天数; 第 60 个以后的地点只有最近一天。",
)
def seed_demo_city(sites: int, days: int) -> None:
    """建一座演示城市: 模拟的平板经同步协议写入几天的记录。已有地点的数据库不会改动。"""
    app = make_whole_app(FakeClock(SystemClock().now_ms()))
    check_schema(app)
    _seed_demo(app, sites, days)


@click.command("end-demo")
@click.confirmation_option(prompt="演示账号将停用, 演示地点不再计入任何统计。继续吗?")
def stop_demo() -> None:
    """结束演示, 转入正式使用: 停用演示账号, 演示地点不再计入任何名单和统计。写过的记录保留。"""
    with writing() as (session, _, now_ms):
        people, sites = end_demo(session, now_ms)
    click.echo(f"已停用 {people} 个演示账号, {sites} 个演示地点不再计入。以后启动请设 GONGDI_DEMO=0")


@click.command()
def prepare() -> None:
    """一步备好: 升级数据库, 装入基础数据, 新数据库再建演示城市 (GONGDI_DEMO=0 不建)。可以重复运行。"""
    app = make_whole_app(FakeClock(SystemClock().now_ms()))
    runtime = runtime_of(app)
    upgrade_database(app)
    with app.app_context(), write() as session:
        load_reference(session, runtime.seals, runtime.clock.now_ms())
    if runtime.config.demo:
        _seed_demo(app, 20, 3)


def _seed_demo(app: Flask, sites: int, days: int) -> None:
    with app.app_context(), read() as session:
        present = count_sites(session)
    if not present:
        with Progress(transient=True) as bar:
            task = bar.add_task("演示城市", total=1.0)
            until_ms = runtime_of(app).clock.now_ms()
            seed_demo(app, sites, days, until_ms, lambda share: bar.update(task, completed=share))
    with app.app_context(), read() as session:
        log_ins = demo_log_ins(session)
    if log_ins:
        click.echo(f"演示账号, 密码都是 {read_city()['password']} (仅供演示):")
    for name, shown in log_ins:
        click.echo(f"  {name:<18}{shown}")
